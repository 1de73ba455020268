"""The CSV files that an operator loads: LPR quotes, and the working days of announced years."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from app.reference.lpr import LprQuote
from app.reference.seed_files import LPR_COLUMNS, lpr_quotes
from app.reference.source_files import SourceTable, read_date, read_table, read_yes_no
from app.reference.working_days import is_published, missing_holidays

WORKING_DAY_COLUMNS = ("day", "is_working")


def read_lpr_file(path: Path) -> tuple[SourceTable, list[LprQuote]]:
    """Read quotes; the faults stand in the table."""
    table = read_table(path, LPR_COLUMNS)
    return table, list(lpr_quotes(table))


def read_working_days_file(path: Path, stored: Mapping[date, bool]) -> tuple[SourceTable, dict[date, bool]]:
    """Read days; the faults stand in the table.

    For a year that the calendar library does not know, file and `stored` together must list the fixed
    public holidays as days off: without them the notice is not whole, and the days that it
    does not list could not be told from ordinary ones.
    """
    table = read_table(path, WORKING_DAY_COLUMNS)
    days: dict[date, bool] = {}
    seen: dict[date, int] = {}
    for line, (day, is_working) in table.rows:
        on = table.parse(read_date, line, "day", day, "a day such as 2027-01-01")
        works = table.parse(read_yes_no, line, "is_working", is_working, "1 or 0 (是 or 否)")
        if on is not None:
            table.check_first(seen, on, line, "day")
            if works is not None:
                days[on] = works
    _check_whole_years(table, {**stored, **days}, seen)
    return table, days


def _check_whole_years(table: SourceTable, days: Mapping[date, bool], lines: Mapping[date, int]) -> None:
    first_lines: dict[int, int] = {}
    for day, line in lines.items():
        first_lines.setdefault(day.year, line)
    for year, line in first_lines.items():
        missing = () if is_published(year) else missing_holidays(year, days)
        if missing:
            expected = f"the whole notice of {year}; days off not listed: {', '.join(missing)}"
            table.fault(line, "day", str(year), expected)
