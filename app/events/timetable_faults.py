"""Why a timetable cannot be asked for (faults), and why not all meetings fit (counts). Pure.

The counts are necessary conditions: whoever breaks one fits in no timetable. They are not sufficient when
participants are away in some slots: that question is NP-complete (Even, Itai & Shamir, "On the complexity of
timetable and multicommodity flow problems", SIAM J. Comput. 5, 1976), so the solver decides it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from app.events.meetings import Meeting, TimetableProblem
from app.events.slots import MOST_SLOTS
from app.kernel.errors import Fault


def problem_faults(problem: TimetableProblem) -> list[Fault]:
    """Name everything that does not fit together: doubles, unknown banks, numbers out of range, clashing pins."""
    return [
        *_number_faults(problem),
        *_meeting_faults(problem),
        *_absence_faults(problem),
        *_pin_faults(problem),
    ]


def _number_faults(problem: TimetableProblem) -> Iterator[Fault]:
    if not 1 <= problem.slots <= MOST_SLOTS:
        yield Fault(
            "slots", f"a day has 1 to {MOST_SLOTS} slots", "Correct the number of slots.", str(problem.slots)
        )
    if problem.most_at_once is not None and problem.most_at_once < 1:
        yield Fault(
            "most_at_once",
            "one meeting at once at least",
            "Correct it, or set no bound.",
            str(problem.most_at_once),
        )
    for bank, count in sorted(problem.tables.items()):
        if count < 1:
            yield Fault(
                f"tables.{bank}",
                "each bank has one table at least",
                "Correct its tables, or leave the bank out.",
                str(count),
            )


def _meeting_faults(problem: TimetableProblem) -> Iterator[Fault]:
    for meeting, count in sorted(Counter(problem.meetings).items()):
        where = f"meetings.{meeting.firm}.{meeting.bank}"
        if count > 1:
            yield Fault(where, "the meeting is listed twice", "List it once.", str(count))
        if meeting.bank not in problem.tables:
            yield Fault(where, f"bank {meeting.bank} has no table", "State its tables.", meeting.bank)


def _absence_faults(problem: TimetableProblem) -> Iterator[Fault]:
    for side, absent in (("firms_absent", problem.firms_absent), ("banks_absent", problem.banks_absent)):
        for code, slots in sorted(absent.items()):
            strange = sorted(slot for slot in slots if not 0 <= slot < problem.slots)
            if strange:
                yield Fault(
                    f"{side}.{code}",
                    "the day has no such slots",
                    "Correct the slots.",
                    ", ".join(map(str, strange)),
                )


def _pin_faults(problem: TimetableProblem) -> Iterator[Fault]:
    held = set(problem.meetings)
    known = {meeting: slot for meeting, slot in problem.pinned.items() if meeting in held}
    for meeting, slot in sorted(problem.pinned.items()):
        where = f"pinned.{meeting.firm}.{meeting.bank}"
        if meeting not in held:
            yield Fault(where, "the pinned meeting is not among the meetings", "Unpin it, or add it.")
        elif slot not in problem.slots_of(meeting):
            yield Fault(
                where,
                f"the firm or the bank is away in slot {slot + 1}",
                "Pin it to another slot, or unpin it.",
                str(slot),
            )
    yield from _pin_clashes(problem, known)


def _pin_clashes(problem: TimetableProblem, pinned: Mapping[Meeting, int]) -> Iterator[Fault]:
    firms = Counter((meeting.firm, slot) for meeting, slot in pinned.items())
    banks = Counter((meeting.bank, slot) for meeting, slot in pinned.items())
    for (firm, slot), count in sorted(firms.items()):
        if count > 1:
            yield Fault(
                f"pinned.{firm}",
                f"the firm has {count} pinned meetings in slot {slot + 1}",
                "Pin one of them.",
                str(slot),
            )
    for (bank, slot), count in sorted(banks.items()):
        if count > problem.tables.get(bank, count):
            tables = problem.tables[bank]
            message = f"the bank has {count} pinned meetings in slot {slot + 1}, and {tables} tables"
            yield Fault(f"pinned.{bank}", message, "Pin fewer, or add tables.", str(slot))
    most = problem.most_at_once
    for slot, count in sorted(Counter(pinned.values()).items()):
        if most is not None and count > most:
            yield Fault(
                "pinned",
                f"slot {slot + 1} has {count} pinned meetings, and the hall holds {most}",
                "Pin fewer.",
                str(slot),
            )


def counted_reasons(problem: TimetableProblem) -> tuple[str, ...]:
    """Say who has more meetings than places: firms, then banks, then the hall; none proves nothing."""
    return (*_apart(problem), *_firms_over(problem), *_banks_over(problem), *_hall_over(problem))


def _apart(problem: TimetableProblem) -> Iterator[str]:
    for meeting in sorted(problem.meetings):
        if not problem.slots_of(meeting):
            message = f"firm {meeting.firm} and bank {meeting.bank} are never there at the same time"
            yield message


def _by(problem: TimetableProblem, side: str) -> dict[str, list[Meeting]]:
    found = defaultdict(list)
    for meeting in sorted(problem.meetings):
        found[str(getattr(meeting, side))].append(meeting)
    return found


def _firms_over(problem: TimetableProblem) -> Iterator[str]:
    for firm, meetings in _by(problem, "firm").items():
        there = len(problem.firm_slots(firm))
        if len(meetings) > there:
            message = f"firm {firm} has {len(meetings)} meetings and is there in {there} slots only"
            yield message


def _banks_over(problem: TimetableProblem) -> Iterator[str]:
    for bank, meetings in _by(problem, "bank").items():
        there, tables = len(problem.bank_slots(bank)), problem.tables[bank]
        if len(meetings) > there * tables:
            needed = -(-len(meetings) // there) if there else 0
            message = (
                f"bank {bank} has {len(meetings)} meetings, and {there * tables} places ({tables} tables, {there} slots); it needs {needed} tables"
                if there
                else f"bank {bank} has {len(meetings)} meetings and is never there"
            )
            yield message


def _hall_over(problem: TimetableProblem) -> Iterator[str]:
    if problem.most_at_once is not None:
        places = problem.most_at_once * problem.slots
        if len(problem.meetings) > places:
            message = f"there are {len(problem.meetings)} meetings, and in {problem.slots} slots the hall holds {places}"
            yield message
