"""Days and months of Asia/Shanghai, where the governments and banks that count them sit (pure)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai_date(instant: datetime) -> date:
    """Answer the calendar day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(SHANGHAI).date()


def day_text(day: date) -> str:
    """Answer a day as people write it in a Chinese sentence: `2023年11月7日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Answer the first instant of a month `YYYY-MM` and the first after it, in UTC.

    Raises:
        ValueError: the text is not a month.
    """
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=SHANGHAI)
    year, index = divmod(start.year * 12 + start.month, 12)
    after = datetime(year, index + 1, 1, tzinfo=SHANGHAI)
    return start.astimezone(UTC), after.astimezone(UTC)
