"""Use cases of docking: log events, say where entries stand, simulate."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.docking import queries, simulation
from app.docking.appending import EntryDraft, rows_of
from app.docking.deadlines import Deadline, deadline_of, limits_of
from app.docking.dossiers import EntryDossier, InstitutionKey, is_left
from app.docking.onlookers import Line, Onlooker, check_logger, row_told
from app.docking.reasons import REASONS, DeclineReason, facts_established
from app.docking.recording import Draft
from app.docking.rules import EventKind, fold
from app.docking.schemas import (
    DeadlineOut,
    DockingOut,
    EventIn,
    EventOut,
    ReasonOut,
    SimulationOut,
)
from app.docking.simulation import World
from app.docking.simulation_plan import plan
from app.docking.views import deadline_out, docking_out, event_out
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.facts import fact_as_json
from app.policy.service import rule_books
from app.reference import service as reference


def draft_of(event: EventIn, now: datetime) -> Draft:
    """Answer what a request wants to log; a missing time means now."""
    return Draft(
        kind=event.kind,
        occurred_at=event.occurred_at or now,
        recorded_at=now,
        institution=event.institution,
        amount_fen=event.amount,
        rate_bp=event.rate,
        term_months=event.term_months,
        is_credit_loan=event.is_credit_loan,
        exceeds_need=event.exceeds_need,
        reason=event.reason,
        evidence=event.evidence,
        note=event.note,
    )


async def log_event(
    session: AsyncSession, viewer: Viewer, entry_code: str, event: EventIn, *, now: datetime
) -> EventOut:
    """Log one event; a decline leads to a new classification of what blocks the entry and to its next party.

    Raises:
        NotFound: no such entry that this viewer may see.
        Forbidden: the institution, or the entry's region, is not within one of the viewer's roles.
        Refused: fields or time are wrong; every fault is named.
        Conflict: it contradicts the parties or the history; says what is possible.
    """
    if event.kind is EventKind.DECLINED:
        await queries.hold_edition_of(session, viewer, entry_code)
    dossier = await _found(session, viewer, entry_code, lock=True)
    draft = draft_of(event, now)
    codes = [draft.institution] if draft.institution else []
    known = await queries.institution_keys(session, codes) if codes else {}
    check_logger(viewer, dossier, await _line_of_logger(session, dossier, draft, known))
    row = row_told(await _onlooker(session, viewer, [dossier]), dossier, draft, known, actor=viewer.name)
    stored = await queries.append_event(session, row)
    if event.kind is EventKind.DECLINED:
        await _pass_on(session, viewer, [dossier], now)
    names = await queries.institution_names(session, [stored.institution_id])
    return event_out(stored, names[stored.institution_id].code)


async def _line_of_logger(
    session: AsyncSession, dossier: EntryDossier, draft: Draft, known: Mapping[str, InstitutionKey]
) -> Line:
    """Answer the line of the institution that logs: the one named, else the responsible one of that time."""
    if draft.institution is not None:
        logger = known.get(draft.institution)
        lineages = {logger.id: logger.lineage} if logger is not None else {}
    else:
        holder = dossier.responsible(draft.occurred_at)
        lineages = {holder.institution_id: holder.lineage} if holder is not None else {}
    return next(iter((await queries.institution_lines(session, lineages)).values()), ())


async def _onlooker(session: AsyncSession, viewer: Viewer, dossiers: Iterable[EntryDossier]) -> Onlooker:
    """Answer the viewer as one who looks at some entries; the operator is shown everything anyway."""
    if viewer.is_operator:
        return Onlooker(viewer, {})
    lineages = {one.institution_id: one.lineage for found in dossiers for one in found.standings}
    return Onlooker(viewer, await queries.institution_lines(session, lineages))


async def log_events(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    drafts: Sequence[EntryDraft],
    *,
    now: datetime,
    actor: str | None = None,
    is_simulated: bool = False,
) -> int:
    """Log many events of one edition's entries, in the given order; answer how many.

    Each is (entry code, draft). All are taken or none; statements do not grow with their number.

    Raises:
        NotFound: no such edition.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Refused: at least one cannot be logged; all faults are named, as `events.3.amount`.
    """
    require(viewer, Action.LOG_DOCKING, Target(region=viewer.jurisdiction))
    edition = await _edition_id(session, viewer, edition_code)
    await queries.hold_edition(session, edition)
    dossiers = {found.code: found for found in await queries.dossiers(session, viewer, edition, lock=True)}
    known = await queries.institution_keys(session)
    rows, faults = rows_of(dossiers, drafts, known, actor=actor or viewer.name)
    if faults:
        raise Refused(f"{len(faults)} faults in {len(drafts)} events; nothing was logged.", faults)
    await queries.append_events(session, ({**row, "is_simulated": is_simulated} for row in rows))
    declined = {code for code, draft in drafts if draft.kind is EventKind.DECLINED}
    await _pass_on(session, viewer, [dossiers[code] for code in sorted(declined)], now)
    return len(rows)


async def _pass_on(
    session: AsyncSession, viewer: Viewer, dossiers: Sequence[EntryDossier], now: datetime
) -> None:
    """Classify anew what blocks entries on which a decline was logged, and give them their next party.

    Entries for which somebody has approved credit are left alone. The responsible party changes where it
    is the one that declined; the next one's deadlines run from now.
    """
    blocked = [found for found in dossiers if not fold(found.events).approved_fen]
    if not blocked:
        return
    established = {
        found.id: facts_established(event.reason for event in found.events if event.reason is not None)
        for found in blocked
    }
    left = [found.id for found in blocked if is_left(found, now)]
    # Whom an entry goes to rests on its facts, on who declined it before and on the room that all
    # institutions have left; none of that is shown to the one who logged the decline.
    with unrestricted(session):
        await bottlenecks.classify_entries(session, viewer, established, now=now)
        await allocation.reroute_entries(session, viewer, left, now=now)


async def events_page(
    session: AsyncSession, viewer: Viewer, entry_code: str, request: PageRequest
) -> Page[EventOut]:
    """Answer an entry's events in order of logging, a page at a time."""
    await _found(session, viewer, entry_code)
    key = request.after()
    after = key[0] if key and isinstance(key[0], int) else 0
    rows = await queries.event_rows(session, viewer, entry_code, after, request.limit + 1)
    return page_of(rows, request, lambda row: (row[0].sequence,), lambda row: event_out(*row))


