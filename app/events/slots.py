"""The slots of an event's day: equal lengths between opening and closing, none across a break (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from app.kernel.errors import Fault, Refused

MOST_SLOTS: Final = 36
_HOUR: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of the day in Shanghai's time, whole minutes; `ends_at` is no longer part of it."""

    starts_at: time
    ends_at: time

    def __str__(self) -> str:
        return f"{self.starts_at:%H:%M}—{self.ends_at:%H:%M}"


def day_slots(
    day: Span, *, minutes: int, change_minutes: int = 0, breaks: Sequence[Span] = ()
) -> tuple[Span, ...]:
    """Answer the slots of a day in order: each `minutes` long, `change_minutes` apart to change tables.

    A slot that would reach into a break (lunch, opening speeches) begins at the break's end instead. Waiting over
    a break is no idle slot: a break is none.

    Raises:
        Refused: lengths or breaks make no sense, or no slot or more than `MOST_SLOTS` fit; names all at once.
    """
    faults = _faults(day, minutes, change_minutes, breaks)
    slots = () if faults else _slots(day, minutes, change_minutes, sorted(breaks))
    if not faults and not 0 < len(slots) <= MOST_SLOTS:
        faults.append(
            Fault(
                "minutes",
                f"{day} holds {len(slots)} slots, where 1 to {MOST_SLOTS} may be",
                "Change how long a slot is, or when the event begins and ends.",
                str(minutes),
            )
        )
    if faults:
        raise Refused("The day cannot be cut into slots.", faults)
    return slots


def _faults(day: Span, minutes: int, change_minutes: int, breaks: Sequence[Span]) -> list[Fault]:
    found = [
        Fault(where, f"{span} does not end after it begins", "Correct when it begins and ends.", str(span))
        for where, span in (("day", day), *((f"breaks[{k}]", span) for k, span in enumerate(breaks)))
        if span.ends_at <= span.starts_at
    ]
    if minutes < 1:
        found.append(Fault("minutes", "a slot takes a minute at least", "Correct the length.", str(minutes)))
    if change_minutes < 0:
        found.append(
            Fault(
                "change_minutes",
                "the time to change tables is below zero",
                "Correct the length.",
                str(change_minutes),
            )
        )
    return found


def _slots(day: Span, minutes: int, change_minutes: int, breaks: Sequence[Span]) -> tuple[Span, ...]:
    found, begin, close = [], _minute(day.starts_at), _minute(day.ends_at)
    pauses = [(_minute(span.starts_at), _minute(span.ends_at)) for span in breaks]
    while (end := begin + minutes) <= close:
        over = [stop for start, stop in pauses if start < end and begin < stop]
        if over:
            begin = max(over)
            continue
        found.append(Span(_clock(begin), _clock(end)))
        begin = end + change_minutes
    return tuple(found)


def _minute(clock: time) -> int:
    return clock.hour * _HOUR + clock.minute


def _clock(minute: int) -> time:
    return time(minute // _HOUR, minute % _HOUR)
