"""Single arrivals between two runs: greedy, with the shadow prices of the last run as its foresight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.allocation.model import UNLIMITED, AllocationProblem, IntArray
from app.allocation.objective import room_of


def assign_arrival(
    candidates: Sequence[int],
    scores: Sequence[int],
    remaining_capacity: Sequence[int] | IntArray,
    prices: Sequence[int] | IntArray,
) -> int | None:
    """The candidate branch with room that has the best score minus price (equal: the lowest index), or None.

    `candidates` and `scores` run in parallel; `remaining_capacity` and `prices` are by branch, prices in fit units
    (see `arrival_prices`). A price only steers: whoever can be served is served.
    """
    open_offers = (
        (scores[k] - int(prices[b]), -b) for k, b in enumerate(candidates) if remaining_capacity[b] > 0
    )
    best = max(open_offers, default=None)
    return None if best is None else -best[1]


def arrival_prices(branch_price: IntArray, fit: int) -> IntArray:
    """A solution's shadow prices (m) in fit units, rounded down, for `assign_arrival`; `fit` is the weight of one unit."""
    prices: IntArray = branch_price // fit
    return prices


def remaining_places(problem: AllocationProblem, branch: IntArray) -> IntArray:
    """Places left by branch (m) under the assignment `branch` (n), never negative, limits of all groups above included."""
    room = room_of(problem, branch)
    left: IntArray = np.maximum(problem.capacity - room.branch_load, 0)
    above = problem.branch_group.copy()
    while above.size and above.max() >= 0:
        inside = above >= 0
        places = room.group_places[above[inside]]
        left[inside] = np.where(places == UNLIMITED, left[inside], np.minimum(left[inside], places))
        above[inside] = problem.group_parent[above[inside]]
    return left
