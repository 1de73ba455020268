"""Use case of looking ahead: what a product's change would do to a whole edition, before it is stored."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from app.accounts.rules import Viewer
from app.catalogue.rules import ProductTerms
from app.kernel.database import AsyncEngine, AsyncSession, unrestricted
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.matching import effect_queries as queries
from app.matching.effects import Effect, effect_of
from app.matching.gathering import surroundings
from app.matching.grants import granted_conditions
from app.matching.inputs import Surroundings
from app.matching.populations import Ids, Judge, Population, joined, population
from app.whitelist import service as whitelist
from app.whitelist.rules import edition_on
from app.whitelist.schemas import EntryFilter, EntrySummary
from app.whitelist.search_service import these

MOST_KEPT: Final = 2
MOST_NAMED: Final = 10


@dataclass(slots=True)
class _Kept:
    """The population last read of an edition, how its entries were listed then, and what was derived of it."""

    text: str = ""
    needs: Population = field(default_factory=lambda: population(_none(), _none(), {}))
    judges: OrderedDict[tuple[date, str, int], Judge] = field(default_factory=OrderedDict)


@dataclass(slots=True)
class _Remembered:
    editions: OrderedDict[int, _Kept] = field(default_factory=OrderedDict)
    pen: asyncio.Lock = field(default_factory=asyncio.Lock)


_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, _Remembered]] = WeakKeyDictionary()


async def effect(
    session: AsyncSession,
    viewer: Viewer,
    before: ProductTerms | None,
    after: ProductTerms | None,
    *,
    now: datetime,
    product: str = "",
) -> Effect | None:
    """Answer how the needs of the whole current edition change that meet a product's terms; None of them: no product.

    The difference is exactly that of two full matches; with the code of the product what plans grant of it counts. The numbers rest on all entries, whoever asks; None
    while no edition is open.
    """
    today = shanghai_date(now)
    edition = await edition_of_day(session, viewer, today)
    if edition is None:
        return None
    around = await surroundings(session, viewer, today)
    # How many there are is told to who offers the product; which they are only as far as the viewer sees them.
    with unrestricted(session):
        judge = await _judge(session, edition[0], around)
    conditions = [
        None if terms is None else granted_conditions(product, terms.conditions(), around.plans)
        for terms in (before, after)
    ]
    return await asyncio.to_thread(effect_of, judge, edition[1], *conditions)


async def first_of(
    session: AsyncSession, viewer: Viewer, edition: str, entry_ids: Collection[int], most: int = MOST_NAMED
) -> list[EntrySummary]:
    """Answer the first of some entries (ids) that the viewer may see, by code; what institutions see is put on record."""
    opened = await whitelist.edition(session, viewer, edition)
    seen = await asyncio.to_thread(_read, await queries.listed(session, opened.id))
    wanted = np.intersect1d(np.array(sorted(entry_ids), np.int64), seen[0])[:most].tolist()
    if not wanted:
        return []
    found = await whitelist.list_entries(
        session, viewer, PageRequest(limit=most), EntryFilter(), within=these(wanted)
    )
    return found.items


async def edition_of_day(session: AsyncSession, viewer: Viewer, today: date) -> tuple[int, str] | None:
    """Answer the edition in force, else the newest that is open."""
    newest = (await whitelist.list_editions(session, viewer, PageRequest(limit=2), is_counted=False)).items
    codes = [one.code for one in newest]
    if not codes:
        return None
    code = edition_on(today) if edition_on(today) in codes else codes[0]
    return (await whitelist.edition(session, viewer, code)).id, code


async def _judge(session: AsyncSession, edition_id: int, around: Surroundings) -> Judge:
    engine = session.bind
    assert isinstance(engine, AsyncEngine)
    remembered = _REMEMBERED.setdefault(engine, _Remembered())
    async with remembered.pen:  # whoever else needs the same waits for it
        kept = remembered.editions.pop(edition_id, None) or _Kept()
        text = await queries.listed(session, edition_id)
        if text != kept.text:
            kept = await _reread(session, kept, text)
        remembered.editions[edition_id] = kept
        while len(remembered.editions) > MOST_KEPT:
            remembered.editions.popitem(last=False)
    key = around.on, around.rules.sha256, id(around.book)
    if key not in kept.judges:
        kept.judges[key] = Judge(kept.needs, around.on, around.book, around.rules.derived)
        while len(kept.judges) > MOST_KEPT:
            kept.judges.popitem(last=False)
    return kept.judges[key]


async def _reread(session: AsyncSession, kept: _Kept, text: str) -> _Kept:
    """Read what is new since; a revision never changes, so that all else stays as it was read."""
    entries, revisions = await asyncio.to_thread(_read, text)
    known = set(zip(kept.needs.entries.tolist(), kept.needs.revisions.tolist(), strict=True))
    pairs = list(zip(entries.tolist(), revisions.tolist(), strict=True))
    is_new = np.array([pair not in known for pair in pairs], np.bool_)
    texts = await queries.stated(session, revisions[is_new].tolist())
    added = await asyncio.to_thread(population, entries[is_new], revisions[is_new], texts)
    wanted = set(pairs)
    keep = np.array(
        [
            pair in wanted
            for pair in zip(kept.needs.entries.tolist(), kept.needs.revisions.tolist(), strict=True)
        ],
        np.bool_,
    )
    return _Kept(text, await asyncio.to_thread(joined, kept.needs, added, keep))


def _read(text: str) -> tuple[Ids, Ids]:
    numbers = np.array(text.replace(":", ",").split(",") if text else [], np.int64).reshape(-1, 2)
    return numbers[:, 0], numbers[:, 1]


def _none() -> Ids:
    return np.empty(0, np.int64)
