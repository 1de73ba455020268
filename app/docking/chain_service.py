"""Use case: what happened lately on a chain."""

from dataclasses import dataclass
from datetime import datetime

from app.accounts.rules import Viewer
from app.docking import chain_queries
from app.docking.kinds import KIND_LABELS, EventKind
from app.kernel.database import AsyncSession
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.whitelist.member_service import require_overseer


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event of an entry on a chain; `amount_fen` of approvals and payments."""

    entry: str
    enterprise: str
    kind: EventKind
    label: str
    institution: str | None
    at: datetime
    amount_fen: int | None
    is_simulated: bool


async def events_of_chain(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str, page: PageRequest
) -> Page[ChainEvent]:
    """List the events of a chain's entries on an edition, the latest first; what was corrected is left out.

    Raises:
        NotFound: the viewer does not oversee the chain.
    """
    require_overseer(viewer, chain)
    rows = await chain_queries.latest_events(
        session, viewer, edition, chain, after=_after(page), limit=page.limit + 1
    )
    return page_of(
        rows,
        page,
        lambda row: (row.occurred_at.isoformat(), row.id),
        lambda row: ChainEvent(
            row.code,
            row.name,
            EventKind(row.kind),
            KIND_LABELS[EventKind(row.kind)],
            row.institution,
            row.occurred_at,
            row.amount_fen,
            row.is_simulated,
        ),
    )


def _after(page: PageRequest) -> tuple[datetime, int] | None:
    key = page.after(2)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(str(key[0])), int(key[1])
    except ValueError as error:
        raise foreign_cursor() from error
