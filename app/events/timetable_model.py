"""The timetable as a constraint model for ortools CP-SAT.

Variables: x(meeting, slot), and for every participant with more than one meeting the *span* from its first to its last
meeting, one Boolean a span. Spans make idle counts linear, and their sum of costs has its bound at the model's root;
that breaks are the crux and that implied constraints pay is reported by Bofill et al., "Constraint solving approaches to
the business-to-business meeting scheduling problem", J. Artif. Intell. Res. 74 (2022), doi:10.1613/jair.1.12670.
On the sizes of an event (600 meetings, 12 slots) it is proven optimal within seconds without linear relaxation,
and not within a minute with it, or with spans written as running "has begun" and "goes on" Booleans.

One worker, a fixed seed and limits in the solver's deterministic units: equal problems give equal timetables.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from app.events.meetings import Goal, Meeting, TimetableProblem

SEED = 20231012


@dataclass(frozen=True, slots=True)
class Answer:
    """One run: `slots` is None without a solution; `is_impossible` when it is proven that there is none."""

    slots: dict[Meeting, int] | None
    value: int
    bound: int
    is_impossible: bool
    work: float


@dataclass
class TimetableModel:
    """The model of one problem; `may_drop` lets meetings stay out, and `minimise_dropped` keeps them few."""

    problem: TimetableProblem
    may_drop: bool = False
    _model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    _at: dict[Meeting, dict[int, cp_model.IntVar]] = field(default_factory=dict)
    _by_firm: dict[str, list[Meeting]] = field(default_factory=lambda: defaultdict(list))
    _by_bank: dict[str, list[Meeting]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for meeting in sorted(self.problem.meetings):
            self._by_firm[meeting.firm].append(meeting)
            self._by_bank[meeting.bank].append(meeting)
            self._at[meeting] = {slot: self._flag() for slot in self.problem.slots_of(meeting)}
            once = self._model.add_at_most_one if self.may_drop else self._model.add_exactly_one
            once(self._at[meeting].values())
        self._forbid_clashes()
        self._hint_before()

    def minimise(self, goal: Goal, work: float) -> Answer:
        """Make a goal small in at most so many deterministic units, and keep what is reached for later goals."""
        cost = self._cost(goal)
        self._model.minimize(cost)
        answer = self._run(work, relaxation=0)
        if answer.slots is not None:
            self._model.add(cost <= answer.value)
        return answer

    def _cost(self, goal: Goal) -> cp_model.LinearExprT:
        match goal:
            case Goal.MOVED:
                return self._moved()
            case Goal.FIRM_IDLE:
                return sum(self._firm_idle(firm) for firm in self._by_firm)
            case Goal.BANK_IDLE:
                return sum(self._bank_idle(bank) for bank in self._by_bank)
            case Goal.END:
                return self._end()

    def minimise_dropped(self, work: float) -> Answer:
        """Leave out as few meetings as possible, pinned ones last; the answer's `slots` lack them."""
        placed = sum(flag for flags in self._at.values() for flag in flags.values())
        for meeting in self.problem.pinned:
            self._model.add_exactly_one(self._at[meeting].values())
        self._model.minimize(len(self._at) - placed)
        return self._run(work, relaxation=1)

    def _flag(self) -> cp_model.IntVar:
        return self._model.new_bool_var("")

    def _flags(self, meetings: Sequence[Meeting], slot: int) -> list[cp_model.IntVar]:
        return [self._at[meeting][slot] for meeting in meetings if slot in self._at[meeting]]

    def _forbid_clashes(self) -> None:
        for slot in range(self.problem.slots):
            for meetings in self._by_firm.values():
                self._model.add_at_most_one(self._flags(meetings, slot))
            for bank, meetings in self._by_bank.items():
                self._model.add(sum(self._flags(meetings, slot)) <= self.problem.tables[bank])
            if self.problem.most_at_once is not None:
                self._model.add(sum(self._flags(tuple(self._at), slot)) <= self.problem.most_at_once)

    def _moved(self) -> cp_model.LinearExprT:
        held = [meeting for meeting in self._at if meeting in self.problem.before]
        stays = (self._at[meeting].get(self.problem.before[meeting].slot, 0) for meeting in held)
        return len(held) - sum(stays)

    def _spans(self, present: int, shortest: int) -> dict[tuple[int, int], cp_model.IntVar]:
        """One Boolean for each (begin, length) in the slots that a participant is there; exactly one holds."""
        spans = {
            (begin, length): self._flag()
            for length in range(shortest, present + 1)
            for begin in range(present - length + 1)
        }
        self._model.add_exactly_one(spans.values())
        return spans

    def _firm_idle(self, firm: str) -> cp_model.LinearExprT:
        meetings, there = self._by_firm[firm], self.problem.firm_slots(firm)
        if len(meetings) == 1:
            return 0
        spans = self._spans(len(there), len(meetings))
        for place, slot in enumerate(there):
            self._model.add(sum(self._flags(meetings, slot)) <= sum(_holding(spans, place)))
        return sum((length - len(meetings)) * span for (_, length), span in spans.items())

    def _bank_idle(self, bank: str) -> cp_model.LinearExprT:
        meetings, there = self._by_bank[bank], self.problem.bank_slots(bank)
        if len(meetings) == 1:
            return 0
        spans, idle = self._spans(len(there), -(-len(meetings) // self.problem.tables[bank])), []
        for place, slot in enumerate(there):
            inside, waits, busy = self._flag(), self._flag(), self._flags(meetings, slot)
            self._model.add(inside == sum(_holding(spans, place)))
            for flag in busy:
                self._model.add_implication(flag, inside)
            self._model.add_bool_or([waits, inside.Not(), *busy])
            idle.append(waits)
        return sum(idle)

    def _end(self) -> cp_model.LinearExprT:
        """How many slots there are up to the last that is used."""
        runs = [self._flag() for _ in range(self.problem.slots)]
        for slot, still in enumerate(runs):
            for flag in self._flags(tuple(self._at), slot):
                self._model.add_implication(flag, still)
            if slot:
                self._model.add_implication(still, runs[slot - 1])
        self._model.add(sum(runs) >= earliest_end(self.problem))
        return sum(runs)

    def _run(self, work: float, *, relaxation: int) -> Answer:
        solver = cp_model.CpSolver()
        settings = solver.parameters
        settings.num_workers, settings.random_seed = 1, SEED
        settings.linearization_level, settings.max_deterministic_time = relaxation, max(work, 0.0)
        settings.cp_model_probing_level = 0  # probing took as long as the search that it spared
        status = solver.solve(self._model)
        spent = float(solver.response_proto.deterministic_time)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return Answer(None, 0, 0, status == cp_model.INFEASIBLE, spent)
        self._hint_all(solver)
        slots = {
            meeting: slot
            for meeting, flags in self._at.items()
            for slot, flag in flags.items()
            if solver.value(flag)
        }
        value = round(solver.objective_value)
        return Answer(slots, value, max(0, round(solver.best_objective_bound)), False, spent)

    def _hint_before(self) -> None:
        for meeting, flags in self._at.items():
            if meeting in self.problem.before:
                for slot, flag in flags.items():
                    self._model.add_hint(flag, slot == self.problem.before[meeting].slot)

    def _hint_all(self, solver: cp_model.CpSolver) -> None:
        """Let the next run begin with this solution, which the goal kept by then allows."""
        self._model.clear_hints()  # type: ignore[no-untyped-call]  # ortools ships it without types
        for index in range(len(self._model.proto.variables)):
            flag = self._model.get_bool_var_from_proto_index(index)
            self._model.add_hint(flag, solver.value(flag))


def _holding(spans: dict[tuple[int, int], cp_model.IntVar], place: int) -> list[cp_model.IntVar]:
    return [span for (begin, length), span in spans.items() if begin <= place < begin + length]


def earliest_end(problem: TimetableProblem) -> int:
    """Answer a number of slots below which no timetable ends, by counting what each participant needs."""
    firms: dict[str, int] = defaultdict(int)
    banks: dict[str, int] = defaultdict(int)
    for meeting in problem.meetings:
        firms[meeting.firm] += 1
        banks[meeting.bank] += 1
    ends = [_nth(problem.firm_slots(firm), count) for firm, count in firms.items()]
    ends += [
        _nth(problem.bank_slots(bank), -(-count // problem.tables[bank])) for bank, count in banks.items()
    ]
    if problem.most_at_once is not None:
        ends.append(-(-len(problem.meetings) // problem.most_at_once))
    return max(ends, default=0)


def _nth(there: Sequence[int], count: int) -> int:
    return there[count - 1] + 1 if count <= len(there) else 0
