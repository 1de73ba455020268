"""The only place that reads the clock."""

import time
from datetime import UTC, date, datetime

from app.kernel.shanghai import shanghai_date


def utc_now() -> datetime:
    """Answer the present instant, aware, in UTC."""
    return datetime.now(UTC)


def elapsed_seconds() -> float:
    """Answer seconds since some fixed moment of this process; only differences mean anything."""
    return time.monotonic()


def shanghai_today() -> date:
    """Answer today's date in Asia/Shanghai."""
    return shanghai_date(utc_now())
