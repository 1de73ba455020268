"""`rongqiao db`, run as people run it."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from typer.testing import CliRunner, Result

from app.cli.database import alembic_config, commands
from app.kernel.settings import get_settings


@pytest.fixture
def database(world: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", world)
    get_settings.cache_clear()
    yield world
    get_settings.cache_clear()


def run(*words: object) -> Result:
    return CliRunner().invoke(commands, [str(word) for word in words])


def test_a_database_of_the_version_before_is_backed_up_verified_restored_and_moved_to_this_one(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.downgrade(alembic_config(database), "0006")
    file, restored = tmp_path / "backup.zip", f"sqlite+aiosqlite:///{tmp_path / 'restored.db'}"
    taken = json.loads(run("backup", file, "--json").stdout)
    verified = run("verify", file, "--sha256", taken["sha256"])
    assert (verified.exit_code, taken["sha256"] in verified.stdout) == (0, True)
    assert run("verify", file, "--sha256", "0" * 64).exit_code == 1
    shown = json.loads(run("restore", file, "--into", restored, "--json").stdout)
    assert (shown["tables"], shown["revision"]) == (taken["tables"], "0006")
    with sqlite3.connect(restored.removeprefix("sqlite+aiosqlite:///")) as now:
        [(jobs,)] = now.execute("SELECT count(*) FROM jobs").fetchall()
    now.close()
    assert jobs == 0, "brought to this version"
    assert [check["holds"] for check in shown["checks"]] == [True, True]
    assert run("restore", file, "--into", restored).exit_code == 1
    moved = f"sqlite+aiosqlite:///{tmp_path / 'moved.db'}"
    monkeypatch.setenv("RONGQIAO_MOVE_TO_URL", moved)
    get_settings.cache_clear()
    told = run("move")
    assert told.exit_code == 0
    assert "closed month 2023-10" in told.stdout
    assert run("move").exit_code == 1


@pytest.mark.usefixtures("database")
def test_a_password_on_the_command_line_is_refused_and_not_shown() -> None:
    for words in (["move", "--to"], ["restore", __file__, "--into"]):
        for url in (
            "postgresql+asyncpg://me:hush@nowhere/db",
            "postgresql+asyncpg://nowhere/db?password=hush",
        ):
            refused = run(*words, url)
            assert refused.exit_code == 1
            assert "hush" not in refused.output
    assert run("move").exit_code == 1
    assert run("move", "--to", "mysql://nowhere/db").exit_code == 1
