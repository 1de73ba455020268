"""Targets of the policies beside the figures (pure): what the text asks for, what there is, on which day.

Only what a text in force sets is measured, and only by what it says: where it names no day, nothing is missed.
Quoted below is 黑银发〔2023〕25号（十三）, the text that sets all three; another place's text of the same key
is measured alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.coverage.percentages import percent_text
from app.coverage.rules import Figures
from app.policy.parameter_types import value_text
from app.policy.rulebook import AppliedParameter, RuleBook

FULL_COVERAGE: Final = "targets.coverage"
MIN_ENTRIES: Final = "whitelist.min_entries"
REFRESH: Final = "whitelist.refresh_months"
MONTHS_A_YEAR: Final = 12


class TargetState(StrEnum):
    """How a target stands on the day on which it is measured."""

    MET = "met"
    NOT_YET = "not_yet"
    MISSED = "missed"


STATE_LABELS: Final = {
    TargetState.MET: "已达到",
    TargetState.NOT_YET: "尚未达到",
    TargetState.MISSED: "未达到",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A target with what there is; `due_on` is the last day on which it can be met, None: the text names none."""

    parameter: AppliedParameter
    value: str
    actual: str
    state: TargetState
    measured_on: date
    due_on: date | None


def measure(book: RuleBook, figures: Figures, in_force_from: date, on: date) -> tuple[Measured, ...]:
    """Answer the targets that apply on a day beside the figures of the roster that is in force since a day."""
    found = (
        *(_coverage(book.parameter(FULL_COVERAGE), figures, on) if book.sets(FULL_COVERAGE) else ()),
        *(_entries(book.parameter(MIN_ENTRIES), figures, on) if book.sets(MIN_ENTRIES) else ()),
        *(_refresh(book.parameter(REFRESH), in_force_from, on) if book.sets(REFRESH) else ()),
    )
    return tuple(found)


def _coverage(target: AppliedParameter, figures: Figures, on: date) -> Iterator[Measured]:
    """Measure “力争年底前实现白名单内企业（项目）对接全覆盖”: by the last day of the year of the month."""
    assert isinstance(target.value, Decimal)
    due = date(on.year, MONTHS_A_YEAR, 31)
    is_met = figures.entries > 0 and figures.contacted * 100 >= target.value * figures.entries
    percent = percent_text(figures.contacted, figures.entries)
    actual = f"{figures.contacted}/{figures.entries}" + ("" if percent is None else f"＝{percent}%")
    yield _measured(target, actual, on, due, is_met=is_met)


def _entries(target: AppliedParameter, figures: Figures, on: date) -> Iterator[Measured]:
    """Measure “力争不少于3000户（个）”, for which the text names no day."""
    assert isinstance(target.value, int)
    actual = f"{figures.entries}{target.unit}"
    yield _measured(target, actual, on, None, is_met=figures.entries >= target.value)


def _refresh(target: AppliedParameter, in_force_from: date, on: date) -> Iterator[Measured]:
    """Measure “每半年更新调整一次”: a new roster is in force before so many months have gone by."""
    assert isinstance(target.value, int)
    due = _months_later(in_force_from, target.value) - timedelta(days=1)
    actual = f"现行名单自{in_force_from.isoformat()}起"
    yield _measured(target, actual, on, due, is_met=on <= due)


def _measured(target: AppliedParameter, actual: str, on: date, due: date | None, *, is_met: bool) -> Measured:
    can_still = due is None or on < due
    state = TargetState.MET if is_met else TargetState.NOT_YET if can_still else TargetState.MISSED
    return Measured(target, value_text(target.value, target.type, target.unit), actual, state, on, due)


def _months_later(day: date, count: int) -> date:
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + count, MONTHS_A_YEAR)
    first = date(year, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(day.day, last.day))
