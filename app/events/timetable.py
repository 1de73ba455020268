"""A timetable of one-to-one meetings without clashes and with the fewest idle slots (pure; solved by ortools CP-SAT).

"One to one" 一对一 coaching and finance docking events are asked for by 洛阳（征求意见稿）（二） and
黑银发〔2023〕25号（十四）; neither says how. In strict order: when it is made anew, the fewest meetings change their slot;
then the fewest idle slots of firms; then of banks; then the earliest end. Every goal comes with a proven bound.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from app.events.meetings import Goal, Meeting, Outcome, Place, Reached, Timetable, TimetableProblem
from app.events.timetable_checker import check_timetable
from app.events.timetable_faults import counted_reasons, problem_faults
from app.events.timetable_model import TimetableModel, earliest_end
from app.kernel.errors import Refused

MOST_NAMED: Final = 5
WORK: Final = 12.0
"""Deterministic units of the solver for a whole timetable: at most some twenty seconds of one core, mostly far less."""


def make_timetable(problem: TimetableProblem, *, work: float = WORK) -> Timetable:
    """Answer the best timetable within a bounded effort, equal for equal problems whatever the machine's load.

    Raises:
        Refused: the problem does not fit together; names every fault.
    """
    if faults := problem_faults(problem):
        raise Refused("The timetable cannot be made: what it is made from is wrong.", faults)
    if not problem.meetings:
        return Timetable(Outcome.OPTIMAL)
    if reasons := counted_reasons(problem):
        return _impossible(problem, reasons, work)
    model, slots, bounds, left = (
        TimetableModel(problem),
        dict[Meeting, int](),
        {Goal.END: earliest_end(problem)},
        work,
    )
    goals = tuple(goal for goal in Goal if problem.before or goal is not Goal.MOVED)
    for goal in goals:
        answer = model.minimise(goal, left if goal is goals[-1] else left / 2)
        if answer.slots is None and not slots:
            return _impossible(problem, (), work) if answer.is_impossible else Timetable(Outcome.UNDECIDED)
        if answer.slots is None:
            break
        left, slots = left - answer.work, answer.slots
        bounds[goal] = max(answer.bound, bounds.get(goal, 0))
    places = seated(problem, slots)
    figures = check_timetable(problem, places).figures
    reached = tuple(Reached(goal, figures[goal], bounds.get(goal, 0)) for goal in goals)
    outcome = Outcome.OPTIMAL if all(each.is_proven for each in reached) else Outcome.BEST_KNOWN
    return Timetable(outcome, places, reached)


def _impossible(problem: TimetableProblem, reasons: tuple[str, ...], work: float) -> Timetable:
    """Say why, and without which meetings the others fit."""
    answer = TimetableModel(problem, may_drop=True).minimise_dropped(work)
    kept = answer.slots if answer.slots is not None else {}
    unplaced = tuple(sorted(set(problem.meetings) - set(kept)))
    is_fewest = answer.slots is not None and answer.value == answer.bound
    named = " / ".join(f"{meeting.firm}—{meeting.bank}" for meeting in unplaced[:MOST_NAMED])
    said = (
        f"no fewer than {len(unplaced)} meetings have to go, such as {named}"
        if is_fewest
        else f"the others fit without {len(unplaced)} meetings, such as {named}"
    )
    return Timetable(Outcome.INFEASIBLE, {}, (), (*reasons, said), unplaced, is_fewest=is_fewest)


def seated(problem: TimetableProblem, slots: Mapping[Meeting, int]) -> dict[Meeting, Place]:
    """Give each meeting of a slot a table of its bank: the one it had before if it stays, else the lowest free."""
    at_bank = defaultdict(list)
    for meeting, slot in sorted(slots.items()):
        at_bank[meeting.bank, slot].append(meeting)
    places: dict[Meeting, Place] = {}
    for (bank, slot), meetings in at_bank.items():
        free = list(range(problem.tables[bank], 0, -1))
        for meeting in meetings:
            held = problem.before.get(meeting)
            if held is not None and held.slot == slot and held.table in free:
                free.remove(held.table)
                places[meeting] = held
        for meeting in meetings:
            if meeting not in places:
                places[meeting] = Place(slot, free.pop())
    return dict(sorted(places.items()))
