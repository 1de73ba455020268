"""Use cases: the entries behind a figure, and a month by region and chain."""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Viewer
from app.coverage import canonical, listing_queries, queries
from app.coverage.edition_service import edition_of
from app.coverage.facts import EntryFacts, MonthFacts, Party
from app.coverage.listing import NO_GROUP, MonthIndex, Wanted, Which
from app.coverage.listing_schemas import BehindOut, BehindPage, HeatOut, HeatRow
from app.coverage.months import check_begun
from app.coverage.reporting import todays_report
from app.coverage.rules import UNKNOWN_LABELS, Cut
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest, encode_cursor
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntrySummary
from app.whitelist.tables import WhitelistEdition

MOST_KEPT: Final = 3
"""Months whose lists a process remembers: some 80 MB each with 100,000 entries."""


class _Kept:
    """The months of which lists were asked last, by the hash of frozen facts or by the facts of now."""

    def __init__(self) -> None:
        self._found: OrderedDict[object, MonthIndex] = OrderedDict()

    def find(self, key: object) -> MonthIndex | None:
        """Answer a month that is kept."""
        return self._found.get(key)

    def keep(self, key: object, index: MonthIndex) -> MonthIndex:
        """Remember a month, and forget the one that was kept first."""
        self._found[key] = index
        while len(self._found) > MOST_KEPT:
            self._found.popitem(last=False)
        return index


_KEPT: Final = _Kept()


@dataclass(frozen=True, slots=True)
class _Month:
    edition: WhitelistEdition
    is_closed: bool
    index: MonthIndex


async def entries_behind(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    wanted: Wanted,
    page: PageRequest,
    *,
    edition: str | None = None,
    now: datetime,
) -> BehindPage:
    """List the entries that make a figure of a month, by code: of a closed month those of the closed figure.

    The figure is that of the whole roster; the list holds those of its entries that the viewer may see.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    found = await _month(session, viewer, month, edition, now)
    index, facts = found.index, found.index.facts
    listed = await asyncio.to_thread(index.places, wanted)
    count = len(listed)
    if not may_do(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction)):
        seen = await listing_queries.visible_codes(session, viewer, found.edition.id, facts.until)
        listed = index.among(listed, seen)
    after = page.after()
    rest = listed if after is None else index.after(listed, str(after[0]))
    shown = [facts.entries[place] for place in rest[: page.limit]]
    named = await whitelist.entries_of_codes(session, viewer, [entry.entry for entry in shown])
    return BehindPage(
        items=[_behind(entry, facts, named[entry.entry]) for entry in shown if entry.entry in named],
        next=encode_cursor(shown[-1].entry) if len(rest) > page.limit else None,
        month=month,
        edition=found.edition.code,
        is_closed=found.is_closed,
        count=count,
        shown=len(listed),
    )


async def counts_behind(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    wanted: Sequence[Wanted],
    *,
    edition: str | None = None,
    now: datetime,
) -> list[int]:
    """Answer how many entries several figures of a month count, in their order; raises as `entries_behind`."""
    index = (await _month(session, viewer, month, edition, now)).index
    return await asyncio.to_thread(lambda: [len(index.places(one)) for one in wanted])


async def heat(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    which: Which = Which.CONTACTED,
    *,
    edition: str | None = None,
    now: datetime,
) -> HeatOut:
    """Answer a month's entries by division right below the jurisdiction, and chain.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    index = (await _month(session, viewer, month, edition, now)).index
    found = await asyncio.to_thread(index.crossed, viewer.jurisdiction, which)
    names = index.facts.chains
    rows = [
        HeatRow(
            region=region,
            name=_region_name(region, index.facts),
            is_own=region == viewer.jurisdiction,
            entries=list(found.entries[place]),
            reached=list(found.reached[place]),
        )
        for place, region in enumerate(found.regions)
    ]
    chains = [(code, names.get(code, code) or UNKNOWN_LABELS[Cut.CHAIN]) for code in found.chains]
    return HeatOut(month=month, level=which, chains=chains, rows=rows)


async def _month(
    session: AsyncSession, viewer: Viewer, month: str, code: str | None, now: datetime
) -> _Month:
    check_begun(month, now)
    edition = await edition_of(session, viewer, month, code)
    frozen = await listing_queries.frozen_key(session, viewer, month, edition.id)
    if frozen is None:
        facts, _report = await todays_report(session, viewer, month, edition, ())
        return _Month(edition, False, await _index_of_now((viewer.jurisdiction, month, edition.id), facts))
    snapshot, sha256 = frozen
    index = _KEPT.find(sha256)
    if index is None:
        packed = await queries.facts_of(session, snapshot)
        index = _KEPT.keep(sha256, await asyncio.to_thread(_unpacked, packed))
    return _Month(edition, True, index)


async def _index_of_now(key: object, facts: MonthFacts) -> MonthIndex:
    index = _KEPT.find(key)
    if index is not None and index.facts is facts:
        return index
    return _KEPT.keep(key, await asyncio.to_thread(MonthIndex, facts))


def _unpacked(packed: bytes) -> MonthIndex:
    return MonthIndex(canonical.from_bytes(zlib.decompress(packed)))


def _behind(entry: EntryFacts, facts: MonthFacts, named: EntrySummary) -> BehindOut:
    last = _last(entry.parties)
    place = facts.institutions.get(last.institution) if last else None
    return BehindOut.model_construct(
        code=entry.entry,
        name=named.name,
        region=entry.region,
        region_name=_region_name(entry.region, facts),
        chain=entry.chain,
        amount=entry.amount_fen,
        institution=last.institution if last else None,
        institution_name=place.name if place else NO_GROUP,
        **{
            name: min((at for one in entry.parties if (at := getattr(one, name)) is not None), default=None)
            for name in ("assigned_at", "contacted_at", "answered_at", "credited_at", "disbursed_at")
        },
    )


def _last(parties: Sequence[Party]) -> Party | None:
    return max(parties, key=lambda one: (one.is_current, one.assigned_at), default=None)


def _region_name(code: str, facts: MonthFacts) -> str:
    place = facts.regions.get(code)
    return place.name if place else code
