"""Optimal allocation as a min-cost flow (ortools: cost scaling, Goldberg 1997, doi:10.1006/jagm.1995.0805).

Network: every free entry sends one unit to a candidate branch, or straight outside on a slack arc (unserved);
branches send it to their group or outside over one arc per load tier, groups to the group above. The tree of
groups keeps the matrix totally unimodular, so the integer optimum is the optimum.

Arcs are added in the canonical order of the problem (entry, branch, tier, group) and the solver is sequential and
draws no random numbers: equal problems give equal bytes.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from app.allocation.model import NOBODY, UNLIMITED, AllocationProblem, AllocationSolution, IntArray, Weights
from app.allocation.objective import (
    AllocationTooLarge,
    Room,
    branch_loads,
    fit_of,
    load_cost_of,
    room_of,
    tier_ends,
    weights_of,
)
from app.allocation.prices import shadow_prices

_Arcs: TypeAlias = tuple[IntArray, IntArray, IntArray, IntArray]


def solve(problem: AllocationProblem) -> AllocationSolution:
    """The allocation that serves most entries, among those fits best, among those is best balanced.

    Settled entries keep their branch and use up capacity first; what they overfill is listed, not mended.

    The slack arc should cost `weights.serve`, which is safe for every problem but so large that the solver
    needs two to four times as long. So smaller costs are tried first, and an answer stands only if shadow prices
    exist for it under the *full* weights, which is proof of optimality; else the next cost is tried, up to the full one.

    Raises AllocationTooLarge when the weights do not fit 64 bits.
    """
    weights = weights_of(problem)
    room = room_of(problem, problem.settled)
    for slack in _slack_costs(problem, weights):
        branch = _assign(problem, room, weights, slack)
        prices = shadow_prices(problem, branch, weights)
        if prices is not None:
            return _solution(problem, branch, weights, prices)
    raise AllocationTooLarge("no slack cost within the solver's 64 bits proves the answer optimal")


def _solution(
    problem: AllocationProblem, branch: IntArray, weights: Weights, prices: tuple[IntArray, IntArray]
) -> AllocationSolution:
    for array in (branch, *prices):
        array.setflags(write=False)
    return AllocationSolution(
        branch=branch,
        served=int((branch >= 0).sum()),
        total_fit=fit_of(problem, branch),
        load_cost=load_cost_of(problem, branch_loads(problem, branch)),
        branch_price=prices[0],
        group_price=prices[1],
        weights=weights,
        overfull=room_of(problem, problem.settled).overfull,
    )


def _slack_costs(problem: AllocationProblem, weights: Weights) -> list[int]:
    """Costs of leaving an entry unserved, on top of the best fit: cheap first, what is proven enough last.

    The solver multiplies costs by nodes + 1 and lets potentials run along paths; 2^63 / 16 leaves it room.
    """
    best = int(problem.score.max(initial=0))
    quick = weights.fit * best + (1 + problem.groups) * problem.tiers.price[-1] + 1
    nodes = problem.entries + problem.branches + problem.groups + 2
    ceiling = (2**63 // 16) // nodes - weights.fit * best
    return sorted({min(cost, weights.serve, ceiling) for cost in (quick, 64 * quick, weights.serve)})


def _assign(problem: AllocationProblem, room: Room, weights: Weights, slack: int) -> IntArray:
    """Branch per entry from one run of the solver."""
    branch: IntArray = problem.settled.copy()
    degree = np.diff(problem.row_start)
    free = np.flatnonzero((problem.settled == NOBODY) & (degree > 0))
    if not free.size:
        return branch
    pair = np.flatnonzero(np.repeat((problem.settled == NOBODY), degree))
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(*_candidate_arcs(problem, free, pair, weights))
    for tail, head, capacity, cost in (
        _slack_arcs(problem, free, weights, slack),
        _tier_arcs(problem, room, free.size),
        _group_arcs(problem, room, free.size),
    ):
        flow.add_arcs_with_capacity_and_unit_cost(
            tail.astype(np.int32), head.astype(np.int32), capacity, cost
        )
    outside = free.size + problem.branches + problem.groups
    supply = np.zeros(outside + 1, np.int64)
    supply[: free.size], supply[outside] = 1, -free.size
    flow.set_nodes_supplies(np.arange(outside + 1, dtype=np.int32), supply)
    if (status := flow.solve()) != flow.OPTIMAL:
        raise AllocationTooLarge(f"min-cost flow ended with {status}")
    taken = pair[flow.flows(arcs) > 0]
    branch[np.searchsorted(problem.row_start, taken, side="right") - 1] = problem.branch[taken]
    return branch


def _candidate_arcs(
    problem: AllocationProblem, free: IntArray, pair: IntArray, weights: Weights
) -> tuple[object, ...]:
    """Entry → branch, one unit each, costing what it falls short of the best fit of all. Nodes: entries first."""
    number = np.empty(problem.entries, np.int32)
    number[free] = np.arange(free.size)
    tail = np.repeat(number, np.diff(problem.row_start))[pair]
    head = (free.size + problem.branch[pair]).astype(np.int32)
    best = int(problem.score.max(initial=0))
    return tail, head, np.ones(pair.size, np.int64), weights.fit * (best - problem.score[pair])


def _slack_arcs(problem: AllocationProblem, free: IntArray, weights: Weights, slack: int) -> _Arcs:
    """Entry → outside: unserved."""
    outside = free.size + problem.branches + problem.groups
    cost = weights.fit * int(problem.score.max(initial=0)) + slack
    ones = np.ones(free.size, np.int64)
    return np.arange(free.size), outside * ones, ones, cost * ones


def _tier_arcs(problem: AllocationProblem, room: Room, most: int) -> _Arcs:
    """Branch → its group or outside, one arc per tier with the places that settled entries leave in it."""
    m, g = problem.branches, problem.groups
    ends = np.maximum(tier_ends(problem), np.minimum(room.branch_load, problem.capacity))
    places = np.diff(ends, axis=0, prepend=np.minimum(room.branch_load, problem.capacity)[None, :])
    tail = np.broadcast_to(most + np.arange(m), places.shape)
    head = np.where(problem.branch_group >= 0, most + m + problem.branch_group, most + m + g)
    cost = np.broadcast_to(np.array(problem.tiers.price, np.int64)[:, None], places.shape)
    used = places > 0
    return tail[used], np.broadcast_to(head, places.shape)[used], np.minimum(places[used], most), cost[used]


def _group_arcs(problem: AllocationProblem, room: Room, most: int) -> _Arcs:
    """Group → the group above or outside, with the places that settled entries leave."""
    m, g = problem.branches, problem.groups
    tail = most + m + np.arange(g)
    head = np.where(problem.group_parent >= 0, most + m + problem.group_parent, most + m + g)
    places = np.where(room.group_places == UNLIMITED, most, np.minimum(room.group_places, most))
    return tail, head, places, np.zeros(g, np.int64)
