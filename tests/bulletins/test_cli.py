"""`rongqiao bulletin`, run as people run it."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app.bulletins.composition import DRAFT_MARK
from app.cli.bulletins import commands
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.docking.world import build_world, in_database


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bulletin.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, _fill)
    yield url
    get_settings.cache_clear()


async def _fill(session: AsyncSession) -> None:
    await build_world(session, ("icbc-dl", "lj"))


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.mark.usefixtures("database")
def test_a_bulletin_is_written_in_the_format_that_the_name_or_the_option_tells(tmp_path: Path) -> None:
    files = {kind: tmp_path / f"b.{kind}" for kind in ("json", "xlsx", "docx")}
    for kind, file in files.items():
        done = json.loads(run("write", "2023-09", "-o", str(file), "--json").stdout)
        assert done == {"file": str(file), "bytes": file.stat().st_size, "is_draft": True}, kind
    assert json.loads(files["json"].read_text())["mark"] == DRAFT_MARK
    assert zipfile.is_zipfile(files["xlsx"])
    assert zipfile.is_zipfile(files["docx"])
    assert run("write", "2023-09", "-f", "json", "-o", str(tmp_path / "通报")).exit_code == 0
    assert (tmp_path / "通报").read_bytes() == files["json"].read_bytes()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("2023-09", "-o", "b.doc"), "Choose one of them, or give --format."),
        (("2023-13", "-o", "b.docx"), "Write YYYY-MM"),
        (("2020-01", "-o", "b.docx"), "No whitelist edition was in force"),
        (("2023-09", "-o", "missing/b.json"), "Choose another place."),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = run("write", *words)
    assert refused.exit_code == 1
    assert said in refused.stderr.replace("\n", " ")
    assert list(tmp_path.glob("*.doc*")) == []
