"""Plain, obviously right answers for tiny events: everything is tried."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

from app.events.meetings import Meeting, TimetableProblem

Figures = tuple[int, int, int, int]


def every_timetable(problem: TimetableProblem) -> Iterator[Mapping[Meeting, int]]:
    """All ways to give each meeting a slot without a clash."""
    for slots in product(range(problem.slots), repeat=len(problem.meetings)):
        held = dict(zip(problem.meetings, slots, strict=True))
        if _is_allowed(problem, held):
            yield held


def _is_allowed(problem: TimetableProblem, held: Mapping[Meeting, int]) -> bool:
    firms = Counter((m.firm, s) for m, s in held.items())
    banks = Counter((m.bank, s) for m, s in held.items())
    there = all(
        s not in problem.firms_absent.get(m.firm, ()) and s not in problem.banks_absent.get(m.bank, ())
        for m, s in held.items()
    )
    hall = problem.most_at_once
    return (
        there
        and all(held[m] == s for m, s in problem.pinned.items())
        and max(firms.values(), default=0) <= 1
        and all(count <= problem.tables[bank] for (bank, _), count in banks.items())
        and (hall is None or max(Counter(held.values()).values(), default=0) <= hall)
    )


def figures(problem: TimetableProblem, held: Mapping[Meeting, int]) -> Figures:
    """Moved, firms' idle, banks' idle, end."""
    moved = sum(m in problem.before and problem.before[m].slot != s for m, s in held.items())
    firms = sum(
        _waits([s for m, s in held.items() if m.firm == f], problem.firms_absent.get(f, frozenset()))
        for f in {m.firm for m in held}
    )
    banks = sum(
        _waits([s for m, s in held.items() if m.bank == b], problem.banks_absent.get(b, frozenset()))
        for b in {m.bank for m in held}
    )
    return moved, firms, banks, max(held.values(), default=-1) + 1


def _waits(slots: list[int], away: frozenset[int]) -> int:
    return len(set(range(min(slots), max(slots) + 1)) - set(slots) - away)
