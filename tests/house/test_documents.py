"""What documents say of the tree is so: rooms, paths, links, commands and settings that they name are there."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from app.kernel.settings import PROJECT_ROOT, Settings
from tests.house.test_readme import COMMANDS
from tests.house.tour import README

DOCS: Final = PROJECT_ROOT / "docs"
DECISIONS: Final = sorted((DOCS / "decisions").glob("*.md"))
WHERE: Final = "**Where it is.**"
LINK: Final = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
PLACE: Final = re.compile(r"[\w.{},/*-]+")
MENTION: Final = re.compile(r"docs/decisions/(\d{4})")


def _spelled_out(path: str) -> Iterator[str]:
    """Yield what a path with braces stands for: `a/{b,c}.py` is `a/b.py` and `a/c.py`."""
    if (found := re.search(r"\{([^{}]*)\}", path)) is None:
        yield path
        return
    for one in found[1].split(","):
        yield from _spelled_out(path[: found.start()] + one + path[found.end() :])


def _places(text: str) -> Iterator[str]:
    """Yield the paths that a decision's last part names, a bare file's name below the folder named before it."""
    folder = ""
    for quoted in re.findall(r"`([^`]+)`", text.partition(WHERE)[2]):
        place = quoted.replace("\n", "").partition(":")[0]
        if not PLACE.fullmatch(place) or not ("/" in place or place.endswith(".py")):
            continue
        for path in _spelled_out(place):
            whole = path if (PROJECT_ROOT / path.partition("/")[0]).exists() else f"{folder}/{path}"
            folder = whole if (PROJECT_ROOT / whole).is_dir() else str(Path(whole).parent)
            yield whole


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_says_where_it_is_and_it_is_there(decision: Path) -> None:
    text = decision.read_text()
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    places = list(_places(text))
    assert places
    assert [place for place in places if not any(PROJECT_ROOT.glob(place))] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_decision_that_anything_mentions_exists() -> None:
    known = {path.name[:4] for path in DECISIONS}
    files = [*DOCS.rglob("*.md"), README, *(PROJECT_ROOT / "app").rglob("*.py")]
    mentioned = {(path.name, number) for path in files for number in MENTION.findall(path.read_text())}
    assert mentioned
    assert {one for one in mentioned if one[1] not in known} == set()


def _anchor(heading: str) -> str:
    """Answer under what name a heading is linked to: small letters, hyphens for blanks, nothing else."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [README, *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    for path, part in LINK.findall(text):
        aimed = page.parent / path if path else page
        assert aimed.exists(), path
        if part:
            assert part in {_anchor(one) for one in HEADING.findall(aimed.read_text())}, f"{path}#{part}"


def test_the_readme_names_no_command_and_no_setting_that_is_gone() -> None:
    text = README.read_text()
    commands = re.findall(r"^\| `(rongqiao [a-z -]+)` \|", text, re.MULTILINE)
    settings = re.findall(r"^\| `RONGQIAO_([A-Z_]+)` \|", text, re.MULTILINE)
    assert commands
    assert set(commands) - COMMANDS.keys() == set()
    assert {name.lower() for name in settings} == Settings.model_fields.keys()


def test_the_page_on_chains_names_commands_that_exist() -> None:
    groups = {words.split()[1] for words in COMMANDS}
    quoted = re.findall(r"`(?:rongqiao )?([a-z-]+ [a-z-]+)[^`]*`", (DOCS / "chains.md").read_text())
    named = {words for words in quoted if words.split()[0] in groups}
    assert named
    assert {f"rongqiao {words}" for words in named} - COMMANDS.keys() == set()


def test_the_readme_draws_every_room_of_the_house() -> None:
    drawn = README.read_text().partition("## The house")[2].partition("In each package")[0]
    rooms = {path.parent.name for path in (PROJECT_ROOT / "app").glob("*/__init__.py")}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", drawn)} == set()


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    stated = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["version"]
    files = (PROJECT_ROOT / "Dockerfile", PROJECT_ROOT / "compose.yaml", DOCS / "operations.md")
    written = {
        (file.name, found)
        for file in files
        for found in re.findall(r"(?:rongqiao:|image\.version=\")(\d[\w.]*)", file.read_text())
    }
    assert {name for name, _ in written} == {file.name for file in files}
    assert {found for _, found in written} == {stated}
