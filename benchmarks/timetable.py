"""A timetable of an event's one-to-one meetings: ours with proof, beside a greedy one; both checked independently.

    python -m benchmarks timetable [--quick]

Made up with a fixed seed: 200 firms meet two to four of 30 banks each in 12 slots; banks differ in demand and have just
the tables that they need; one participant in twenty is away in a slot. Then the day changes: three firms and one bank
stay away, one firm comes, one bank misses two slots, and the timetable is made again.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from app.events.meetings import Goal, Meeting, Place, Timetable, TimetableProblem
from app.events.timetable import make_timetable
from app.events.timetable_checker import check_timetable

SEED = 20231012
FULL = (200, 30, 12)
QUICK = (60, 10, 8)
SLACK = 1.1
REPEATS = 2

Row = dict[str, Any]


def world(firms: int, banks: int, slots: int) -> TimetableProblem:
    """The event of that size."""
    rng = np.random.default_rng([SEED, firms])
    share = rng.lognormal(0, 0.5, banks)
    codes = [f"B{k:02}" for k in range(banks)]
    meetings = tuple(
        Meeting(f"F{k:03}", codes[bank])
        for k in range(firms)
        for bank in sorted(rng.choice(banks, rng.integers(2, 5), replace=False, p=share / share.sum()))
    )

    def away(code: str, chance: float) -> tuple[str, frozenset[int]]:
        return code, frozenset(np.flatnonzero(rng.random(slots) < chance).tolist())

    firms_absent = dict(away(f"F{k:03}", 0.05) for k in range(firms))
    banks_absent = dict(away(code, 0.03) for code in codes)
    held = Counter(meeting.bank for meeting in meetings)
    tables = {
        code: max(1, int(np.ceil(held[code] * SLACK / (slots - len(banks_absent[code]))))) for code in codes
    }
    return TimetableProblem(slots, meetings, tables, firms_absent, banks_absent)


def changed(problem: TimetableProblem, held: Mapping[Meeting, Place]) -> TimetableProblem:
    """The same event after cancellations and a bank's delay; a tenth of the meetings is promised to stay."""
    gone, away = {"F003", "F017", "F050"}, "B05"
    left = tuple(m for m in problem.meetings if m.firm not in gone and m.bank != away)
    late = "B01"
    stay = [m for m in left if m.bank != late][::10]
    return replace(
        problem,
        meetings=(*left, *(Meeting("F999", bank) for bank in ("B00", "B02", "B03"))),
        banks_absent={**problem.banks_absent, late: problem.banks_absent[late] | {3, 4}},
        pinned={meeting: held[meeting].slot for meeting in stay},
        before=held,
    )


def greedy(problem: TimetableProblem) -> dict[Meeting, Place]:
    """Firm by firm, those with most meetings first: each in the free slot that leaves the firm the fewest idle ones.

    Knows neither promises nor a timetable from before; what finds no place is left out.
    """
    load, places = Counter[tuple[str, int]](), dict[Meeting, Place]()
    count = Counter(meeting.firm for meeting in problem.meetings)
    taken: dict[str, list[int]] = {firm: [] for firm in count}
    for meeting in sorted(problem.meetings, key=lambda m: (-count[m.firm], m)):
        own = taken[meeting.firm]
        free = [
            slot
            for slot in problem.slots_of(meeting)
            if slot not in own and load[meeting.bank, slot] < problem.tables[meeting.bank]
        ]
        if free:
            slot = min(free, key=lambda slot: (max([*own, slot]) - min([*own, slot]), slot))
            own.append(slot)
            load[meeting.bank, slot] += 1
            places[meeting] = Place(slot, load[meeting.bank, slot])
    return places


def _row(
    case: str, side: str, problem: TimetableProblem, places: Mapping[Meeting, Place], seconds: float
) -> Row:
    check = check_timetable(problem, places)
    strange = {clash.code for clash in check.clashes} - {"missing"}
    assert not strange, strange
    figures = check.figures
    return {
        "case": case,
        "side": side,
        "seconds": seconds,
        "left_out": len(problem.meetings) - len(places),
        "moved": figures[Goal.MOVED],
        "firms_idle": figures[Goal.FIRM_IDLE],
        "banks_idle": figures[Goal.BANK_IDLE],
        "end_slot": figures[Goal.END],
    }


def _ours(case: str, problem: TimetableProblem) -> tuple[Timetable, Row]:
    runs = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        runs.append((make_timetable(problem), time.perf_counter() - begin))
    assert len({repr(found) for found, _ in runs}) == 1, "equal problems must give equal timetables"
    found, seconds = min(runs, key=lambda run: run[1])
    assert set(found.places) == set(problem.meetings), found.reasons
    proof = {each.goal: each.gap for each in found.reached}
    row = _row(case, f"ours: CP-SAT, {found.outcome}", problem, found.places, seconds)
    return found, row | {"proven_gap": sum(proof.values())}


def run(*, quick: bool = False) -> list[Row]:
    """One row a side; raises AssertionError where a clash is found or the greedy peer is better."""
    size = QUICK if quick else FULL
    problem = world(*size)
    case = f"{size[0]} firms x {size[1]} banks x {size[2]} slots, {len(problem.meetings)} meetings"
    found, ours = _ours(case, problem)
    begin = time.perf_counter()
    places = greedy(problem)
    peer = _row(case, "greedy, firm by firm", problem, places, time.perf_counter() - begin)
    order = ("left_out", "firms_idle", "banks_idle", "end_slot")
    assert [ours[key] for key in order] <= [peer[key] for key in order], "greedy is better"
    again = changed(problem, found.places)
    return [ours, peer, _ours(f"made again, {len(again.meetings)} meetings", again)[1]]
