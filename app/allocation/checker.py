"""Independent proof of an allocation: shares values with the solver, but no code.

Feasibility is recounted from the arrays. Optimality is proven by Lagrangian duality: *any* prices give an upper bound on
the objective, so prices need no trust, and checking is plain arithmetic. With price y of a branch, q >= 0 of a
group and Q the sum of q over the groups above a branch,

    value <= sum over free entries   of max(0, best candidate's serve + fit * score - y)
           + sum over branch tiers   of places * max(0, y - Q - tier price)
           + sum over limited groups of places * q
           + what settled entries are worth,

because a free entry gains no more than its best offer at these prices, and no place earns more than its price. Equality
holds only at an optimum with the right prices; all terms are integers, so an optimal answer has gap 0 exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.allocation.model import AllocationProblem, AllocationSolution, IntArray, PosedQuota, Weights

SHOWN = 100
"""Breaches of one kind that a report lists; `Breach.more` of the last one counts the rest."""

SAFE = 2**61
UNSOUND = frozenset({"weights_too_small", "number_too_large", "negative_group_price"})
"""Breaches after which the dual bound would prove nothing."""


@dataclass(frozen=True)
class Breach:
    """One broken condition. `place` is "entry", "branch", "group", "quota" or "solution"; `found` and `limit` its numbers.

    Codes: shape, no_such_branch, not_a_candidate, settled_moved, over_capacity, over_group_capacity, over_quota, figure_wrong,
    weights_too_small, number_too_large, negative_group_price, overfull_not_flagged.
    """

    code: str
    place: str
    index: int
    found: int
    limit: int
    more: int = 0


@dataclass(frozen=True)
class CheckReport:
    """What holds; `load_cost`, `value` and `bound` are in the units of the objective (`Weights`), all exact.

    `bound` is None where a breach leaves nothing to prove.
    """

    breaches: tuple[Breach, ...]
    served: int
    total_fit: int
    load_cost: int
    value: int
    bound: int | None

    @property
    def feasible(self) -> bool:
        """No condition is broken."""
        return not self.breaches

    @property
    def gap(self) -> float | None:
        """(bound - value) / |value|: no better allocation is more than this share better. 0.0 means optimal."""
        if self.bound is None:
            return None
        return (self.bound - self.value) / max(1, abs(self.value))

    @property
    def optimal(self) -> bool:
        """Feasible, and proven that nothing is better (exact comparison of integers)."""
        return self.feasible and self.bound == self.value


def check(
    problem: AllocationProblem, solution: AllocationSolution, quotas: Sequence[PosedQuota] = ()
) -> CheckReport:
    """Recounts every condition and figure of `solution` and bounds how far it is from the optimum. Never raises.

    `quotas` are recounted too; the bound is that of the problem, whose candidates they have narrowed already.
    """
    if shape := _shape_breaches(problem, solution):
        return CheckReport(tuple(shape), 0, 0, 0, 0, None)
    kept = problem.settled >= 0
    load, forced = _loads(problem, solution.branch), _loads(problem, np.where(kept, problem.settled, -1))
    cost = _load_cost(problem, load[0])
    served, fit = int(np.count_nonzero(solution.branch >= 0)), _fit(problem, solution.branch)
    breaches = [
        *_pair_breaches(problem, solution.branch),
        *_over("over_capacity", "branch", load[0], np.maximum(problem.capacity, forced[0])),
        *_over("over_group_capacity", "group", load[1], np.maximum(_limit(problem), forced[1])),
        *_quota_breaches(problem, solution.branch, quotas),
        *_figure_breaches(solution, (served, fit, cost)),
        *_weight_breaches(problem, solution.weights),
        *_size_breaches(problem, solution),
        *_over("negative_group_price", "group", -solution.group_price, np.zeros(problem.groups, np.int64)),
        *_flag_breaches(problem, solution, forced),
    ]
    value = solution.weights.serve * served + solution.weights.fit * fit - cost
    sound = not any(b.code in UNSOUND for b in breaches)
    bound = _bound(problem, solution, forced) if sound else None
    return CheckReport(tuple(breaches), served, fit, cost, value, bound)


def _shape_breaches(problem: AllocationProblem, solution: AllocationSolution) -> list[Breach]:
    lengths = (
        (solution.branch, problem.entries),
        (solution.branch_price, problem.branches),
        (solution.group_price, problem.groups),
    )
    found = [
        Breach("shape", "solution", k, int(a.size), want)
        for k, (a, want) in enumerate(lengths)
        if a.size != want
    ]
    if not found:
        unknown = (solution.branch < -1) | (solution.branch >= problem.branches)
        found = _listed(
            "no_such_branch", "entry", np.flatnonzero(unknown), solution.branch, problem.branches - 1
        )
    return found


def _listed(code: str, place: str, where: IntArray, found: IntArray, limit: IntArray | int) -> list[Breach]:
    """Breaches at `where`, at most SHOWN of them; the last one counts the rest."""
    limits = np.broadcast_to(np.asarray(limit), found.shape)
    shown = where[:SHOWN]
    more = where.size - shown.size
    return [
        Breach(code, place, int(i), int(found[i]), int(limits[i]), more if k == shown.size - 1 else 0)
        for k, i in enumerate(shown)
    ]


def _over(code: str, place: str, found: IntArray, limit: IntArray) -> list[Breach]:
    return _listed(code, place, np.flatnonzero(found > limit), found, limit)


def _pair_breaches(problem: AllocationProblem, branch: IntArray) -> list[Breach]:
    """Settled entries stand where they were settled; all others at one of their candidates or nowhere."""
    kept = problem.settled >= 0
    moved = np.flatnonzero(kept & (branch != problem.settled))
    stray = np.flatnonzero(~kept & (branch >= 0) & (_position(problem, branch) < 0))
    return [
        *_listed("settled_moved", "entry", moved, branch, problem.settled),
        *_listed("not_a_candidate", "entry", stray, branch, -1),
    ]


def _position(problem: AllocationProblem, branch: IntArray) -> IntArray:
    """Index of the pair (entry, its branch) among the candidates by binary search, -1 if it is none."""
    m = max(problem.branches, 1)
    owner = np.repeat(
        np.arange(problem.entries, dtype=np.int64), problem.row_start[1:] - problem.row_start[:-1]
    )
    keys = owner * m + problem.branch
    wanted = np.arange(problem.entries, dtype=np.int64) * m + branch
    at = np.searchsorted(keys, wanted)
    hit = (at < keys.size) & (branch >= 0)
    hit[hit] = keys[at[hit]] == wanted[hit]
    return np.where(hit, at, -1)


def _fit(problem: AllocationProblem, branch: IntArray) -> int:
    at = _position(problem, branch)
    return _exact_sum(problem.score[at[at >= 0]])


def _loads(problem: AllocationProblem, branch: IntArray) -> tuple[IntArray, IntArray]:
    """Entries per branch and, adding each branch to every group above it, per group."""
    own = np.zeros(problem.branches, np.int64)
    np.add.at(own, branch[branch >= 0], 1)
    below = np.zeros(problem.groups, np.int64)
    for b in np.flatnonzero(own):
        group = int(problem.branch_group[b])
        while group >= 0:
            below[group] += own[b]
            group = int(problem.group_parent[group])
    return own, below


def _quota_breaches(
    problem: AllocationProblem, branch: IntArray, quotas: Sequence[PosedQuota]
) -> list[Breach]:
    """Entries of each quota at its branches, against its places or what was settled there before."""
    held = [int(np.isin(branch[one.entries], one.branches).sum()) for one in quotas]
    before = [int(np.isin(problem.settled[one.entries], one.branches).sum()) for one in quotas]
    limits = [max(one.places, forced) for one, forced in zip(quotas, before, strict=True)]
    return _over("over_quota", "quota", np.array(held, np.int64), np.array(limits, np.int64))


def _limit(problem: AllocationProblem) -> IntArray:
    """Group limits with "no limit" as more than there are entries."""
    return np.where(problem.group_capacity < 0, problem.entries + 1, problem.group_capacity)


def _load_cost(problem: AllocationProblem, load: IntArray) -> int:
    """Sum over branches of the price of each place taken, tier after tier."""
    total, begin, percent = 0, np.zeros(problem.branches, np.int64), 0
    for share, price in zip(problem.tiers.share_percent, problem.tiers.price, strict=True):
        percent += share
        end = problem.capacity * percent // 100
        total += price * _exact_sum(np.clip(load, begin, end) - begin)
        begin = end
    return total + problem.tiers.price[-1] * _exact_sum(np.maximum(load - begin, 0))


def _figure_breaches(solution: AllocationSolution, counted: tuple[int, int, int]) -> list[Breach]:
    """The figures that the solution states must be the recounted ones; `index` is 0 served, 1 fit, 2 load cost."""
    stated = (solution.served, solution.total_fit, solution.load_cost)
    pairs = enumerate(zip(stated, counted, strict=True))
    return [Breach("figure_wrong", "solution", k, said, true) for k, (said, true) in pairs if said != true]


def _weight_breaches(problem: AllocationProblem, weights: Weights) -> list[Breach]:
    """The weights must be large enough for the sum to be lexicographic (the conditions proven in `objective`)."""
    hubs = len(set(problem.branch_group.tolist()) - {-1}) + 1
    dearest = hubs * max(problem.tiers.price)
    least_fit = 1 if problem.tiers.traded else dearest + 1
    spreads = np.sort(_spreads(problem))[::-1][: problem.branches]
    least_serve = weights.fit * _exact_sum(spreads) + dearest + 1
    tests = ((weights.fit, least_fit), (weights.serve, least_serve))
    return [
        Breach("weights_too_small", "solution", k, w, least)
        for k, (w, least) in enumerate(tests)
        if w < least
    ]


def _spreads(problem: AllocationProblem) -> IntArray:
    """Best minus worst fit of each entry (n), 0 without candidates."""
    owner = np.repeat(np.arange(problem.entries), problem.row_start[1:] - problem.row_start[:-1])
    best, worst = np.full(problem.entries, -1, np.int64), np.full(problem.entries, np.iinfo(np.int64).max)
    np.maximum.at(best, owner, problem.score)
    np.minimum.at(worst, owner, problem.score)
    return np.where(best < 0, 0, best - worst)


def _size_breaches(problem: AllocationProblem, solution: AllocationSolution) -> list[Breach]:
    """Numbers so large that int64 could wrap would make the bound worthless; `index` 0 weights, 1 and 2 prices."""
    weights = solution.weights
    sizes = (
        abs(weights.serve) + abs(weights.fit) * int(problem.score.max(initial=0)),
        max((abs(int(p)) for p in solution.branch_price), default=0),
        sum(abs(int(q)) for q in solution.group_price),
    )
    return [Breach("number_too_large", "solution", k, s, SAFE) for k, s in enumerate(sizes) if s > SAFE]


def _flag_breaches(
    problem: AllocationProblem, solution: AllocationSolution, forced: tuple[IntArray, IntArray]
) -> list[Breach]:
    """Settled entries beyond a limit are allowed, but the solution has to say so."""
    said = {(o.kind, o.index) for o in solution.overfull}
    found = []
    for place, held, limit in (
        ("branch", forced[0], problem.capacity),
        ("group", forced[1], _limit(problem)),
    ):
        silent = np.array(
            [i for i in np.flatnonzero(held > limit) if (place, int(i)) not in said], dtype=np.int64
        )
        found += _listed("overfull_not_flagged", place, silent, held, limit)
    return found


def _bound(
    problem: AllocationProblem, solution: AllocationSolution, forced: tuple[IntArray, IntArray]
) -> int:
    """The dual bound of the module's docstring, in exact integers."""
    weights, price, group_price = solution.weights, solution.branch_price, solution.group_price
    kept = problem.settled >= 0
    settled = np.where(kept, problem.settled, -1)
    worth = (
        weights.serve * int(kept.sum())
        + weights.fit * _fit(problem, settled)
        - _load_cost(problem, forced[0])
    )
    places = np.where(problem.group_capacity < 0, np.count_nonzero(~kept), problem.group_capacity - forced[1])
    groups = sum(int(n) * int(q) for n, q in zip(np.maximum(places, 0), group_price, strict=True))
    return (
        worth
        + _offers(problem, weights, price)
        + _tier_rents(problem, price, group_price, forced[0])
        + groups
    )


