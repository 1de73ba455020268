"""Moving an event to another day: a person decides, but not silently (pure).

A public holiday, a weekend, a day that no calendar knows, people who are asked twice within a week, or a day outside
of the period that the clause counts: each is refused by name with the next working days, unless a reason is given, which
is kept with the event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.events.days import ONE_DAY, WEEK, is_free, why_off
from app.events.year import Commitment, PlannedEvent
from app.kernel.errors import Fault, Refused
from app.kernel.shanghai import day_text
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
    against = list(hindrances(event, day, calendar, others=others))
    given = reason.strip()
    if against and len(given) < SHORTEST_REASON:
        raise Refused(
            f"“{event.name}” cannot simply be moved to {day.isoformat()}; to hold it then all the same, state a reason.",
            [one.fault for one in against],
        )
    note = f"由{day_text(event.day)}改到{day_text(day)}"
    note += f"，理由：{given}" if given else ""
    note += overruled(against)
    return replace(event, day=day, reasons=(*event.reasons, note))


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What speaks against a day: as it is refused, and in Chinese, as an event keeps it that is held all the same."""

    fault: Fault
    chinese: str


def overruled(against: Sequence[Hindrance]) -> str:
    """Answer in Chinese what was known to speak against a day, as it stands behind a reason."""
    return f"（已知：{'；'.join(one.chinese for one in against)}）" if against else ""


def hindrances(
    event: PlannedEvent, day: date, calendar: WorkingCalendar, *, others: Sequence[Commitment] = ()
) -> Iterator[Hindrance]:
    """Name everything that speaks against a day for an event, each with a remedy."""
    if (off := why_off(calendar, day)) is not None:
        proposed = next_days(calendar, day, event.subject.people, others)
        remedy = (
            f"Move it to {' / '.join(one.isoformat() for one in proposed)}."
            if proposed
            else "Load the days off of that year first."
        )
        fault = Fault("day", off.english, remedy, day.isoformat())
        yield Hindrance(fault, f"{day_text(day)}{off.chinese}")
    for one in sorted(others, key=lambda other: other.day):
        if one.people & event.subject.people and abs((one.day - day).days) < WEEK:
            met = f"与“{one.name}”（{day_text(one.day)}）人员相同，相隔不足一周"
            message = f"the same people are at “{one.name}” on {one.day.isoformat()}, less than a week apart"
            fault = Fault("day", message, "Choose another day, or other people.", day.isoformat())
            yield Hindrance(fault, met)
    if not event.in_period(day):
        clause = event.reasons[0].split("：")[0] if event.reasons else "条款"
        message = f"the day is outside of the period that {clause} asks for"
        remedy = "Choose a day of the period, which lacks an event otherwise."
        fault = Fault("day", message, remedy, day.isoformat())
        yield Hindrance(fault, f"不在{clause}所要求的本期之内")


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
