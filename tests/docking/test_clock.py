"""Whose turn an entry is, for which step and by when, in Chinese working days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.coordination.rules import CaseKind, CaseSpan, CaseState
from app.docking import clock_service, service
from app.docking.clock import Clock, Turn, clock_of
from app.docking.dossiers import EntryDossier
from app.docking.kinds import EventKind, Level
from app.docking.legality import Standing
from app.docking.rules import Stage
from app.docking.schemas import EventIn
from app.docking.working_time import DayCounter, Limits, Step, days_left
from app.kernel.database import Sessions, transaction
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.reference.working_days import LAST_YEAR, WorkingCalendar
from tests.docking.histories import make_event
from tests.docking.world import ASSIGNED, build_world, entry_code, keep_with_coordinator

LIMITS = Limits(
    allocate=5, accept=1, contact=3, answer=10, answer_project=30, disburse=20, resolve=15,
    pause_most=20, remind_before=1, citation="经办方设定5",
)  # fmt: skip
DAYS = DayCounter(WorkingCalendar())
# A Wednesday; 2023-09-29 to 10-06 are days off, 10-07 and 10-08 (a weekend) are make-up days.
SINCE = datetime(2023, 9, 27, 1, 0, tzinfo=UTC)
EDITION_END = date(2023, 12, 31)
Step_ = tuple[EventKind, datetime]
ACCEPTED, CONTACTED, DECLINED = EventKind.ACCEPTED, EventKind.CONTACTED, EventKind.DECLINED
PAUSED, RESUMED = EventKind.PAUSED, EventKind.RESUMED


def after(days: int, hours: int = 0) -> datetime:
    return SINCE + timedelta(days=days, hours=hours)


def entry(*steps: Step_, is_project: bool = False, since: datetime = SINCE) -> EntryDossier:
    """An entry in the hands of a bank, with what happened."""
    dossier = EntryDossier(1, "2023H2-1", "admitted", 1_000, None, is_project=is_project)
    dossier.listed_since, dossier.owned_since, dossier.owner = (
        SINCE - timedelta(days=40),
        since,
        "工行道里支行",
    )
    dossier.owner_kind, dossier.edition_until, dossier.coordinator = (
        "matched",
        EDITION_END,
        "哈尔滨市统筹部门",
    )
    dossier.standings.append(Standing(7, "icbc", "/7/", is_responsible=True, since=since, name="工行"))
    for number, (kind, at) in enumerate(steps, start=1):
        hour = int((at - datetime(2023, 10, 9, 1, 0, tzinfo=UTC)).total_seconds() // 3600)
        dossier.events.append(make_event(number, kind, hour=hour, amount=100))
    return dossier


def clock(dossier: EntryDossier) -> Clock:
    found = clock_of(dossier, LIMITS, DAYS)
    assert found is not None
    return found


def told(dossier: EntryDossier) -> tuple[Turn, Step, date | None]:
    found = clock(dossier)
    return found.turn, found.step, found.due_on


def test_each_step_runs_from_the_one_before_over_holidays_and_make_up_days() -> None:
    bank = Turn.INSTITUTION
    assert told(entry()) == (bank, Step.ACCEPT, date(2023, 9, 28))
    accepted, contacted = (ACCEPTED, after(1)), (CONTACTED, after(12))
    assert told(entry(accepted)) == (bank, Step.CONTACT, date(2023, 10, 9))
    assert told(entry(accepted, contacted)) == (bank, Step.ANSWER, date(2023, 10, 23))
    assert told(entry(accepted, contacted, is_project=True)) == (bank, Step.ANSWER, date(2023, 11, 20))
    approved = (EventKind.CREDIT_APPROVED, after(14))
    assert told(entry(accepted, contacted, approved)) == (bank, Step.DISBURSE, date(2023, 11, 8))


def test_a_contact_without_acceptance_leaves_only_the_answer() -> None:
    assert told(entry((CONTACTED, after(0)))) == (Turn.INSTITUTION, Step.ANSWER, date(2023, 10, 17))


def test_what_is_financed_is_refreshed_with_the_roster_at_the_end_of_the_edition() -> None:
    steps = ((CONTACTED, after(1)), (EventKind.CREDIT_APPROVED, after(2)), (EventKind.DISBURSED, after(3)))
    assert told(entry(*steps)) == (Turn.COORDINATOR, Step.REFRESH, EDITION_END)


def test_what_was_declined_and_has_no_next_party_is_the_coordinators_to_resolve() -> None:
    found = clock(entry((CONTACTED, after(1)), (DECLINED, after(2))))
    assert (found.turn, found.step, found.owner) == (Turn.COORDINATOR, Step.RESOLVE, "哈尔滨市统筹部门")


def test_who_takes_it_up_again_has_its_days_anew() -> None:
    steps = ((CONTACTED, after(0)), (DECLINED, after(1)), (ACCEPTED, after(12)))
    assert told(entry(*steps)) == (Turn.INSTITUTION, Step.ANSWER, date(2023, 10, 23))
    # It declined in an earlier time of its own, and the entry has come back to it.
    assert told(entry((DECLINED, after(-5)))) == (Turn.INSTITUTION, Step.ACCEPT, date(2023, 9, 28))


def test_an_entry_that_nobody_has_yet_is_its_coordinators_to_allocate() -> None:
    dossier = entry()
    dossier.standings, dossier.owned_since, dossier.owner, dossier.owner_kind = [], None, None, None
    dossier.listed_since = SINCE
    found = clock(dossier)
    assert (found.turn, found.step, found.owner) == (Turn.COORDINATOR, Step.ALLOCATE, "哈尔滨市统筹部门")
    assert found.due_on == date(2023, 10, 10)  # 09-28, 10-07, 10-08, 10-09, 10-10


@pytest.mark.parametrize(("kind", "turn"), [("coordinator", Turn.COORDINATOR), ("routed", Turn.BODY)])
def test_what_a_coordinator_or_a_public_body_keeps_has_to_be_resolved(kind: str, turn: Turn) -> None:
    dossier = entry()
    dossier.standings, dossier.owner_kind, dossier.owner = [], kind, "省发改委"
    assert told(dossier) == (turn, Step.RESOLVE, date(2023, 10, 24))


def test_only_what_is_on_the_roster_has_a_clock() -> None:
    withdrawn, waiting = entry(), entry()
    withdrawn.withdrawn_at, waiting.status = after(1), "review"
    assert [clock_of(one, LIMITS, DAYS) for one in (withdrawn, waiting)] == [None, None]


def test_a_pause_moves_the_due_day_by_the_working_days_that_it_lasted() -> None:
    steps = ((ACCEPTED, after(0)), (CONTACTED, after(0, 1)), (PAUSED, after(12)))
    plain = entry(*steps[:2])
    assert told(plain)[2] == date(2023, 10, 17)
    resumed = entry(*steps, (RESUMED, after(14)))
    assert told(resumed)[2] == date(2023, 10, 19)
    assert clock(resumed).paused_since is None


def test_a_pause_that_is_open_allows_for_the_longest_and_a_longer_one_for_no_more() -> None:
    steps = ((ACCEPTED, after(0)), (CONTACTED, after(0, 1)), (PAUSED, after(1)))
    open_pause, long_pause = entry(*steps), entry(*steps, (RESUMED, after(90)))
    assert clock(open_pause).paused_since == after(1)
    assert told(open_pause)[2] == told(long_pause)[2] == DAYS.after(date(2023, 9, 27), 10 + 20)


def case(raised: int, closed: int | None, due_on: date | None = date(2023, 10, 30)) -> CaseSpan:
    state = CaseState.OPEN if closed is None else CaseState.RESOLVED
    end = None if closed is None else after(closed)
    return CaseSpan(CaseKind.LAND, "哈尔滨市发改委", after(raised), end, due_on, state, "XT-1", 15)


def test_while_a_coordination_case_is_open_it_is_that_bodys_turn_and_afterwards_the_banks_days_go_on() -> (
    None
):
    dossier = entry((ACCEPTED, after(0)), (CONTACTED, after(0, 1)))
    dossier.cases = [case(10, None)]
    found = clock(dossier)
    assert (found.turn, found.step, found.owner, found.due_on) == (
        Turn.BODY, Step.RESOLVE, "哈尔滨市发改委", date(2023, 10, 30),
    )  # fmt: skip
    assert found.institution == "icbc", "whose entry it is, is told all the same"
    dossier.cases = [case(10, 14)]  # from 10-07 to 10-11: four working days, two of them make-up days...
    assert told(dossier) == (Turn.INSTITUTION, Step.ANSWER, date(2023, 10, 23))


def test_a_raised_step_keeps_its_level_until_it_is_taken_or_settled() -> None:
    steps = [(ACCEPTED, after(0)), (EventKind.ESCALATED, after(20)), (EventKind.ESCALATED, after(25))]
    dossier = entry(*steps)
    assert clock(dossier).level is Level.COUNTY
    dossier.events.append(make_event(4, EventKind.RESOLVED, hour=20 * 24))
    settled = clock(dossier)
    assert (settled.level, settled.step) == (None, Step.CONTACT)
    assert settled.runs_since == dossier.events[-1].occurred_at, "its days begin anew"
    dossier.events.append(make_event(5, CONTACTED, hour=21 * 24))
    assert (clock(dossier).level, clock(dossier).step) == (None, Step.ANSWER)


def test_what_the_clock_said_of_a_case_is_not_said_of_the_next_one_nor_of_the_bank() -> None:
    dossier = entry((ACCEPTED, after(0)), (CONTACTED, after(0, 1)), (EventKind.ESCALATED, after(40)))
    first, second = case(10, None), case(12, None, due_on=date(2023, 12, 1))
    dossier.cases = [first, second]
    assert clock(dossier).level is Level.COUNTY
    dossier.cases = [case(10, 41), second]
    assert (clock(dossier).turn, clock(dossier).due_on, clock(dossier).level) == (
        Turn.BODY, second.due_on, None,
    )  # fmt: skip
    dossier.cases = [case(10, 41), case(12, 42)]
    assert (clock(dossier).turn, clock(dossier).level) == (Turn.INSTITUTION, None)
    dossier.events.append(make_event(4, EventKind.ESCALATED, hour=60 * 24))
    assert clock(dossier).level is Level.COUNTY


def test_a_coordinators_days_stand_still_too_while_a_case_is_open_and_those_of_paying_out_do_not() -> None:
    dossier = entry()
    dossier.standings, dossier.owner_kind, dossier.owner = [], "coordinator", "哈尔滨市统筹部门"
    plain = told(dossier)[2]
    dossier.cases = [case(10, 14)]  # four working days
    assert told(dossier) == (Turn.COORDINATOR, Step.RESOLVE, DAYS.after(date(2023, 10, 24), 4))
    assert plain == date(2023, 10, 24)
    paying = entry((CONTACTED, after(0)), (EventKind.CREDIT_APPROVED, after(9)))
    without = told(paying)
    paying.cases = [case(10, 14)]
    assert without == told(paying)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2023, 9, 28, 15, 59, tzinfo=UTC), 0),  # the last minute in Shanghai
        (datetime(2023, 9, 28, 16, 0, tzinfo=UTC), -1),  # a day off: overdue all the same
        (datetime(2023, 10, 7, 2, 0, tzinfo=UTC), -1),
        (datetime(2023, 10, 8, 2, 0, tzinfo=UTC), -2),
    ],
)
def test_a_step_may_be_taken_until_the_end_of_its_day_in_shanghai(now: datetime, left: int) -> None:
    assert days_left(DAYS, shanghai_date(now), clock(entry()).due_on) == left


def test_a_reminder_is_due_a_working_day_before() -> None:
    assert clock(entry()).remind_on == date(2023, 9, 27)
    assert clock(entry((ACCEPTED, after(0)))).remind_on == date(2023, 10, 7)


def test_a_day_that_nobody_has_published_is_not_guessed() -> None:
    end = datetime(LAST_YEAR, 12, 31, 1, 0, tzinfo=UTC)
    found = clock(entry(since=end))
    assert (found.step, found.due_on, found.remind_on) == (Step.ACCEPT, None, None)
    assert days_left(DAYS, end.date(), found.due_on) is None


def test_to_the_next_institution_an_entry_is_new_until_it_does_something() -> None:
    passed = entry((ACCEPTED, after(1)), (CONTACTED, after(2)), (DECLINED, after(3)))
    assert clock(passed).stage is Stage.DECLINED
    former, later = passed.standings[0], after(4)
    passed.standings = [
        replace(former, until=later),
        replace(former, institution_id=8, code="lj", lineage="/8/", since=later),
    ]
    passed.owned_since = later
    assert clock(passed).stage is Stage.WAITING
    passed.events.append(make_event(9, ACCEPTED, 8, 200))
    assert clock(passed).stage is Stage.ACCEPTED
    approved = entry((EventKind.CREDIT_APPROVED, after(2)))
    approved.standings = passed.standings
    assert clock(approved).stage is Stage.CREDITED, "credit of a former party stays with the entry"
    # Nobody of the institutions has it any more: then how far it had come is all that can be told.
    passed.standings = [replace(one, until=after(30)) for one in passed.standings]
    assert clock(passed).stage is Stage.ACCEPTED
    back = entry((DECLINED, after(1)), since=after(2))
    assert (clock(back).stage, clock(back).step) == (Stage.WAITING, Step.ACCEPT)


async def test_the_most_urgent_come_first_and_pages_go_on(session: AsyncSession, viewer: Viewer) -> None:
    await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
    now = ASSIGNED + timedelta(days=1)
    for number, kind in ((0, "contacted"), (2, "accepted")):
        event = EventIn.model_validate({"kind": kind})
        await service.log_event(session, viewer, entry_code(number), event, now=now)
    later = now + timedelta(days=1)
    first = await clock_service.clocks_page(session, viewer, PageRequest(limit=3), "2023H2", now=later)
    rest = await clock_service.clocks_page(
        session, viewer, PageRequest(limit=3, cursor=first.next), "2023H2", now=later
    )
    assert [
        (one.entry, one.step_label, one.days_left, one.is_overdue) for one in (*first.items, *rest.items)
    ] == [
        (entry_code(1), "接单", -1, True),
        (entry_code(2), "首次联系", 2, False),
        (entry_code(3), "落实责任机构", 2, False),
        (entry_code(0), "答复", 9, False),
    ]
    assert rest.next is None
    page = PageRequest()
    mine = await clock_service.clocks_page(session, viewer, page, "2023H2", institution="lj", now=later)
    late = await clock_service.clocks_page(session, viewer, page, "2023H2", is_overdue=True, now=later)
    assert [[one.entry for one in found.items] for found in (mine, late)] == [
        [entry_code(2)],
        [entry_code(1)],
    ]
    counts = [
        len((await clock_service.clocks_page(session, viewer, page, "2023H2", region=one, now=later)).items)
        for one in ("230000", "230100", "230200")
    ]
    assert counts == [4, 4, 0]


async def test_what_is_due_is_told_with_the_entry_and_its_clause(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with transaction(sessions) as session:
        await build_world(session)
    state = (await client.get(f"/whitelist/entries/{entry_code(0)}/docking")).json()
    assert (state["clock"]["due_on"], state["clock"]["is_overdue"]) == ("2023-09-05", True)
    assert state["clock"]["citation"] == "经办方设定5"
    listed = (await client.get("/docking/deadlines", params={"edition": "2023H2", "overdue": True})).json()
    assert listed == {"items": [state["clock"]], "next": None}
    assert (await client.get("/docking/deadlines", params={"edition": "2024H1"})).status_code == 404
    assert (await client.get("/docking/deadlines")).status_code == 422


async def test_a_coordinator_gets_no_new_days_by_being_given_the_entry_again(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, (None,))
    for day in (0, 7, 14):
        await keep_with_coordinator(session, world, entry_code(0), ASSIGNED + timedelta(days=day))
    [found] = (await clock_service.clocks_page(session, viewer, PageRequest(), "2023H2", now=ASSIGNED)).items
    assert (found.turn, found.step, found.runs_since) == (Turn.COORDINATOR, Step.RESOLVE, ASSIGNED)
