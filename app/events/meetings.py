"""Meetings of firms and banks at an event, what a timetable has to respect, and what it answers (pure values).

Slots and tables are numbers: slot 0 is the first of `slots.day_slots`, table 1 the first of its bank.
An *idle* slot of a participant lies strictly between its first and its last meeting, the participant is there, and it
meets nobody; a bank meets somebody while any of its tables does. Slots in which it is absent are not idle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True, order=True)
class Meeting:
    """One firm meets one bank, for one slot; codes of both."""

    firm: str
    bank: str


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """When and where: slot from 0, table of the bank from 1."""

    slot: int
    table: int


@dataclass(frozen=True, slots=True)
class TimetableProblem:
    """What is to be timetabled. Validity is said by `timetable_faults.problem_faults`.

    - `tables` names every bank with how many meetings it holds at once.
    - `firms_absent`, `banks_absent`: slots in which a participant is not there.
    - `most_at_once`: meetings that the hall holds at once, None for no bound.
    - `pinned`: slots that are promised and stay; `before`: the timetable that people hold already, from which
      as few meetings as possible change their slot. Meetings that are no longer held are passed over there.
    """

    slots: int
    meetings: tuple[Meeting, ...]
    tables: Mapping[str, int]
    firms_absent: Mapping[str, frozenset[int]] = field(default_factory=dict)
    banks_absent: Mapping[str, frozenset[int]] = field(default_factory=dict)
    most_at_once: int | None = None
    pinned: Mapping[Meeting, int] = field(default_factory=dict)
    before: Mapping[Meeting, Place] = field(default_factory=dict)

    def firm_slots(self, firm: str) -> tuple[int, ...]:
        """Answer the slots in which a firm is there, ascending."""
        away = self.firms_absent.get(firm, frozenset())
        return tuple(slot for slot in range(self.slots) if slot not in away)

    def bank_slots(self, bank: str) -> tuple[int, ...]:
        """Answer the slots in which a bank is there, ascending."""
        away = self.banks_absent.get(bank, frozenset())
        return tuple(slot for slot in range(self.slots) if slot not in away)

    def slots_of(self, meeting: Meeting) -> tuple[int, ...]:
        """Answer the slots in which both are there; only the promised one of a pinned meeting."""
        shared = set(self.bank_slots(meeting.bank)) & set(self.firm_slots(meeting.firm))
        if meeting in self.pinned:
            shared &= {self.pinned[meeting]}
        return tuple(sorted(shared))


class Goal(StrEnum):
    """What is made small, one strictly after the other."""

    MOVED = "moved"
    FIRM_IDLE = "firm_idle"
    BANK_IDLE = "bank_idle"
    END = "end"


GOAL_LABELS: Final[Mapping[Goal, str]] = {
    Goal.MOVED: "改动时段的洽谈",
    Goal.FIRM_IDLE: "企业空等时段",
    Goal.BANK_IDLE: "银行空等时段",
    Goal.END: "用到的时段数",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """What was reached of one goal, and the bound below which it is proven that nothing lies.

    Both hold given what was reached of the goals before it.
    """

    goal: Goal
    value: int
    bound: int

    @property
    def is_proven(self) -> bool:
        return self.value == self.bound

    @property
    def gap(self) -> int:
        """By so many units at most a better timetable is better."""
        return self.value - self.bound

    def __str__(self) -> str:
        label = f"{GOAL_LABELS[self.goal]}{self.value}"
        return f"{label}（已证最少）" if self.is_proven else f"{label}（已知最好，最少不低于{self.bound}）"


class Outcome(StrEnum):
    """How the search ended."""

    OPTIMAL = "optimal"
    BEST_KNOWN = "best_known"
    INFEASIBLE = "infeasible"
    UNDECIDED = "undecided"


OUTCOME_LABELS: Final[Mapping[Outcome, str]] = {
    Outcome.OPTIMAL: "已证最优",
    Outcome.BEST_KNOWN: "已知最好",
    Outcome.INFEASIBLE: "排不下",
    Outcome.UNDECIDED: "限定的计算量内没有排出，也没有证明排不下",
}


@dataclass(frozen=True, slots=True)
class Timetable:
    """The answer. `places` holds every meeting, or is empty when `outcome` says that there is none.

    `reasons` say why not all fit; `unplaced` are then meetings without which the others fit, as few as
    the search found (`is_fewest`: proven that fewer do not do).
    """

    outcome: Outcome
    places: Mapping[Meeting, Place] = field(default_factory=dict)
    reached: tuple[Reached, ...] = ()
    reasons: tuple[str, ...] = ()
    unplaced: tuple[Meeting, ...] = ()
    is_fewest: bool = False
