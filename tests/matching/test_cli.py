"""`rongqiao match`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.accounts.rules import local_operator
from app.cli.matching import commands
from app.cli.whitelist import commands as whitelist
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.docking.world import in_database
from tests.matching.town import FIRMS, build_town


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'matching.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, lambda session: build_town(session, local_operator("230000")))
    yield
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_an_edition_is_matched_shown_and_explained() -> None:
    early = run("show", "--edition", "2023H2")
    assert (early.exit_code, "rongqiao match run" in early.stderr) == (1, True)
    made = json.loads(run("run", "--edition", "2023H2", "--on", "2023-11-15", "--json").stdout)
    assert made["counts"]["eligible_pairs"] == 7
    again = run("run", "--edition", "2023H2", "--on", "2023-11-15")
    assert "沿用既有结果" in again.stdout
    shown = json.loads(run("show", "--edition", "2023H2", "--json").stdout)
    assert (shown["run"]["id"], len(shown["items"])) == (made["id"], 4)
    assert "科创e贷" in run("show", "--edition", "2023H2", "--limit", "1").stdout
    assert CliRunner().invoke(whitelist, ["edition", "2024H1"]).exit_code == 0
    other = run("show", "--edition", "2024H1", "--run", str(made["id"]))
    assert (other.exit_code, "is not one of edition 2024H1" in other.stderr) == (1, True)
    large = run("explain", FIRMS[3][0], "SJ-KCED")
    assert "将融资金额由9,000万元调整为" in large.stdout
    assert json.loads(run("explain", FIRMS[0][0], "SJ-KCED", "--json").stdout)["verdict"] == "pass"
    dated = run("explain", FIRMS[0][0], "SJ-KCED", "--on", "2023-11-15", "--json")
    assert json.loads(dated.stdout)["on"] == "2023-11-15"
    assert run("explain", FIRMS[0][0], "SJ-KCED", "--on", "2022-12-31").exit_code == 1


def test_a_refusal_exits_1_and_wrong_usage_2() -> None:
    assert run("run", "--edition", "2031H1").exit_code == 1
    assert run("explain", FIRMS[0][0], "NONE").exit_code == 1
    assert run("run").exit_code == 2
