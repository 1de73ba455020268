"""What the cards of an edition are made of, kept between requests: read again only for entries that changed.

An edition of 100,000 entries takes seconds to read and to make k-anonymous; what banks look through changes by a few
entries a minute. A look tells which (whitelist/change_queries.py); nothing is shown that is older than the request.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.allocation import cards_queries
from app.allocation.cards import CardFacts, card_facts
from app.allocation.cards_queries import CardRow
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncEngine, AsyncSession, make_sessions
from app.kernel.recording import leaves, looking
from app.whitelist import change_queries
from app.whitelist.change_queries import Seen

MOST_EDITIONS: Final = 2
MOST_LISTINGS: Final = 8
"""Listings of an edition that are kept made, those asked for last; some 50 MB each with 100,000 cards."""
MOST_CHANGED: Final = 5_000
"""Where more entries than these changed, all are read in less time."""
Cards = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as its card needs it."""

    entry_id: int
    entry_code: str
    need_id: int
    region: str
    facts: CardFacts


@dataclass(slots=True)
class Edition:
    """The entries of an edition by id, ascending; `version` grows with each change of them.

    The order is the same in all processes: two different ways to hide the same cards would tell more together.
    """

    version: int = 0
    entries: Mapping[int, Listed] = field(default_factory=dict)
    seen: Seen | None = None
    pen: asyncio.Lock = field(default_factory=asyncio.Lock)
    made: OrderedDict[Hashable, tuple[object, Cards]] = field(default_factory=OrderedDict)

    async def cards(self, listing: Hashable, rests_on: object, make: Callable[[], Cards]) -> Cards:
        """Answer the cards of a listing: as they were made, while what they rest on is equal, else made anew."""
        known = self.made.get(listing)
        if known is not None and known[0] == rests_on:
            self.made.move_to_end(listing)
            return known[1]
        cards = await asyncio.to_thread(make)
        self.made[listing] = (rests_on, cards)
        while len(self.made) > MOST_LISTINGS:
            self.made.popitem(last=False)
        return cards


_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, OrderedDict[int, Edition]]] = WeakKeyDictionary()


async def edition_of(session: AsyncSession, edition_id: int, chains: Mapping[str, str]) -> Edition:
    """Answer the entries of an edition as they are now; `chains` names the chains by code.

    Who writes in the same transaction reads for themselves.
    """
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        return Edition(0, await _read(session, edition_id, chains, None))
    kept = _REMEMBERED.setdefault(engine, OrderedDict())
    edition = kept.setdefault(edition_id, Edition())
    kept.move_to_end(edition_id)
    while len(kept) > MOST_EDITIONS:
        kept.popitem(last=False)
    async with edition.pen:
        async with looking(make_sessions(engine)) as own:
            found = await change_queries.changes(own, edition.seen)
        changed = found.entries
        if changed is None or len(changed) > MOST_CHANGED:
            edition.entries, edition.version = (
                await _read(session, edition_id, chains, None),
                edition.version + 1,
            )
        elif changed:
            again = await _read(session, edition_id, chains, changed)
            before = {one: edition.entries[one] for one in changed if one in edition.entries}
            if again != before:
                rest = {one: listed for one, listed in edition.entries.items() if one not in changed}
                edition.entries, edition.version = dict(sorted((rest | again).items())), edition.version + 1
        edition.seen = found.seen
    return edition


async def _read(
    session: AsyncSession, edition_id: int, chains: Mapping[str, str], entry_ids: Collection[int] | None
) -> dict[int, Listed]:
    rows = await cards_queries.card_rows(session, edition_id, entry_ids)
    return await asyncio.to_thread(_listed, rows, chains)


def _listed(rows: Sequence[CardRow], chains: Mapping[str, str]) -> dict[int, Listed]:
    # Few needs differ in what a card can show of them: equal facts are kept once.
    known: dict[CardFacts, CardFacts] = {}
    found = {}
    for row in rows:
        chain = None if row.chain is None else chains.get(row.chain, row.chain)
        facts = card_facts(NeedFacts.model_validate(row.facts), row.region, row.size_class, chain)
        facts = known.setdefault(facts, facts)
        found[row.entry_id] = Listed(row.entry_id, row.entry_code, row.need_id, row.region, facts)
    return found
