"""Long works at the same time: the second waits for, finds or is told of what the first one did."""

import asyncio
import io
from datetime import UTC, datetime

import httpx
import time_machine
from sqlalchemy import func, select

from app.cli.demo import demo_plan
from app.docking.tables import DockingEvent
from app.kernel.settings import Settings
from app.rounds.service import make_round
from app.whitelist.tables import WhitelistEntry, WhitelistImport
from tests.concurrency.invariants import broken
from tests.concurrency.meeting import at_the_first_write
from tests.concurrency.town import EDITION, ENTRIES, SEED, Town

MATCH = {"edition": EDITION, "on": "2023-10-16", "library": "2023Q4"}
ALLOCATE = {"edition": EDITION}


def bring(town: Town, who: str, roster: bytes) -> "asyncio.Future[httpx.Response]":
    sent = town.ask(
        who,
        "POST",
        "/whitelist/imports",
        data={"edition": EDITION, "accept_valid": "true"},
        files={"file": ("roster.xlsx", io.BytesIO(roster))},
    )
    return asyncio.ensure_future(sent)


async def test_rosters_that_come_in_at_once_with_runs_between_them_are_taken_once_each(town: Town) -> None:
    first, second = (one.roster for one in demo_plan(SEED, ENTRIES).half_years)
    [(before,)] = await town.rows(select(func.count()).select_from(WhitelistImport))
    with at_the_first_write(town, 5):
        *came, matched, allocated = await town.together(
            bring(town, "whole", second),
            bring(town, "second", second),
            bring(town, "whole", first),
            town.ask("whole", "POST", "/matches/runs", json=MATCH),
            town.ask("second", "POST", "/allocations", json=ALLOCATE),
        )
    assert all(one.is_success for one in came), [one.text for one in came]
    assert sorted(one.status_code for one in came[:2]) != [201, 201] or came[2].status_code == 201
    written = sum(one.status_code == 201 for one in came)
    assert await town.rows(select(func.count()).select_from(WhitelistImport)) == [(before + written,)]
    assert matched.is_success, matched.text
    assert allocated.is_success or "match run" in allocated.json()["detail"], allocated.text
    listed = select(WhitelistEntry.need_id).where(WhitelistEntry.code.startswith(EDITION))
    needs = [row[0] for row in await town.rows(listed)]
    assert len(needs) == len(set(needs)), "a need is listed once"
    assert await broken(town.sessions[0]) == []


async def test_of_two_match_runs_at_once_the_second_finds_the_first(town: Town) -> None:
    with at_the_first_write(town):
        runs = await town.together(
            *(
                town.ask(who, "POST", "/matches/runs", json=MATCH | {"on": "2023-10-15"})
                for who in ("whole", "second")
            )
        )
    assert sorted(run.status_code for run in runs) == [200, 201]
    assert len({run.json()["id"] for run in runs}) == 1


async def test_a_month_is_closed_once_and_stays_as_it_was_whatever_was_under_way(town: Town) -> None:
    entry, other = await town.entry(), await town.entry()
    roster = demo_plan(SEED, ENTRIES).half_years[1].roster
    late = {"kind": "accepted", "occurred_at": "2023-10-30T09:00:00+08:00"}
    with time_machine.travel(datetime(2023, 11, 1, 2, tzinfo=UTC)):
        with at_the_first_write(town, 4):
            *closes, _came, said = await town.together(
                town.ask("whole", "POST", "/coverage/2023-10/close"),
                town.ask("second", "POST", "/coverage/2023-10/close"),
                bring(town, "whole", roster),
                town.ask("operator", "POST", f"{entry.path}/docking-events", json=late),
            )
        assert sorted(one.status_code for one in closes) == [201, 409]
        assert said.status_code == 201
        closed = (await town.ask("whole", "GET", "/coverage/2023-10")).json()
        after = await town.ask(
            "operator", "POST", f"{other.path}/docking-events", json=late | {"kind": "contacted"}
        )
        assert after.status_code == 201, after.text
        shown = (await town.ask("whole", "GET", "/coverage/2023-10")).json()
    assert shown["closed"] == closed["closed"]
    assert shown["total"] == closed["total"], "what came later stands beside it"
    assert shown["restated"] is not None


async def test_two_rounds_at_once_remind_and_raise_each_step_once(town: Town) -> None:
    events = select(DockingEvent.entry_id, DockingEvent.kind, DockingEvent.detail["level"].as_string())
    before = await town.rows(events.where(DockingEvent.actor == "clock"))
    now = datetime(2023, 11, 6, 2, tzinfo=UTC)
    with at_the_first_write(town):
        rounds = await asyncio.gather(
            *(make_round(one, Settings(round_seconds=0), now=now) for one in town.sessions[:2])
        )
    rung = await town.rows(events.where(DockingEvent.actor == "clock"))
    done = sum(one.reminded + one.escalated for one in rounds)
    assert done == len(rung) - len(before) > 0
    raised = [row for row in rung if row[1] == "escalated" and row not in before]
    assert len(raised) == len(set(raised))
    assert await broken(town.sessions[0]) == []
