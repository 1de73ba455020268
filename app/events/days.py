"""On which day each event of a year is held (pure; ortools CP-SAT, proven optimal).

Only Monday to Friday, never on a public holiday or a make-up Saturday; people who have to be at two events have at least
a week between them; events that stand already are respected. Days are as near as they can be to the middle of what
is open of each event's own share of its period.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ortools.sat.python import cp_model

from app.events.year import Commitment
from app.reference.errors import CalendarUnknownError
from app.reference.holiday_names import day_off
from app.reference.working_days import FRIDAY, WorkingCalendar

SEED = 20231012
WORK = 20.0
WEEK = 7
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What needs a day: who has to be there, on which days it could be, and the day it would best be on."""

    name: str
    people: frozenset[str]
    days: tuple[date, ...]
    best: date


def open_days(
    calendar: WorkingCalendar, first: date, last: date
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Answer the days from `first` to `last` on which an event may be held, and those that nobody knows."""
    known, unknown = [], []
    for offset in range((last - first).days + 1):
        day = first + ONE_DAY * offset
        try:
            if calendar.is_working_day(day) and day.weekday() <= FRIDAY:
                known.append(day)
        except CalendarUnknownError:
            unknown.append(day)
    return tuple(known), tuple(unknown)


@dataclass(frozen=True, slots=True)
class Off:
    """Why a day is not one to hold events on: in Chinese, as events keep it, and in English, as it is refused."""

    chinese: str
    english: str


def why_off(calendar: WorkingCalendar, day: date) -> Off | None:
    """Say why a day is not one to hold events on; None when it is."""
    try:
        off = day_off(calendar, day)
    except CalendarUnknownError:
        message = f"whether people work on {day.isoformat()} was not announced or loaded yet"
        return Off("的放假安排尚未公布或载入，不知是否上班", message)
    if off is not None and off.is_public_holiday:
        message = f"{day.isoformat()} is a public holiday: {off.name}"
        return Off(f"是{off.name}假期", message)
    if off is not None:
        message = f"{day.isoformat()} is a day off: {off.name}"
        return Off(f"是{off.name}", message)
    if day.weekday() <= FRIDAY:
        return None
    message = f"on the weekend day {day.isoformat()} people work in place of a holiday"
    return Off("是调休上班的周末", message)


def is_free(day: date, people: frozenset[str], commitments: Sequence[Commitment]) -> bool:
    """Tell whether none of the people stands committed less than a week before or after."""
    return not any(people & one.people and abs((one.day - day).days) < WEEK for one in commitments)


class DaysUndecided(RuntimeError):
    """The solver proved no best choice within its limit; never seen at the sizes of a year."""


def choose_days(occasions: Mapping[int, Occasion]) -> dict[int, date]:
    """Answer a day for as many occasions as can be, by key, with the least sum of distances from their best days.

    Raises:
        DaysUndecided: the solver's limit was too small.
    """
    model = cp_model.CpModel()
    flags = {key: {day: model.new_bool_var("") for day in one.days} for key, one in occasions.items()}
    for days in flags.values():
        model.add_at_most_one(days.values())
    keys = sorted(occasions)
    for place, first in enumerate(keys):
        for second in keys[place + 1 :]:
            if occasions[first].people & occasions[second].people:
                _keep_a_week(model, flags[first], flags[second])
    held = sum(flag for days in flags.values() for flag in days.values())
    model.maximize(held)
    model.add(held >= round(_solved(model).objective_value))
    model.minimize(
        sum(
            abs((day - occasions[key].best).days) * flag
            for key, days in flags.items()
            for day, flag in days.items()
        )
    )
    solver = _solved(model)
    return {key: day for key, days in flags.items() for day, flag in days.items() if solver.value(flag)}


def _solved(model: cp_model.CpModel) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.random_seed = 1, SEED
    solver.parameters.max_deterministic_time = WORK
    if solver.solve(model) != cp_model.OPTIMAL:
        raise DaysUndecided("no choice of days was proven best")
    return solver


def _keep_a_week(
    model: cp_model.CpModel, first: Mapping[date, cp_model.IntVar], second: Mapping[date, cp_model.IntVar]
) -> None:
    for day, flag in first.items():
        near = [other for own, other in second.items() if abs((own - day).days) < WEEK]
        if near:
            # Each is held on one day at most: so no two of these at all.
            model.add_at_most_one([flag, *near])
