"""Use cases: load the operator's dated values, and answer the reference book that holds them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from app.kernel.database import AsyncSession
from app.kernel.recording import looked_once
from app.reference import queries
from app.reference.book import ReferenceBook, load_reference_book, with_operator_data
from app.reference.lpr import LprQuote
from app.reference.operator_files import read_lpr_file, read_working_days_file
from app.reference.source_files import SourceTable, refuse_faults


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """How the rows of one file compare with what was known before."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did, or with `dry_run` would do; None for a file that was not given."""

    lpr: LoadCounts | None
    working_days: LoadCounts | None


async def current_book(session: AsyncSession, seed_dir: Path) -> ReferenceBook:
    """Answer the shipped book with the operator's values merged in.

    Raises:
        Refused: a shipped table is damaged.
    """
    return await looked_once(session, ("reference", seed_dir), partial(_merged_book, session, seed_dir))


async def _merged_book(session: AsyncSession, seed_dir: Path) -> ReferenceBook:
    book = load_reference_book(seed_dir)
    quotes = await queries.fetch_lpr_quotes(session)
    days = await queries.fetch_working_days(session)
    return with_operator_data(book, quotes, days.items()) if quotes or days else book


async def load_operator_reference(
    session: AsyncSession,
    seed_dir: Path,
    *,
    lpr_file: Path | None = None,
    working_days_file: Path | None = None,
    dry_run: bool = False,
) -> LoadReport:
    """Load the CSV files `date,lpr_1y,lpr_5y` and `day,is_working` (UTF-8); rows replace by date.

    Files are taken whole or not at all. Counts compare with the book in force before.

    Raises:
        Refused: all faults of both files by file, line and column; nothing is written.
    """
    book = await current_book(session, seed_dir)
    tables: list[SourceTable] = []
    quotes, days = None, None
    if lpr_file is not None:
        table, quotes = await asyncio.to_thread(read_lpr_file, lpr_file)
        tables.append(table)
    if working_days_file is not None:
        stored = book.calendar.extra
        table, days = await asyncio.to_thread(read_working_days_file, working_days_file, stored)
        tables.append(table)
    refuse_faults("Nothing was loaded", tables)
    if not dry_run:
        await _save(session, quotes, days, working_days_file)
    return LoadReport(
        None if quotes is None else _count(_by_day(book.lpr.quotes), _by_day(quotes)),
        None if days is None else _count(book.calendar.extra, days),
    )


async def _save(
    session: AsyncSession,
    quotes: list[LprQuote] | None,
    days: dict[date, bool] | None,
    days_file: Path | None,
) -> None:
    if quotes is not None:
        await queries.put_lpr_quotes(session, quotes)
    if days is not None and days_file is not None:
        await queries.put_working_days(session, days, days_file.name[-200:])


def _by_day(quotes: tuple[LprQuote, ...] | list[LprQuote]) -> dict[date, LprQuote]:
    return {quote.published: quote for quote in quotes}


def _count(known: Mapping[date, object], given: Mapping[date, object]) -> LoadCounts:
    new = sum(day not in known for day in given)
    same = sum(day in known and known[day] == value for day, value in given.items())
    return LoadCounts(new, len(given) - new - same, same)


def check_shipped(seed_dir: Path) -> dict[str, int]:
    """Read the shipped tables afresh and answer how many rows of each kind they hold.

    Raises:
        Refused: naming every fault by file, line, column and what was expected.
    """
    load_reference_book.cache_clear()
    book = load_reference_book(seed_dir)
    regions = book.regions
    counts = {f"regions.{level}": 0 for level in ("province", "city", "county")}
    for region in regions.by_code.values():
        if region.parent is not None:
            counts[f"regions.{region.level}"] += 1
    return counts | {
        "region_changes": sum(map(len, regions.changes.values())),
        "industries": len(book.industries.by_code),
        "size_categories": len({category.name for category in book.sizes.categories.values()}),
        "lpr_quotes": len(book.lpr.quotes),
    }
