"""Use cases of clocks: keep them, list what is due and late, say how fast institutions are."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.docking import clock_queries, gathering, pace_queries, queries
from app.docking.clock import Clock, Turn, clock_of
from app.docking.clock_queries import ClockRow
from app.docking.dossiers import EntryDossier
from app.docking.kinds import Level
from app.docking.onlookers import Onlooker
from app.docking.pace import paces
from app.docking.schemas import ClockFilter, ClockOut, LateOut, PaceOut
from app.docking.tables import EntryClock
from app.docking.views import clock_out
from app.docking.working_time import LIMIT_KEYS, DayCounter, Limits, Step, days_left, limits_of
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_books
from app.reference import service as reference

ENTRIES_AT_ONCE: Final = 5_000
UNDATED: Final = date.min
"""What cannot be dated comes first, because somebody has to load the calendar."""


async def refresh(session: AsyncSession, entry_ids: Collection[int], _now: datetime | None = None) -> None:
    """Make the clocks of entries (ids) anew, in the transaction that changed them; a few statements for thousands."""
    await session.flush()
    # A clock is made from all that happened to its entry, whoever changed it.
    with unrestricted(session):
        for batch in in_batches(sorted(entry_ids), ENTRIES_AT_ONCE):
            # Held: of two who change an entry, the second counts with what the first one did.
            await keep(session, await gathering.dossiers_of(session, batch, lock=True))


async def keep(session: AsyncSession, dossiers: Sequence[EntryDossier]) -> None:
    """Store the clocks of gathered entries as they stand; one that is off the roster has none."""
    clocks = await clocks_of(session, dossiers)
    # In one order, whoever writes: two transactions that write many clocks never wait for each other.
    kept = sorted((one for one in dossiers if one.id in clocks), key=lambda one: one.id)
    with unrestricted(session):  # clocks are everybody's, shown row by row
        await clock_queries.put_clocks(session, [_row(one, clocks[one.id]) for one in kept])
        await clock_queries.drop_clocks(session, [one.id for one in dossiers if one.id not in clocks])


async def clocks_of(session: AsyncSession, dossiers: Iterable[EntryDossier]) -> dict[int, Clock]:
    """Answer the clocks of entries by id.

    The limits are those in force where the entry lies and when its present party got it.
    """
    listed = [one for one in dossiers if one.listed_since is not None]
    counter = await day_counter(session)
    places = {one.id: (one.region, _began_on(one)) for one in listed}
    books = await rule_books(session, places.values(), keys=LIMIT_KEYS)
    limits = {place: limits_of(book) for place, book in books.items()}
    return await asyncio.to_thread(
        _made, listed, {one: limits[place] for one, place in places.items()}, counter
    )


def _began_on(dossier: EntryDossier) -> date:
    began = dossier.owned_since or dossier.listed_since
    assert began is not None, "only listed entries are asked"
    return shanghai_date(began)


def _made(
    dossiers: Iterable[EntryDossier], limits: Mapping[int, Limits], counter: DayCounter
) -> dict[int, Clock]:
    made = ((one.id, clock_of(one, limits[one.id], counter)) for one in dossiers)
    return {entry_id: clock for entry_id, clock in made if clock is not None}


def _row(dossier: EntryDossier, clock: Clock) -> dict[str, Any]:
    return {
        "entry_id": dossier.id,
        "edition_id": dossier.edition_id,
        "turn": clock.turn.value,
        "owner": clock.owner,
        "institution_id": clock.institution_id,
        "step": clock.step.value,
        "stage": clock.stage.value,
        "runs_since": clock.runs_since,
        "working_days": clock.days,
        "due_on": clock.due_on,
        "urgent_on": clock.due_on or UNDATED,
        "remind_on": clock.remind_on,
        "is_reminded": clock.is_reminded,
        "paused_since": clock.paused_since,
        "pause_reason": clock.pause_reason.value if clock.pause_reason else None,
        "level": clock.level.value if clock.level else None,
        "citation": clock.citation,
    }


async def day_counter(session: AsyncSession) -> DayCounter:
    """Answer a counter of the working days that are published or loaded."""
    return DayCounter((await reference.current_book(session, get_settings().seed_dir)).calendar)


async def clocks_page(
    session: AsyncSession,
    viewer: Viewer,
    request: PageRequest,
    edition_code: str,
    *,
    institution: str | None = None,
    is_overdue: bool = False,
    turn: Turn | None = None,
    step: Step | None = None,
    level: Level | None = None,
    chain: str | None = None,
    region: str | None = None,
    now: datetime,
) -> Page[ClockOut]:
    """Answer what is due on an edition's entries, the most urgent first, a page at a time.

    `institution` leaves only entries in the hands of that institution and of all below it, `region` (six digits)
    only those of that region and of all within it.

    Raises:
        NotFound: no such edition.
        Refused: there is no such institution.
    """
    edition, today = await edition_and_counting_day(session, viewer, edition_code, now)
    lineage = await _lineage(session, institution) if institution is not None else None
    wanted = ClockFilter(lineage, is_overdue, turn, step, level, chain, region)
    rows = await clock_queries.clock_rows(
        session, viewer, edition, wanted, today=today, after=place_after(request), limit=request.limit + 1
    )
    counter = await day_counter(session)
    return page_of(rows, request, _key, lambda row: clock_out(row, counter, today))


def _key(row: ClockRow) -> tuple[str, int]:
    return row.clock.urgent_on.isoformat(), row.clock.entry_id


def place_after(request: PageRequest) -> tuple[date, int] | None:
    """Answer behind which day and entry a page of clocks begins; None for the first."""
    key = request.after(2)
    if key is None:
        return None
    try:
        return date.fromisoformat(str(key[0])), int(key[1])
    except ValueError as error:
        raise foreign_cursor() from error


async def _lineage(session: AsyncSession, code: str) -> str:
    found = await queries.institution_keys(session, [code])
    if code not in found:
        fault = Fault("institution", "no such institution", "Correct the code.", code)
        raise Refused("The institution is not known.", [fault])
    return found[code].lineage


async def edition_and_counting_day(
    session: AsyncSession, viewer: Viewer, code: str, now: datetime
) -> tuple[int, date]:
    """Answer an edition's id and the day as of which its days are counted: today, or its last day once it is over.

    Raises:
        NotFound: there is none of that code.
    """
    found = await queries.edition_until(session, viewer, code)
    if found is None:
        raise NotFound(f"No whitelist edition {code}.")
    return found[0], min(shanghai_date(now), found[1])


async def live_clocks(
    session: AsyncSession, dossiers: Collection[EntryDossier], onlooker: Onlooker, *, now: datetime
) -> dict[str, ClockOut]:
    """Answer the clocks of gathered entries by code, as their histories say, whatever is stored.

    How far an institution has come shows in what it owes next: where that is not shown, the clock is not.
    """
    clocks, counter, today = (
        await clocks_of(session, dossiers),
        await day_counter(session),
        shanghai_date(now),
    )
    rows = (
        ClockRow(EntryClock(**_row(one, clock)), one.code, one.region, clock.institution, one.edition_until)
        for one in dossiers
        if (clock := clocks.get(one.id)) is not None and onlooker.sees(one, clock.institution_id)
    )
    return {row.entry: clock_out(row, counter, today) for row in rows}


async def late_entries(
    session: AsyncSession, viewer: Viewer, edition_code: str, *, now: datetime
) -> list[LateOut]:
    """Answer what is late on an edition by institution, region and step, of all that the viewer may see.

    Raises:
        NotFound: no such edition.
    """
    edition, today = await edition_and_counting_day(session, viewer, edition_code, now)
    counter = await day_counter(session)
    return [
        LateOut(
            institution=code,
            institution_name=name,
            turn=Turn(turn),
            region=region,
            step=Step(step),
            entries=entries,
            earliest_due_on=due_on,
            days_late=None if (left := days_left(counter, today, due_on)) is None else -left,
        )
        for code, name, turn, region, step, entries, due_on in await clock_queries.late_counts(
            session, viewer, edition, today
        )
    ]


async def institution_pace(
    session: AsyncSession, viewer: Viewer, edition_code: str, *, now: datetime
) -> list[PaceOut]:
    """Answer how fast each institution took its steps on an edition: p50 and p90 of working days, open and late.

    Raises:
        NotFound: no such edition.
    """
    edition, today = await edition_and_counting_day(session, viewer, edition_code, now)
    taken = await pace_queries.steps_taken(session, viewer, edition)
    owed = await pace_queries.steps_owed(session, viewer, edition, today)
    found = await asyncio.to_thread(paces, taken, owed, await day_counter(session))
    return [PaceOut.model_validate(asdict(one)) for one in found]


async def fill_in(session: AsyncSession, viewer: Viewer, *, now: datetime) -> int:
    """Make clocks for some entries on the roster that have none, as after an upgrade; answer for how many."""
    with unrestricted(session):  # the clocks are everybody's, whoever asks that they be made
        missing = await clock_queries.entries_without_clock(session, viewer, ENTRIES_AT_ONCE)
    await refresh(session, missing, now)
    return len(missing)


async def rebuild(session: AsyncSession, viewer: Viewer, edition_code: str, *, now: datetime) -> int:
    """Make all clocks of an edition anew; answer how many entries were looked at.

    Raises:
        NotFound: no such edition.
    """
    (edition, _day), count = await edition_and_counting_day(session, viewer, edition_code, now), 0
    async for batch in clock_queries.edition_batches(session, edition, ENTRIES_AT_ONCE):
        await refresh(session, batch, now)
        count += len(batch)
    return count
