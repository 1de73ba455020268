"""Closed months as they are shown. Nothing of one ever changes, so its figures are read once by a process."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.coverage import queries
from app.coverage.published import ShownRow, shown_rows_of
from app.coverage.rules import Cut
from app.kernel.database import AsyncEngine, AsyncSession
from app.kernel.recording import leaves
from app.whitelist.tables import WhitelistEdition

MOST_KEPT: Final = 6
MOST_ROWS: Final = 5_000
"""Rows of cuts that are kept: of a chain's or a city's trend all months, of one by thousands of institutions a few."""
_Figures = OrderedDict[tuple[int, str], dict[str, Any]]
_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, _Figures]] = WeakKeyDictionary()
_Part = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
_Parts = OrderedDict[tuple[int, str, Cut | None], _Part]
_PARTS: Final[WeakKeyDictionary[AsyncEngine, _Parts]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A closed month without its facts; its figures are shared: nobody changes them."""

    id: int
    month: str
    closed_at: datetime
    closed_by: str
    facts_sha256: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClosedFigures:
    """The figures of a closed month, in total and by one cut, without its facts; shared: nobody changes them."""

    month: str
    edition_id: int
    closed_at: datetime
    facts_sha256: str
    total: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]


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


async def closed_figures(
    session: AsyncSession, viewer: Viewer, months: Sequence[str], by: Cut | None
) -> list[ClosedFigures]:
    """Answer the figures of those months of the viewer's jurisdiction that are closed; no rows without a cut."""
    heads = await queries.closed_heads(session, viewer, months)
    keys = [(head.id, head.facts_sha256, by) for head in heads]
    engine, kept = session.bind, _Parts()
    if leaves(session) and isinstance(engine, AsyncEngine):
        kept = _PARTS.setdefault(engine, kept)
    found = {key: kept[key] for key in keys if key in kept}
    missing = {key[0]: key for key in keys if key not in found}
    if missing:
        read = await queries.parts_of_figures(session, missing, by)
        for number, (total, rows) in read.items():
            found[missing[number]] = kept[missing[number]] = total, [ShownRow(row) for row in rows]
        while sum(1 + len(rows) for _total, rows in kept.values()) > MOST_ROWS:  # the oldest go
            kept.popitem(last=False)
    return [
        ClosedFigures(head.month, head.edition_id, head.closed_at, head.facts_sha256, *found[key])
        for head, key in zip(heads, keys, strict=True)
    ]
