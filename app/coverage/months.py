"""Which months may be shown and closed (pure)."""

from collections.abc import Sequence
from datetime import date, datetime

from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.shanghai import month_bounds


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
        fault = Fault("month", "has not ended in Shanghai", f"Close it from {until.isoformat()}.", month)
        raise Conflict(f"{month} has not ended.", [fault])
    if month in closed:
        fault = Fault("month", "is closed", "Later facts show as restatements.", month)
        raise Conflict(f"{month} is closed already; closed figures never change.", [fault])
    neighbours = {_shifted(min(closed), -1), _shifted(max(closed), 1)} if closed else {month}
    if month not in neighbours:
        first = " or ".join(sorted(neighbours))
        fault = Fault("month", "would leave a gap between closed months", f"Close {first} first.", month)
        raise Conflict(f"Closed months run from {min(closed)} to {max(closed)}.", [fault])


def months_between(first: date, last: date) -> list[str]:
    """Answer the months that two days and all between them touch, oldest first."""
    month, after, found = first.strftime("%Y-%m"), last.strftime("%Y-%m"), []
    while month <= after:
        found.append(month)
        month = _shifted(month, 1)
    return found


def _shifted(month: str, count: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
