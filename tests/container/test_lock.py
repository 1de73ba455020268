"""What the image installs is what the tests ran on, less what only tests and benchmarks need."""

import re
import tomllib

from app.kernel.settings import PROJECT_ROOT

PIN = re.compile(r"^([a-z0-9-]+)==(\S+?)( ; [^\\]+)? \\$", re.MULTILINE)
SHIPPED_EXTRAS = ("cluster", "redis", "tracing")
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
