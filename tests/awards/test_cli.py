"""`rongqiao awards`, and what `rongqiao catalogue` says of use and confirmations, run as people run them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.cli import awards, catalogue
from app.kernel.clock import shanghai_today
from app.kernel.settings import get_settings
from tests.awards.town import build_town
from tests.databases import migrate
from tests.docking.world import in_database


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'awards.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, build_town)
    yield
    get_settings.cache_clear()


def run(commands: Any, *words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_figures_are_computed_and_an_award_is_announced_and_looked_at(tmp_path: Path) -> None:
    computed = run(catalogue.commands, "observed", "--compute", "--until", "2023Q4", "--json")
    assert computed.exit_code == 0, computed.output
    found = json.loads(computed.stdout)
    assert (found["run"]["answers"], [one["product"] for one in found["products"]]) == (9, ["B1-Q", "B2-P"])
    assert found["products"][1]["rate_p50"] is None, "two credits are too few to be told"
    assert "利率低于申报" in run(catalogue.commands, "observed", "--flagged").stdout
    assert "待确认" in run(catalogue.commands, "confirmations", "--waiting").stdout

    today = shanghai_today()
    days = ["--nominations-until", str(today), "--votes-until", str(today + timedelta(days=9))]
    wrong = tmp_path / "criteria.json"
    wrong.write_text('{"weights": {"jury": 99}}')
    refused = run(awards.commands, "announce", "2023", *days, "--criteria", str(wrong))
    assert (refused.exit_code, run(awards.commands, "show", "2023").exit_code) == (1, 1)
    assert run(awards.commands, "announce", "2023", *days).exit_code == 0
    assert run(awards.commands, "nominate", "2023", "B1-Q", "--reason", "放款快").exit_code == 0
    assert run(awards.commands, "appoint", "2023", "town-expert", "--affiliation", "链办").exit_code == 0
    assert run(awards.commands, "appoint", "2023", "town-auditor", "--affiliation", "审计").exit_code == 1
    early = run(awards.commands, "shortlist", "2023", "--dry-run")
    assert early.exit_code == 1, "nominations are open today"
    assert run(awards.commands, "verify", "2023").exit_code == 1
    shown = json.loads(run(awards.commands, "show", "2023", "--json").stdout)["awards"][0]
    assert (shown["state"], shown["nominations"], shown["jurors"]) == ("announced", 1, 1)
    ballot = tmp_path / "ballot.json"
    ballot.write_text("[]")
    assert run(awards.commands, "vote", "2023", str(ballot), "--juror", "1").exit_code == 1
