"""Shadow prices of an assignment: Bellman-Ford on the residual graph, contracted to branches and groups.

They say what one more place is worth, they guide single arrivals between runs, and they certify optimality: prices
exist exactly when the residual graph has no improving cycle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from app.allocation.model import UNLIMITED, AllocationProblem, IntArray, Weights
from app.allocation.objective import Room, room_of, tier_ends


@dataclass(frozen=True, eq=False)
class _Edges:
    """price[head] >= price[tail] + gain, sorted by head."""

    tail: IntArray
    gain: IntArray
    heads: IntArray
    starts: IntArray


def shadow_prices(
    problem: AllocationProblem, branch: IntArray, weights: Weights
) -> tuple[IntArray, IntArray] | None:
    """The least prices >= 0 of branches (m) and groups (g) that support `branch`, or None if it is not optimal.

    Nodes are branches, groups and the outside (price 0). "Supports" is complementary slackness: no entry would
    rather be elsewhere at these prices, what has room left is not dearer than the way out of it, what is used is
    not cheaper. The least solution is unique, hence the same whichever optimal answer a solver returns first.
    """
    nodes = problem.branches + problem.groups + 1
    edges = _edges(problem, branch, weights)
    price = np.zeros(nodes, np.int64)
    outside = nodes - 1
    for _ in range(nodes + 1):
        reach = np.maximum.reduceat(price[edges.tail] + edges.gain, edges.starts)
        raised = reach > price[edges.heads]
        if not raised.any():
            return _split(problem, price)
        price[edges.heads[raised]] = reach[raised]
        if price[outside] > 0:
            return None
    return None


def _split(problem: AllocationProblem, price: IntArray) -> tuple[IntArray, IntArray]:
    m, g = problem.branches, problem.groups
    above = np.where(problem.group_parent >= 0, m + problem.group_parent, m + g)
    return price[:m].copy(), price[m : m + g] - price[above]


def _edges(problem: AllocationProblem, branch: IntArray, weights: Weights) -> _Edges:
    """All residual arcs; of parallel ones only the strongest."""
    parts = [_wishes(problem, branch, weights), _exits(problem, branch, weights), *_tree(problem, branch)]
    tail, head, gain = (np.concatenate([part[k] for part in parts]) for k in range(3))
    key = head * (problem.branches + problem.groups + 1) + tail
    order = np.argsort(key, kind="stable")
    firsts = np.flatnonzero(np.diff(key[order], prepend=-1))
    gain = np.maximum.reduceat(gain[order], firsts)
    tail, head = tail[order][firsts], head[order][firsts]
    starts = np.flatnonzero(np.diff(head, prepend=-1))
    return _Edges(tail, gain, head[starts], starts)


_Part: TypeAlias = tuple[IntArray, IntArray, IntArray]


def _wishes(problem: AllocationProblem, branch: IntArray, weights: Weights) -> _Part:
    """Free entries against every candidate: from where the entry is (outside if unserved) to the candidate."""
    degree = np.diff(problem.row_start)
    free = np.repeat(problem.settled < 0, degree)
    at = np.repeat(branch, degree)
    worth = weights.fit * problem.score
    here = np.repeat(_worth_here(problem, branch, worth), degree)
    outside = problem.branches + problem.groups
    keep = free & (at != problem.branch)
    gain = worth + np.where(at < 0, weights.serve, -here)
    return np.where(at < 0, outside, at)[keep], problem.branch[keep], gain[keep]


def _worth_here(problem: AllocationProblem, branch: IntArray, worth: IntArray) -> IntArray:
    """Worth of each entry's own assignment, 0 if it has none."""
    degree = np.diff(problem.row_start)
    chosen = np.repeat(branch, degree) == problem.branch
    here = np.zeros(problem.entries, np.int64)
    here[np.repeat(np.arange(problem.entries), degree)[chosen]] = worth[chosen]
    return here


def _exits(problem: AllocationProblem, branch: IntArray, weights: Weights) -> _Part:
    """A served entry may give up its place: its branch is never dearer than serving the entry is worth."""
    here = _worth_here(problem, branch, weights.fit * problem.score)
    served = np.flatnonzero((branch >= 0) & (problem.settled < 0))
    outside = np.full(served.size, problem.branches + problem.groups)
    return branch[served], outside, -here[served] - weights.serve


def _tree(problem: AllocationProblem, branch: IntArray) -> list[_Part]:
    """Arcs between branches, groups and the outside, both ways, as far as load and room allow."""
    m, g = problem.branches, problem.groups
    room = room_of(problem, branch)
    node, hub = np.arange(m), np.where(problem.branch_group >= 0, m + problem.branch_group, m + g)
    group, above = m + np.arange(g), np.where(problem.group_parent >= 0, m + problem.group_parent, m + g)
    last, following = _marginal(problem, room)
    moved = room.branch_load > np.bincount(problem.settled[problem.settled >= 0], minlength=m)
    spare = room.branch_load < problem.capacity
    open_group = (room.group_places > 0) | (problem.group_capacity == UNLIMITED)
    return [
        (hub[moved], node[moved], last[moved]),
        (node[spare], hub[spare], -following[spare]),
        (above, group, np.zeros(g, np.int64)),
        (group[open_group], above[open_group], np.zeros(int(open_group.sum()), np.int64)),
    ]


def _marginal(problem: AllocationProblem, room: Room) -> tuple[IntArray, IntArray]:
    """Load price of the last place taken and of the next one, by branch (the last tier's beyond capacity)."""
    ends, prices = tier_ends(problem), np.array(problem.tiers.price, dtype=np.int64)
    top = prices.size - 1
    last = np.minimum((ends < room.branch_load).sum(axis=0), top)
    following = np.minimum((ends < room.branch_load + 1).sum(axis=0), top)
    return prices[last], prices[following]
