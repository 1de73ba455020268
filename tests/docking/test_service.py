from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.docking import history_service, service, simulation_service
from app.docking.appending import EntryDraft
from app.docking.kinds import GUARANTEES, OF_THE_ENTRY, EventKind
from app.docking.rules import Stage
from app.docking.schemas import EventIn
from app.docking.tables import DockingEvent
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import PageRequest
from app.whitelist.tables import WhitelistEntry
from tests.docking.world import ASSIGNED, build_world, entry_code

ENTRY = entry_code(0)
APPROVAL = {"amount": "4000000.00", "rate": "3.85", "term_months": 24, "is_credit_loan": True}


def event(kind: str, day: int = 1, **fields: Any) -> EventIn:
    at = (ASSIGNED + timedelta(days=day)).isoformat()
    return EventIn.model_validate({"kind": kind, "occurred_at": at} | fields)


async def test_the_state_is_folded_from_what_was_logged(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_world(session)
    out = await service.log_event(session, viewer, ENTRY, event("accepted", 1), now=now)
    for logged in (
        event("contacted", 2),
        event("credit_approved", 9, **APPROVAL),
        event("disbursed", 12, amount="1000000.00"),
        event("disbursed", 20, amount="3000000.00"),
    ):
        out = await service.log_event(session, viewer, ENTRY, logged, now=now)
    assert (out.sequence, out.institution, out.actor, out.is_simulated) == (
        5,
        "icbc-dl",
        "local-operator",
        False,
    )
    state = await history_service.docking_state(session, viewer, ENTRY, now=now)
    assert (state.stage, state.responsible, state.last_sequence) == (Stage.DISBURSED, "icbc-dl", 5)
    assert (state.needed, state.approved, state.disbursed) == (500_000_000, 400_000_000, 400_000_000)
    assert {party.institution: party.stage for party in state.parties} == {
        "icbc-dl": Stage.DISBURSED,
        "lj": Stage.WAITING,
    }
    page = await history_service.events_page(session, viewer, ENTRY, PageRequest(limit=3))
    rest = await history_service.events_page(session, viewer, ENTRY, PageRequest(limit=3, cursor=page.next))
    assert [item.sequence for item in (*page.items, *rest.items)] == [1, 2, 3, 4, 5]
    assert rest.next is None


async def test_a_head_office_logs_for_its_branch_and_is_named(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_world(session)
    out = await service.log_event(session, viewer, ENTRY, event("contacted", institution="icbc"), now=now)
    assert (out.institution, out.logged_by) == ("icbc-dl", "icbc")
    with pytest.raises(Conflict, match="Nobody is found"):
        await service.log_event(session, viewer, ENTRY, event("contacted", institution="ccb"), now=now)
    with pytest.raises(Refused, match="not known"):
        await service.log_event(session, viewer, ENTRY, event("contacted", institution="none"), now=now)


async def test_a_decline_is_classified_anew_with_the_facts_that_it_establishes(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session)
    await service.log_event(session, viewer, ENTRY, event("contacted", 2), now=now)
    decline = event("declined", 5, reason="litigation", evidence="（2023）黑01民初12号，未结案")
    out = await service.log_event(session, viewer, ENTRY, decline, now=now)
    assert (out.reason_label, out.evidence) == ("涉案涉诉", "（2023）黑01民初12号，未结案")
    [case] = await bottlenecks.current_cases(session, viewer, world.edition_id)
    assert (case.entry_id, case.cause) == (world.entries[ENTRY], "declined")
    assert case.route == "c"


async def test_bulk_takes_all_or_names_every_fault(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_world(session, ("icbc-dl", "lj"))
    good: list[EntryDraft] = [
        (entry_code(n), service.draft_of(event(kind, day), now))
        for n in (0, 1)
        for kind, day in (("accepted", 1), ("contacted", 2))
    ]
    bad = [
        (entry_code(0), service.draft_of(event("disbursed", 3, amount="1.00"), now)),
        ("2023H2-none", service.draft_of(event("contacted"), now)),
        (entry_code(1), service.draft_of(event("credit_approved", 3, amount="1.00"), now)),
    ]
    with pytest.raises(Refused) as caught:
        await service.log_events(session, viewer, "2023H2", [*good, *bad], now=now)
    assert [fault.where for fault in caught.value.faults] == [
        "events.4.kind",
        "events.5.entry",
        "events.6.is_credit_loan",
        "events.6.rate",
        "events.6.term_months",
    ]
    assert (await session.execute(select(DockingEvent))).first() is None
    assert await service.log_events(session, viewer, "2023H2", good, now=now) == 4
    assert len((await session.execute(select(DockingEvent))).all()) == 4


async def test_bulk_and_states_need_no_more_statements_for_more_entries(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world_size = 12
    await build_world(session, ("icbc-dl",) * world_size)
    counts: list[int] = []
    connection = await session.connection()

    def count(*_args: Any) -> None:
        counts[-1] += 1

    sql_event.listen(connection.sync_connection, "before_cursor_execute", count)
    for entries in (range(1), range(1, world_size)):
        drafts = [(entry_code(n), service.draft_of(event("contacted"), now)) for n in entries]
        counts.append(0)
        await service.log_events(session, viewer, "2023H2", drafts, now=now)
        assert len(await history_service.docking_states(session, viewer, "2023H2", now=now)) == world_size
    assert counts[0] == counts[1] <= 30


async def test_the_same_place_in_the_history_cannot_be_taken_twice(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_world(session)
    await service.log_event(session, viewer, ENTRY, event("contacted"), now=now)
    [stored] = (await session.execute(select(DockingEvent))).scalars()
    columns = {c.key: getattr(stored, c.key) for c in DockingEvent.__table__.columns if c.key != "id"}
    session.add(DockingEvent(**columns))
    with pytest.raises(IntegrityError):
        await session.flush()


async def test_writers_of_one_entry_wait_for_each_other(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    import asyncio  # noqa: PLC0415

    async with transaction(sessions) as session:
        await build_world(session)

    async def contact(day: int) -> int:
        async with transaction(sessions) as session:
            return (
                await service.log_event(session, viewer, ENTRY, event("contacted", day), now=now)
            ).sequence

    sequences = await asyncio.gather(*(contact(day) for day in range(1, 6)))
    assert sorted(sequences) == [1, 2, 3, 4, 5]


async def test_what_is_not_on_the_roster_takes_no_events(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl"))
    in_review = await session.get_one(WhitelistEntry, world.entries[entry_code(0)])
    withdrawn = await session.get_one(WhitelistEntry, world.entries[entry_code(1)])
    in_review.status, withdrawn.withdrawn_at = "review", ASSIGNED + timedelta(days=3)
    await session.flush()
    with pytest.raises(Conflict, match="not on the roster"):
        await service.log_event(session, viewer, entry_code(0), event("contacted"), now=now)
    with pytest.raises(Conflict, match="withdrawn"):
        await service.log_event(session, viewer, entry_code(1), event("contacted", 3), now=now)
    assert (
        await service.log_event(session, viewer, entry_code(1), event("contacted", 2), now=now)
    ).sequence == 1


async def test_another_jurisdictions_entry_is_not_there(session: AsyncSession, now: datetime) -> None:
    await build_world(session)
    stranger = Viewer("other", "410300")
    with pytest.raises(NotFound):
        await service.log_event(session, stranger, ENTRY, event("contacted"), now=now)
    with pytest.raises(NotFound):
        await history_service.docking_states(session, stranger, "2023H2", now=now)


async def test_a_simulation_is_marked_continues_and_leaves_real_entries_alone(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "lj", "ccb", None) * 6)
    now = datetime(2024, 1, 2, tzinfo=UTC)
    await service.log_event(session, viewer, ENTRY, event("contacted"), now=now)
    middle, end = datetime(2023, 10, 10, tzinfo=UTC), datetime(2023, 12, 31, tzinfo=UTC)
    runs = [
        await simulation_service.simulate_edition(session, viewer, "2023H2", seed=5, until=until, now=now)
        for until in (middle, end, end)
    ]
    assert all(run.events for run in runs[:2])
    assert runs[2].events == {}
    stored = list((await session.execute(select(DockingEvent))).scalars())
    real = [one for one in stored if not one.is_simulated]
    assert [(one.entry_id, one.actor) for one in real] == [(world.entries[ENTRY], "local-operator")]
    assert {one.actor for one in stored if one.is_simulated} == {"simulation"}
    assert world.entries[ENTRY] not in {one.entry_id for one in stored if one.is_simulated}
    of_banks = {EventKind(one.kind) for one in stored}
    assert of_banks == set(EventKind) - GUARANTEES - OF_THE_ENTRY - {EventKind.CORRECTED}
    assert all(one.recorded_at <= end for one in stored if one.is_simulated)


async def test_a_simulation_does_not_run_ahead_of_the_clock(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    with pytest.raises(Refused, match="ahead of the clock"):
        await simulation_service.simulate_edition(
            session, viewer, "2023H2", seed=1, until=now + timedelta(days=1), now=now
        )
