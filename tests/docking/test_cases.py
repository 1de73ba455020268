"""What a bank cannot settle goes to the body that can: the case, whose turn it is meanwhile, and what follows from its end."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.allocation import service as allocation
from app.coordination import service as coordination
from app.coordination.rules import CaseState
from app.coordination.schemas import CaseFilter, CaseIn, CoordinationCaseOut, OutcomeIn
from app.docking import case_service, history_service, round_service, service
from app.docking.clock import Turn
from app.docking.kinds import Level
from app.docking.schemas import ClockOut, EventIn
from app.kernel.paging import PageRequest
from app.rounds.service import clock_viewer
from tests.bottlenecks.world import EDITION, World, banks, build_world, match

PAGE = PageRequest(limit=50)
CLOCK = clock_viewer("230000")
TERMS = {"amount": "1000000.00", "rate": "3.85", "term_months": 12, "is_credit_loan": False}
BY_BODY, BY_COORDINATOR, BY_BANK = Turn.BODY, Turn.COORDINATOR, Turn.INSTITUTION


@pytest.fixture
async def world(session: AsyncSession, viewer: Viewer, now: datetime) -> World:
    """An entry that a bank has, with others to support it; the fixture's day is Wednesday, 15 November 2023."""
    world = await build_world(session, {"one": {}}, banks(3, count=3))
    await match(session, viewer, now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    return world


async def log(session: AsyncSession, viewer: Viewer, world: World, at: datetime, **fields: Any) -> None:
    await service.log_event(session, viewer, world.codes["one"], EventIn.model_validate(fields), now=at)


def lacking(element: str, **more: Any) -> dict[str, Any]:
    return {"kind": "declined", "reason": f"missing_elements_{element}", "evidence": "项目用地未批复"} | more


async def holder(session: AsyncSession, viewer: Viewer, world: World) -> tuple[str | None, list[str | None]]:
    found = await allocation.assignment_of_entry(session, viewer, world.codes["one"])
    return found.institution, [one.institution for one in found.supports]


async def clock(session: AsyncSession, viewer: Viewer, world: World, at: datetime) -> ClockOut:
    found = (await history_service.docking_state(session, viewer, world.codes["one"], now=at)).clock
    assert found is not None
    return found


async def turn(session: AsyncSession, viewer: Viewer, world: World, at: datetime) -> tuple[Any, ...]:
    found = await clock(session, viewer, world, at)
    return found.turn, found.owner, found.step.value, found.institution, found.due_on


async def cases(session: AsyncSession, viewer: Viewer, now: datetime) -> dict[str, CoordinationCaseOut]:
    """Answer the last case of each kind."""
    page = await coordination.list_cases(session, viewer, PAGE, CaseFilter(), now=now)
    return {one.kind.value: one for one in sorted(page.items, key=lambda case: case.code)}


async def close(
    session: AsyncSession, viewer: Viewer, case: CoordinationCaseOut, at: datetime, *, is_settled: bool = True
) -> None:
    act = coordination.resolve if is_settled else coordination.refuse
    await act(session, viewer, case.code, OutcomeIn(outcome="已办理"), expect=lambda _version: None, now=at)


async def test_each_missing_element_becomes_a_case_and_when_all_are_settled_a_bank_takes_the_entry_up_again(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    first, [helper, *_others] = await holder(session, viewer, world)
    await log(session, viewer, world, now, **lacking("environment", institution=helper))
    assert await cases(session, viewer, now) == {}, "who only supports sends the entry nowhere"
    await log(session, viewer, world, now, **lacking("land"))
    assert (await holder(session, viewer, world))[0] == "XTJZ"
    raised = await cases(session, viewer, now)
    assert {kind: (one.body, one.raised_by, one.due_on) for kind, one in raised.items()} == {
        kind: ("XTJZ机构", case_service.ACTOR, date(2023, 12, 6)) for kind in ("land", "environment")
    }
    at_body = (BY_BODY, "XTJZ机构", "resolve", "XTJZ", date(2023, 12, 6))
    assert await turn(session, viewer, world, now) == at_body

    at = now + timedelta(days=5)
    await close(session, viewer, raised["land"], at)
    assert await turn(session, viewer, world, at) == at_body, "the other case is still open"
    at = now + timedelta(days=6)
    await close(session, viewer, raised["environment"], at)
    assert (await holder(session, viewer, world))[0] == first, "what it declined for is settled"
    party, _owner, step, institution, due_on = await turn(session, viewer, world, at)
    assert (party, step, institution, due_on) == (BY_BANK, "accept", first, date(2023, 11, 22))
    state = await history_service.docking_state(session, viewer, world.codes["one"], now=at)
    [own] = [one for one in state.parties if one.institution == first and one.until is None]
    assert own.possible[0].value == "accepted"


async def test_what_the_mechanism_refuses_is_the_coordinators_turn_and_is_not_raised_again_by_itself(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await log(session, viewer, world, now, **lacking("land"))
    [case] = (await cases(session, viewer, now)).values()
    at = now + timedelta(days=5)  # a Monday
    await close(session, viewer, case, at, is_settled=False)
    expected = (BY_COORDINATOR, "哈尔滨市统筹部门", "resolve", "XTJZ", date(2023, 12, 11))
    assert await turn(session, viewer, world, at) == expected
    later = at + timedelta(days=1)
    await match(session, viewer, later)
    await allocation.run_allocation(session, viewer, EDITION, now=later)
    await case_service.raise_wanted(session, list(world.entries.values()), later)
    assert [one.state for one in (await cases(session, viewer, later)).values()] == [CaseState.REFUSED]
    assert await turn(session, viewer, world, later) == expected
    body = CaseIn.model_validate(
        {"entry": world.codes["one"], "kind": "land", "question": "另选地块，请再协调"}
    )
    await coordination.raise_case(session, viewer, body, now=later)
    assert (await turn(session, viewer, world, later))[0] is BY_BODY


async def asked_for_a_guarantee(
    session: AsyncSession, viewer: Viewer, world: World, contacted: datetime, raised: datetime
) -> CoordinationCaseOut:
    """Let the bank accept and contact, and then ask for a guarantee on its own behalf."""
    for kind in ("accepted", "contacted"):
        await log(session, viewer, world, contacted, kind=kind)
    bank, _helpers = await holder(session, viewer, world)
    manager = Viewer("王敏", "230000", (Grant(Role.RELATIONSHIP_MANAGER, str(bank)),), 7)
    wanted = {
        "entry": world.codes["one"],
        "kind": "public_guarantee",
        "question": "缺少抵押，请政府性担保支持",
    }
    return await coordination.raise_case(session, manager, CaseIn.model_validate(wanted), now=raised)


@pytest.mark.parametrize("is_settled", [True, False])
async def test_while_a_bank_waits_for_the_guarantee_it_asked_for_its_days_stand_still(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World, *, is_settled: bool
) -> None:
    bank, _helpers = await holder(session, viewer, world)
    case = await asked_for_a_guarantee(session, viewer, world, now, now + timedelta(days=2))
    assert case.raised_for == bank
    meanwhile = await turn(session, viewer, world, now + timedelta(days=3))
    assert meanwhile == (BY_BODY, case.body, "resolve", bank, case.due_on)
    at = now + timedelta(days=7)  # from Friday to Wednesday: three working days
    await close(session, viewer, case, at, is_settled=is_settled)
    owed, _owner, step, institution, due_on = await turn(session, viewer, world, at)
    assert (owed, step, institution) == (BY_BANK, "answer", bank)
    assert due_on == date(2023, 12, 4), "29 November, and three working days"


async def test_how_far_the_bodys_delay_was_raised_is_not_held_against_the_bank(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    case = await asked_for_a_guarantee(session, viewer, world, now, now + timedelta(days=2))
    late = datetime(2023, 12, 28, 2, 0, tzinfo=UTC)  # due on 8 December: fourteen working days before
    done = await round_service.remind_and_escalate(session, CLOCK, now=late)
    assert (done.escalated, (await clock(session, viewer, world, late)).level) == (1, Level.PROVINCE)
    at = late + timedelta(hours=1)
    await close(session, viewer, case, at)
    bank = await clock(session, viewer, world, at)
    assert (bank.turn, bank.due_on, bank.level) == (BY_BANK, date(2024, 1, 10), None)


async def test_a_case_that_is_settled_after_credit_was_approved_moves_nobody(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    _first, [helper, *_others] = await holder(session, viewer, world)
    await log(session, viewer, world, now, kind="contacted", institution=helper)
    await log(session, viewer, world, now, **lacking("land"))
    at = now + timedelta(days=1)
    await log(session, viewer, world, at, kind="credit_approved", institution=helper, **TERMS)
    before = await allocation.assignment_of_entry(session, viewer, world.codes["one"])
    owed = await turn(session, viewer, world, at)
    assert (owed[0], owed[2], owed[3]) == (BY_BANK, "disburse", helper)
    [case] = (await cases(session, viewer, at)).values()
    await close(session, viewer, case, at + timedelta(days=1))
    assert await allocation.assignment_of_entry(session, viewer, world.codes["one"]) == before
    assert await turn(session, viewer, world, at + timedelta(days=1)) == owed
