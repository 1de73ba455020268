"""The only place that reads the clock.

Instants are UTC; months, days and deadlines are those of Asia/Shanghai, because that is where
the governments and banks that count them sit.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """Answer the present instant, aware, in UTC."""
    return datetime.now(UTC)


def shanghai_date(instant: datetime) -> date:
    """Answer the calendar day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(SHANGHAI).date()


def shanghai_today() -> date:
    """Answer today's date in Asia/Shanghai."""
    return shanghai_date(utc_now())


def shanghai_month(instant: datetime) -> str:
    """Answer the month `YYYY-MM` in Asia/Shanghai in which an aware instant falls."""
    return shanghai_date(instant).strftime("%Y-%m")


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Answer the first instant of a month `YYYY-MM` and the first after it, in UTC.

    Raises:
        ValueError: the text is not a month.
    """
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=SHANGHAI)
    year, index = divmod(start.year * 12 + start.month, 12)
    after = datetime(year, index + 1, 1, tzinfo=SHANGHAI)
    return start.astimezone(UTC), after.astimezone(UTC)
