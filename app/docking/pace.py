"""How fast institutions take their steps: percentiles of Chinese working days (pure)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.docking.working_time import DayCounter, Step
from app.kernel.shanghai import shanghai_date

STEPS: Final = (Step.ACCEPT, Step.CONTACT, Step.ANSWER)


@dataclass(frozen=True, slots=True)
class Taken:
    """When an institution took its steps on one entry since it got it; None: not taken."""

    institution: str
    name: str
    assigned_at: datetime
    accepted_at: datetime | None
    contacted_at: datetime | None
    answered_at: datetime | None

    def spans(self) -> Iterable[tuple[Step, datetime, datetime]]:
        """Answer each step that was taken with the step before it: one that was left out is no step before."""
        before = self.assigned_at
        for step, at in zip(STEPS, (self.accepted_at, self.contacted_at, self.answered_at), strict=True):
            if at is not None and at >= before:
                yield step, before, at
                before = at


@dataclass(frozen=True, slots=True)
class OwedCount:
    """On how many entries an institution owes a step now, and on how many of them it is late."""

    institution: str
    name: str
    step: Step
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class Pace:
    """An institution's pace in one step; percentiles are by nearest rank, None where nothing was taken."""

    institution: str
    name: str
    step: Step
    taken: int = 0
    p50: int | None = None
    p90: int | None = None
    open: int = 0
    late: int = 0


def paces(taken: Iterable[Taken], owed: Iterable[OwedCount], counter: DayCounter) -> list[Pace]:
    """Answer the pace of each institution in each step that it took or owes, by code and step.

    Entries whose working days are not published are left out of the percentiles, not guessed.
    """
    names: dict[str, str] = {}
    days: dict[tuple[str, Step], list[int]] = defaultdict(list)
    for one in taken:
        names[one.institution] = one.name
        for step, start, end in one.spans():
            between = counter.between(shanghai_date(start), shanghai_date(end))
            if between is not None:
                days[one.institution, step].append(between)
    counts = {(one.institution, one.step): one for one in owed}
    names |= {one.institution: one.name for one in counts.values()}
    keys = sorted({*days, *counts}, key=lambda key: (key[0], list(Step).index(key[1])))
    return [_pace(names[code], code, step, days[code, step], counts.get((code, step))) for code, step in keys]


def _pace(name: str, code: str, step: Step, days: list[int], owed: OwedCount | None) -> Pace:
    ordered = sorted(days)
    return Pace(
        institution=code,
        name=name,
        step=step,
        taken=len(ordered),
        p50=nearest_rank(ordered, 50),
        p90=nearest_rank(ordered, 90),
        open=owed.open if owed else 0,
        late=owed.late if owed else 0,
    )


def nearest_rank(ordered: list[int], percent: int) -> int | None:
    """Answer the ⌈percent × n / 100⌉-th of n values in order; None of none."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None
