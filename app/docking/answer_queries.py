"""Rows from which declines are answered: the declines themselves, and what was classified then."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.institutions.tables import Institution

IDS_PER_STATEMENT: Final = 5_000


@dataclass(frozen=True, slots=True)
class DeclineRow:
    """A logged decline, without its evidence."""

    entry_id: int
    sequence: int
    institution_id: int
    institution: str
    name: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PastCase:
    """A classification that a decline led to; `leading` is (class, verdict, detail) of the class that routes."""

    entry_id: int
    created_at: datetime
    route: str
    asks: tuple[str, ...]
    leading: tuple[str, str, Mapping[str, Any]] | None


def _declines() -> Any:
    return (
        select(
            DockingEvent.entry_id,
            DockingEvent.sequence,
            Institution.id,
            Institution.code,
            Institution.name,
            DockingEvent.occurred_at,
            DockingEvent.recorded_at,
            DockingEvent.reason,
        )
        .join(Institution, Institution.id == DockingEvent.institution_id)
        .where(DockingEvent.kind == EventKind.DECLINED.value)
    )


async def declines_of_entry(
    session: AsyncSession, entry_id: int, before: int | None, limit: int
) -> list[DeclineRow]:
    """Answer an entry's declines that the viewer may see, the last logged first, before a sequence number."""
    statement = _declines().where(DockingEvent.entry_id == entry_id)
    if before is not None:
        statement = statement.where(DockingEvent.sequence < before)
    ordered = statement.order_by(DockingEvent.sequence.desc()).limit(limit)
    return [DeclineRow(*row) for row in await session.execute(ordered)]


async def declines_of(session: AsyncSession, entry_ids: Collection[int]) -> list[tuple[DeclineRow, bool]]:
    """Answer all declines of entries (ids), in order, each with whether a correction voids it."""
    correction, found = aliased(DockingEvent), []
    is_voided = and_(
        correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence
    )
    source = iter(sorted(entry_ids))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        statement = _declines().add_columns(correction.id).outerjoin(correction, is_voided)
        ordered = statement.where(DockingEvent.entry_id.in_(batch)).order_by(
            DockingEvent.entry_id, DockingEvent.sequence
        )
        found += [(DeclineRow(*row[:-1]), row[-1] is not None) for row in await session.execute(ordered)]
    return found


async def declines_logged(
    session: AsyncSession, entry_ids: Collection[int], sequences: Collection[tuple[int, int]]
) -> list[DeclineRow]:
    """Answer the declines of entries (ids) that are named by (entry id, sequence), in order."""
    wanted = set(sequences)
    found = await declines_of(session, entry_ids)
    return [row for row, _is_voided in found if (row.entry_id, row.sequence) in wanted]


async def cases_of_declines(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, list[PastCase]]:
    """Answer what declines of entries (ids) were classified as, each entry's in order of time, as far as it is seen."""
    found: dict[int, list[PastCase]] = {}
    is_leading = and_(
        BottleneckFinding.case_id == BottleneckCase.id, BottleneckFinding.class_code == BottleneckCase.route
    )
    source = iter(sorted(entry_ids))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        statement = (
            select(BottleneckCase, BottleneckFinding)
            .outerjoin(BottleneckFinding, is_leading)
            .where(BottleneckCase.entry_id.in_(batch), BottleneckCase.cause == "declined")
            .order_by(BottleneckCase.entry_id, BottleneckCase.id)
        )
        for row in await session.execute(statement):
            case, finding = _case_of(row)
            leading = (finding.class_code, finding.verdict, finding.detail) if finding is not None else None
            past = PastCase(case.entry_id, case.created_at, case.route, tuple(case.detail["asks"]), leading)
            found.setdefault(case.entry_id, []).append(past)
    return found


def _case_of(row: Any) -> tuple[BottleneckCase, BottleneckFinding | None]:
    return row[0], row[1]
