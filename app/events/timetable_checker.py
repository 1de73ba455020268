"""Independent check of a timetable: shares the values with the solver, but no code (pure).

Every condition is recounted from the plain list of places: nobody in two meetings at once, nobody where it is absent,
no table twice, no more at once than the hall holds, every promise kept; and the figures that the goals speak of.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.events.meetings import Goal, Meeting, Place, TimetableProblem


@dataclass(frozen=True, slots=True, order=True)
class Clash:
    """One broken condition: `code`, of whom (`who`, a code or "firm—bank"), and in which slot, -1 for none.

    Codes: missing, not_asked_for, no_such_place, firm_twice, table_twice, firm_absent, bank_absent, hall_over, pin_moved.
    """

    code: str
    who: str
    slot: int = -1

    def __str__(self) -> str:
        when = f"第{self.slot + 1}时段" if self.slot >= 0 else ""
        return f"{self.who}{when}{_LABELS[self.code]}"


_LABELS: Final[Mapping[str, str]] = {
    "missing": "没有排入",
    "not_asked_for": "不在洽谈表内",
    "no_such_place": "没有这个时段或桌位",
    "firm_twice": "有两场洽谈",
    "table_twice": "同一桌有两场洽谈",
    "firm_absent": "企业不在场",
    "bank_absent": "银行不在场",
    "hall_over": "超过会场同时容纳数",
    "pin_moved": "固定的洽谈被改动",
}


@dataclass(frozen=True, slots=True)
class TimetableCheck:
    """What holds: all clashes, and by goal the recounted figure; idle slots of each participant who has any."""

    clashes: tuple[Clash, ...]
    figures: Mapping[Goal, int]
    firms_idle: Mapping[str, int]
    banks_idle: Mapping[str, int]

    @property
    def is_clean(self) -> bool:
        return not self.clashes


def check_timetable(problem: TimetableProblem, places: Mapping[Meeting, Place]) -> TimetableCheck:
    """Recount every condition and figure of a timetable. Never raises, whatever the places are."""
    firms = _idle(((meeting.firm, place.slot) for meeting, place in places.items()), problem.firms_absent)
    banks = _idle(((meeting.bank, place.slot) for meeting, place in places.items()), problem.banks_absent)
    moved = sum(
        problem.before[meeting].slot != place.slot
        for meeting, place in places.items()
        if meeting in problem.before
    )
    figures = {
        Goal.MOVED: moved,
        Goal.FIRM_IDLE: sum(firms.values()),
        Goal.BANK_IDLE: sum(banks.values()),
        Goal.END: max((place.slot + 1 for place in places.values()), default=0),
    }
    clashes = [*_membership(problem, places), *_presence(problem, places), *_sharing(problem, places)]
    return TimetableCheck(tuple(sorted(clashes)), figures, firms, banks)


def _pair(meeting: Meeting) -> str:
    return f"{meeting.firm}—{meeting.bank}"


def _membership(problem: TimetableProblem, places: Mapping[Meeting, Place]) -> Iterator[Clash]:
    asked = set(problem.meetings)
    yield from (Clash("missing", _pair(meeting)) for meeting in asked - set(places))
    yield from (Clash("not_asked_for", _pair(meeting)) for meeting in set(places) - asked)
    for meeting, slot in problem.pinned.items():
        if meeting in places and places[meeting].slot != slot:
            yield Clash("pin_moved", _pair(meeting), slot)


def _presence(problem: TimetableProblem, places: Mapping[Meeting, Place]) -> Iterator[Clash]:
    for meeting, place in places.items():
        if not (0 <= place.slot < problem.slots and 1 <= place.table <= problem.tables.get(meeting.bank, 0)):
            yield Clash("no_such_place", _pair(meeting), place.slot)
        if place.slot in problem.firms_absent.get(meeting.firm, ()):
            yield Clash("firm_absent", meeting.firm, place.slot)
        if place.slot in problem.banks_absent.get(meeting.bank, ()):
            yield Clash("bank_absent", meeting.bank, place.slot)


def _sharing(problem: TimetableProblem, places: Mapping[Meeting, Place]) -> Iterator[Clash]:
    firms = Counter((meeting.firm, place.slot) for meeting, place in places.items())
    tables = Counter((meeting.bank, place) for meeting, place in places.items())
    halls = Counter(place.slot for place in places.values())
    yield from (Clash("firm_twice", firm, slot) for (firm, slot), count in firms.items() if count > 1)
    yield from (
        Clash("table_twice", bank, place.slot) for (bank, place), count in tables.items() if count > 1
    )
    most = problem.most_at_once
    yield from (
        Clash("hall_over", "会场", slot) for slot, count in halls.items() if most is not None and count > most
    )


def _idle(held: Iterable[tuple[str, int]], absent: Mapping[str, frozenset[int]]) -> dict[str, int]:
    """Count for each participant the slots inside its own day in which it is there and meets nobody."""
    busy = defaultdict(set)
    for code, slot in held:
        busy[code].add(slot)
    waits = {
        code: sum(
            slot not in mine and slot not in absent.get(code, ()) for slot in range(min(mine), max(mine))
        )
        for code, mine in busy.items()
    }
    return {code: count for code, count in sorted(waits.items()) if count}
