"""Allocation at scale: our min-cost flow against HiGHS and greedy passes, with equal answers asserted.

    python -m benchmarks allocation [--quick]

The instance is made up with a fixed seed: branches and entries lie in counties, ten counties to a city; an entry may go
to most branches of its county and to two of its city; capacities are log-normal and sum to 1.05 times the demand,
but demand differs by county, so some counties are short.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from app.allocation.arrivals import arrival_prices, assign_arrival
from app.allocation.checker import check
from app.allocation.flow import solve
from app.allocation.model import (
    FLAT,
    UNLIMITED,
    AllocationProblem,
    AllocationSolution,
    IntArray,
    LoadTiers,
)
from app.allocation.objective import branch_loads, fit_of

SEED = 20231107
FULL = (100_000, 4_000)
CUT = 10
MIB = 2**20

Row = dict[str, Any]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]
T = TypeVar("T")


@dataclass(frozen=True)
class Land:
    """Branches in counties (sorted by county), their capacities and quality; `tide`: more or less demand by county."""

    county: IntArray
    begin: IntArray
    capacity: IntArray
    quality: FloatArray
    tide: FloatArray


def land(entries: int, branches: int) -> Land:
    """The branches for an instance of this size."""
    rng = np.random.default_rng(SEED)
    counties = max(10, branches // 12 // 10 * 10)
    weight = rng.lognormal(0, 0.5, counties)
    county = np.sort(rng.choice(counties, branches, p=weight / weight.sum()))
    size = rng.lognormal(0, 0.6, branches)
    capacity = np.maximum(1, np.round(size / size.sum() * entries * 1.05)).astype(np.int64)
    begin = np.searchsorted(county, np.arange(counties + 1))
    return Land(county, begin, capacity, rng.normal(55, 8, branches), rng.normal(0, 1, counties))


def instance(where: Land, entries: int, day: int, *, rich: bool = False) -> AllocationProblem:
    """The entries of one day; `rich` adds nested bank limits, settled entries and load tiers."""
    rng = np.random.default_rng([SEED, day])
    branches, counties = where.capacity.size, where.begin.size - 1
    share = np.bincount(where.county, where.capacity, counties) * np.exp(0.1 * where.tide)
    home = rng.choice(counties, entries, p=share / share.sum())
    near_entry, near = _ranges(where.begin[home], where.begin[home + 1])
    near_keep = rng.random(near.size) < 0.43
    city = home // 10 * 10
    far_entry = np.repeat(np.arange(entries), 2)
    low, high = where.begin[city][far_entry], where.begin[city + 10][far_entry]
    far = low + (rng.random(far_entry.size) * (high - low)).astype(np.int64)
    pair = np.unique(np.r_[near_entry[near_keep], far_entry] * branches + np.r_[near[near_keep], far])
    entry, branch = pair // branches, pair % branches
    points = where.quality[branch] + rng.normal(0, 12, pair.size) + 10 * (where.county[branch] == home[entry])
    fit = np.clip(np.round(points * 10_000), 0, 1_000_000).astype(np.int64)
    extras = _rich(where, entries, rng) if rich else {}
    return AllocationProblem.from_pairs(entries, where.capacity, (entry, branch, fit), **extras)


def _ranges(low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """All (row, value) with low[row] <= value < high[row]."""
    count = high - low
    row = np.repeat(np.arange(low.size), count)
    return row, np.arange(row.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)


def _rich(where: Land, entries: int, rng: np.random.Generator) -> dict[str, Any]:
    """Forty banks with a limit of 95 %, ten regional offices each, a third limited to 80 %; 1 % settled."""
    office = rng.integers(0, 400, where.capacity.size)
    held = np.bincount(office, where.capacity, 400).astype(np.int64)
    office_limit = np.where(rng.random(400) < 1 / 3, held * 8 // 10, UNLIMITED)
    bank_limit = held.reshape(40, 10).sum(axis=1) * 95 // 100
    settled = np.where(rng.random(entries) < 0.01, rng.integers(0, where.capacity.size, entries), -1)
    return {
        "groups": (
            40 + office,
            np.r_[np.full(40, -1), np.arange(400) // 10],
            np.r_[bank_limit, office_limit],
        ),
        "settled": settled,
        "tiers": LoadTiers((60, 25, 15), (0, 1, 2)),
    }


def measured(work: Callable[[], T]) -> tuple[T, float, float | None]:
    """Result, seconds, and MiB of resident memory at the peak beyond what was resident before (Linux only)."""
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    before = 0
    if reset.exists():
        ctypes.CDLL(None).malloc_trim(0)  # else freed memory would be used again and count as nothing
        reset.write_text("5")
        before = _kib(status, "VmRSS")
    begin = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begin
    return result, seconds, (_kib(status, "VmHWM") - before) * 1024 / MIB if before else None


def _kib(status: Path, key: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(key))


def greedy(problem: AllocationProblem) -> IntArray:
    """Best fit first: pairs by falling fit, each taken if the entry is free and the branch has room."""
    entry = np.repeat(np.arange(problem.entries), np.diff(problem.row_start))
    order = np.argsort(-problem.score, kind="stable")
    branch, left = [-1] * problem.entries, problem.capacity.tolist()
    for i, b in zip(entry[order].tolist(), problem.branch[order].tolist(), strict=True):
        if branch[i] < 0 and left[b]:
            branch[i] = b
            left[b] -= 1
    return np.array(branch, dtype=np.int64)


def highs(problem: AllocationProblem) -> IntArray:
    """The same problem (without groups and tiers) as a linear program, by scipy's HiGHS; unserved costs 400 points."""
    pairs = problem.score.size
    entry = np.repeat(np.arange(problem.entries), np.diff(problem.row_start))
    ones, columns = np.ones(pairs), np.arange(pairs)
    shape = (problem.entries + problem.branches, pairs)
    rows = np.r_[entry, problem.entries + problem.branch]
    matrix = sparse.csr_matrix((np.r_[ones, ones], (rows, np.r_[columns, columns])), shape=shape)
    most = np.r_[np.ones(problem.entries), problem.capacity]
    result = linprog(-400 - problem.score / 10_000, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs")
    branch = np.full(problem.entries, -1, np.int64)
    taken = result.x > 0.5
    branch[entry[taken]] = problem.branch[taken]
    return branch


def arrivals(problem: AllocationProblem, prices: IntArray) -> IntArray:
    """Entries one by one in their order, each placed by `assign_arrival`."""
    branch, left, steer = [], problem.capacity.tolist(), prices.tolist()
    starts, branches, scores = (a.tolist() for a in (problem.row_start, problem.branch, problem.score))
    for i in range(problem.entries):
        row = slice(starts[i], starts[i + 1])
        chosen = assign_arrival(branches[row], scores[row], left, steer)
        branch.append(-1 if chosen is None else chosen)
        if chosen is not None:
            left[chosen] -= 1
    return np.array(branch, dtype=np.int64)


def _ours(case: str, problem: AllocationProblem, repeats: int) -> tuple[AllocationSolution, list[Row]]:
    """Our answer, proven optimal, and its rows (best of `repeats`)."""
    runs = [measured(lambda: solve(problem)) for _ in range(repeats)]
    solution, seconds, memory = min(runs, key=lambda run: run[1])
    assert len({run[0].digest() for run in runs}) == 1, "equal problems must give equal bytes"
    memory = max((run[2] for run in runs if run[2] is not None), default=memory)
    report, check_seconds, _ = measured(lambda: check(problem, solution))
    assert report.optimal, report.breaches or f"gap {report.gap}"
    row = {
        "case": case,
        "side": "ours: min-cost flow",
        "seconds": seconds,
        "gap": report.gap,
        "extra_mib": memory,
    }
    checked = {"case": case, "side": "ours: independent check", "seconds": check_seconds, "gap": report.gap}
    return solution, [row | _figures(problem, solution.branch, solution), checked]


def _figures(problem: AllocationProblem, branch: IntArray, best: AllocationSolution) -> Row:
    """Served, unserved, fit in points and the share of the optimum's fit that was lost; refuses broken capacities."""
    if problem.tiers is FLAT:
        assert (branch_loads(problem, branch) <= problem.capacity).all()
    served, fit = int((branch >= 0).sum()), fit_of(problem, branch)
    return {
        "served": served,
        "unserved": problem.entries - served,
        "fit_points": fit / 10_000,
        "fit_lost": 1 - fit / best.total_fit,
    }


def _peer(
    case: str,
    side: str,
    ours: tuple[AllocationSolution, float],
    run: tuple[AllocationProblem, Callable[[], IntArray]],
) -> Row:
    problem, work = run
    branch, seconds, memory = measured(work)
    row = {
        "case": case,
        "side": side,
        "seconds": seconds,
        "times_ours": seconds / ours[1],
        "extra_mib": memory,
    }
    return row | _figures(problem, branch, ours[0])


def _peers(case: str, problem: AllocationProblem, best: AllocationSolution, seconds: float) -> list[Row]:
    """Greedy, and HiGHS, which must find the same optimum to the last unit of fit."""
    ours = (best, seconds)
    rows = [
        _peer(case, "greedy, best fit first", ours, (problem, lambda: greedy(problem))),
        _peer(case, "scipy HiGHS LP", ours, (problem, lambda: highs(problem))),
    ]
    found = (rows[-1]["served"], rows[-1]["fit_points"])
    assert found == (best.served, best.total_fit / 10_000), (
        f"HiGHS {found}, ours {best.served}, {best.total_fit}"
    )
    return rows


def _streams(
    case: str, where: Land, problem: AllocationProblem, ours: tuple[AllocationSolution, float]
) -> list[Row]:
    """Single arrivals, blind and with the prices of another day's run."""
    yesterday = solve(instance(where, problem.entries, day=0))
    blind = np.zeros(problem.branches, np.int64)
    return [
        _peer(case, "arrivals, greedy", ours, (problem, lambda: arrivals(problem, blind))),
        _peer(
            case,
            "arrivals, last run's prices",
            ours,
            (
                problem,
                lambda: arrivals(problem, arrival_prices(yesterday.branch_price, yesterday.weights.fit)),
            ),
        ),
    ]


def run(*, quick: bool = False) -> list[Row]:
    """One row a side; `quick` leaves out the full size. Raises AssertionError if sides disagree."""
    rows: list[Row] = []
    sizes = [(FULL[0] // CUT, FULL[1] // CUT)] if quick else [FULL, (FULL[0] // CUT, FULL[1] // CUT)]
    for size in sizes:
        where = land(*size)
        problem = instance(where, size[0], day=1)
        case = f"{size[0]:,} x {size[1]:,}, {problem.score.size:,} pairs"
        best, found = _ours(case, problem, repeats=3)
        rows += found + _peers(case, problem, best, found[0]["seconds"])
        if size != FULL:
            rows += _streams(case, where, problem, (best, found[0]["seconds"]))
        rows += _ours(
            f"{case}, limits, tiers, settled", instance(where, size[0], day=1, rich=True), repeats=2
        )[1]
    return rows
