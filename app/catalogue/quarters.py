"""Quarters of the product library 产品库, which is published anew each quarter (黑银发〔2023〕25号 六)."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

QUARTER_PATTERN: Final = r"^[0-9]{4}Q[1-4]$"
_MONTHS: Final = 3
_LAST_DAYS: Final = {3: 31, 6: 30, 9: 30, 12: 31}


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year, both days included."""

    code: str
    first: date
    last: date


def quarter_of(code: str) -> Quarter:
    """Answer the quarter that a code such as `2023Q4` names.

    Raises:
        ValueError: it is not written so, or names a year that no calendar has.
    """
    if not re.fullmatch(QUARTER_PATTERN, code, re.ASCII):
        msg = f"{code!r} is not a quarter such as 2023Q4"
        raise ValueError(msg)
    year, number = int(code[:4]), int(code[5])
    first = date(year, _MONTHS * (number - 1) + 1, 1)
    last_month = _MONTHS * number
    return Quarter(code, first, date(year, last_month, _LAST_DAYS[last_month]))


def publishing_day(quarter: Quarter, today: date) -> date | None:
    """Answer the day whose revisions an edition freezes: today, else the quarter's last; None: too early."""
    return None if today < quarter.first else min(today, quarter.last)


@lru_cache
def quarter_with(day: date) -> Quarter:
    """Answer the quarter in which a day lies."""
    return quarter_of(f"{day.year:04d}Q{(day.month - 1) // _MONTHS + 1}")
