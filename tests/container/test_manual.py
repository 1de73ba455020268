"""What the operator is told exists: commands with their options, settings, metrics, log events, services, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.root import tree
from app.kernel.settings import PROJECT_ROOT, Settings
from tests.container.composition import COMPOSE, compose

DOCS = PROJECT_ROOT / "docs"
MANUALS = [DOCS / "operations.md", DOCS / "sizing.md", DOCS / "upgrading.md"]
CALL = re.compile(
    r"(?:\brongqiao|compose run --rm --no-deps server) ((?:[a-z-]+|--[a-z0-9-]+)(?: [^\n`|;]*)?)"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
EVENT = re.compile(r'logger\.(?:info|warning|error)\(\s*"([a-z_]+)"')
ASKED = {"RONGQIAO_JURISDICTION": "230000", "RONGQIAO_PUBLIC_URL": "https://rongqiao.example.gov.cn"}


@pytest.fixture(scope="module", params=MANUALS, ids=lambda path: path.name)
def manual(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def _unknown(command: Any, words: list[str], text: str) -> Iterator[str]:
    """Answer what is wrong with a call: its command, or an option."""
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            yield text
            return
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    yield from (
        f"{text}: {option}" for option in OPTION.findall(" ".join(words)) if option not in known | {"--help"}
    )


def test_every_command_and_option_exists(manual: str) -> None:
    root = typer.main.get_command(tree())
    calls = [found[1].split("#")[0].strip() for found in CALL.finditer(manual)]
    assert len(calls) >= 3
    assert [wrong for call in calls for wrong in _unknown(root, call.split(), call)] == []


def test_every_setting_and_variable_exists(manual: str) -> None:
    known = {f"RONGQIAO_{name.upper()}" for name in Settings.model_fields}
    variables = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert set(re.findall(r"RONGQIAO_[A-Z_]+[A-Z]", manual)) - known - variables == set()


def test_every_metric_and_event_that_is_watched_exists() -> None:
    text = MANUALS[0].read_text()
    sources = "".join(path.read_text() for path in (PROJECT_ROOT / "app").rglob("*.py"))
    told = set(re.findall(r"\b(rongqiao_[a-z_]+)(?:\{|\[|\b)", text)) - {
        "rongqiao_owner",
        "rongqiao_service",
        "rongqiao_token",
    }
    named = set(re.findall(r'"(rongqiao_[a-z_]+)"', sources))
    assert {
        name for name in told if name.removesuffix("_total").removesuffix("_bucket") not in named
    } == set()
    listed = text.partition("| event | says |")[2].partition("\n\n")[0]
    events = set(re.findall(r"`([a-z_]+)`", listed))
    assert events
    assert events <= set(EVENT.findall(sources))


def test_every_service_and_secret_that_is_named_exists() -> None:
    text, file = MANUALS[0].read_text(), compose(ASKED)
    made = set(re.findall(r"secrets/([a-z_]+)", text))
    assert made == set(file.content["secrets"])
    for service, number in re.findall(r"--scale ([a-z]+)=(\d)", text):
        assert service in file.services
        assert int(number) <= 3
