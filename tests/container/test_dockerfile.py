"""The Dockerfile keeps to the rules, and each rule finds the breach that it is there for."""

import tomllib

import pytest

from app.kernel.settings import PROJECT_ROOT, Settings
from tests.container.dockerfile import DOCKERFILE, parse
from tests.container.dockerfile_rules import RULES, breaches, every, is_let_in

TEXT = DOCKERFILE.read_text()
STAGES = parse(TEXT)
FINAL = STAGES[-1]
IGNORED = (PROJECT_ROOT / ".dockerignore").read_text()
PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
BASE = FINAL.base
BREACHES = {
    "DL3006": ("FROM " + BASE, "FROM python:latest"),
    "DL3009": (" \\\n    && rm -rf /var/lib/apt/lists/*", ""),
    "DL3042": ("--require-hashes ", ""),
    "DL3020": ("COPY app app", "ADD app app"),
    "DL4006": ("apt-get update", "wget -q -O - https://example.com/install | bash -s"),
    "DL3004": ("apt-get update", "sudo apt-get update"),
    "DL3000": ("WORKDIR /opt", "WORKDIR opt"),
    "DL3002": ("USER 10001:10001", "USER rongqiao"),
    "DL4003": ('CMD ["serve"]\n', 'CMD ["serve"]\nCMD ["worker"]\n'),
    "DL3025": ('ENTRYPOINT ["/opt/venv/bin/rongqiao"]', "ENTRYPOINT rongqiao"),
    "no secrets": ('RONGQIAO_PORT="8000"', 'RONGQIAO_PORT="8000" RONGQIAO_SECRET_KEYS="abc"'),
    "the last stage": ("USER 10001", "RUN apt-get update\nUSER 10001"),
    "the program belongs": (
        "--from=builder /opt/rongqiao",
        "--from=builder --chown=10001:10001 /opt/rongqiao",
    ),
    "sources are named": ("COPY app app", "COPY . app"),
    "DL3048": ("org.opencontainers.image.version", "version"),
}


def test_it_breaks_no_rule() -> None:
    assert breaches(STAGES) == {}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_finds_its_breach(rule: str) -> None:
    whole, broken = next(pair for start, pair in BREACHES.items() if rule.startswith(start))
    assert TEXT.count(whole) >= 1
    assert rule in breaches(parse(TEXT.replace(whole, broken)))


def test_what_the_build_copies_is_there_and_let_in_and_nothing_else_is() -> None:
    copied = {
        path for one in every(STAGES, "COPY") if "from" not in one.flags for path in one.rest.split()[:-1]
    }
    outside = {path.name for path in PROJECT_ROOT.iterdir()} - copied
    assert {path for path in copied if not (PROJECT_ROOT / path).exists()} == set()
    assert {path for path in copied if not is_let_in(path, IGNORED)} == set()
    assert {
        path for path in outside | {"secrets/secret_keys", "var/rongqiao.db"} if is_let_in(path, IGNORED)
    } == set()
    assert not is_let_in("app/kernel/__pycache__/clock.cpython-311.pyc", IGNORED)


def test_the_program_finds_what_stands_beside_it() -> None:
    """Migrations, seeds and alembic.ini are looked for at PROJECT_ROOT: where app/ is, there they are copied."""
    copied = {one.rest.split()[-1] for one in STAGES[0].all("COPY")} | {"alembic.ini", "pyproject.toml"}
    assert {"app", "migrations", "seed", "alembic.ini"} <= copied
    assert all(one.rest == "/opt/rongqiao" for one in every(STAGES, "WORKDIR"))
    assert f"ln -s {FINAL.last('VOLUME').words[0]} var" in STAGES[0].last("RUN").rest  # type: ignore[index]  # it is in exec form


def test_it_says_the_same_as_the_project_and_the_settings() -> None:
    stated = {name: value for name, value in FINAL.environment.items() if name.startswith("RONGQIAO_")}
    known = {name.removeprefix("RONGQIAO_").lower(): value for name, value in stated.items()}
    settings = Settings(**known)  # type: ignore[arg-type]  # text, as the environment holds it
    assert known.keys() <= Settings.model_fields.keys()
    assert (settings.environment, settings.port) == ("production", int(FINAL.last("EXPOSE").rest))
    assert FINAL.last("LABEL").pairs["org.opencontainers.image.version"] == PROJECT["version"]
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert BASE.startswith(("python:3.11.", "python:3.12.", "python:3.13."))
    assert FINAL.last("STOPSIGNAL").rest == "SIGTERM"
