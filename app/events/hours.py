"""An event's hours as they are stored, minutes from midnight in Shanghai, and as slots (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from app.events.slots import Span, day_slots
from app.kernel.shanghai import SHANGHAI

_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening, closing, lengths and breaks of an event's day."""

    opens: int
    closes: int
    slot_minutes: int
    change_minutes: int
    breaks: tuple[tuple[int, int], ...]

    def slots(self) -> tuple[Span, ...]:
        """Answer the slots of the day.

        Raises:
            Refused: hours make no sense.
        """
        pauses = [Span(clock(start), clock(end)) for start, end in self.breaks]
        day = Span(clock(self.opens), clock(self.closes))
        return day_slots(day, minutes=self.slot_minutes, change_minutes=self.change_minutes, breaks=pauses)


def clock(minute: int) -> time:
    """Answer the time of day of a minute."""
    return time(minute // _HOUR, minute % _HOUR)


def minute(text: str) -> int:
    """Answer the minute of a time that is written `09:30`."""
    hours, _colon, minutes = text.partition(":")
    return int(hours) * _HOUR + int(minutes)


def written(at: int) -> str:
    """Answer how a minute is written, `09:30`."""
    return f"{clock(at):%H:%M}"


def hours_of(row: Any) -> Hours:
    """Answer the hours of a stored event."""
    breaks = tuple((int(start), int(end)) for start, end in row.breaks)
    return Hours(row.opens, row.closes, row.slot_minutes, row.change_minutes, breaks)


def instant(day: date, at: time) -> datetime:
    """Answer the instant of a time of day in Shanghai."""
    return datetime.combine(day, at, SHANGHAI)
