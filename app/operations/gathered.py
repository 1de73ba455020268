"""What a database says of how the work goes: totals, no rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.coverage.months import shifted, span_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """Totals at one moment; ages and durations in seconds, None: there is nothing that has one.

    `jobs` by (kind, state). `late_entries`: on a roster in force, whose due day has passed. `open_months`: have
    ended and are not closed. `outbox_age`: since the oldest message that is due could have been sent.
    """

    jobs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    queue_age: float | None = None
    late_entries: int = 0
    open_months: int = 0
    outbox_waiting: int = 0
    outbox_age: float | None = None
    match_run_seconds: float | None = None


def open_months(first: str, this_month: str) -> int:
    """Answer how many months have ended and are not closed, from the first that is not (empty: there is none)."""
    return len(span_of(first, shifted(this_month, -1))) if first else 0
