"""How much institutions and their people have in hand; counts only, whatever consents hold."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from app.allocation.tables import Assignment, EntryHandler
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent, EntryClock
from app.docking.working_time import Step
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEntry

ANSWERS = (EventKind.CREDIT_APPROVED.value, EventKind.DECLINED.value, EventKind.GUARANTEE_GRANTED.value)


@dataclass(frozen=True, slots=True)
class LoadRow:
    """Entries of an institution (id) that one person (id; None: nobody) handles: all, to be done by it, and late."""

    institution_id: int
    person_id: int | None
    entries: int
    todo: int
    late: int


async def loads(
    session: AsyncSession, edition_id: int, institutions: Collection[int], today: date
) -> list[LoadRow]:
    """Count the entries of an edition for which institutions answer, by institution and handler."""
    is_todo = and_(EntryClock.turn == Turn.INSTITUTION.value, EntryClock.step != Step.REFRESH.value)
    is_late = and_(EntryClock.due_on < today, is_todo)
    statement = (
        select(
            Assignment.institution_id,
            EntryHandler.person_id,
            func.count(),
            func.sum(case((is_todo, 1), else_=0)),
            func.sum(case((is_late, 1), else_=0)),
        )
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .outerjoin(EntryClock, EntryClock.entry_id == Assignment.entry_id)
        .outerjoin(
            EntryHandler,
            and_(
                EntryHandler.assignment_id == Assignment.id,
                EntryHandler.institution_id == Assignment.institution_id,
                EntryHandler.ended_at.is_(None),
            ),
        )
        .where(
            Assignment.ended_at.is_(None),
            Assignment.institution_id.in_(sorted(institutions)),
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.withdrawn_at.is_(None),
        )
        .group_by(Assignment.institution_id, EntryHandler.person_id)
    )
    return [
        LoadRow(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in await session.execute(statement)
    ]


async def answered(
    session: AsyncSession, edition_id: int, institutions: Collection[int], since: datetime
) -> list[tuple[int, str, int]]:
    """Count the entries that institutions answered since an instant, by institution (id) and who logged it (login)."""
    correction = aliased(DockingEvent)
    is_corrected = (
        select(correction.id)
        .where(correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence)
        .exists()
    )
    statement = (
        select(
            DockingEvent.institution_id, DockingEvent.actor, func.count(func.distinct(DockingEvent.entry_id))
        )
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .where(
            DockingEvent.institution_id.in_(sorted(institutions)),
            DockingEvent.kind.in_(ANSWERS),
            DockingEvent.occurred_at >= since,
            WhitelistEntry.edition_id == edition_id,
            ~is_corrected,
        )
        .group_by(DockingEvent.institution_id, DockingEvent.actor)
    )
    return [(row[0] or 0, row[1], row[2]) for row in await session.execute(statement)]
