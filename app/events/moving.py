"""Moving an event to another day: a person decides, but not silently (pure).

A public holiday, a weekend, a day that no calendar knows, people who are asked twice within a week, or a day outside
of the period that the clause counts: each is refused by name with the next working days, unless a reason is given, which
is kept with the event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from app.events.days import ONE_DAY, WEEK, is_free, why_off
from app.events.year import Commitment, PlannedEvent
from app.kernel.errors import Fault, Refused
from app.reference.working_days import WorkingCalendar

PROPOSED = 3
FARTHEST_DAYS = 60
SHORTEST_REASON = 4


def moved(
    event: PlannedEvent,
    day: date,
    calendar: WorkingCalendar,
    *,
    others: Sequence[Commitment] = (),
    reason: str = "",
) -> PlannedEvent:
    """Answer the event on its new day; with a reason (four characters at least) what speaks against it is overruled.

    Raises:
        Refused: something speaks against the day and no reason is given; names all of it and what to do instead.
    """
    faults = list(move_faults(event, day, calendar, others=others))
    given = reason.strip()
    if faults and len(given) < SHORTEST_REASON:
        raise Refused(f"“{event.name}”不能直接改到{day.isoformat()}；如确需改到这一天，请写明理由。", faults)
    against = "；".join(fault.message for fault in faults)
    note = f"由{event.day.isoformat()}改到{day.isoformat()}"
    note += f"，理由：{given}" if given else ""
    note += f"（已知：{against}）" if against else ""
    return replace(event, day=day, reasons=(*event.reasons, note))


def move_faults(
    event: PlannedEvent, day: date, calendar: WorkingCalendar, *, others: Sequence[Commitment] = ()
) -> Iterator[Fault]:
    """Name everything that speaks against a day for an event, each with a remedy."""
    if (against := why_off(calendar, day)) is not None:
        proposed = next_days(calendar, day, event.subject.people, others)
        remedy = (
            f"可改到{'、'.join(one.isoformat() for one in proposed)}。"
            if proposed
            else "先载入该年放假安排。"
        )
        yield Fault("day", f"{day.isoformat()}{against}", remedy, day.isoformat())
    for one in sorted(others, key=lambda other: other.day):
        if one.people & event.subject.people and abs((one.day - day).days) < WEEK:
            message = f"与“{one.name}”（{one.day.isoformat()}）人员相同，相隔不足一周"
            yield Fault("day", message, "换一天，或换人出席。", day.isoformat())
    if not event.in_period(day):
        message = f"不在{event.reasons[0].split('：')[0] if event.reasons else '条款'}所要求的本期之内"
        yield Fault("day", message, "改到本期之内，否则本期缺一场。", day.isoformat())


def next_days(
    calendar: WorkingCalendar, day: date, people: frozenset[str], others: Sequence[Commitment]
) -> tuple[date, ...]:
    """Answer the next three days after `day`, Monday to Friday, on which people work and are free; fewer if unknown."""
    found: list[date] = []
    for offset in range(1, FARTHEST_DAYS + 1):
        each = day + ONE_DAY * offset
        if len(found) < PROPOSED and why_off(calendar, each) is None and is_free(each, people, others):
            found.append(each)
    return tuple(found)
