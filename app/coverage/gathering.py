"""Gathers the facts of months: histories stream by and are folded; only facts are held."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.rules import Viewer
from app.coverage import fact_queries, queries
from app.coverage.facts import EntryFacts, MonthFacts, Place
from app.coverage.histories import EntryHistory, facts_at
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import month_bounds
from app.reference import service as reference
from app.reference.regions import Regions
from app.whitelist.tables import WhitelistEdition


@dataclass(slots=True)
class _Month:
    """A month that is being gathered, with the entries found so far."""

    month: str
    edition: WhitelistEdition
    until: datetime
    entries: list[EntryFacts]


async def gather(session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition) -> MonthFacts:
    """Answer the facts of a month as they are known now, in a constant number of statements.

    They are those of the whole roster, whoever looks: only `facts_file`, `figures_file` and `verify` show any
    of them, to those who may see all; everybody else gets the figures that are summed up from them.
    """
    [facts] = await gather_months(session, viewer, [(month, edition)])
    return facts


async def gather_months(
    session: AsyncSession, viewer: Viewer, wanted: Sequence[tuple[str, WhitelistEdition]]
) -> list[MonthFacts]:
    """Answer the facts of several months, each of its edition, as one `gather`: in as many statements."""
    if not wanted:
        return []
    months = [_Month(month, edition, month_bounds(month)[1], []) for month, edition in wanted]
    lines = await queries.institution_lines(session)
    await _read(session, months, lines.codes)
    heads = [(viewer.jurisdiction, month.edition.code, month.month, month.until) for month in months]
    surroundings = await _surroundings(session, lines)
    return await asyncio.to_thread(
        lambda: [
            assembled(head, month.entries, *surroundings) for head, month in zip(heads, months, strict=True)
        ]
    )


async def gather_again(
    session: AsyncSession, edition: WhitelistEdition, before: MonthFacts, changed: Collection[int]
) -> MonthFacts | None:
    """Answer the facts of a month as `gather` does, given those of before and the entries (ids) that changed since.

    `before` itself if its facts are the same. None where an entry has gone, so that all are to be gathered.
    """
    month, lines = _Month(before.month, edition, before.until, []), await queries.institution_lines(session)
    with unrestricted(session):  # as in `gather`
        codes = await fact_queries.codes_of(session, changed)
    if len(codes) < len(changed):
        return None
    await _read(session, [month], lines.codes, changed)
    surroundings = await _surroundings(session, lines)

    def joined() -> MonthFacts:
        known = {entry.entry: entry for entry in before.entries}
        former = [known.pop(code) for code in sorted(codes.values()) if code in known]
        if former == sorted(month.entries, key=_code):
            return before
        head = before.jurisdiction, edition.code, before.month, before.until
        return assembled(head, [*known.values(), *month.entries], *surroundings)

    return await asyncio.to_thread(joined)


def _code(entry: EntryFacts) -> str:
    return entry.entry


async def _surroundings(
    session: AsyncSession, lines: queries.Lines
) -> tuple[Mapping[str, Place], Mapping[str, str], Regions]:
    chains = await queries.chain_names(session)
    book = await reference.current_book(session, get_settings().seed_dir)
    return lines.places, chains, book.regions


async def _read(
    session: AsyncSession,
    months: Sequence[_Month],
    institutions: Mapping[int, str],
    entry_ids: Collection[int] | None = None,
) -> None:
    """Add the facts of entries (ids; None: of all) to months of which each says its edition."""
    with unrestricted(session):  # a published figure is the same for everybody
        editions = {month.edition.id for month in months}
        last = max(month.until for month in months)
        async with asyncio.TaskGroup() as folding:
            before, read = None, 0
            async for chunk in fact_queries.histories(session, editions, last, institutions, entry_ids):
                report("histories", read := read + len(chunk))
                if before is not None:
                    await before  # so that no more than two chunks are held
                before = folding.create_task(asyncio.to_thread(_fold, chunk, months))


def _fold(chunk: Iterable[EntryHistory], months: Sequence[_Month]) -> None:
    """Add the facts of each entry to the months of its edition; months in which nothing happened share them."""
    for history in chunk:
        before = None
        for month in months:
            if month.edition.id != history.edition_id:
                continue
            facts = facts_at(history, month.until)
            if facts is not None:
                before = before if facts == before else facts
                month.entries.append(before or facts)


def assembled(
    head: tuple[str, str, str, datetime],
    found: Iterable[EntryFacts],
    institutions: Mapping[str, Place],
    chains: Mapping[str, str],
    regions: Regions,
) -> MonthFacts:
    """Answer the facts of a month (jurisdiction, edition, month, until) with the names that its entries use."""
    entries = tuple(sorted(found, key=_code))
    owners = _with_above({party.institution for e in entries for party in e.parties}, institutions)
    used = sorted({entry.chain for entry in entries if entry.chain})
    lines = {code: place for code, place in institutions.items() if code in owners}
    named = {code: chains[code] for code in used if code in chains}
    return MonthFacts(
        *head, entries, _region_places({entry.region for entry in entries}, regions), lines, named
    )


def _with_above(codes: Collection[str], places: Mapping[str, Place]) -> set[str]:
    found: set[str] = set()
    for code in codes:
        above: str | None = code
        while above is not None and above not in found:
            found.add(above)
            above = places[above].parent
    return found


def _region_places(codes: Collection[str], regions: Regions) -> dict[str, Place]:
    listed = {}
    for code in sorted(codes):
        own = regions.get(code)
        for region in (*((own,) if own else ()), *regions.ancestors(code)):
            listed[region.code] = Place(region.name, region.parent, region.level.value)
    return listed
