"""A need without collateral goes to a guarantor: what it may cost, and that a bank takes it up once it is granted."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.allocation import service as allocation
from app.docking import guarantee_service, history_service, service
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.recording import Draft
from app.docking.schemas import EventIn
from app.docking.tables import DockingEvent
from app.enterprises.tables import Consent, Need
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.shanghai import shanghai_date
from app.visibility.service import narrow
from tests.bottlenecks.world import BARE, EDITION, World, add_product, banks, build_world, match, restate

BIG: dict[str, Any] = BARE | {"amount": "6000000.00", "credit_eligible": False, "guarantee_available": None}
"""A small firm without collateral whose credit was refused asks for 600万元: class d, guarantors."""


async def routed(session: AsyncSession, viewer: Viewer, now: datetime, **facts: Any) -> World:
    """Build a world in which guarantor DB has the entry, and bank B2 lends against a guarantee."""
    world = await build_world(session, {"one": BIG | facts}, banks(3))
    await add_product(session, world, "DB-P", "B2", rate=390, guarantee_modes=["guarantee"])
    await match(session, viewer, now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    for kind in ("accepted", "contacted"):
        await log(session, viewer, world, now, kind=kind)
    return world


async def log(session: AsyncSession, viewer: Viewer, world: World, at: datetime, **fields: Any) -> None:
    await service.log_event(session, viewer, world.codes["one"], EventIn.model_validate(fields), now=at)


def guarantee(kind: str, amount: str, fee: str) -> dict[str, Any]:
    return {"kind": f"guarantee_{kind}", "amount": amount, "fee_rate": fee}


async def test_the_guarantor_is_shown_the_cap_and_an_offer_above_it_is_refused_with_the_clause(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    state = await history_service.docking_state(session, viewer, world.codes["one"], now=now)
    [party] = state.parties
    assert party.fee_cap is not None
    assert (party.institution, party.fee_cap.most, party.fee_cap.tier, party.fee_cap.citation) == (
        "DB", 150, "单户担保金额500万元以上", "黑银发〔2023〕25号（十七）",
    )  # fmt: skip
    with pytest.raises(Refused) as refusal:
        await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.51"))
    [fault] = refusal.value.faults
    assert (fault.where, fault.value) == ("fee_rate", "1.51")
    assert "黑银发〔2023〕25号（十七）" in fault.message
    kinds = await session.scalars(select(DockingEvent.kind).order_by(DockingEvent.sequence))
    assert list(kinds) == ["accepted", "contacted"]
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.50"))
    state = await history_service.docking_state(session, viewer, world.codes["one"], now=now)
    assert (state.parties[0].offered, state.parties[0].fee_rate) == (600_000_000, 150)


async def test_a_smaller_guarantee_than_offered_falls_into_its_own_tier(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.50"))
    with pytest.raises(Refused) as refusal:
        await log(session, viewer, world, now, **guarantee("granted", "5000000.00", "1.50"))
    assert "500万元及以下" in refusal.value.faults[0].message
    with pytest.raises(Conflict, match="contradicts"):
        await log(session, viewer, world, now, **guarantee("granted", "6000000.01", "1.50"))


async def test_once_it_is_granted_a_bank_that_lends_against_guarantees_takes_the_entry_up(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    code, at = world.codes["one"], now + timedelta(days=1)
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.20"))
    await log(session, viewer, world, at, **guarantee("granted", "6000000.00", "1.20"))
    after = await allocation.assignment_of_entry(session, viewer, code)
    assert (after.institution, after.kind) == ("B2-DL", "matched")
    state = await history_service.docking_state(session, viewer, code, now=at)
    assert state.clock is not None
    assert (state.clock.turn, state.clock.institution, state.clock.step.value) == (
        Turn.INSTITUTION,
        "B2-DL",
        "accept",
    )
    assert [party.fee_cap for party in state.parties] == [None, None]  # the guarantor's part is over


async def test_the_guarantor_itself_passes_the_entry_on_by_granting_and_is_shown_it_no_more(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    need = (await session.scalars(select(Need.id))).one()
    session.add(
        Consent(
            need_id=need, purpose="guarantee_review", shows_contact=False, shows_financial=False, shows_judicial=False,
            institution_id=None, until=shanghai_date(now), given_by="firm", given_at=now, evidence=None, version=1,
        )
    )  # fmt: skip
    await session.flush()
    guarantor = Viewer("g", "230000", (Grant(Role.GUARANTOR, "DB"),), person=1)
    narrow(session, guarantor, shanghai_date(now))
    for kind in ("offered", "granted"):
        await log(session, guarantor, world, now, **guarantee(kind, "6000000.00", "1.20"))
    with pytest.raises(NotFound):
        await history_service.docking_state(session, guarantor, world.codes["one"], now=now)
    narrow(session, viewer, shanghai_date(now))
    after = await allocation.assignment_of_entry(session, viewer, world.codes["one"])
    assert after.institution == "B2-DL"


async def test_the_average_is_told_beside_the_aim_also_of_entries_that_went_on_to_a_bank(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    assert await guarantee_service.guarantor_fees(session, viewer, now=now) == []
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.20"))
    await log(session, viewer, world, now, **guarantee("granted", "6000000.00", "1.20"))
    guarantor = Viewer("g", "230000", (Grant(Role.GUARANTOR, "DB"),), person=1)
    for one in (viewer, guarantor):
        narrow(session, one, shanghai_date(now))
        [fees] = await guarantee_service.guarantor_fees(session, one, now=now)
        assert (fees.institution, fees.guarantees, fees.amount, fees.average) == (
            "DB",
            1,
            600_000_000,
            "1.2000",
        )
        assert fees.aim is not None
        assert (fees.aim.most, fees.is_within_aim) == (100, False)
    stranger = Viewer("b", "230000", (Grant(Role.BANK_ADMINISTRATOR, "B1"),), person=2)
    narrow(session, stranger, shanghai_date(now))
    assert await guarantee_service.guarantor_fees(session, stranger, now=now) == []


async def test_many_offers_at_once_are_held_to_their_caps_each_with_its_place(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    code = world.codes["one"]
    offers = [
        (code, Draft(EventKind.GUARANTEE_OFFERED, now, now, amount_fen=amount, fee_bp=fee))
        for amount, fee in ((600_000_000, 150), (500_000_000, 150), (500_000_000, 100))
    ]
    with pytest.raises(Refused) as refusal:
        await service.log_events(session, viewer, EDITION, offers, now=now)
    assert [fault.where for fault in refusal.value.faults] == ["events.1.fee_rate"]
    assert (await session.scalar(select(func.count()).select_from(DockingEvent))) == 2
    assert await service.log_events(session, viewer, EDITION, [offers[0], offers[2]], now=now) == 2


@pytest.mark.parametrize(("staff", "is_capped"), [(60, True), (None, True), (400, False)])
async def test_the_cap_is_for_small_firms_and_for_those_of_whom_nobody_knows(
    session: AsyncSession, viewer: Viewer, now: datetime, *, staff: int | None, is_capped: bool
) -> None:
    world = await routed(session, viewer, now)
    await restate(session, world, "one", BIG | {"staff": staff})
    offer = guarantee("offered", "6000000.00", "2.00")
    if not is_capped:
        await log(session, viewer, world, now, **offer)
        return
    with pytest.raises(Refused) as refusal:
        await log(session, viewer, world, now, **offer)
    assert ("企业规模" in refusal.value.faults[0].remedy) == (staff is None)
