"""Corrections void one event for good: who may correct what, what rests on it, and what becomes of closed months."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.permissions import Action, acting
from app.accounts.rules import Grant, Role, Viewer
from app.allocation import service as allocation
from app.coverage import service as coverage
from app.docking import history_service, service
from app.docking.rules import Stage
from app.docking.schemas import EventIn, EventOut
from app.docking.tables import DockingEvent
from app.enterprises.tables import Consent, Need
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions, transaction, unrestricted
from app.kernel.errors import Conflict, Forbidden, Refused
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.visibility.service import narrow
from tests.accounts.offices import Enter, person
from tests.bottlenecks import world as bottlenecks_world
from tests.docking.world import ASSIGNED, World, build_world, entry_code

ENTRY = entry_code(0)
FIRM = f"9123010{0:011d}"
EVENTS = f"/whitelist/entries/{ENTRY}/docking-events"
PAGE = PageRequest(limit=50)
TERMS = {"amount": "4000000.00", "rate": "3.85", "term_months": 24, "is_credit_loan": True}
BANK = Viewer("bank", "230000", (Grant(Role.RELATIONSHIP_MANAGER, "icbc-dl"),), 1)
HEAD = Viewer("head", "230000", (Grant(Role.BANK_ADMINISTRATOR, "icbc"),), 2)
HELPER = Viewer("helper", "230000", (Grant(Role.BANK_ADMINISTRATOR, "lj"),), 3)
COUNTY = Viewer("county", "230000", (Grant(Role.COORDINATOR, "230102"),), 4)
ENTERPRISE = Viewer("firm", "230000", (Grant(Role.ENTERPRISE, FIRM),), 5)
ACCEPTED, CONTACTED, APPROVED, BY_HELPER, RATED, ESCALATED, RESOLVED = range(1, 8)
"""What was logged on the entry, by its sequence."""


def event(kind: str, day: int, **fields: Any) -> EventIn:
    at = (ASSIGNED + timedelta(days=day)).isoformat()
    return EventIn.model_validate({"kind": kind, "occurred_at": at} | fields)


def correction(sequence: int, **fields: Any) -> EventIn:
    body = {"kind": "corrected", "corrects": sequence, "evidence": "登记到了别的企业名下"}
    return EventIn.model_validate(body | fields)


async def consent(session: AsyncSession, until: date) -> None:
    """Let the supporting bank see the firm."""
    for need in await session.scalars(select(Need.id)):
        session.add(
            Consent(
                need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=False,
                shows_judicial=False, institution_id=None, until=until, given_by="firm", given_at=ASSIGNED,
                evidence=None, version=1,
            )
        )  # fmt: skip
    await session.flush()


async def log(session: AsyncSession, viewer: Viewer, wanted: EventIn, now: datetime) -> EventOut:
    narrow(session, acting(viewer, Action.LOG_DOCKING), shanghai_date(now))
    return await service.log_event(session, viewer, ENTRY, wanted, now=now)


@pytest.fixture
async def world(session: AsyncSession, now: datetime) -> World:
    """An entry on which everybody has logged something."""
    world = await build_world(session)
    await consent(session, shanghai_date(now))
    for who, wanted in (
        (BANK, event("accepted", 1)),
        (BANK, event("contacted", 2)),
        (BANK, event("credit_approved", 5, **TERMS)),
        (HELPER, event("contacted", 6, institution="lj")),
        (ENTERPRISE, event("rated", 7, score=2)),
    ):
        await log(session, who, wanted, now)
    session.add(
        DockingEvent(
            entry_id=world.entries[ENTRY], sequence=ESCALATED, kind="escalated",
            institution_id=world.institutions["icbc-dl"], occurred_at=ASSIGNED + timedelta(days=60), recorded_at=now,
            actor="clock", detail={"level": "county", "step": "disburse"}, is_simulated=False,
        )
    )  # fmt: skip
    await session.flush()
    await log(session, COUNTY, event("resolved", 61, note="已约谈该行"), now)
    return world


def rests(sequence: int, kind: str) -> str:
    return f"event {sequence} ({kind}, "


CASES: list[tuple[Viewer, int, dict[str, Any], str]] = [
    # who, what, in whose name, what comes of it
    (BANK, ACCEPTED, {}, "corrected"),
    (HEAD, ACCEPTED, {}, "corrected"),
    (COUNTY, ACCEPTED, {}, "corrected"),
    (HELPER, ACCEPTED, {}, "forbidden"),
    (HELPER, ACCEPTED, {"institution": "lj"}, "forbidden"),
    (HELPER, APPROVED, {"institution": "lj"}, "forbidden"),
    (ENTERPRISE, ACCEPTED, {}, "forbidden"),
    (HELPER, BY_HELPER, {}, "corrected"),
    (BANK, BY_HELPER, {"institution": "icbc-dl"}, "forbidden"),
    (COUNTY, BY_HELPER, {}, "corrected"),
    (ENTERPRISE, RATED, {}, "corrected"),
    (BANK, RATED, {}, "forbidden"),
    (COUNTY, RATED, {}, "forbidden"),
    (COUNTY, RESOLVED, {}, "corrected"),
    (BANK, RESOLVED, {}, "forbidden"),
    (HEAD, RESOLVED, {}, "forbidden"),
    (COUNTY, ESCALATED, {}, "the event escalated stands"),
    (BANK, CONTACTED, {}, rests(APPROVED, "credit_approved")),
    (BANK, APPROVED, {}, rests(RATED, "rated")),
    (BANK, 99, {}, "no such event on this entry"),
    (HELPER, 99, {"institution": "lj"}, "no such event on this entry"),
    (HELPER, 99, {}, "forbidden"),
]  # fmt: skip


async def test_one_corrects_what_one_may_log_and_nothing_on_which_another_event_rests(
    session: AsyncSession, now: datetime, world: World
) -> None:
    found = []
    for who, sequence, fields, expected in CASES:
        attempt = await session.begin_nested()
        try:
            out = await log(session, who, correction(sequence, **fields), now)
            said = out.kind.value
        except Forbidden:
            said = "forbidden"
        except Conflict as refusal:
            said = "; ".join(fault.message for fault in refusal.faults if fault.where == "corrects")
        await attempt.rollback()
        found.append((who.name, sequence, fields, expected if said.startswith(expected) else said))
    assert found == [(who.name, *rest) for who, *rest in CASES]


async def test_many_at_once_neither_rate_nor_correct_a_rating_nor_ring_the_clock(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    assert ENTRY in world.entries
    kinds = [event("rated", 8, score=5), correction(RATED), correction(ESCALATED), correction(BY_HELPER)]
    drafts = [(ENTRY, service.draft_of(one, now)) for one in kinds]
    with pytest.raises(Refused) as refusal:
        await service.log_events(session, viewer, "2023H2", drafts, now=now)
    assert [fault.where for fault in refusal.value.faults] == [f"events.{number}.kind" for number in range(3)]
    assert await service.log_events(session, viewer, "2023H2", drafts[3:], now=now) == 1


async def test_what_is_corrected_counts_nowhere_stays_to_be_read_and_is_corrected_but_once(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    # Who wants to void a contact has to void first what rests on it, the latest first.
    for who, sequence in ((ENTERPRISE, RATED), (BANK, APPROVED), (BANK, CONTACTED), (BANK, ACCEPTED)):
        await log(session, who, correction(sequence), now)
    with pytest.raises(Conflict) as again:
        await log(session, BANK, correction(ACCEPTED), now)
    assert again.value.faults[0].message == "is corrected already"
    with pytest.raises(Conflict) as of_correction:
        await log(session, BANK, correction(RESOLVED + 2), now)
    assert of_correction.value.faults[0].message == "the event corrected stands"
    narrow(session, viewer, shanghai_date(now))
    with unrestricted(session):
        listed = (await history_service.events_page(session, viewer, ENTRY, PAGE)).items
        state = await history_service.docking_state(session, viewer, ENTRY, now=now)
        one = await history_service.event(session, viewer, ENTRY, CONTACTED)
    assert [(one.sequence, one.corrected_by) for one in listed if one.corrected_by] == [
        (ACCEPTED, 11), (CONTACTED, 10), (APPROVED, 9), (RATED, 8),
    ]  # fmt: skip
    assert (one.kind_label, one.corrected_by) == ("已对接", 10)
    assert (state.approved, state.stage) == (0, Stage.CONTACTED)  # the helper's contact stands
    parties = {party.institution: (party.stage, party.score) for party in state.parties}
    assert parties == {"icbc-dl": (Stage.WAITING, None), "lj": (Stage.CONTACTED, None)}


async def test_a_contact_that_is_corrected_after_the_close_is_a_restatement_beside_the_closed_figure(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build_world(session, ("icbc-dl", "icbc-dl"))
    closing = datetime(2023, 10, 9, 2, 0, tzinfo=UTC)
    await service.log_event(session, viewer, ENTRY, event("contacted", 2), now=closing)
    closed = await coverage.close(session, viewer, "2023-09", now=closing)
    later = closing + timedelta(days=2)
    before = await coverage.show(session, viewer, "2023-09", now=later)
    await service.log_event(session, viewer, ENTRY, correction(1), now=later)
    after = await coverage.show(session, viewer, "2023-09", now=later)
    assert (before.total.contacted.numerator, before.restated) == (1, None)
    assert (after.total, after.closed) == (before.total, before.closed)
    assert after.restated is not None
    assert (after.restated.contacted.numerator, after.restated.assigned.numerator) == (0, 2)
    verdict = await coverage.verify(session, viewer, "2023-09")
    assert (verdict.is_intact, verdict.is_restated) == (True, True)
    assert closed.facts_sha256 == (after.closed.facts_sha256 if after.closed else "")
    october = await coverage.show(session, viewer, "2023-10", now=later)
    assert (october.total.contacted.numerator, october.closed) == (0, None)


async def test_when_the_approval_that_held_it_up_is_corrected_a_decline_passes_the_entry_on(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await bottlenecks_world.build_world(session, {"one": {}}, bottlenecks_world.banks(3, count=3))
    await bottlenecks_world.match(session, viewer, now)
    await allocation.run_allocation(session, viewer, "2023H2", now=now)
    code, at = world.codes["one"], now + timedelta(days=1)
    first = await allocation.assignment_of_entry(session, viewer, code)
    helper = first.supports[0].institution
    declined = {"kind": "declined", "reason": "outside_product_terms", "evidence": "尽调报告第3页"}
    for fields in (
        {"kind": "contacted", "institution": helper},
        {"kind": "credit_approved", "institution": helper} | TERMS,
        declined,
    ):
        await service.log_event(session, viewer, code, EventIn.model_validate(fields), now=now)
    held = await allocation.assignment_of_entry(session, viewer, code)
    assert held.institution == first.institution
    await service.log_event(session, viewer, code, correction(2), now=at)
    after = await allocation.assignment_of_entry(session, viewer, code)
    assert after.institution not in {None, first.institution}
    clock = (await history_service.docking_state(session, viewer, code, now=at)).clock
    assert clock is not None
    expected = (helper, helper, "answer", at)  # it has contacted the firm already
    assert (after.institution, clock.institution, clock.step, clock.runs_since) == expected


async def test_corrections_over_http(sessions: Sessions, enter: Enter) -> None:
    async with transaction(sessions) as session:
        await build_world(session)
        await consent(session, shanghai_today() + timedelta(days=30))
    manager = await person(sessions, "manager", (Role.RELATIONSHIP_MANAGER, "icbc-dl"))
    helper = await person(sessions, "helper", (Role.RELATIONSHIP_MANAGER, "lj"))
    wrong = correction(1).model_dump(mode="json", exclude_unset=True)
    client = enter(manager)
    contact = event("contacted", 2).model_dump(mode="json", exclude_unset=True)
    assert (await client.post(EVENTS, json=contact)).status_code == 201
    bare = await client.post(EVENTS, json={"kind": "corrected", "corrects": 1})
    assert (bare.status_code, [one["where"] for one in bare.json()["errors"]]) == (422, ["evidence"])
    client = enter(helper)
    assert (await client.post(EVENTS, json=wrong)).status_code == 403
    client = enter(manager)
    first = await client.post(EVENTS, json=wrong, headers={"Idempotency-Key": "wrong-1"})
    again = await client.post(EVENTS, json=wrong, headers={"Idempotency-Key": "wrong-1"})
    assert (first.status_code, again.json()) == (201, first.json())
    assert (first.json()["kind_label"], first.json()["institution"]) == ("更正", "icbc-dl")
    twice = await client.post(EVENTS, json=wrong)
    assert (twice.status_code, twice.json()["errors"][0]["message"]) == (409, "is corrected already")
    listed = (await client.get(EVENTS)).json()["items"]
    assert [(one["kind"], one["corrects"], one["corrected_by"]) for one in listed] == [
        ("contacted", None, 2),
        ("corrected", 1, None),
    ]
    state = (await client.get(EVENTS.removesuffix("-events"))).json()
    assert (state["stage"], state["clock"]["step"]) == ("waiting", "accept")
