"""What the image installs is what the tests ran on, less what only tests and benchmarks need."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from app.kernel.settings import PROJECT_ROOT

PIN = re.compile(r"^([a-z0-9-]+)==(\S+?)( ; [^\\]+)? \\$", re.MULTILINE)
SHIPPED_EXTRAS = ("cluster", "redis", "tracing")
SOURCES = ("app", "tests", "benchmarks", "migrations", ".ci")
NOT_IMPORTED = {
    "axe-playwright-python": "its script is read",
    "cyclonedx-bom": "a command of make sbom",
    "dask": "loaded by name where a cluster is asked for",
    "httptools": "uvicorn's protocol, on which ours is built, reads requests by it",
    "import-linter": "a command of make lint",
    "mypy": "a command of make lint",
    "oidc-provider-mock": "begun as a process",
    "python-multipart": "fastapi reads forms by it",
    "redis": "huey's store, if that is chosen",
    "ruff": "a command of make lint",
    "types-openpyxl": "types alone",
    "types-pyyaml": "types alone",
    "tzdata": "zoneinfo reads it where the system has none",
    "uvloop": "uvicorn takes it where it is there",
}
"""What nothing imports, and what it is there for all the same."""
Pins = dict[tuple[str, str, str], frozenset[str]]


def _pins(name: str) -> Pins:
    """Answer the pins of a lock, by name, version and marker, with their hashes."""
    text = (PROJECT_ROOT / name).read_text()
    found = list(PIN.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return {
        (one[1], one[2], (one[3] or "").strip(" ;")): frozenset(
            re.findall(r"--hash=sha256:([0-9a-f]{64})", text[one.end() : end])
        )
        for one, end in zip(found, ends, strict=True)
    }


def _asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;! ]", one, maxsplit=1)[0].lower().replace("_", "-") for one in requirements}


def test_the_image_installs_what_the_tests_ran_on() -> None:
    whole, shipped = _pins("requirements.lock"), _pins("requirements.runtime.lock")
    assert {pin for pin, hashes in shipped.items() if not hashes or hashes != whole.get(pin)} == set()


def test_it_lacks_nothing_that_is_asked_for_and_brings_no_tool_of_tests_and_benchmarks() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    extras, shipped = (
        project["optional-dependencies"],
        {name for name, _, _ in _pins("requirements.runtime.lock")},
    )
    wanted = _asked(project["dependencies"]).union(*(_asked(extras[name]) for name in SHIPPED_EXTRAS))
    unwanted = _asked(extras["dev"]) | _asked(extras["bench"])
    assert (wanted - shipped, unwanted & shipped - wanted) == (set(), set())
    assert set(extras) == {*SHIPPED_EXTRAS, "dev", "bench"}


def _imported(file: Path) -> Iterator[str]:
    """Yield the packages of others that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_everything_asked_for_is_imported_or_has_its_reason() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    asked = _asked(project["dependencies"]).union(*map(_asked, project["optional-dependencies"].values()))
    brings = packages_distributions()
    files = (file for folder in SOURCES for file in (PROJECT_ROOT / folder).rglob("*.py"))
    imported = {
        name.lower().replace("_", "-")
        for file in files
        for module in _imported(file)
        for name in brings.get(module, ())
    }
    assert asked - imported == NOT_IMPORTED.keys()
