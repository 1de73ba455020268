"""Closed months as they are shown. Nothing of one ever changes, so its figures are read once by a process."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.coverage import queries
from app.coverage.published import shown_rows_of
from app.kernel.database import AsyncEngine, AsyncSession
from app.kernel.recording import leaves
from app.whitelist.tables import WhitelistEdition

MOST_KEPT: Final = 6
_Figures = OrderedDict[tuple[int, str], dict[str, Any]]
_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, _Figures]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A closed month without its facts; its figures are shared: nobody changes them."""

    id: int
    month: str
    closed_at: datetime
    closed_by: str
    facts_sha256: str
    figures: dict[str, Any]


async def closed_month(
    session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition | None = None
) -> ClosedMonth | None:
    """Answer a closed month (of an edition), or None."""
    head = await queries.closed_head(session, viewer, month, edition.id if edition else None)
    if head is None:
        return None
    figures = await _figures(session, head.id, head.facts_sha256)
    return ClosedMonth(head.id, head.month, head.closed_at, head.closed_by, head.facts_sha256, figures)


async def _figures(session: AsyncSession, snapshot_id: int, sha256: str) -> dict[str, Any]:
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        return await queries.figures_of(session, snapshot_id)
    remembered = _REMEMBERED.setdefault(engine, OrderedDict())
    found = remembered.get((snapshot_id, sha256))
    if found is None:
        found = shown_rows_of(await queries.figures_of(session, snapshot_id))
        remembered[snapshot_id, sha256] = found
        while len(remembered) > MOST_KEPT:
            remembered.popitem(last=False)
    return found