async def event(session: AsyncSession, viewer: Viewer, entry_code: str, sequence: int) -> EventOut:
    """Answer one event of an entry by its number."""
    rows = await queries.event_rows(session, viewer, entry_code, sequence - 1, 1)
    if not rows or rows[0][0].sequence != sequence:
        raise NotFound("No such docking event.")
    return event_out(*rows[0])


async def docking_state(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, now: datetime
) -> DockingOut:
    """Answer where an entry stands, what may be logged next, and what is due by when."""
    found = await _found(session, viewer, entry_code)
    onlooker = await _onlooker(session, viewer, [found])
    due = await _deadlines(session, [found], onlooker, now)
    return docking_out(found, due.get(found.code), onlooker, now)


async def docking_states(
    session: AsyncSession, viewer: Viewer, edition_code: str, *, now: datetime
) -> list[DockingOut]:
    """Answer where every entry of an edition stands; statements do not grow with the number of entries."""
    edition = await _edition_id(session, viewer, edition_code)
    found = await queries.dossiers(session, viewer, edition)
    onlooker = await _onlooker(session, viewer, found)
    due = await _deadlines(session, found, onlooker, now)
    return [docking_out(one, due.get(one.code), onlooker, now) for one in found]


async def deadlines_page(
    session: AsyncSession,
    viewer: Viewer,
    request: PageRequest,
    edition_code: str,
    *,
    institution: str | None = None,
    is_overdue: bool = False,
    now: datetime,
) -> Page[DeadlineOut]:
    """Answer what is due on an edition's entries, the most urgent first, a page at a time.

    `institution` leaves only what that institution owes, `is_overdue` only what is overdue.

    Raises:
        NotFound: no such edition.
    """
    edition = await _edition_id(session, viewer, edition_code)
    found = await queries.dossiers(session, viewer, edition)
    due = await _deadlines(session, found, await _onlooker(session, viewer, found), now)
    listed = sorted(
        (_urgency(code, one), one)
        for code, one in due.items()
        if institution in {None, one.institution} and (one.is_overdue or not is_overdue)
    )
    key = request.after(2)
    after = ("", "") if key is None else (str(key[0]), str(key[1]))
    rows = [row for row in listed if row[0] > after][: request.limit + 1]
    return page_of(rows, request, lambda row: row[0], lambda row: deadline_out(row[0][1], row[1]))


