"""Use case of the round: remind of what falls due, raise what is late, and tell who has to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.accounts.rules import Viewer
from app.docking import clock_queries, clock_service, gathering, queries
from app.docking.appending import row_of
from app.docking.clock import Clock
from app.docking.dossiers import EntryDossier
from app.docking.escalation import Ladder, is_higher, ladder_of, newly_told, owes_reminder, raised_to
from app.docking.kinds import EventKind, Level
from app.docking.notices import Told, notice_of
from app.docking.recording import Draft
from app.docking.working_time import DayCounter
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.policy.service import rule_books

ACTOR: Final = "clock"
ENTRIES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class RoundPart:
    """What a part of a round did; `last` is the id of the last entry that it looked at, None when none was left."""

    last: int | None
    looked_at: int = 0
    reminded: int = 0
    escalated: int = 0


async def remind_and_escalate(
    session: AsyncSession, viewer: Viewer, *, after: int = 0, now: datetime
) -> RoundPart:
    """Log the reminders and escalations that are due on the next entries after one, with their notices.

    Looking again on the same day finds nothing more to do, so a round that was interrupted is made again.
    """
    today = shanghai_date(now)
    # The clock rings for every entry, whoever runs the round.
    with unrestricted(session):
        due = await clock_queries.entries_due(session, viewer, today, after=after, limit=ENTRIES_AT_ONCE)
        if not due:
            return RoundPart(None)
        found = await gathering.dossiers_of(session, [one.entry_id for one in due], lock=True)
        rung = await _rung(session, found, today, now)
        told = await _log(session, rung)
        await _tell(session, told, now)
    kinds = [one.kind for one in told]
    return RoundPart(
        last=due[-1].entry_id,
        looked_at=len(due),
        reminded=kinds.count(EventKind.REMINDED),
        escalated=kinds.count(EventKind.ESCALATED),
    )


Rung = tuple[EntryDossier, Clock, Draft, tuple[Level, ...]]
"""An entry whose clock rings, with what is logged of it and which levels hear of it for the first time."""


async def _rung(
    session: AsyncSession, dossiers: Sequence[EntryDossier], today: date, now: datetime
) -> list[Rung]:
    """Answer the entries whose clock rings today, with what is logged of it."""
    clocks = await clock_service.clocks_of(session, dossiers)
    counter = await clock_service.day_counter(session)
    places = ((one.region, today) for one in dossiers)
    books = await rule_books(session, places, keys={"docking.escalation"})
    ladders = {
        region: ladder_of(value)
        for (region, _day), book in books.items()
        if isinstance(value := book.parameter("docking.escalation").value, Mapping)
    }
    rung = []
    for one in dossiers:
        clock, ladder = clocks.get(one.id), ladders[one.region]
        draft = _draft(clock, ladder, today, counter, now) if clock is not None else None
        if clock is not None and draft is not None:
            levels = newly_told(clock.turn, draft.level, clock.level, ladder) if draft.level else ()
            rung.append((one, clock, draft, levels))
    return rung


def _draft(clock: Clock, ladder: Ladder, today: date, counter: DayCounter, now: datetime) -> Draft | None:
    """Answer what the clock says today: a reminder, an escalation, or nothing new."""
    about = clock.institution_id
    if owes_reminder(clock.step, clock.due_on, clock.remind_on, today, is_reminded=clock.is_reminded):
        return Draft(EventKind.REMINDED, now, now, step=clock.step.value, about=about)
    level = raised_to(clock.turn, clock.due_on, today, ladder, counter)
    if level is None or not is_higher(level, clock.level):
        return None
    return Draft(EventKind.ESCALATED, now, now, level=level, step=clock.step.value, about=about)


async def _log(session: AsyncSession, rung: Sequence[Rung]) -> list[Told]:
    rows = [row_of(dossier, draft, {}, actor=ACTOR) for dossier, _clock, draft, _levels in rung]
    await queries.append_events(session, rows)
    await clock_service.refresh(session, [dossier.id for dossier, *_rest in rung])
    return [
        Told(
            entry_id=dossier.id,
            entry=dossier.code,
            sequence=row["sequence"],
            kind=draft.kind,
            level=draft.level,
            levels=levels,
            region=dossier.region,
            clock=clock,
        )
        for (dossier, clock, draft, levels), row in zip(rung, rows, strict=True)
    ]


async def _tell(session: AsyncSession, told: Sequence[Told], now: datetime) -> None:
    parties = {one.clock.institution_id for one in told if one.clock.institution_id is not None}
    known = await queries.institution_names(session, parties)
    lines = await queries.institution_lines(session, {key.id: key.lineage for key in known.values()})
    handlers = await clock_queries.handlers_of(session, [one.entry_id for one in told])
    notices = [
        notice_of(one, lines.get(one.clock.institution_id or 0, ()), handlers.get(one.entry_id, ()))
        for one in told
    ]
    await notifications.post(session, notices, now=now)
