"""What a year's calendar of docking events is made of (pure values).

Rhythms: one conference a year 金企对接大会, each quarter one field in one city 每季度一领域一地市
(黑银发〔2023〕25号（十四）), and one chain a month 一月一链 (洛阳（征求意见稿）（二）, a draft unless adopted). Which rhythm
applies, how often and by which clause is the caller's, read from the packs in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Rhythm(StrEnum):
    """How often a kind of event comes round."""

    YEARLY = "yearly"
    QUARTERLY = "quarterly"
    MONTHLY = "monthly"


RHYTHM_LABELS: Final[Mapping[Rhythm, str]] = {
    Rhythm.YEARLY: "年度金企对接大会",
    Rhythm.QUARTERLY: "一领域一地市对接活动",
    Rhythm.MONTHLY: "一月一链对接活动",
}
MONTHS_OF: Final[Mapping[Rhythm, int]] = {Rhythm.YEARLY: 12, Rhythm.QUARTERLY: 3, Rhythm.MONTHLY: 1}


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event may be about: a chain, or a field in a city; `place` is the region code that hosts it.

    `people` (codes) are those who have to be there: chain leader, office, contracted banks. `coverage_bp` is contacted of
    entries in basis points, None unknown; `last_event` None: never had one.
    """

    code: str
    name: str
    place: str
    place_name: str
    people: frozenset[str]
    open_needs: int
    coverage_bp: int | None = None
    last_event: date | None = None
    theme: str = ""
    """Groups what is alike across places: the field of one-field-one-city events; a chain has none."""


@dataclass(frozen=True, slots=True)
class Series:
    """One rhythm of a year: its subjects, how many events a period, and the clause that asks for it."""

    rhythm: Rhythm
    subjects: tuple[Subject, ...]
    clause: str
    per_period: int = 1
    best_month: int | None = None
    """Of a yearly event: the month (1 – 12) near whose middle it should be; None: near the middle of the year."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """An event that stands already: its day and people are respected."""

    name: str
    day: date
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One event with its day; `period` is its first month; `reasons` say in Chinese why this, there and then."""

    rhythm: Rhythm
    subject: Subject
    period: date
    day: date
    reasons: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{RHYTHM_LABELS[self.rhythm]}：{self.subject.name}"

    def in_period(self, day: date) -> bool:
        """Tell whether a day lies in the month, quarter or year that the clause counts."""
        months = (day.year - self.period.year) * 12 + day.month - self.period.month
        return 0 <= months < MONTHS_OF[self.rhythm]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A subject without an event this year, and why."""

    subject: Subject
    reason: str


@dataclass(frozen=True, slots=True)
class YearPlan:
    """The calendar in the order of days. `questions` are for a person: days unknown, people who are asked too often."""

    events: tuple[PlannedEvent, ...]
    left_out: tuple[LeftOut, ...] = ()
    questions: tuple[str, ...] = ()
