"""`rongqiao docking`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.docking import commands
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.docking.world import build_world, entry_code, in_database

ENTRY = entry_code(0)


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'docking.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)

    in_database(url, lambda session: build_world(session, ("icbc-dl", "lj", "ccb", "icbc-hrb")))
    yield
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_an_entry_is_followed_from_contact_to_payment() -> None:
    steps = (
        ("contacted", "--at", "2023-09-06T10:00"),
        ("credit_approved", "--at", "2023-09-20", "--amount", "4000000.00", "--rate", "3.85", "--term", "24", "--no-credit-loan"),
        ("disbursed", "--at", "2023-09-25", "--amount", "4000000"),
    )  # fmt: skip
    results = [run("log", ENTRY, *step, "--json") for step in steps]
    assert [result.exit_code for result in results] == [0, 0, 0]
    logged = [json.loads(result.stdout) for result in results]
    assert [event["sequence"] for event in logged] == [1, 2, 3]
    assert logged[0]["occurred_at"] == "2023-09-06T02:00:00Z"
    assert (logged[1]["amount"], logged[1]["rate"], logged[1]["is_credit_loan"]) == (
        "4000000.00",
        "3.85",
        False,
    )
    shown = json.loads(run("show", ENTRY, "--json").stdout)
    assert (shown["state"]["stage"], len(shown["events"])) == ("disbursed", 3)
    assert "已放款" in run("show", ENTRY).stdout


def test_a_command_that_is_given_again_with_its_time_logs_nothing_twice_until_it_was_voided() -> None:
    given = ("log", ENTRY, "contacted", "--at", "2023-09-06T10:00", "--note", "上门走访", "--json")
    first, again = json.loads(run(*given).stdout), json.loads(run(*given).stdout)
    assert (first["sequence"], again) == (1, first)
    other = json.loads(run(*given[:-2], "电话联系", "--json").stdout)
    assert other["sequence"] == 2, "another note is another event"
    voiding = ("corrected", "--corrects", "1", "--at", "2023-09-07", "--evidence", "登记有误，通话记录")
    assert run("log", ENTRY, *voiding).exit_code == 0
    assert json.loads(run(*given).stdout)["sequence"] == 4, "what was voided says nothing any more"


def test_what_is_overdue_is_listed_with_step_and_day() -> None:
    run("log", ENTRY, "contacted", "--at", "2023-09-06T10:00")
    found = json.loads(run("due", "--edition", "2023H2", "--overdue", "--json").stdout)["items"]
    assert [(one["institution"], one["step"], one["due_on"]) for one in found][-1] == (
        "icbc-dl",
        "answer",
        "2023-09-20",
    )
    assert "逾期" in run("due", "--edition", "2023H2").stdout
    assert "应于 2023-09-20 前答复，逾期" in run("show", ENTRY).stdout
    assert run("due", "--edition", "2024H1").exit_code == 1


def test_a_database_without_tables_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    get_settings.cache_clear()
    answer = run("show", ENTRY)
    assert (answer.exit_code, "rongqiao db upgrade" in answer.stderr) == (1, True)


def test_a_refusal_names_the_option_and_exits_1() -> None:
    wrong = run(
        "log", ENTRY, "credit_approved", "--at", "2023-09-06", "--amount", "4 million", "--rate", "3.855"
    )
    assert wrong.exit_code == 1
    assert "amount" in wrong.stderr
    assert "rate" in wrong.stderr
    early = run("log", ENTRY, "disbursed", "--at", "2023-09-06", "--amount", "1")
    assert early.exit_code == 1
    assert "Possible then: accepted, contacted, declined" in " ".join(early.stderr.split())
    assert run("log", ENTRY, "visitted").exit_code == 2
    assert run("show", "2023H2-none").exit_code == 1


def test_the_closed_list_of_reasons_is_printed() -> None:
    assert "missing_elements_land" in run("reasons").stdout
    assert len(json.loads(run("reasons", "--json").stdout)) == 18


def test_a_simulation_says_what_it_logged_and_adds_nothing_twice() -> None:
    words = ("simulate", "--edition", "2023H2", "--until", "2023-12-31", "--seed", "3", "--json")
    done = json.loads(run(*words).stdout)
    assert sum(done["events"].values()) > 0
    assert json.loads(run(*words).stdout)["events"] == {}
    assert run("simulate", "--edition", "2099H2").exit_code == 1
