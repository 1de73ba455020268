"""A month's figures as of now, computed once for all who ask while nothing changes of what they are computed from.

What a process remembers of a month are its facts, with the look in which they were seen (change_queries.py). Each
time somebody asks, one cheap statement tells which entries changed since, after they asked; only those are gathered
anew. Who writes in the same transaction gathers for themselves.
"""

import asyncio
from collections import OrderedDict
from typing import Final
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather, gather_again
from app.coverage.published import ShownReport, reported
from app.coverage.rules import Cut, MonthTable, compute
from app.kernel.database import AsyncEngine, AsyncSession, make_sessions
from app.kernel.recording import leaves, looking
from app.kernel.sharing import SharedLooks
from app.whitelist import change_queries
from app.whitelist.change_queries import Seen
from app.whitelist.tables import WhitelistEdition

Report = tuple[MonthFacts, ShownReport]
Cuts = tuple[Cut, ...]
MonthKey = tuple[str, str, int, str]
MOST_KEPT: Final = 3
"""Months whose facts a process remembers: some 50 MB each with 100,000 entries."""
MOST_CHANGED: Final = 5_000
"""Where more entries than these changed, all are gathered in less time."""


class Month:
    """The facts of a month, and the reports that were computed from them."""

    def __init__(self, facts: MonthFacts, seen: Seen) -> None:
        self.facts, self.seen = facts, seen
        self._table: MonthTable | None = None
        self._reports: dict[Cuts, ShownReport] = {}
        self._pen = asyncio.Lock()

    async def report(self, cuts: Cuts) -> ShownReport:
        """Answer the report by some cuts; whoever needs the same one meanwhile waits for it."""
        async with self._pen:
            found = self._reports.get(cuts)
            if found is None:
                found = self._reports[cuts] = await asyncio.to_thread(self._computed, cuts)
        return found

    def _computed(self, cuts: Cuts) -> ShownReport:
        if self._table is None:
            self._table = MonthTable(self.facts)
        return reported(self._table.report(cuts))


class _Remembered:
    """The months last asked for of one database."""

    def __init__(self) -> None:
        self.looks = SharedLooks[Month]()
        self._months: OrderedDict[MonthKey, Month] = OrderedDict()

    def find(self, key: MonthKey) -> Month | None:
        """Answer a month as it was seen last."""
        return self._months.get(key)

    def keep(self, key: MonthKey, month: Month) -> Month:
        """Remember a month, and forget the one that was asked for least lately."""
        self._months[key] = month
        self._months.move_to_end(key)
        while len(self._months) > MOST_KEPT:
            self._months.popitem(last=False)
        return month


_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, _Remembered]] = WeakKeyDictionary()


async def todays_report(
    session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition, cuts: Cuts
) -> Report:
    """Answer a month's facts and report as of now. They are shared: nobody changes them."""
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        facts = await gather(session, viewer, month, edition)
        return facts, await asyncio.to_thread(lambda: reported(compute(facts, cuts)))
    remembered = _REMEMBERED.setdefault(engine, _Remembered())
    key = (viewer.jurisdiction, month, edition.id, edition.code)

    async def look() -> Month:
        async with looking(make_sessions(engine)) as own:  # facts are the same for everybody (`gather`)
            return remembered.keep(key, await _now(own, viewer, edition, month, remembered.find(key)))

    found = await remembered.looks.ask(key, look)
    return found.facts, await found.report(cuts)


async def _now(
    session: AsyncSession, viewer: Viewer, edition: WhitelistEdition, month: str, before: Month | None
) -> Month:
    """Answer a month as it is now: what changes while it is gathered is gathered again the next time."""
    found = await change_queries.changes(session, before.seen if before else None)
    facts = None
    if before is not None and found.entries is not None and len(found.entries) <= MOST_CHANGED:
        facts = before.facts
        if found.entries:
            facts = await gather_again(session, edition, before.facts, found.entries)
        if facts is before.facts:
            before.seen = found.seen
            return before
    return Month(facts or await gather(session, viewer, month, edition), found.seen)
