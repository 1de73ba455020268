"""Rows from which declines are answered: the declines themselves, and what was classified then."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.direct import Direct, given, given_each


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


_DECLINES: Final = (
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
_CORRECTION: Final = aliased(DockingEvent)
_LAST_OF_ENTRY: Final = Direct(
    _DECLINES.where(
        DockingEvent.entry_id == given("entry", BigInteger),
        or_(given("before", Integer).is_(None), DockingEvent.sequence < given("before", Integer)),
    )
    .order_by(DockingEvent.sequence.desc())
    .limit(given("most", Integer))
)
_OF_ENTRIES: Final = Direct(
    _DECLINES.add_columns(_CORRECTION.id.label("correction"))
    .outerjoin(
        _CORRECTION,
        and_(_CORRECTION.entry_id == DockingEvent.entry_id, _CORRECTION.corrects == DockingEvent.sequence),
    )
    .where(DockingEvent.entry_id.in_(given_each("entries")))
    .order_by(DockingEvent.entry_id, DockingEvent.sequence)
)


async def declines_of_entry(
    session: AsyncSession, entry_id: int, before: int | None, limit: int
) -> list[DeclineRow]:
    """Answer an entry's declines that the viewer may see, the last logged first, before a sequence number."""
    rows = await _LAST_OF_ENTRY.rows(session, entry=entry_id, before=before, most=limit)
    return [DeclineRow(*row) for row in rows]


async def declines_of(session: AsyncSession, entry_ids: Collection[int]) -> list[tuple[DeclineRow, bool]]:
    """Answer all declines of entries (ids), in order, each with whether a correction voids it."""
    found = []
    for batch in in_batches(sorted(entry_ids)):
        rows = await _OF_ENTRIES.rows(session, entries=batch)
        found += [(DeclineRow(*row[:-1]), row[-1] is not None) for row in rows]
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
    for batch in in_batches(sorted(entry_ids)):
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
