"""Counts of what happened within a month, and of obstacles that stood at an instant, over a whole edition.

They tell of no single firm, and are those of the whole roster for whoever reads the bulletin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.allocation.tables import Assignment
from app.bottlenecks.tables import BottleneckCase
from app.bulletins.lateness import Due, Owner
from app.coordination.tables import CoordinationCase
from app.docking.clock import Turn
from app.docking.tables import DockingEvent, EntryClock
from app.docking.working_time import Step
from app.institutions.tables import Institution
from app.kernel.shanghai import shanghai_date
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry

APPROVED, DECLINED = "credit_approved", "declined"
RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Span:
    """Instants `[since, until)`."""

    since: datetime
    until: datetime

    def covers(self, instant: Any) -> ColumnElement[bool]:
        """Tell of a column of instants which lie within."""
        found: ColumnElement[bool] = (instant >= self.since) & (instant < self.until)
        return found


async def roster_changes(session: AsyncSession, edition_id: int, span: Span) -> tuple[int, int, int]:
    """Answer how many entries were admitted, withdrawn and reopened."""
    admitted = (
        select(func.count())
        .select_from(WhitelistEntry)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            span.covers(WhitelistEntry.admitted_at),
        )
    )
    counts = [(await session.execute(admitted)).scalar_one()]
    for instant in (EntryWithdrawal.withdrawn_at, EntryWithdrawal.reopened_at):
        statement = (
            select(func.count())
            .select_from(EntryWithdrawal)
            .join(WhitelistEntry, WhitelistEntry.id == EntryWithdrawal.entry_id)
            .where(
                WhitelistEntry.edition_id == edition_id,
                WhitelistEntry.status == "admitted",
                span.covers(instant),
            )
        )
        counts.append((await session.execute(statement)).scalar_one())
    return counts[0], counts[1], counts[2]


async def declines_by_reason(session: AsyncSession, edition_id: int, span: Span) -> Sequence[tuple[str, int]]:
    """Answer how often each reason was given for a decline that nobody corrected, the most first."""
    statement = (
        select(DockingEvent.reason, func.count())
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            DockingEvent.kind == DECLINED,
            span.covers(DockingEvent.occurred_at),
            ~_is_voided(),
        )
        .group_by(DockingEvent.reason)
    )
    rows = [(str(row[0]), int(row[1])) for row in await session.execute(statement)]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _is_voided() -> ColumnElement[bool]:
    later = aliased(DockingEvent)
    return (
        select(later.id)
        .where(later.entry_id == DockingEvent.entry_id, later.corrects == DockingEvent.sequence)
        .exists()
    )


async def rerouted(session: AsyncSession, edition_id: int, span: Span) -> int:
    """Answer how often an entry was taken from the party that declined it, to go to the next."""
    statement = (
        select(func.count())
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            Assignment.end_reason == DECLINED,
            span.covers(Assignment.ended_at),
        )
    )
    return (await session.execute(statement)).scalar_one()


async def open_obstacles(session: AsyncSession, edition_id: int, at: datetime) -> dict[str, int]:
    """Answer how many listed entries each route led at an instant, of those that nobody had granted credit.

    A case held at an instant when it was the entry's newest, and either holds today or was replaced since.
    """
    later = aliased(BottleneckCase)
    newer_before = select(later.id).where(
        later.entry_id == BottleneckCase.entry_id, later.id > BottleneckCase.id, later.created_at < at
    )
    newer_since = select(later.id).where(
        later.entry_id == BottleneckCase.entry_id, later.id > BottleneckCase.id, later.created_at >= at
    )
    credited = select(DockingEvent.id).where(
        DockingEvent.entry_id == BottleneckCase.entry_id,
        DockingEvent.kind == APPROVED,
        DockingEvent.amount_fen > 0,
        DockingEvent.occurred_at < at,
        ~_is_voided(),
    )
    statement = (
        select(BottleneckCase.route, func.count())
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.admitted_at < at,
            ~_is_off_the_roster(at),
            BottleneckCase.created_at < at,
            BottleneckCase.cause != RESOLVED,
            ~newer_before.exists(),
            or_(BottleneckCase.is_current, newer_since.exists()),
            ~credited.exists(),
        )
        .group_by(BottleneckCase.route)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


def _is_off_the_roster(at: datetime) -> ColumnElement[bool]:
    return (
        select(EntryWithdrawal.id)
        .where(
            EntryWithdrawal.entry_id == WhitelistEntry.id,
            EntryWithdrawal.withdrawn_at < at,
            or_(EntryWithdrawal.reopened_at.is_(None), EntryWithdrawal.reopened_at >= at),
        )
        .exists()
    )


async def owners_then(session: AsyncSession, edition_id: int, at: datetime) -> dict[int, Owner]:
    """Answer to whom entries (ids) were given at an instant, of those that were given to others since."""
    statement = (
        select(Assignment.entry_id, Assignment.kind, Assignment.responsible_body, Assignment.assigned_at)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .where(
            WhitelistEntry.edition_id == edition_id, Assignment.assigned_at < at, Assignment.ended_at >= at
        )
    )
    return {row[0]: Owner(*row[1:]) for row in await session.execute(statement)}


async def dues_unchanged(session: AsyncSession, edition_id: int, at: datetime) -> list[Due]:
    """Answer what was due at an instant on the entries on which nothing has happened since: by their kept clocks."""
    keys = (
        EntryClock.turn,
        Institution.code,
        WhitelistEntry.region_code,
        EntryClock.step,
        EntryClock.due_on,
    )
    statement = (
        select(*keys, func.count())
        .select_from(EntryClock)
        .join(WhitelistEntry, WhitelistEntry.id == EntryClock.entry_id)
        .outerjoin(Institution, Institution.id == EntryClock.institution_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            EntryClock.due_on < shanghai_date(at),
            ~_has_changed(at),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        Due(Turn(turn), code, region, Step(step), due_on, count)
        for turn, code, region, step, due_on, count in await session.execute(statement)
    ]


async def entries_changed(session: AsyncSession, edition_id: int, at: datetime) -> list[int]:
    """Answer the entries (ids) on which something has happened since an instant, or whose clock is not kept."""
    clock = select(EntryClock.entry_id).where(EntryClock.entry_id == WhitelistEntry.id)
    statement = (
        select(WhitelistEntry.id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.admitted_at < at,
            or_(_has_changed(at), ~clock.exists()),
        )
        .order_by(WhitelistEntry.id)
    )
    return list((await session.execute(statement)).scalars())


def _has_changed(at: datetime) -> ColumnElement[bool]:
    """Tell of entries whether anything that a clock is made from has happened since an instant."""
    since = (
        (DockingEvent, (DockingEvent.occurred_at,)),
        (Assignment, (Assignment.assigned_at, Assignment.ended_at)),
        (EntryWithdrawal, (EntryWithdrawal.withdrawn_at, EntryWithdrawal.reopened_at)),
        (CoordinationCase, (CoordinationCase.raised_at, CoordinationCase.closed_at)),
    )
    rows = (
        select(table.id).where(
            table.entry_id == WhitelistEntry.id, or_(*(column >= at for column in columns))
        )
        for table, columns in since
    )
    return or_(WhitelistEntry.admitted_at >= at, *(row.exists() for row in rows))
