"""Use cases of docking: log what happened, one event or many; a decline leads to the next party."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.docking import (
    answer_service,
    clock_service,
    gathering,
    guarantee_service,
    queries,
    rejudging_service,
)
from app.docking.appending import EntryDraft, rows_of
from app.docking.dossiers import EntryDossier, InstitutionKey, is_left
from app.docking.history_service import edition_id_of, found_entry, onlooker_of
from app.docking.kinds import BY_ENTERPRISE, BY_THE_CLOCK, GUARANTEES, OF_THE_ENTRY, EventKind
from app.docking.onlookers import Line, check_logger, kind_meant, row_told
from app.docking.reasons import facts_established
from app.docking.recording import Draft
from app.docking.repeating import logged_before
from app.docking.rules import Event, effective, fold
from app.docking.schemas import EventIn, EventOut
from app.docking.topics import BACKDATED
from app.docking.views import event_out
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault, Refused
from app.kernel.shanghai import shanghai_date

_PASSES_ON: Final = frozenset({EventKind.DECLINED, EventKind.GUARANTEE_GRANTED, EventKind.CORRECTED})
"""They may change who is responsible; allocations of the edition wait meanwhile."""


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
        fee_bp=event.fee_rate,
        pause_reason=event.pause_reason,
        score=event.score,
        corrects=event.corrects,
    )


async def log_event(
    session: AsyncSession,
    viewer: Viewer,
    entry_code: str,
    event: EventIn,
    *,
    now: datetime,
    may_be_repetition: bool = False,
) -> EventOut:
    """Log one event; a decline leads to a new classification of what blocks the entry and to its next party.

    What `may_be_repetition` and was logged before, all of it at the same stated time, is answered and not logged
    again; requests have their idempotency keys for that.

    Raises:
        NotFound: no such entry that this viewer may see.
        Forbidden: the institution, or the entry's region, is not within one of the viewer's roles.
        Refused: fields or time are wrong; every fault is named.
        Conflict: it contradicts the parties or the history; says what is possible.
    """
    if event.kind in BY_THE_CLOCK:
        fault = Fault("kind", "comes from the clock alone", "Log what was done.", event.kind.value)
        raise Refused("The event cannot be logged as sent.", [fault])
    if event.kind in _PASSES_ON:
        await queries.hold_edition_of(session, viewer, entry_code)
    dossier = await found_entry(session, viewer, entry_code, lock=True)
    before = await logged_before(session, viewer, entry_code, event) if may_be_repetition else None
    if before is not None:
        return before
    draft = draft_of(event, now)
    codes = [draft.institution] if draft.institution else []
    known = await queries.institution_keys(session, codes) if codes else {}
    check_logger(viewer, dossier, draft, await _line_of_logger(session, dossier, draft, known))
    row = row_told(await onlooker_of(session, viewer, [dossier]), dossier, draft, known, actor=viewer.name)
    [faults] = await guarantee_service.faults_of(session, [(dossier, dossier.events[-1])])
    if faults:
        raise Refused("The guarantee costs more than it may.", faults)
    stored = await queries.append_event(session, row)
    await _follow_up(session, viewer, [(dossier, dossier.events[-1])], now)
    party = stored.institution_id
    names = await queries.institution_names(session, [party] if party is not None else [])
    return event_out(stored, names[party].code if party is not None else None)


async def _line_of_logger(
    session: AsyncSession, dossier: EntryDossier, draft: Draft, known: Mapping[str, InstitutionKey]
) -> Line:
    """Answer the line of the institution that logs: the one named, else the responsible one of that time.

    Of a correction it is that of the event's party, whoever is named.
    """
    if draft.kind in OF_THE_ENTRY:
        return ()
    wrong = next((event for event in dossier.events if event.sequence == draft.corrects), None)
    if draft.kind is EventKind.CORRECTED and wrong is not None:
        party = dossier.standing_of(wrong.institution_id or 0)
        lineages = {party.institution_id: party.lineage} if party is not None else {}
    elif draft.institution is not None:
        logger = known.get(draft.institution)
        lineages = {logger.id: logger.lineage} if logger is not None else {}
    else:
        holder = dossier.responsible(draft.occurred_at)
        lineages = {holder.institution_id: holder.lineage} if holder is not None else {}
    return next(iter((await queries.institution_lines(session, lineages)).values()), ())


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
    edition = await edition_id_of(session, viewer, edition_code)
    await queries.hold_edition(session, edition)
    dossiers = {found.code: found for found in await gathering.dossiers(session, viewer, edition, lock=True)}
    known = await queries.institution_keys(session)
    own = [
        Fault(f"events.{number}.kind", "is nobody's to send in bulk", "Leave it out.", draft.kind.value)
        for number, (code, draft) in enumerate(drafts)
        if not is_simulated and code in dossiers
        if kind_meant(dossiers[code], draft) in BY_THE_CLOCK | BY_ENTERPRISE
    ]
    if own:
        raise Refused(f"{len(own)} faults in {len(drafts)} events; nothing was logged.", own)
    rows, faults = rows_of(dossiers, drafts, known, actor=actor or viewer.name)
    faults += await _costs_too_much(session, dossiers, drafts, rows)
    if faults:
        raise Refused(f"{len(faults)} faults in {len(drafts)} events; nothing was logged.", faults)
    await queries.append_events(session, ({**row, "is_simulated": is_simulated} for row in rows))
    logged = [
        (dossiers[code], _event_of(dossiers[code], row))
        for (code, _draft), row in zip(drafts, rows, strict=True)
    ]
    await _follow_up(session, viewer, logged, now, is_simulated=is_simulated)
    return len(rows)


def _event_of(dossier: EntryDossier, row: Mapping[str, Any]) -> Event:
    return next(event for event in reversed(dossier.events) if event.sequence == row["sequence"])


async def _follow_up(
    session: AsyncSession,
    viewer: Viewer,
    logged: Sequence[tuple[EntryDossier, Event]],
    now: datetime,
    *,
    is_simulated: bool = False,
) -> None:
    """Draw the consequences of what was logged: next parties, clocks, and what enterprises are told.

    Nobody is told of what a simulation logs.
    """
    declined, granted, taken_back = (
        sorted(
            {dossier.id: dossier for dossier, event in logged if is_such(dossier, event)}.values(), key=_code
        )
        for is_such in (_passes_on, _is_grant, _takes_back)
    )
    await _pass_on(session, viewer, declined, now)
    await rejudging_service.rematch_guaranteed(session, viewer, granted, now)
    await rejudging_service.rejudge(session, viewer, taken_back, now)
    moved = {dossier.id for dossier in (*declined, *granted, *taken_back)}
    await clock_service.refresh(session, moved, now)
    kept = {dossier.id: dossier for dossier, _event in logged if dossier.id not in moved}
    await clock_service.keep(session, sorted(kept.values(), key=_code))
    if not is_simulated:
        told = [(dossier.id, event.sequence) for dossier, event in logged if _is_decline(dossier, event)]
        await answer_service.tell_declined(session, told, now=now)
        await answer_service.tell_logged(session, logged, now=now)
        late = {dossier.id for dossier, event in logged if _is_of_earlier_month(dossier, event, now)}
        await BACKDATED.tell(session, sorted(late), now)


def _is_of_earlier_month(dossier: EntryDossier, event: Event, now: datetime) -> bool:
    """Tell whether it happened before this month in Shanghai, or voids something that did."""
    wrong = next((one for one in dossier.events if one.sequence == event.corrects), event)
    return shanghai_date(wrong.occurred_at) < shanghai_date(now).replace(day=1)


def _code(dossier: EntryDossier) -> str:
    return dossier.code


def _passes_on(dossier: EntryDossier, event: Event) -> bool:
    """Tell whether declines take their course now: one was logged, or the approval that held them up is voided."""
    if event.kind is EventKind.CORRECTED and _corrected_kind(dossier, event) is EventKind.CREDIT_APPROVED:
        return any(one.kind is EventKind.DECLINED for one in effective(dossier.events))
    return _is_decline(dossier, event)


def _is_decline(_dossier: EntryDossier, event: Event) -> bool:
    return event.kind is EventKind.DECLINED


def _is_grant(_dossier: EntryDossier, event: Event) -> bool:
    return event.kind is EventKind.GUARANTEE_GRANTED


def _takes_back(dossier: EntryDossier, event: Event) -> bool:
    """Tell whether a correction voids what established facts of the need."""
    facts = {EventKind.DECLINED, EventKind.GUARANTEE_GRANTED}
    return event.kind is EventKind.CORRECTED and _corrected_kind(dossier, event) in facts


def _corrected_kind(dossier: EntryDossier, event: Event) -> EventKind | None:
    return next((one.kind for one in dossier.events if one.sequence == event.corrects), None)


async def _costs_too_much(
    session: AsyncSession,
    dossiers: Mapping[str, EntryDossier],
    drafts: Sequence[EntryDraft],
    rows: Sequence[Mapping[str, Any]],
) -> list[Fault]:
    """Name the fees of guarantees that are above the cap, as `events.3.fee_rate`; nothing while others have faults."""
    if len(rows) < len(drafts):
        return []
    decided = [
        (dossiers[code], _event_of(dossiers[code], row))
        for (code, draft), row in zip(drafts, rows, strict=True)
        if draft.kind in GUARANTEES
    ]
    numbers = [n for n, (_code, draft) in enumerate(drafts) if draft.kind in GUARANTEES]
    found = zip(numbers, await guarantee_service.faults_of(session, decided), strict=True)
    return [replace(fault, where=f"events.{n}.{fault.where}") for n, faults in found for fault in faults]


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
        found.id: facts_established(
            event.reason for event in effective(found.events) if event.reason is not None
        )
        for found in blocked
    }
    left = [found.id for found in blocked if is_left(found, now)]
    # Whom an entry goes to rests on its facts, on who declined it before and on the room that all
    # institutions have left; none of that is shown to the one who logged the decline.
    with unrestricted(session):
        await bottlenecks.classify_entries(session, viewer, established, now=now)
        await allocation.reroute_entries(session, viewer, left, now=now)
