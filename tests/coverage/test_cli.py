"""`rongqiao coverage`, run as people run it."""

import hashlib
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typer.testing import CliRunner, Result

from app.cli.coverage import commands
from app.coverage.tables import CoverageSnapshot
from app.kernel.settings import get_settings
from tests.coverage.guard import lift_guard
from tests.databases import migrate
from tests.docking.world import ASSIGNED, add_event, build_world, entry_code, in_database


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'coverage.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, _fill)
    yield url
    get_settings.cache_clear()


async def _fill(session: AsyncSession) -> None:
    world = await build_world(session, ("icbc-dl", "lj"))
    at = ASSIGNED + timedelta(days=1)
    await add_event(session, world, entry_code(0), "contacted", "icbc-dl", at, sequence=1)


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.mark.usefixtures("database")
def test_a_month_is_shown_closed_and_exported(tmp_path: Path) -> None:
    shown = json.loads(run("show", "2023-09", "--by", "region", "--json").stdout)
    assert (shown["total"]["coverage"]["percent"], len(shown["rows"])) == ("50.00", 4)
    assert "道里区" in run("show", "2023-09", "--by", "region").stdout
    closed = json.loads(run("close", "2023-09", "--json").stdout)
    assert run("export", "2023-09", "-o", str(tmp_path / "facts.json")).exit_code == 0
    facts = (tmp_path / "facts.json").read_bytes()
    assert hashlib.sha256(facts).hexdigest() == closed["facts_sha256"]
    assert run("export", "2023-09", "-o", str(tmp_path / "book.xlsx")).exit_code == 0
    assert (tmp_path / "book.xlsx").read_bytes().startswith(b"PK")


@pytest.mark.usefixtures("database")
def test_due_months_close_and_the_verifier_agrees_with_what_is_exported(tmp_path: Path) -> None:
    closed = json.loads(run("close", "--due", "--json").stdout)
    assert [one["month"] for one in closed] == ["2023-09", "2023-10", "2023-11", "2023-12"]
    assert json.loads(run("close", "--due", "--json").stdout) == []
    assert "No whitelist edition is in force at the end of 2024-01" in run("close", "--due").stderr
    assert run("export", "2023-10", "-o", str(tmp_path / "facts.json")).exit_code == 0
    assert run("export", "2023-10", "--figures", "-o", str(tmp_path / "figures.json")).exit_code == 0
    (tmp_path / "verifier.py").write_text(run("verifier").stdout)
    command = [sys.executable, "-I", "verifier.py", "facts.json", "figures.json"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "AGREES: 2023-10, 2 entries\n")


@pytest.mark.usefixtures("database")
def test_trend_funnel_and_ranking_are_shown() -> None:
    run("close", "2023-09")
    months = json.loads(run("trend", "--from", "2023-08", "--to", "2023-10", "--json").stdout)["months"]
    assert [month["state"] for month in months] == ["open", "closed", "open"]
    assert "已关账" in run("trend", "--from", "2023-08", "--to", "2023-10", "--by", "institution").stdout
    funnel = json.loads(run("funnel", "2023-10", "--json").stdout)
    assert [step["count"] for step in funnel["funnel"]] == [2, 2, 1, 0, 0, 0]
    assert "3000户（个）" in run("funnel", "2023-10").stdout
    ranked = json.loads(run("ranking", "2023-09", "--json").stdout)
    assert [row["key"] for row in ranked["rows"]] == ["icbc", "lj"]
    assert "少于 10 个条目的不排名" in run("ranking", "2023-09", "--level", "sub_branch").stderr


@pytest.mark.usefixtures("database")
def test_what_cannot_be_done_exits_1_and_wrong_usage_2(tmp_path: Path) -> None:
    assert run("close", "2098-01").exit_code == 1
    assert run("show", "2023-13").exit_code == 1
    assert run("verify", "2023-09").exit_code == 1
    assert run("export", "2023-09", "-o", str(tmp_path / "book.doc")).exit_code == 1
    assert run("export", "2023-09", "-o", str(tmp_path / "no" / "book.xlsx")).exit_code == 1
    assert run("show", "2023-09", "--by", "colour").exit_code == 2
    assert run("close").exit_code == 2
    assert run("close", "2023-09", "--due").exit_code == 2


def test_verify_exits_1_once_a_fact_was_altered(database: str) -> None:
    run("close", "2023-09")
    good = run("verify", "2023-09")
    assert (good.exit_code, "完好" in good.stdout) == (0, True)

    async def alter(session: AsyncSession) -> None:
        await lift_guard(session)
        stored = (await session.execute(select(CoverageSnapshot))).scalar_one()
        data = zlib.decompress(stored.facts)
        stored.facts = zlib.compress(data.replace(b'"region":"230102"', b'"region":"230103"'))

    in_database(database, alter)
    bad = run("verify", "2023-09", "--json")
    assert (bad.exit_code, json.loads(bad.stdout)["is_intact"]) == (1, False)
