"""Small allocation problems, tight on purpose, and a plain oracle that solves them exactly another way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from app.allocation.model import FLAT, UNLIMITED, AllocationProblem, LoadTiers

TIERS = [
    FLAT,
    LoadTiers((60, 25, 15), (0, 1, 2)),
    LoadTiers((50, 0, 50), (1, 2, 7)),
    LoadTiers((34, 66), (0, 300_000), traded=True),
]


@st.composite
def problems(draw: st.DrawFn) -> AllocationProblem:
    """Up to 8 entries, 5 branches, 4 nested groups, with settled entries and load tiers."""
    n, m, g = draw(st.integers(0, 8)), draw(st.integers(1, 5)), draw(st.integers(0, 4))
    score = st.one_of(st.sampled_from([0, 1, 2, 500_000, 1_000_000]), st.integers(0, 1_000_000))
    rows = [draw(st.dictionaries(st.integers(0, m - 1), score, max_size=m)) for _ in range(n)]
    triples = [(i, b, row[b]) for i, row in enumerate(rows) for b in row]
    entry, branch, fit = (np.array([t[k] for t in triples], dtype=np.int64) for k in range(3))
    parents = [draw(st.integers(-1, h - 1)) for h in range(g)]
    limits = [draw(st.one_of(st.just(UNLIMITED), st.integers(0, 4))) for _ in range(g)]
    own = [draw(st.integers(-1, g - 1)) for _ in range(m)]
    settled = [draw(st.sampled_from([-1] * 4 + list(range(m)))) for _ in range(n)]
    return AllocationProblem.from_pairs(
        n,
        [draw(st.integers(0, 3)) for _ in range(m)],
        (entry, branch, fit),
        groups=(own, parents, limits),
        settled=settled,
        tiers=draw(st.sampled_from(TIERS)),
    )


def area_problem(entries: int, branches: int, seed: int, tiers: LoadTiers = FLAT) -> AllocationProblem:
    """A larger, tight problem: entries and branches in counties, ten banks with limits, some entries settled."""
    rng = np.random.default_rng(seed)
    county_of_branch = rng.integers(0, max(branches // 8, 1), branches)
    county_of_entry = rng.integers(0, max(branches // 8, 1), entries)
    near = county_of_entry[:, None] == county_of_branch[None, :]
    entry, branch = np.nonzero(near | (rng.random(near.shape) < 1 / branches))
    fit = np.clip(rng.normal(60, 15, entry.size) * 10_000, 0, 1_000_000).astype(np.int64)
    capacity = rng.multinomial(int(entries * 1.05), np.full(branches, 1 / branches))
    bank = rng.integers(0, 10, branches)
    held = np.bincount(bank, capacity, 10).astype(np.int64)
    groups = (bank, np.r_[np.full(9, -1), 0], np.r_[held[:8] * 9 // 10, UNLIMITED, held[9] // 2])
    settled = np.where(rng.random(entries) < 0.02, rng.integers(0, branches, entries), -1)
    return AllocationProblem.from_pairs(
        entries, capacity, (entry, branch, fit), groups=groups, settled=settled, tiers=tiers
    )


@dataclass(frozen=True)
class Best:
    """The exact optimum, level by level."""

    served: int
    total_fit: int
    load_cost: int


def oracle(problem: AllocationProblem) -> Best:
    """Solves the levels one after the other as integer programs with HiGHS; knows no weights and no flows.

    Variables: one per candidate pair of a free entry, then places per (branch, tier). With traded prices the second
    level is fit minus load cost.
    """
    pairs = [
        (i, int(problem.branch[k]), int(problem.score[k]))
        for i in range(problem.entries)
        for k in range(problem.row_start[i], problem.row_start[i + 1])
    ]
    settled = [int(b) for b in problem.settled]
    free = [p for p in pairs if settled[p[0]] < 0]
    fixed_fit = sum(f for i, b, f in pairs if settled[i] == b)
    forced = [settled.count(b) for b in range(problem.branches)]
    steps, prices = problem.tiers.share_percent, problem.tiers.price
    reach = [0, *np.cumsum(steps).tolist()]
    width = len(free) + problem.branches * len(prices)
    places = np.zeros(width)
    cost = np.zeros(width)
    rows, low, high = [], [], []

    def require(row: np.ndarray, least: float, most: float) -> None:
        rows.append(row)
        low.append(least)
        high.append(most)

    places[: len(free)] = 1
    over = 0
    for b in range(problem.branches):
        capacity = int(problem.capacity[b])
        row = np.array([1.0 if k < len(free) and free[k][1] == b else 0.0 for k in range(width)])
        require(row.copy(), 0, max(0, capacity - forced[b]))
        for t, price in enumerate(prices):
            at = len(free) + b * len(prices) + t
            places[at] = capacity * reach[t + 1] // 100 - capacity * reach[t] // 100
            cost[at], row[at] = price, -1.0
        over += max(0, forced[b] - capacity) * prices[-1]
        require(row, -min(forced[b], capacity), -min(forced[b], capacity))
    for i in range(problem.entries):
        require(np.array([1.0 if k < len(free) and free[k][0] == i else 0.0 for k in range(width)]), 0, 1)
    for h in range(problem.groups):
        below = [b for b in range(problem.branches) if h in _above(problem, b)]
        limit = int(problem.group_capacity[h])
        if limit != UNLIMITED:
            row = np.array([1.0 if k < len(free) and free[k][1] in below else 0.0 for k in range(width)])
            require(row, 0, max(0, limit - sum(forced[b] for b in below)))

    def best(goal: np.ndarray) -> int:
        result = milp(
            -goal,
            constraints=LinearConstraint(np.array(rows), low, high),
            bounds=Bounds(0, places),
            integrality=1,
        )
        top: int = round(-result.fun)
        require(goal, top, top)
        return top

    count = np.array([1.0 if k < len(free) else 0.0 for k in range(width)])
    fit = np.array([float(free[k][2]) if k < len(free) else 0.0 for k in range(width)])
    if width == 0:
        return Best(sum(forced), fixed_fit, over)
    served = best(count) + sum(forced)
    if problem.tiers.traded:
        worth = best(fit - cost)
        return Best(served, worth + fixed_fit - over, 0)
    total_fit = best(fit) + fixed_fit
    return Best(served, total_fit, over - best(-cost))


def _above(problem: AllocationProblem, branch: int) -> list[int]:
    found, group = [], int(problem.branch_group[branch])
    while group >= 0:
        found.append(group)
        group = int(problem.group_parent[group])
    return found
