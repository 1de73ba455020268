"""An entry whose facts are corrected goes where the new facts lead, unless a bank has approved credit."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.docking.restating_service import restate_entry
from app.enterprises import need_service
from app.whitelist import service as whitelist
from app.whitelist.schemas import RestatementIn
from tests.bottlenecks.world import World
from tests.docking.test_rejudging import allocated, log, responsible
from tests.docking.test_service import APPROVAL


async def restate(session: AsyncSession, viewer: Viewer, world: World, at: datetime, **facts: Any) -> str:
    code = world.codes["one"]
    entry = await whitelist.get_entry(session, viewer, code)
    need = await need_service.need_by_code(session, viewer, entry.need)
    body = RestatementIn.model_construct(
        facts=need.facts.model_copy(update={"qualifications": ["srdi"]} | facts),
        need_revision=need.revision,
        reason="现场核实",
    )
    made = await restate_entry(session, viewer, code, body, expect=lambda _version: None, now=at)
    return made.status


async def test_corrected_facts_move_an_entry_and_bring_it_back(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now)
    bank, entry = await responsible(session, viewer, world), world.entries["one"]
    lacking = {"amount": 10**14, "missing_elements": ["land"]}
    assert await restate(session, viewer, world, now + timedelta(hours=1), **lacking) == "admitted"
    assert await responsible(session, viewer, world) == "XTJZ"
    [case] = await bottlenecks.current_cases_of(session, viewer, [entry])
    assert case.leading is not None
    settled = {"amount": 5 * 10**8, "missing_elements": []}
    await restate(session, viewer, world, now + timedelta(hours=2), **settled)
    assert await responsible(session, viewer, world) == bank
    assert await bottlenecks.current_cases_of(session, viewer, [entry]) == []


async def test_an_entry_with_approved_credit_stays_where_it_is(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now)
    bank = await responsible(session, viewer, world)
    await log(session, viewer, world, now, kind="accepted")
    await log(session, viewer, world, now, kind="contacted")
    await log(session, viewer, world, now, kind="credit_approved", **APPROVAL)
    await restate(session, viewer, world, now + timedelta(hours=1), amount=10**14)
    assert await responsible(session, viewer, world) == bank
