"""Rerouting in bulk over HTTP: the preview, the same in earnest, what stays, whose entries, and a repeated order."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Role, Viewer
from app.allocation import service as allocation
from app.allocation.reroute_schemas import RerouteIn
from app.allocation.tables import Assignment
from app.docking import api, service
from app.docking.reroute_service import FINANCED, reroute_in_bulk
from app.docking.schemas import EventIn
from app.docking.tables import EntryClock
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import OPERATOR, Enter, person
from tests.bottlenecks.world import EDITION, NANGANG, World, banks, build_world, match

REROUTES = "/docking/reroutes"
WHY = "该行业务调整，暂停受理"
NEEDS: dict[str, dict[str, Any]] = {"one": {}, "two": {}, "paid": {}, "south": {"region": NANGANG}}


def order(world: World, *names: str, **fields: Any) -> dict[str, Any]:
    return {"edition": EDITION, "reason": WHY, "entries": [world.codes[name] for name in names]} | fields


@pytest.fixture
async def world(sessions: Sessions, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch) -> World:
    """Entries that banks hold, one that nobody in its county does; credit is approved for `paid`. Orders come a day later."""
    async with transaction(sessions) as session:
        world = await build_world(session, NEEDS, banks(5, count=6))
        await match(session, viewer, now)
        await allocation.run_allocation(session, viewer, EDITION, now=now)
        terms = {"amount": "1000000.00", "rate": "3.85", "term_months": 12, "is_credit_loan": False}
        for fields in ({"kind": "contacted"}, {"kind": "credit_approved", **terms}):
            event = EventIn.model_validate(fields)
            await service.log_event(session, viewer, world.codes["paid"], event, now=now)
    later = now + timedelta(days=1)
    monkeypatch.setattr(api, "utc_now", lambda: later)
    return world


async def holders(sessions: Sessions, world: World) -> dict[str, str | None]:
    codes = {number: code for code, number in world.institutions.items()}
    async with sessions() as session:
        rows = await session.execute(
            select(Assignment.entry_id, Assignment.institution_id).where(Assignment.ended_at.is_(None))
        )
        return {world.name_of(entry): codes.get(institution or 0) for entry, institution in rows}


async def test_the_dry_run_tells_what_the_order_then_does_and_approved_entries_stay(
    sessions: Sessions, enter: Enter, world: World, now: datetime
) -> None:
    before = await holders(sessions, world)
    client = enter(OPERATOR)
    wanted = order(world, "one", "two", "paid")
    dry = (await client.post(REROUTES, json=wanted)).json()
    assert await holders(sessions, world) == before
    done = (await client.post(REROUTES, json=wanted | {"dry_run": False})).json()
    assert done == dry | {"is_dry_run": False}
    after = await holders(sessions, world)
    assert {one["entry"]: one["to"] for one in done["items"]} == {
        world.codes[name]: after[name] for name in ("one", "two", "paid")
    }
    told = {one["entry"]: (one["is_moved"], one["why"]) for one in done["items"]}
    assert told[world.codes["paid"]] == (False, [FINANCED])
    assert (after["paid"], after["south"]) == (before["paid"], before["south"])
    assert all(after[name] not in {None, before[name]} for name in ("one", "two"))
    assert done["counts"] | {"matched": 0} == {
        "asked": 3, "moved": 2, "stays": 1, "matched": 0, "routed": 0, "coordinator": 0,
    }  # fmt: skip
    async with sessions() as session:
        clock = await session.get_one(EntryClock, world.entries["one"])
    assert (clock.step, clock.institution_id) == ("accept", world.institutions[str(after["one"])])
    assert clock.runs_since == now + timedelta(days=1)


async def test_a_repeated_order_is_answered_and_not_carried_out_again(
    sessions: Sessions, enter: Enter, world: World
) -> None:
    wanted, headers = order(world, "one", dry_run=False), {"Idempotency-Key": "reroute-1"}
    client = enter(OPERATOR)
    first, second = [await client.post(REROUTES, json=wanted, headers=headers) for _ in "ab"]
    assert (first.status_code, second.json()) == (200, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    other = await client.post(REROUTES, json=order(world, "two"), headers=headers)
    assert other.status_code == 409
    async with sessions() as session:
        given = select(func.count()).where(Assignment.entry_id == world.entries["one"])
        assert await session.scalar(given) == 2


async def test_a_coordinator_of_a_part_reroutes_no_foreign_entry_and_a_bank_none_at_all(
    sessions: Sessions, enter: Enter, world: World
) -> None:
    before = await holders(sessions, world)
    county = await person(sessions, "nangang", (Role.COORDINATOR, NANGANG))
    bank = await person(sessions, "manager", (Role.BANK_ADMINISTRATOR, "B1"))
    client = enter(county)
    foreign = await client.post(REROUTES, json=order(world, "south", "one", dry_run=False))
    assert (foreign.status_code, await holders(sessions, world)) == (404, before)
    own = (await client.post(REROUTES, json=order(world, "south", dry_run=False))).json()
    assert [one["entry"] for one in own["items"]] == [world.codes["south"]]
    for wrong, status, where in (
        (order(world) | {"entries": None}, 422, "entries"),
        (order(world, "south", reason=""), 422, "reason"),
        (order(world, "south", institution="NOBODY"), 404, "institution"),
        (order(world, "south", dry_run="no"), 422, "dry_run"),
    ):
        refused = await client.post(REROUTES, json=wrong)
        wheres = [one["where"] for one in refused.json().get("errors", [])]
        assert (refused.status_code, wheres) == (status, [where]), wrong
    client = enter(bank)
    assert (await client.post(REROUTES, json=order(world, "south"))).status_code == 403


async def test_places_that_entries_of_the_same_order_leave_are_free_for_each_other(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    async with transaction(sessions) as session:
        world = await build_world(session, {name: {} for name in ("one", "two", "three")}, banks(1, count=3))
        await match(session, viewer, now)
        await allocation.run_allocation(session, viewer, EDITION, now=now)
    before = await holders(sessions, world)
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via="test"))
        body = RerouteIn.model_validate(order(world, "one", "two", dry_run=False))
        await reroute_in_bulk(session, viewer, body, now=now + timedelta(days=1))
    after = await holders(sessions, world)
    assert (after["one"], after["two"], after["three"]) == (before["two"], before["one"], before["three"])
