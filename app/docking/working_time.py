"""How long a step may take, counted in Chinese working days (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.policy.rulebook import RuleBook
from app.reference.errors import CalendarUnknownError
from app.reference.working_days import WorkingCalendar

ONE_DAY: Final = timedelta(days=1)


class Step(StrEnum):
    """What is owed next."""

    ALLOCATE = "allocate"
    ACCEPT = "accept"
    CONTACT = "contact"
    ANSWER = "answer"
    DISBURSE = "disburse"
    RESOLVE = "resolve"
    REFRESH = "refresh"


STEP_LABELS: Final[Mapping[Step, str]] = {
    Step.ALLOCATE: "落实责任机构",
    Step.ACCEPT: "接单",
    Step.CONTACT: "首次联系",
    Step.ANSWER: "答复",
    Step.DISBURSE: "放款",
    Step.RESOLVE: "协调解决",
    Step.REFRESH: "随名单更新",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Working days for each step, with the clause that sets them; a project's answer may take longer.

    `pause_most` is how long an institution's days may stand still in one step altogether, `remind_before`
    how long before the due day a reminder goes out.
    """

    allocate: int
    accept: int
    contact: int
    answer: int
    answer_project: int
    disburse: int
    resolve: int
    pause_most: int
    remind_before: int
    citation: str

    def days(self, step: Step, *, is_project: bool) -> int:
        """Answer the working days that a step may take."""
        by_step = {
            Step.ALLOCATE: self.allocate,
            Step.ACCEPT: self.accept,
            Step.CONTACT: self.contact,
            Step.ANSWER: self.answer_project if is_project else self.answer,
            Step.DISBURSE: self.disburse,
            Step.RESOLVE: self.resolve,
        }
        return by_step.get(step, 0)


LIMIT_KEYS: Final = frozenset({"docking.deadlines", "docking.pauses", "docking.reminders"})
"""The parameters that limits are read from."""


def limits_of(book: RuleBook) -> Limits:
    """Read the limits as they apply where and when the book does."""
    deadlines = book.parameter("docking.deadlines")
    found = _counts(deadlines.value) | {
        "pause_most": _counts(book.parameter("docking.pauses").value)["most"],
        "remind_before": _counts(book.parameter("docking.reminders").value)["before"],
    }
    return Limits(**found, citation=deadlines.citation)


def _counts(value: object) -> dict[str, int]:
    assert isinstance(value, Mapping), "its type in the pack is `counts`"
    return {str(name): int(str(count)) for name, count in value.items()}


@dataclass
class DayCounter:
    """Counts working days of a calendar, each way only once; None where days are not known."""

    calendar: WorkingCalendar
    _later: dict[tuple[date, int], date | None] = field(default_factory=dict)
    _earlier: dict[tuple[date, int], date | None] = field(default_factory=dict)

    def after(self, start: date, days: int) -> date | None:
        """Answer the day so many working days after another."""
        if (start, days) not in self._later:
            try:
                self._later[start, days] = self.calendar.add_working_days(start, days)
            except (CalendarUnknownError, OverflowError):
                self._later[start, days] = None
        return self._later[start, days]

    def before(self, due: date | None, days: int) -> date | None:
        """Answer the last day from which there are at least so many working days up to another."""
        if due is None:
            return None
        if (due, days) not in self._earlier:
            self._earlier[due, days] = self._walk_back(due, days)
        return self._earlier[due, days]

    def between(self, start: date, end: date) -> int | None:
        """Count the working days after one day up to and with another; negative when it is earlier."""
        try:
            return self.calendar.working_days_between(start, end)
        except CalendarUnknownError:
            return None

    def covered(self, spans: Iterable[tuple[date, date]]) -> int:
        """Count the working days after the start and up to the end of spans, each once; unknown ones as none."""
        total, reached = 0, date.min
        for start, end in sorted(spans):
            begin = max(start, reached)
            if end > begin:
                total += self.between(begin, end) or 0
                reached = end
        return total

    def _walk_back(self, due: date, days: int) -> date | None:
        day = due
        while (left := self.between(day, due)) is not None and left < days:
            day -= ONE_DAY
        return None if left is None else day


def days_left(counter: DayCounter, today: date, due_on: date | None) -> int | None:
    """Count working days to a due day: 0 on the day itself; a day off after it is overdue, by one at least."""
    if due_on is None:
        return None
    left = counter.between(today, due_on)
    return left if left is None or today <= due_on else min(left, -1)
