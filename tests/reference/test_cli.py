"""`rongqiao reference load`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.reference import commands
from app.kernel.settings import PROJECT_ROOT, get_settings
from app.reference.service import check_shipped
from tests.databases import migrate


@pytest.fixture
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'reference.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    yield
    get_settings.cache_clear()


def _run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_load_without_files_checks_the_shipped_tables_and_prints_their_counts() -> None:
    result = _run("load", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == check_shipped(PROJECT_ROOT / "seed")


@pytest.mark.usefixtures("_database")
def test_a_file_is_loaded_once_and_a_dry_run_only_counts(tmp_path: Path) -> None:
    path = tmp_path / "lpr.csv"
    path.write_text("date,lpr_1y,lpr_5y\n2035-01-22,2.90,3.40\n", encoding="utf-8")
    words = ("load", "--lpr", str(path), "--json")
    reports = [json.loads(_run(*words, *more).stdout) for more in (("--dry-run",), (), ())]
    assert [(report["lpr"]["new"], report["lpr"]["same"]) for report in reports] == [(1, 0), (1, 0), (0, 1)]
    assert [report["dry_run"] for report in reports] == [True, False, False]


@pytest.mark.usefixtures("_database")
def test_a_year_that_is_not_whole_is_refused_with_the_days_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text("day,is_working\n2035-01-01,0\n", encoding="utf-8")
    refused = _run("load", "--working-days", str(path))
    assert refused.exit_code == 1
    assert "days.csv:2 day" in refused.stderr
    assert "2035-05-01" in refused.stderr