def _offers(problem: AllocationProblem, weights: Weights, price: IntArray) -> int:
    """Sum over free entries of the best offer at these prices, at least 0 (unserved)."""
    net = weights.serve + weights.fit * problem.score - price[problem.branch]
    rows = np.flatnonzero(problem.row_start[1:] > problem.row_start[:-1])
    if not rows.size:
        return 0
    best = np.maximum.reduceat(net, problem.row_start[rows])
    return _exact_sum(np.maximum(best, 0)[problem.settled[rows] < 0])


def _tier_rents(problem: AllocationProblem, price: IntArray, group_price: IntArray, forced: IntArray) -> int:
    """Sum over branches and tiers of free places times what the branch's price exceeds groups' and tier's price by."""
    rent = price.copy()
    above = problem.branch_group.copy()
    while above.size and above.max() >= 0:
        inside = above >= 0
        rent[inside] -= group_price[above[inside]]
        above[inside] = problem.group_parent[above[inside]]
    total, percent, begin = 0, 0, forced
    for share, tier_price in zip(problem.tiers.share_percent, problem.tiers.price, strict=True):
        percent += share
        end = np.maximum(problem.capacity * percent // 100, begin)
        earned = zip((end - begin).tolist(), np.maximum(rent - tier_price, 0).tolist(), strict=True)
        total += sum(free * gain for free, gain in earned)
        begin = end
    return total


def _exact_sum(values: IntArray) -> int:
    """Sum as a Python integer, safe where int64 would wrap (up to 2^31 values)."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
