"""Reads of many entries' cases, and of what is stated and established of them, for rooms above."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, select

from app.bottlenecks.tables import BottleneckCase
from app.coordination.rules import CaseKind, CaseSpan, CaseState, case_code
from app.coordination.tables import CoordinationCase
from app.enterprises.tables import NeedRevision
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct, given_each
from app.whitelist.tables import WhitelistEntry

_SPANS: Final = Direct(
    select(
        CoordinationCase.entry_id,
        CoordinationCase.id,
        CoordinationCase.kind,
        CoordinationCase.state,
        CoordinationCase.body,
        CoordinationCase.raised_at,
        CoordinationCase.closed_at,
        CoordinationCase.due_on,
        CoordinationCase.working_days,
    )
    .where(CoordinationCase.entry_id.in_(given_each("entries")))
    .order_by(CoordinationCase.id)
)


async def spans_of_entries(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, list[CaseSpan]]:
    """Answer when cases were open of those entries that have some, in the order in which they were raised."""
    found: dict[int, list[CaseSpan]] = defaultdict(list)
    for batch in in_batches(sorted(set(entry_ids))):
        rows = await _SPANS.rows(session, entries=batch)
        for entry_id, number, kind, state, body, raised_at, closed_at, due_on, days in rows:
            span = CaseSpan(
                CaseKind(kind), body, raised_at, closed_at, due_on, CaseState(state), case_code(number), days
            )
            found[entry_id].append(span)
    return dict(found)


async def wordings_of(
    session: AsyncSession, entry_ids: Iterable[int]
) -> dict[int, list[tuple[datetime, dict[str, Any]]]]:
    """Answer entry → (since, stated facts) of its need's wordings up to its own, the first one first."""
    found: dict[int, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    is_until_own = and_(
        NeedRevision.need_id == WhitelistEntry.need_id, NeedRevision.id <= WhitelistEntry.need_revision_id
    )
    for batch in in_batches(sorted(set(entry_ids))):
        statement = (
            select(WhitelistEntry.id, NeedRevision.created_at, NeedRevision.facts)
            .join(NeedRevision, is_until_own)
            .where(WhitelistEntry.id.in_(batch))
            .order_by(NeedRevision.id)
        )
        for entry_id, since, facts in await session.execute(statement):
            found[entry_id].append((since, facts))
    return found


async def established_of(session: AsyncSession, entry_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Answer what entries' current bottleneck cases established beyond their present wording, as stored."""
    found: dict[int, dict[str, Any]] = {}
    is_of_wording = and_(
        BottleneckCase.entry_id == WhitelistEntry.id,
        BottleneckCase.is_current,
        BottleneckCase.need_revision_id == WhitelistEntry.need_revision_id,
    )
    for batch in in_batches(sorted(set(entry_ids))):
        statement = select(WhitelistEntry.id, BottleneckCase.detail).join(BottleneckCase, is_of_wording)
        for entry_id, detail in await session.execute(statement.where(WhitelistEntry.id.in_(batch))):
            found[entry_id] = detail["established"]
    return found
