"""Rows from which the pace of institutions is told: what was taken, and what is owed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, case, func, select

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.pace import STEPS, OwedCount, Taken
from app.docking.tables import DockingEvent, EntryClock
from app.docking.working_time import Step
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

STEP_OF: Final = {
    EventKind.ACCEPTED.value: Step.ACCEPT,
    EventKind.CONTACTED.value: Step.CONTACT,
    EventKind.CREDIT_APPROVED.value: Step.ANSWER,
    EventKind.DECLINED.value: Step.ANSWER,
    EventKind.GUARANTEE_GRANTED.value: Step.ANSWER,
}
Party = tuple[int, int]
"""Ids of an entry and an institution."""


async def steps_taken(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[Taken]:
    """Answer for each time of responsibility when the institution first took each step in it, in three statements.

    Rows come as they lie and are put together here: a database that groups millions of them sorts them first.
    """
    columns = (
        Assignment.entry_id,
        Assignment.institution_id,
        Assignment.assigned_at,
        Institution.code,
        Institution.short_name,
    )
    statement = (
        _of_edition(viewer, edition_id, *columns)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .order_by(Institution.code, Assignment.id)
    )
    spells = (await session.execute(statement)).all()
    steps = await _steps(session, viewer, edition_id)
    return [
        Taken(code, name, since, *_firsts(steps.get((entry, institution), ()), since))
        for entry, institution, since, code, name in spells
        if (entry, institution) in steps
    ]


def _firsts(steps: Sequence[tuple[Step, datetime]], since: datetime) -> Iterator[datetime | None]:
    for wanted in STEPS:
        yield min((at for step, at in steps if step is wanted and at >= since), default=None)


async def _steps(
    session: AsyncSession, viewer: Viewer, edition_id: int
) -> dict[Party, list[tuple[Step, datetime]]]:
    corrections = _of_edition(viewer, edition_id, DockingEvent.entry_id, DockingEvent.corrects).join(
        DockingEvent, DockingEvent.entry_id == WhitelistEntry.id
    )
    voided = {
        tuple(row) for row in await session.execute(corrections.where(DockingEvent.corrects.is_not(None)))
    }
    columns = (
        DockingEvent.entry_id,
        DockingEvent.institution_id,
        DockingEvent.kind,
        DockingEvent.occurred_at,
        DockingEvent.sequence,
    )
    statement = _of_edition(viewer, edition_id, *columns).join(
        DockingEvent, DockingEvent.entry_id == WhitelistEntry.id
    )
    found: dict[Party, list[tuple[Step, datetime]]] = defaultdict(list)
    for entry, institution, kind, at, sequence in await session.execute(
        statement.where(DockingEvent.kind.in_(STEP_OF))
    ):
        if (entry, sequence) not in voided:
            found[entry, institution].append((STEP_OF[kind], at))
    return found


def _of_edition(viewer: Viewer, edition_id: int, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(WhitelistEntry.edition_id == edition_id, WhitelistEdition.jurisdiction == viewer.jurisdiction)
    )


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
