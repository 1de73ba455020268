"""The latest events of a chain's entries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.docking.tables import DockingEvent
from app.enterprises.tables import Enterprise
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


async def latest_events(
    session: AsyncSession,
    viewer: Viewer,
    edition: str,
    chain: str,
    *,
    after: tuple[Any, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Answer the events of a chain's entries on an edition that count, the latest first."""
    correction = aliased(DockingEvent)
    is_void = (
        select(correction.id)
        .where(correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence)
        .exists()
    )
    statement = (
        select(
            DockingEvent.id,
            DockingEvent.kind,
            DockingEvent.occurred_at,
            DockingEvent.amount_fen,
            DockingEvent.is_simulated,
            WhitelistEntry.code,
            Enterprise.name,
            Institution.short_name.label("institution"),
        )
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .outerjoin(Institution, Institution.id == DockingEvent.institution_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.code == edition,
            WhitelistEntry.chain_code == chain,
            DockingEvent.corrects.is_(None),
            ~is_void,
        )
    )
    if after is not None:
        at, number = after
        statement = statement.where(
            (DockingEvent.occurred_at < at) | ((DockingEvent.occurred_at == at) & (DockingEvent.id < number))
        )
    ordered = statement.order_by(DockingEvent.occurred_at.desc(), DockingEvent.id.desc()).limit(limit)
    return (await session.execute(ordered)).all()
