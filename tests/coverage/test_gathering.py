"""The facts of a month, streamed from both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.coverage import fact_queries, queries
from app.coverage.facts import EntryFacts
from app.coverage.gathering import gather, gather_months
from app.docking.tables import DockingEvent
from app.kernel.shanghai import month_bounds
from app.whitelist.tables import EntryWithdrawal, WhitelistEdition, WhitelistEntry
from tests.docking.world import ASSIGNED, World, add_entry, add_event, assign, build_world, entry_code

MONTH = "2023-09"
UNTIL = month_bounds(MONTH)[1]


def day(count: int) -> datetime:
    return ASSIGNED + timedelta(days=count)


async def edition_of(session: AsyncSession) -> WhitelistEdition:
    return (await session.execute(select(WhitelistEdition))).scalar_one()


async def entries_of(session: AsyncSession, viewer: Viewer, month: str = MONTH) -> Sequence[EntryFacts]:
    return (await gather(session, viewer, month, await edition_of(session))).entries


async def correct(session: AsyncSession, world: World, code: str, sequence: int, voided: int) -> None:
    """Void an event, after the month: what is known since counts for all months that are not closed."""
    session.add(
        DockingEvent(
            entry_id=world.entries[code], sequence=sequence, kind="corrected", corrects=voided, occurred_at=day(60),
            recorded_at=day(60), actor="test", detail={}, is_simulated=False,
        )
    )  # fmt: skip
    await session.flush()


async def log(
    session: AsyncSession, world: World, number: int, *kinds: str, first: int = 1, **said: Any
) -> None:
    for sequence, kind in enumerate(kinds, first):
        amount = 100 if kind in {"credit_approved", "disbursed"} else 0
        at, code = day(sequence), entry_code(number)
        await add_event(
            session, world, code, kind, "icbc-dl", at, sequence=sequence, amount_fen=amount, **said
        )


async def test_a_voided_event_counts_nowhere(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl"))
    for number in range(2):
        await log(session, world, number, "contacted", "credit_approved", "disbursed")
    await correct(session, world, entry_code(1), 4, voided=2)
    whole, corrected = await entries_of(session, viewer)
    assert [party.disbursed_fen for party in whole.parties] == [100]
    [party] = corrected.parties
    assert (party.contacted_at, party.answered_at, party.credits, party.uncounted) == (day(1), None, (), 1)


async def test_a_voided_event_alone_leaves_no_trace_and_is_not_simulated(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl",))
    await log(session, world, 0, "contacted", is_simulated=True)
    assert [entry.is_simulated for entry in await entries_of(session, viewer)] == [True]
    await assign(session, world, entry_code(0), "ccb", day(10))
    await correct(session, world, entry_code(0), 2, voided=1)
    [entry] = await entries_of(session, viewer)
    assert (entry.is_simulated, [party.institution for party in entry.parties]) == (False, ["ccb"])


async def test_kinds_that_levels_do_not_know_and_events_without_an_institution_change_nothing(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl",))
    await log(session, world, 0, "accepted")
    before = await entries_of(session, viewer)
    await log(session, world, 0, "visited", "paused", "resumed", first=2)
    entry_id = world.entries[entry_code(0)]
    session.add(
        DockingEvent(
            entry_id=entry_id, sequence=9, kind="escalated", occurred_at=day(9), recorded_at=day(9), actor="system",
            detail={}, is_simulated=True,
        )
    )  # fmt: skip
    await session.flush()
    assert await entries_of(session, viewer) == before


@pytest.mark.parametrize(("back", "is_there"), [(None, False), (-1, True), (0, False)])
async def test_who_came_back_before_the_end_of_the_month_is_on_the_roster(
    session: AsyncSession, viewer: Viewer, *, back: int | None, is_there: bool
) -> None:
    world = await build_world(session, ("icbc-dl",))
    reopened = None if back is None else UNTIL + timedelta(microseconds=back)
    session.add(
        EntryWithdrawal(
            entry_id=world.entries[entry_code(0)], withdrawn_at=day(3), withdrawn_by="t", reason="误报",
            reopened_at=reopened, reopened_by="t" if reopened else None, reopen_reason="更正" if reopened else None,
        )
    )  # fmt: skip
    entry = await session.get_one(WhitelistEntry, world.entries[entry_code(0)])
    entry.withdrawn_at = day(3) if reopened is None else None
    await session.flush()
    assert bool(await entries_of(session, viewer)) == is_there


async def test_streams_are_joined_entry_by_entry_wherever_their_chunks_end(
    session: AsyncSession, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await build_world(session, ("icbc-dl", None, "lj", "icbc-dl"))
    await add_entry(session, world, 4)
    await log(session, world, 0, "contacted", "credit_approved", "disbursed")
    await log(session, world, 3, "accepted", "contacted", "declined")
    await assign(session, world, entry_code(3), "lj", day(9))
    at_once = await entries_of(session, viewer)
    monkeypatch.setattr(fact_queries, "ENTRIES_A_CHUNK", 2)
    monkeypatch.setattr(fact_queries, "ROWS_AT_ONCE", 1)
    assert await entries_of(session, viewer) == at_once
    assert [len(entry.parties) for entry in at_once] == [1, 0, 1, 2, 0]


async def test_several_months_are_gathered_in_the_statements_of_one(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "lj"))
    await log(session, world, 0, "contacted")
    await add_event(session, world, entry_code(0), "declined", "icbc-dl", UNTIL, sequence=2)
    edition = await edition_of(session)
    wanted = [(month, edition) for month in ("2023-08", MONTH, "2023-10", "2023-11")]
    together = await gather_months(session, viewer, wanted)
    assert together == [await gather(session, viewer, *one) for one in wanted]
    assert [len(facts.entries) for facts in together] == [0, 2, 2, 2]
    assert together[2].entries[0] is together[3].entries[0]


async def test_the_first_month_is_that_of_the_first_admission(session: AsyncSession, viewer: Viewer) -> None:
    assert await queries.first_admission(session, viewer) is None
    await build_world(session)
    first = await queries.first_admission(session, viewer)
    assert first is not None
    assert (first[0].isoformat(), first[1]) == ("2023-07-01", datetime(2023, 9, 1, 1, tzinfo=UTC))
