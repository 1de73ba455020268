"""The reference book: all that other packages ask about codes, days and rates, in one value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from app.reference.industries import Industries
from app.reference.lpr import LprQuote, LprTable
from app.reference.regions import Regions
from app.reference.seed_files import read_seed
from app.reference.sizes import SizeStandard
from app.reference.working_days import WorkingCalendar


@dataclass(frozen=True, slots=True)
class ReferenceBook:
    """Immutable; safe to share between requests and threads."""

    regions: Regions
    industries: Industries
    sizes: SizeStandard
    lpr: LprTable
    calendar: WorkingCalendar


@lru_cache(maxsize=4)
def load_reference_book(seed_dir: Path) -> ReferenceBook:
    """Read `seed_dir/reference/*.csv` once for the life of the process.

    Raises:
        Refused: a table is missing or damaged; names file, line, column and what was expected.
    """
    seed = read_seed(seed_dir / "reference")
    return ReferenceBook(seed.regions, seed.industries, seed.sizes, seed.lpr, WorkingCalendar())


def with_operator_data(
    book: ReferenceBook, lpr_rows: Iterable[LprQuote], working_days: Iterable[tuple[date, bool]]
) -> ReferenceBook:
    """Answer the book with what the operator has loaded since the release; it wins on its days."""
    return replace(
        book,
        lpr=book.lpr.with_quotes(lpr_rows),
        calendar=book.calendar.with_days(working_days),
    )
