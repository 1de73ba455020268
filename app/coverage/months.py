"""Which months may be shown and closed (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.shanghai import month_bounds, shanghai_date
from app.reference.working_days import WorkingCalendar


def bounds_of(month: str) -> tuple[datetime, datetime]:
    """Answer the first instant of a month in Shanghai and the first after it; refuse what is no month."""
    try:
        return month_bounds(month)
    except (ValueError, OverflowError) as error:
        fault = Fault("month", "not a month", "Write YYYY-MM, such as 2023-11.", month)
        raise Refused("The month cannot be read.", [fault]) from error


def check_begun(month: str, now: datetime) -> None:
    """Say of a month that has not begun in Shanghai that there is nothing yet."""
    if bounds_of(month)[0] > now:
        fault = Fault("month", "has not begun in Shanghai", "Choose an earlier one.", month)
        raise NotFound(f"{month} has not begun.", [fault])


def check_closable(month: str, closed: Sequence[str], now: datetime) -> None:
    """Refuse to close a month that has not ended, is closed, or would leave a gap between closed ones.

    Closed months form one unbroken series; it may grow at either end.
    """
    until = bounds_of(month)[1]
    if now < until:
        fault = Fault("month", "has not ended in Shanghai", f"Close it from {shanghai_date(until)}.", month)
        raise Conflict(f"{month} has not ended.", [fault])
    if month in closed:
        fault = Fault("month", "is closed", "Later facts show as restatements.", month)
        raise Conflict(f"{month} is closed already; closed figures never change.", [fault])
    neighbours = {shifted(min(closed), -1), shifted(max(closed), 1)} if closed else {month}
    if month not in neighbours:
        first = " or ".join(sorted(neighbours))
        fault = Fault("month", "would leave a gap between closed months", f"Close {first} first.", month)
        raise Conflict(f"Closed months run from {min(closed)} to {max(closed)}.", [fault])


@dataclass(frozen=True, slots=True)
class NextClose:
    """The month that closes next and the day on which it does by itself; `obstacle` says why there is none."""

    month: str
    on: date | None
    obstacle: str = ""

    def is_due(self, now: datetime) -> bool:
        """Tell whether the day has come in Shanghai."""
        return self.on is not None and shanghai_date(now) >= self.on


def months_between(first: date, last: date) -> list[str]:
    """Answer the months that two days and all between them touch, oldest first."""
    return span_of(month_of(first), month_of(last))


def span_of(first: str, last: str) -> list[str]:
    """Answer two months and all between them, oldest first."""
    month, found = first, []
    while month <= last:
        found.append(month)
        month = shifted(month, 1)
    return found


def closes_on(month: str, calendar: WorkingCalendar) -> date:
    """Answer the first Chinese working day after a month (调休 counted): on it the month closes by itself.

    Raises:
        CalendarUnknownError: nobody has published, or loaded, the working days of that year.
    """
    return calendar.add_working_days(shanghai_date(bounds_of(month)[1]), 0)


def last_day_of(month: str) -> date:
    """Answer the last day of a month."""
    return shanghai_date(bounds_of(month)[1]) - timedelta(days=1)


def month_of(day: date) -> str:
    """Answer the month of a day."""
    return day.strftime("%Y-%m")


def shifted(month: str, count: int) -> str:
    """Answer the month so many months later; a negative count goes back."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
