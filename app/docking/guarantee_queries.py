"""Rows about guarantees: what caps rest on, and what guarantors granted.

Entries are reached through their edition's jurisdiction, which is the viewer's.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A guarantee that stands, and the guarantor's code and name."""

    event_id: int
    institution: str
    name: str
    amount_fen: int
    fee_bp: int


async def stated_needs(session: AsyncSession, entry_ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    """Answer what entries (ids) state of their needs."""
    found: dict[int, Mapping[str, Any]] = {}
    for batch in in_batches(sorted(entry_ids)):
        statement = (
            select(WhitelistEntry.id, NeedRevision.facts)
            .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
            .where(WhitelistEntry.id.in_(batch))
        )
        found |= {row.id: row.facts for row in await session.execute(statement)}
    return found


async def grants(
    session: AsyncSession, viewer: Viewer, within: Collection[str] | None = None
) -> list[GrantRow]:
    """Answer the guarantees that no correction voids, in order; `within`: only of these institutions (codes) and below."""
    correction, top = aliased(DockingEvent), aliased(Institution)
    is_voided = and_(
        correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence
    )
    statement = (
        select(
            DockingEvent.id,
            Institution.code,
            Institution.short_name,
            DockingEvent.amount_fen,
            DockingEvent.fee_bp,
        )
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Institution, Institution.id == DockingEvent.institution_id)
        .outerjoin(correction, is_voided)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            DockingEvent.kind == EventKind.GUARANTEE_GRANTED.value,
            correction.id.is_(None),
        )
        .order_by(Institution.code, DockingEvent.id)
    )
    if within is not None:
        lines = await session.scalars(select(top.lineage).where(top.code.in_(sorted(within))))
        statement = statement.where(or_(false(), *(Institution.lineage.startswith(line) for line in lines)))
    rows = await session.execute(statement)
    return [GrantRow(row[0], row[1], row[2], row[3] or 0, row[4] or 0) for row in rows]
