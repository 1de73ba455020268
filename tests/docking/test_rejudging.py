"""What declines and guarantees that stand mean for where an entry goes; and what becomes of it when one is taken back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.coordination import service as coordination
from app.docking import history_service, rejudging_service, service
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.reasons import CURED_BY, REASONS, DeclineReason
from app.docking.refusing import elements_taken_back, established_by, refusal_of
from app.docking.schemas import EventIn
from app.policy.facts import FACTS, Members
from tests.bottlenecks.world import EDITION, World, banks, build_world, match
from tests.docking.histories import START, make_event
from tests.docking.test_guarantee_route import guarantee, routed


async def allocated(session: AsyncSession, viewer: Viewer, now: datetime) -> World:
    world = await build_world(session, {"one": {}}, banks(3, count=3))
    await match(session, viewer, now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    return world


async def log(session: AsyncSession, viewer: Viewer, world: World, at: datetime, **fields: Any) -> None:
    await service.log_event(session, viewer, world.codes["one"], EventIn.model_validate(fields), now=at)


async def responsible(session: AsyncSession, viewer: Viewer, world: World) -> str | None:
    return (await allocation.assignment_of_entry(session, viewer, world.codes["one"])).institution


def declined(reason: str) -> dict[str, Any]:
    return {"kind": "declined", "reason": reason, "evidence": "尽调报告第3页"}


def corrected(sequence: int) -> dict[str, Any]:
    return {"kind": "corrected", "corrects": sequence, "evidence": "登记到了别的企业名下"}


async def test_a_decline_that_is_taken_back_takes_its_facts_its_route_and_its_case_with_it(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world, at = await allocated(session, viewer, now), now + timedelta(hours=3)
    first, entry = await responsible(session, viewer, world), world.entries["one"]
    await log(session, viewer, world, now, **declined("missing_elements_land"))
    assert await responsible(session, viewer, world) == "XTJZ"
    await log(session, viewer, world, at, **corrected(1))
    assert await responsible(session, viewer, world) == first  # the best fit, which declined nothing any more
    assert await bottlenecks.current_cases_of(session, viewer, [entry]) == []
    [case] = (await coordination.open_spans_of(session, [entry]))[entry]
    assert (case.kind.value, case.state.value) == ("land", "refused")
    state = await history_service.docking_state(session, viewer, world.codes["one"], now=at)
    assert state.clock is not None
    assert (state.clock.turn, state.clock.step.value) == (Turn.INSTITUTION, "accept")


async def test_what_another_decline_established_still_holds(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now)
    await log(session, viewer, world, now, **declined("outside_product_terms"))
    await log(session, viewer, world, now, **declined("missing_elements_land"))
    await log(session, viewer, world, now, **corrected(1))
    assert await responsible(session, viewer, world) == "XTJZ"


async def test_a_guarantee_that_is_taken_back_sends_the_entry_to_the_guarantors_again(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.20"))
    await log(session, viewer, world, now, **guarantee("granted", "6000000.00", "1.20"))
    assert await responsible(session, viewer, world) == "B2-DL"
    await log(session, viewer, world, now + timedelta(hours=1), **corrected(4))
    assert await responsible(session, viewer, world) == "DB"


async def test_allocation_is_told_who_declined_for_what_and_what_was_taken_back(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now)
    await log(session, viewer, world, now, **declined("outside_product_terms"))
    await log(session, viewer, world, now, **declined("no_collateral"))
    await log(session, viewer, world, now, **corrected(1))
    entry = world.entries["one"]
    found = (await rejudging_service.refusals(session, viewer, [entry]))[entry]
    assert [(one.reason, one.is_voided) for one in found] == [
        ("outside_product_terms", True),
        ("no_collateral", False),
    ]
    assert found[1].cured_by == {"guarantee_available": True}


def test_events_that_stand_establish_facts_and_voided_ones_none() -> None:
    events = [
        make_event(1, EventKind.DECLINED, hour=1, reason=DeclineReason.MISSING_ELEMENTS_LAND),
        make_event(2, EventKind.DECLINED, hour=2, reason=DeclineReason.CREDIT_INELIGIBLE),
    ]
    assert established_by(events) == {
        "missing_elements": Members.at_least(["land"]),
        "credit_eligible": False,
    }
    assert elements_taken_back(events) == frozenset()


@pytest.mark.parametrize("reason", DeclineReason)
def test_every_reason_excludes_while_what_it_established_holds_and_names_what_answers_it(
    reason: DeclineReason,
) -> None:
    refusal = refusal_of(7, START, reason, is_voided=False)
    assert (refusal.establishes, refusal.label) == (REASONS[reason].establishes, REASONS[reason].chinese)
    assert refusal.cured_by == CURED_BY.get(reason, {})
    assert set(refusal.cured_by) <= set(FACTS)
