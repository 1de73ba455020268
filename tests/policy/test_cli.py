"""`rongqiao policy`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.policy import commands
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.policy.pack_texts import PACK, link_reference


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'policy.db'}")
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def _run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.mark.usefixtures("environment")
def test_check_counts_every_pack() -> None:
    result = _run("check", "--json")
    packs = {pack["pack"]: pack for pack in json.loads(result.stdout)["packs"]}
    assert result.exit_code == 0
    assert packs["heilongjiang-2023-25"]["clauses"] == 21
    assert packs["heilongjiang-2023-25"]["rules"]["bottleneck"] == 5
    assert sum(pack["clauses"] for pack in packs.values()) == 88 + packs["operator-defaults"]["clauses"]


@pytest.mark.parametrize("command", ["check", "matrix"])
def test_a_clause_that_names_neither_carrier_nor_reason_is_refused_by_file_and_line(
    environment: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "seed" / "policies" / "230000" / "pilot.yaml"
    path.parent.mkdir(parents=True)
    link_reference(tmp_path / "seed")
    clause = "  - {number: 二, heading: 空, summary: 空}\nparameters:"
    path.write_text(PACK.replace("parameters:", clause), encoding="utf-8")
    environment.setenv("RONGQIAO_SEED_DIR", str(tmp_path / "seed"))
    get_settings.cache_clear()
    result = _run(command)
    assert result.exit_code == 1
    assert "230000/pilot.yaml:19" in result.stderr
    assert "neither a carrier nor a reason" in result.stderr


@pytest.mark.usefixtures("environment")
def test_matrix_shows_each_clause_with_its_carriers() -> None:
    rows = json.loads(_run("matrix", "--json").stdout)
    assert all(row["carried_by"] or row["reason"] for row in rows)
    assert "bottleneck.d" in _run("matrix").stdout


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("number", ["十六", "（十六）", "16"])
def test_show_finds_a_clause_however_it_is_typed(number: str) -> None:
    clause = json.loads(_run("show", "heilongjiang-2023-25", number, "--json").stdout)
    assert clause["number"] == "十六"
    assert "责任单位" in _run("show", "heilongjiang-2023-25", number).stdout


@pytest.mark.usefixtures("environment")
def test_show_without_a_number_shows_the_pack_and_what_is_missing_is_refused() -> None:
    assert "借贷待售" in _run("show", "heilongjiang-2023-25").stdout
    assert _run("show", "heilongjiang-2023-25", "二十二").exit_code == 1
    assert _run("show", "nothing").exit_code == 1


def test_adopting_on_the_command_line_is_recorded_used_listed_and_ended(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    migrate(f"sqlite+aiosqlite:///{tmp_path / 'policy.db'}")
    environment.setenv("RONGQIAO_JURISDICTION", "410300")
    get_settings.cache_clear()
    day = ("--since", "2024-01-01")
    made = _run("adopt", "luoyang-draft", "talent_loan.most", "--reason", "试行", *day, "--json")
    assert json.loads(made.stdout)[0]["jurisdiction"] == "410300"
    value = json.loads(_run("value", "talent_loan.most", "--on", "2024-02-01", "--json").stdout)
    assert (value["value"], value["citation"]) == ("20000000.00", "洛阳（征求意见稿）（四）")
    assert "采用" in _run("value", "talent_loan.most", "--on", "2024-02-01").stdout
    assert _run("adopt", "luoyang-draft", "talent_loan.most", "--reason", "试行", *day).exit_code == 1
    assert _run("end", "1", "--until", "2024-02-01").exit_code == 0
    assert _run("value", "talent_loan.most", "--on", "2024-02-01").exit_code == 1
    assert json.loads(_run("adoptions", "--json").stdout)[0]["until"] == "2024-02-01"
    assert "draft" in _run("adoptions").stdout


@pytest.mark.usefixtures("environment")
def test_a_malformed_wish_names_its_options() -> None:
    refused = _run("adopt", "luoyang-draft", "Talent", "--reason", "")
    assert refused.exit_code == 1
    assert "Expected: Key of a rule or parameter" in refused.stderr
    assert "Expected: Why, for the record" in refused.stderr
