"""Rows from which the pace of institutions is told: what was taken, and what is owed."""

from datetime import date

from sqlalchemy import and_, case, func, not_, select
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.pace import OwedCount, Taken
from app.docking.tables import DockingEvent, EntryClock
from app.docking.working_time import Step
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

ANSWERS = (EventKind.CREDIT_APPROVED.value, EventKind.DECLINED.value, EventKind.GUARANTEE_GRANTED.value)


async def steps_taken(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[Taken]:
    """Answer for each time of responsibility when the institution first took each step in it, in one statement."""
    correction = aliased(DockingEvent)
    is_voided = (
        select(correction.id)
        .where(correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence)
        .exists()
    )
    is_own = and_(
        DockingEvent.entry_id == Assignment.entry_id,
        DockingEvent.institution_id == Assignment.institution_id,
        DockingEvent.occurred_at >= Assignment.assigned_at,
        not_(is_voided),
    )
    kinds = ((EventKind.ACCEPTED.value,), (EventKind.CONTACTED.value,), ANSWERS)
    firsts = (func.min(case((DockingEvent.kind.in_(kind), DockingEvent.occurred_at))) for kind in kinds)
    statement = (
        select(Institution.code, Institution.short_name, Assignment.assigned_at, *firsts)
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .join(DockingEvent, is_own)
        .where(WhitelistEntry.edition_id == edition_id, WhitelistEdition.jurisdiction == viewer.jurisdiction)
        .group_by(Assignment.id, Institution.code, Institution.short_name, Assignment.assigned_at)
    )
    return [Taken(*row) for row in await session.execute(statement)]


async def steps_owed(session: AsyncSession, viewer: Viewer, edition_id: int, today: date) -> list[OwedCount]:
    """Answer how many entries wait for each step of each institution, and how many of them are late."""
    is_late = case((EntryClock.due_on < today, 1), else_=0)
    statement = (
        select(
            Institution.code,
            Institution.short_name,
            EntryClock.step,
            func.count(EntryClock.entry_id),
            func.sum(is_late),
        )
        .select_from(EntryClock)
        .join(WhitelistEntry, WhitelistEntry.id == EntryClock.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == EntryClock.edition_id)
        .join(Institution, Institution.id == EntryClock.institution_id)
        .where(
            EntryClock.edition_id == edition_id,
            EntryClock.turn == Turn.INSTITUTION.value,
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
        )
        .group_by(Institution.code, Institution.short_name, EntryClock.step)
    )
    rows = await session.execute(statement)
    return [
        OwedCount(code, name, Step(step), open_, int(late or 0)) for code, name, step, open_, late in rows
    ]