def _urgency(code: str, due: Deadline) -> tuple[str, str]:
    """Order by day; what cannot be dated comes first, because somebody has to load the calendar."""
    return (due.due_on.isoformat() if due.due_on else "0", code)


async def _deadlines(
    session: AsyncSession, dossiers: Sequence[EntryDossier], onlooker: Onlooker, now: datetime
) -> dict[str, Deadline]:
    """Answer what is due by entry code; the limits are those in force where and when the party got the entry.

    How far an institution has come shows in what it owes next: that is left out where it is not shown.
    """
    calendar = (await reference.current_book(session, get_settings().seed_dir)).calendar
    held = {found.code: found.responsible(now) for found in dossiers if found.status == "admitted"}
    places = {
        found.code: (found.region, shanghai_date(holder.since))
        for found in dossiers
        if (holder := held.get(found.code)) is not None and onlooker.sees(found, holder.institution_id)
    }
    books = await rule_books(session, places.values())
    limits = {place: limits_of(book.parameter("docking.deadlines")) for place, book in books.items()}
    due = {
        found.code: deadline_of(found, limits[places[found.code]], calendar, now)
        for found in dossiers
        if found.code in places
    }
    return {code: deadline for code, deadline in due.items() if deadline is not None}


def reasons() -> list[ReasonOut]:
    """Answer the closed list of reasons for a decline."""
    return [
        ReasonOut(
            reason=reason,
            label=meaning.chinese,
            establishes={name: fact_as_json(value) for name, value in meaning.establishes.items()},
            clause=meaning.clause,
        )
        for reason, meaning in ((reason, REASONS[reason]) for reason in DeclineReason)
    ]


async def _found(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, lock: bool = False
) -> EntryDossier:
    found = await queries.dossier(session, viewer, entry_code, lock=lock)
    if found is None:
        raise NotFound(f"No whitelist entry {entry_code}.")
    return found


async def _edition_id(session: AsyncSession, viewer: Viewer, code: str) -> int:
    found = await queries.edition_id(session, viewer, code)
    if found is None:
        raise NotFound(f"No whitelist edition {code}.")
    return found


async def simulate_edition(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    seed: int,
    until: datetime,
    now: datetime,
) -> SimulationOut:
    """Log simulated docking of an edition up to an instant, marked as such (模拟数据).

    Going on with the same seed later only adds. Entries with real events are left alone.

    Raises:
        Refused: `until` lies in the future.
        NotFound: no such edition.
    """
    if until > now:
        raise Refused(
            "A simulation cannot run ahead of the clock.",
            [Fault("until", "lies in the future", "Choose an earlier instant.", until.isoformat())],
        )
    edition = await _edition_id(session, viewer, edition_code)
    book = await reference.current_book(session, get_settings().seed_dir)
    dossiers = await queries.dossiers(session, viewer, edition)
    facts = await queries.stated_facts(session, viewer, edition)
    logged, real = await queries.logged_moments(session, viewer, edition)
    world = World(book.calendar, book.lpr, seed, until)
    drafts = await asyncio.to_thread(plan, dossiers, facts, logged, real, world)
    actor = simulation.ACTOR
    await log_events(session, viewer, edition_code, drafts, now=now, actor=actor, is_simulated=True)
    kinds = Counter(draft.kind.value for _code, draft in drafts)
    entries = len({code for code, _draft in drafts})
    return SimulationOut(edition=edition_code, seed=seed, until=until, events=dict(kinds), entries=entries)
