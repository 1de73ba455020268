"""What a decline leads to: the entry passes to the next party at once, and always has an owner."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.docking import history_service, service
from app.docking.kinds import EventKind
from app.docking.rules import Stage
from app.docking.schemas import EventIn
from app.docking.tables import EntryClock
from app.kernel.database import unrestricted
from app.kernel.errors import Conflict
from tests.bottlenecks.world import BARE, EDITION, World, banks, build_world, match

TERMS = {"amount": "1000000.00", "rate": "3.85", "term_months": 12, "is_credit_loan": False}
REASONS = (
    "outside_product_terms",
    "no_collateral",
    "credit_ineligible",
    "litigation",
    "missing_elements_land",
)


async def allocated(session: AsyncSession, viewer: Viewer, needs: dict[str, Any], now: datetime) -> World:
    world = await build_world(session, needs, banks(3, count=5))
    await match(session, viewer, now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    return world


async def log(session: AsyncSession, viewer: Viewer, code: str, now: datetime, **fields: Any) -> None:
    await service.log_event(session, viewer, code, EventIn.model_validate(fields), now=now)


def declined(reason: str = "outside_product_terms") -> dict[str, Any]:
    return {"kind": "declined", "reason": reason, "evidence": "尽调报告第3页"}


async def test_a_decline_passes_the_entry_to_the_next_party(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, {"one": {}}, now)
    code, at = world.codes["one"], now + timedelta(days=2)
    before = await allocation.assignment_of_entry(session, viewer, code)
    await log(session, viewer, code, at, kind="contacted")
    await log(session, viewer, code, at, **declined())
    after = await allocation.assignment_of_entry(session, viewer, code)
    assert after.institution not in {None, before.institution}
    assert (after.assigned_at, [former.end_reason for former in after.former]) == (at, ["declined"])
    state = await history_service.docking_state(session, viewer, code, now=at)
    assert (state.responsible, state.stage) == (after.institution, Stage.WAITING), "it is new to the next one"
    parties = {party.institution: party for party in state.parties if party.is_responsible}
    assert parties[str(after.institution)].possible[0] is EventKind.ACCEPTED
    assert parties[str(before.institution)].possible == []
    stages = [parties[str(one.institution)].stage for one in (before, after)]
    assert stages == [Stage.DECLINED, Stage.WAITING]
    with unrestricted(session):
        assert (await session.get_one(EntryClock, world.entries["one"])).stage == Stage.WAITING


async def test_a_decline_that_establishes_an_obstacle_passes_it_to_the_receiver_of_its_class(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, {"one": {}}, now)
    await log(session, viewer, world.codes["one"], now, **declined("missing_elements_land"))
    assert (await allocation.assignment_of_entry(session, viewer, world.codes["one"])).institution == "XTJZ"


async def test_who_is_not_responsible_passes_nothing_on_nor_does_one_who_is_late(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, {"one": {}}, now)
    code = world.codes["one"]
    first = await allocation.assignment_of_entry(session, viewer, code)
    helper = first.supports[0].institution
    await log(session, viewer, code, now + timedelta(days=1), institution=helper, **declined())
    assert (await allocation.assignment_of_entry(session, viewer, code)).institution == first.institution
    await log(session, viewer, code, now + timedelta(days=2), **declined())
    second = await allocation.assignment_of_entry(session, viewer, code)
    late = {"institution": first.institution, "occurred_at": (now + timedelta(hours=5)).isoformat()}
    with pytest.raises(Conflict):  # it has declined already
        await log(session, viewer, code, now + timedelta(days=3), **late, **declined())
    await log(session, viewer, code, now + timedelta(days=3), kind="contacted", **late)
    assert (await allocation.assignment_of_entry(session, viewer, code)).institution == second.institution


async def test_an_entry_with_credit_from_somebody_stays_where_it_is(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, {"one": {}}, now)
    code = world.codes["one"]
    first = await allocation.assignment_of_entry(session, viewer, code)
    helper = first.supports[0].institution
    await log(session, viewer, code, now, kind="contacted", institution=helper)
    await log(session, viewer, code, now, kind="credit_approved", institution=helper, **TERMS)
    await log(session, viewer, code, now + timedelta(days=1), **declined())
    after = await allocation.assignment_of_entry(session, viewer, code)
    assert (after.institution, after.former) == (first.institution, [])


@pytest.mark.parametrize("seed", range(3))
async def test_no_admitted_entry_is_ever_without_exactly_one_owner(
    session: AsyncSession, viewer: Viewer, now: datetime, seed: int
) -> None:
    rng = random.Random(seed)
    needs: dict[str, Any] = {f"fit{n}": {} for n in range(6)} | {
        "gap": BARE,
        "landless": BARE | {"missing_elements": ["land"]},
    }
    world = await allocated(session, viewer, needs, now)
    everybody = sorted(world.entries.values())
    owners = set()
    for step in range(30):
        at = now + timedelta(hours=step + 1)
        if rng.random() < 0.15:
            keep = rng.random() < 0.7
            await match(session, viewer, at)
            await allocation.run_allocation(session, viewer, EDITION, now=at, keep_settled=keep)
        else:
            code = rng.choice(sorted(world.codes.values()))
            state = await history_service.docking_state(session, viewer, code, now=at)
            kinds = [kind for party in state.parties if party.is_responsible for kind in party.possible]
            kind = rng.choice([*kinds, "declined"] if "declined" in kinds else kinds or ["none"])
            if kind in {"accepted", "contacted", "visited", "declined"}:
                fields = declined(rng.choice(REASONS)) if kind == "declined" else {"kind": kind}
                await log(session, viewer, code, at, **fields)
        rows = await allocation.current_assignments(session, viewer, world.edition_id)
        assert sorted(row.entry_id for row in rows) == everybody
        assert all(row.institution_id or row.responsible_body for row in rows)
        owners |= {(row.entry_id, row.institution_id) for row in rows}
    assert len(owners) > len(everybody)  # entries did pass on
