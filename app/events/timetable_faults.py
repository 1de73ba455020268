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
        yield Fault("slots", f"时段应为1至{MOST_SLOTS}个", "改正时段数。", str(problem.slots))
    if problem.most_at_once is not None and problem.most_at_once < 1:
        yield Fault("most_at_once", "同时洽谈数至少为1", "改正或不设上限。", str(problem.most_at_once))
    for bank, count in sorted(problem.tables.items()):
        if count < 1:
            yield Fault(f"tables.{bank}", "每家银行至少一张桌", "改正桌数，或请该银行退出。", str(count))


def _meeting_faults(problem: TimetableProblem) -> Iterator[Fault]:
    for meeting, count in sorted(Counter(problem.meetings).items()):
        where = f"meetings.{meeting.firm}.{meeting.bank}"
        if count > 1:
            yield Fault(where, "同一对企业和银行列了两次", "只保留一次。", str(count))
        if meeting.bank not in problem.tables:
            yield Fault(where, f"银行{meeting.bank}没有桌位", "补上该银行的桌数。", meeting.bank)


def _absence_faults(problem: TimetableProblem) -> Iterator[Fault]:
    for side, absent in (("firms_absent", problem.firms_absent), ("banks_absent", problem.banks_absent)):
        for code, slots in sorted(absent.items()):
            strange = sorted(slot for slot in slots if not 0 <= slot < problem.slots)
            if strange:
                yield Fault(f"{side}.{code}", "没有这些时段", "改正时段。", "、".join(map(str, strange)))


def _pin_faults(problem: TimetableProblem) -> Iterator[Fault]:
    held = set(problem.meetings)
    known = {meeting: slot for meeting, slot in problem.pinned.items() if meeting in held}
    for meeting, slot in sorted(problem.pinned.items()):
        where = f"pinned.{meeting.firm}.{meeting.bank}"
        if meeting not in held:
            yield Fault(where, "固定的洽谈不在洽谈表内", "取消固定，或加入洽谈表。")
        elif slot not in problem.slots_of(meeting):
            yield Fault(where, f"第{slot + 1}时段企业或银行不在场", "改固定的时段，或取消固定。", str(slot))
    yield from _pin_clashes(problem, known)


def _pin_clashes(problem: TimetableProblem, pinned: Mapping[Meeting, int]) -> Iterator[Fault]:
    firms = Counter((meeting.firm, slot) for meeting, slot in pinned.items())
    banks = Counter((meeting.bank, slot) for meeting, slot in pinned.items())
    for (firm, slot), count in sorted(firms.items()):
        if count > 1:
            yield Fault(
                f"pinned.{firm}", f"企业在第{slot + 1}时段被固定了{count}场", "只固定一场。", str(slot)
            )
    for (bank, slot), count in sorted(banks.items()):
        if count > problem.tables.get(bank, count):
            message = f"银行在第{slot + 1}时段被固定了{count}场，只有{problem.tables[bank]}张桌"
            yield Fault(f"pinned.{bank}", message, "少固定几场，或加桌。", str(slot))
    most = problem.most_at_once
    for slot, count in sorted(Counter(pinned.values()).items()):
        if most is not None and count > most:
            yield Fault(
                "pinned", f"第{slot + 1}时段固定了{count}场，会场只容{most}场", "少固定几场。", str(slot)
            )


def counted_reasons(problem: TimetableProblem) -> tuple[str, ...]:
    """Answer in Chinese who has more meetings than places: firms, then banks, then the hall; none proves nothing."""
    return (*_apart(problem), *_firms_over(problem), *_banks_over(problem), *_hall_over(problem))


def _apart(problem: TimetableProblem) -> Iterator[str]:
    for meeting in sorted(problem.meetings):
        if not problem.slots_of(meeting):
            yield f"企业{meeting.firm}与银行{meeting.bank}没有共同在场的时段"


def _by(problem: TimetableProblem, side: str) -> dict[str, list[Meeting]]:
    found = defaultdict(list)
    for meeting in sorted(problem.meetings):
        found[str(getattr(meeting, side))].append(meeting)
    return found


def _firms_over(problem: TimetableProblem) -> Iterator[str]:
    for firm, meetings in _by(problem, "firm").items():
        there = len(problem.firm_slots(firm))
        if len(meetings) > there:
            yield f"企业{firm}有{len(meetings)}场洽谈，在场时段只有{there}个"


def _banks_over(problem: TimetableProblem) -> Iterator[str]:
    for bank, meetings in _by(problem, "bank").items():
        there, tables = len(problem.bank_slots(bank)), problem.tables[bank]
        if len(meetings) > there * tables:
            counted = f"{tables}张桌×{there}个在场时段＝{there * tables}个位置"
            yield f"银行{bank}有{len(meetings)}场洽谈，只有{counted}；至少需要{_tables_for(len(meetings), there)}"


def _tables_for(meetings: int, there: int) -> str:
    return f"{-(-meetings // there)}张桌" if there else "到场"


def _hall_over(problem: TimetableProblem) -> Iterator[str]:
    if problem.most_at_once is not None:
        places = problem.most_at_once * problem.slots
        if len(problem.meetings) > places:
            yield f"共{len(problem.meetings)}场洽谈，会场{problem.slots}个时段只容{places}场"
