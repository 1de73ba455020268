"""The README says what is so: every setting, every command, and a tour whose output is real."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.root import tree
from app.kernel.settings import Settings
from tests.house.tour import README, prepared, with_real_output


def _leaves(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, below in getattr(command, "commands", {}).items():
        yield from _leaves(below, (*words, name))
    if not hasattr(command, "commands"):
        yield " ".join(words), command


COMMANDS = dict(_leaves(typer.main.get_command(tree()), ("rongqiao",)))


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text()


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_in_the_readme_with_what_it_says_of_itself(readme: str, setting: str) -> None:
    row = next(line for line in readme.splitlines() if line.startswith(f"| `RONGQIAO_{setting.upper()}`"))
    assert str(Settings.model_fields[setting].description) in row


def test_every_command_is_in_the_readme_and_says_what_it_and_its_options_do(readme: str) -> None:
    missing = [words for words in COMMANDS if not re.search(rf"`{words}\b", readme)]
    silent = [
        f"{words} {option.name}"
        for words, command in COMMANDS.items()
        for option in command.params
        if not (command.help and getattr(option, "help", None))
    ]
    assert (missing, silent) == ([], [])


def test_the_tour_prints_what_the_readme_shows(readme: str, tmp_path: Path) -> None:
    with prepared(tmp_path) as shell:
        assert with_real_output(readme, shell) == readme
