"""Chinese working days with make-up days (调休), by `chinesecalendar` and the operator's table.

The library ends with the last year that the State Council had announced when it was released. Beyond
it only what the operator has loaded counts: a day that is listed, or any day of a year whose notice
is loaded. A notice lists the public holidays and all days off and make-up days that go with them;
its other days are ordinary, Monday to Friday. Nothing is guessed: any other day raises
`CalendarUnknownError`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

from chinese_calendar import is_workday
from chinese_calendar.constants import holidays

from app.reference.errors import CalendarUnknownError

FIRST_YEAR: int = min(holidays).year
LAST_YEAR: int = max(holidays).year
ONE_DAY = timedelta(days=1)
BEFORE_FIRST, LAST_DAY = date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR, 12, 31)
FRIDAY = 4
# 全国年节及纪念日放假办法 (2024 revision): New Year, Labour Day, National Day.
FIXED_HOLIDAYS = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
# Spring Festival runs from the eve to the third of the lunar year, which begins between 21 January
# and 20 February.
SPRING_WINDOW = ((1, 20), (2, 23))
LEAST_SPRING_DAYS = 4


@lru_cache(maxsize=64)
def _published(year: int) -> frozenset[date]:
    first = date(year, 1, 1)
    days = (first + ONE_DAY * offset for offset in range((date(year + 1, 1, 1) - first).days))
    return frozenset(day for day in days if is_workday(day))


@lru_cache(maxsize=1)
def _published_days() -> tuple[date, ...]:
    return tuple(sorted(day for year in range(FIRST_YEAR, LAST_YEAR + 1) for day in _published(year)))


def is_published(year: int) -> bool:
    """Say whether the library knows the year."""
    return FIRST_YEAR <= year <= LAST_YEAR


def missing_holidays(year: int, overrides: Mapping[date, bool]) -> tuple[str, ...]:
    """Answer the public holidays which a year's notice has to list as days off, but does not."""
    fixed = (date(year, month, day) for month, day in FIXED_HOLIDAYS)
    missing = [day.isoformat() for day in fixed if overrides.get(day) is not False]
    first, last = (date(year, month, day) for month, day in SPRING_WINDOW)
    spring = sum(first <= day <= last and not works for day, works in overrides.items())
    if spring < LEAST_SPRING_DAYS:
        missing.append(f"Spring Festival ({spring} of {LEAST_SPRING_DAYS} days, {first} to {last})")
    return tuple(missing)


def _announced_years(overrides: Mapping[date, bool]) -> frozenset[int]:
    years = {day.year for day in overrides if not is_published(day.year)}
    return frozenset(year for year in years if not missing_holidays(year, overrides))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working days; what the operator has loaded (`extra`) wins over the library."""

    extra: Mapping[date, bool] = field(default_factory=lambda: MappingProxyType({}))
    announced: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))
        object.__setattr__(self, "announced", _announced_years(self.extra))

    def is_working_day(self, day: date) -> bool:
        """Say whether people work on that day.

        Raises:
            CalendarUnknownError: neither the library nor the operator knows the day.
        """
        listed = self.extra.get(day)
        if listed is not None:
            return listed
        if is_published(day.year):
            return day in _published(day.year)
        if day.year in self.announced:
            return day.weekday() <= FRIDAY
        raise CalendarUnknownError(day, FIRST_YEAR, LAST_YEAR)

    def add_working_days(self, start: date, count: int) -> date:
        """Answer the `count`-th working day after `start`, which itself is not counted.

        A `count` of 0 answers `start` if it is a working day, else the next one.

        Raises:
            ValueError: `count` is negative.
            CalendarUnknownError: the way there leaves the known days.
        """
        if count < 0:
            msg = f"cannot add {count} working days"
            raise ValueError(msg)
        day, left = start, count
        if count == 0:
            while not self.is_working_day(day):
                day += ONE_DAY
        while left:
            day += ONE_DAY
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and with `end`; negative if `end` is earlier.

        So that `working_days_between(d, add_working_days(d, n)) == n` for n > 0.

        Raises:
            CalendarUnknownError: a day between is not known.
        """
        if end < start:
            return -self.working_days_between(end, start)
        low, high = max(start, BEFORE_FIRST), min(end, LAST_DAY)
        if low >= high:
            return self._counted(start, end)
        published = _published_days()
        counted = bisect_right(published, high) - bisect_right(published, low)
        listed = ((day, works) for day, works in self.extra.items() if low < day <= high)
        counted += sum(works - (day in _published(day.year)) for day, works in listed)
        return self._counted(start, low) + counted + self._counted(high, end)

    def _counted(self, start: date, end: date) -> int:
        """Count day by day: years of which the library knows nothing."""
        days = (start + ONE_DAY * offset for offset in range(1, (end - start).days + 1))
        return sum(map(self.is_working_day, days))

    def with_days(self, days: Iterable[tuple[date, bool]]) -> "WorkingCalendar":
        """Answer a calendar that knows these days too; a day given here wins."""
        return WorkingCalendar({**self.extra, **dict(days)})
