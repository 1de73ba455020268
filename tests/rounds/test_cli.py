"""`rongqiao rounds`, run as people run it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import rounds
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.docking.world import build_world, in_database


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'rounds.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, lambda session: build_world(session, ("icbc-dl", None)))
    yield
    get_settings.cache_clear()


def make(monkeypatch: pytest.MonkeyPatch, day: int, *words: str) -> Result:
    monkeypatch.setattr(rounds, "utc_now", lambda: datetime(2023, 10, day, 1, 0, tzinfo=UTC))
    return CliRunner().invoke(rounds.commands, ("make", *words))


def test_a_round_is_made_by_hand_and_again_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(monkeypatch, 7, "--json")
    assert first.exit_code == 0, first.output
    done = json.loads(first.stdout)
    assert (done["reminded"], done["escalated"], done["closed"]) == (0, 2, ["2023-09"])
    assert done["delivery"]["sent"] == 0
    again = json.loads(make(monkeypatch, 7, "--json").stdout)
    assert (again["escalated"], again["closed"]) == (0, [])
    shown = make(monkeypatch, 8)
    assert (shown.exit_code, "逾期升级" in shown.stdout, "未能关账的原因" in shown.stdout) == (0, True, True)
