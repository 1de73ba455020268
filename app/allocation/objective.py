"""One integer objective that is lexicographic by construction, and the room that settled assignments leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.allocation.model import NOBODY, UNLIMITED, AllocationProblem, IntArray, Overfull, Weights

VALUE_BITS = 60
"""A weight, and any sum along a simple path, has to stay below 2^60 so that int64 arithmetic cannot wrap."""


class AllocationTooLarge(ValueError):
    """The weights of this problem do not fit 64 bits: give fewer load prices, smaller ones, or fewer groups."""


def weights_of(problem: AllocationProblem) -> Weights:
    """Weights that make `serve * served + fit * total_fit - load_cost` lexicographic.

    *Claim.* Let H be the number of hubs (the outside, and every group with branches of its own), P the
    dearest load price, S the sum of the min(n, m) largest spreads (best minus worst fit) among entries, F the
    highest fit. Then fit > H*P and serve > fit*S + H*P are enough.

    *Proof.* Let f be optimal for the sum and g better in lexicographic order. g - f is a flow without
    sources, so it splits into simple residual cycles of f, each of which f could follow alone. Served entries
    change only on the arcs that join an entry directly with the outside (unserved), and a simple cycle visits the outside
    at most once: it changes `served` by -1, 0 or 1. Load prices lie on arcs from branches to hubs, and each
    hub is visited at most once, so a cycle changes load cost by at most H*P. An entry loses fit only by moving from one
    branch to another; each branch is left at most once, so at most min(n, m) entries lose, each at most its spread.

    - If g serves more, some cycle serves one more. It gains at least serve - fit*S - H*P > 0.
    - If g serves as many, no cycle serves more (the line above), so all leave `served` alone; if g fits better, some cycle
      gains at least one unit of fit and so at least fit - H*P > 0.
    - If both are equal, no cycle gains fit, so all leave it alone, and some cycle has a lower load cost.

    Each case contradicts that f is optimal. ∎  (Decomposition: Ahuja, Magnanti, Orlin, *Network Flows*, theorem 3.5.)

    `serve` is taken as 2*(fit*(S + F) + H*P) + 1, so that a shadow price, the length of a simple residual path, reads
    uniquely as k*serve + rest with |rest| < serve/2. With `tiers.traded` prices are fits: fit = 1.

    Raises AllocationTooLarge if serve reaches 2^60.
    """
    hubs = 1 + np.unique(problem.branch_group[problem.branch_group >= 0]).size
    dearest = int(hubs) * problem.tiers.price[-1]
    fit = 1 if problem.tiers.traded else dearest + 1
    best = int(problem.score.max(initial=0))
    serve = 2 * (fit * (_largest_spreads(problem) + best) + dearest) + 1
    if serve.bit_length() > VALUE_BITS:
        raise AllocationTooLarge(f"serving weight {serve} needs more than {VALUE_BITS} bits")
    return Weights(serve, fit)


def _largest_spreads(problem: AllocationProblem) -> int:
    """Sum of the min(n, m) largest differences between an entry's best and worst fit."""
    rows = problem.row_start[:-1][np.diff(problem.row_start) > 0]
    if not rows.size:
        return 0
    spread = np.maximum.reduceat(problem.score, rows) - np.minimum.reduceat(problem.score, rows)
    count = min(spread.size, problem.branches)
    return int(np.partition(spread, spread.size - count)[spread.size - count :].sum())


def tier_ends(problem: AllocationProblem) -> IntArray:
    """(tiers, m) load at which each tier of each branch ends; never falls along tiers, last row = capacity."""
    reach = np.cumsum(np.array(problem.tiers.share_percent, dtype=np.int64))
    return reach[:, None] * problem.capacity[None, :] // 100


def group_loads(problem: AllocationProblem, branch_load: IntArray) -> IntArray:
    """Entries held below each group, all levels."""
    load = np.zeros(problem.groups, np.int64)
    above = problem.branch_group
    while (above >= 0).any():
        inside = above >= 0
        np.add.at(load, above[inside], branch_load[inside])
        above = np.where(inside, problem.group_parent[above] if problem.groups else above, NOBODY)
    return load


def branch_loads(problem: AllocationProblem, branch: IntArray) -> IntArray:
    """Entries held by each branch under the assignment `branch` (-1 counts nowhere)."""
    return np.bincount(branch[branch >= 0], minlength=problem.branches).astype(np.int64)


def fit_of(problem: AllocationProblem, branch: IntArray) -> int:
    """Total fit of an assignment; a pair that is no candidate (possible for settled entries only) counts 0."""
    chosen = np.repeat(branch, np.diff(problem.row_start)) == problem.branch
    return int(problem.score[chosen].sum())


def load_cost_of(problem: AllocationProblem, load: IntArray) -> int:
    """Price of all loads; places beyond capacity (settled entries only) cost the last tier's price."""
    ends = tier_ends(problem)
    held = np.minimum(ends, load[None, :])
    places = np.diff(held, axis=0, prepend=0).sum(axis=1)
    over = int(np.maximum(load - problem.capacity, 0).sum())
    prices = problem.tiers.price
    return sum(int(n) * p for n, p in zip(places, prices, strict=True)) + over * prices[-1]


@dataclass(frozen=True, eq=False)
class Room:
    """What settled assignments leave: loads, places (never negative), and the limits that they break by themselves."""

    branch_load: IntArray
    group_places: IntArray
    overfull: tuple[Overfull, ...]


def room_of(problem: AllocationProblem, branch: IntArray) -> Room:
    """Room that the assignment `branch` leaves; `group_places` holds UNLIMITED where a group has no limit."""
    own = branch_loads(problem, branch)
    below = group_loads(problem, own)
    limited = problem.group_capacity != UNLIMITED
    places = np.where(limited, np.maximum(problem.group_capacity - below, 0), UNLIMITED)
    overfull = [
        Overfull("branch", int(b), int(problem.capacity[b]), int(own[b]))
        for b in np.flatnonzero(own > problem.capacity)
    ]
    overfull += [
        Overfull("group", int(h), int(problem.group_capacity[h]), int(below[h]))
        for h in np.flatnonzero(limited & (below > problem.group_capacity))
    ]
    return Room(own, places, tuple(overfull))
