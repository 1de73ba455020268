"""What an assignment says about itself: supporting institutions, and who was next and why not. Codes and numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.allocation.model import NOBODY, UNLIMITED, AllocationProblem, AllocationSolution, IntArray
from app.allocation.objective import Room, room_of


def supporting(
    problem: AllocationProblem, solution: AllocationSolution, bank_of_branch: IntArray, at_most: int = 2
) -> IntArray:
    """(n, at_most) supporting branches of each served entry, best fit first, -1 where there are no more.

    They are candidates of the entry, each of another bank than the responsible branch and than each other
    (`bank_of_branch` (m) numbers the banks); equal fits go by branch order. They take up no capacity.
    """
    entry = np.repeat(np.arange(problem.entries), np.diff(problem.row_start))
    order = np.lexsort((problem.branch, -problem.score, entry))
    entry, branch = entry[order], problem.branch[order]
    bank = np.asarray(bank_of_branch)[branch]
    helpers = np.full((problem.entries, at_most), NOBODY, np.int64)
    responsible = solution.branch[entry]
    open_pair = (responsible >= 0) & (bank != np.asarray(bank_of_branch)[responsible])
    for place in range(at_most):
        left = np.flatnonzero(open_pair)
        who, first = np.unique(entry[left], return_index=True)
        chosen = left[first]
        helpers[who, place] = branch[chosen]
        taken_bank = np.full(problem.entries, NOBODY, np.int64)
        taken_bank[who] = bank[chosen]
        open_pair &= bank != taken_bank[entry]
    return helpers


class WhyNot(StrEnum):
    """Why the next best candidate is not the responsible one."""

    SETTLED = "settled"
    """The entry keeps an earlier assignment."""
    LOWER_FIT = "lower_fit"
    """It fits worse, by `fit_difference`."""
    EQUAL_FIT = "equal_fit"
    """It fits as well; balance or the order of branches decided."""
    BRANCH_FULL = "branch_full"
    """It is full; one more place there would be worth `price_served` entries and `price_fit`."""
    GROUP_FULL = "group_full"
    """The limit of `group` above it (concentration) is used up; prices are those of one more place under it."""
    LOAD_PRICE = "load_price"
    """It has room, but its load is priced against fit (`LoadTiers.traded`)."""
    SHADOW_PRICE = "shadow_price"
    """It has room, but places there are worth more to other entries (only between runs, see `arrivals`)."""
    NOT_NAMED = "not_named"
    """The coordinator named another institution (only between runs)."""
    ROOM_LEFT = "room_left"
    """It fits better and has room: the assignment was not made by an optimal run."""


@dataclass(frozen=True)
class RunnerUp:
    """The candidate that fits best after the responsible one; fits and prices in units of 1/10,000 point.

    `fit_difference` = fit of the responsible branch (0 if none) minus `fit`; `group` is -1 unless the reason is GROUP_FULL.
    """

    branch: int
    why_not: WhyNot
    fit: int
    fit_difference: int
    price_served: int = 0
    price_fit: int = 0
    group: int = NOBODY


def runner_up(
    problem: AllocationProblem, solution: AllocationSolution, entry: int, room: Room | None = None
) -> RunnerUp | None:
    """Who was next for `entry` and why not, or None if it has no other candidate.

    Among the other candidates the best fit counts (equal: the lower index), whether it had room or not. To ask about many
    entries, pass `room_of(problem, solution.branch)` once.
    """
    row = slice(int(problem.row_start[entry]), int(problem.row_start[entry + 1]))
    branches, scores = problem.branch[row], problem.score[row]
    own = int(solution.branch[entry])
    others = np.flatnonzero(branches != own)
    if not others.size:
        return None
    at = others[int(np.argmax(scores[others]))]
    other, fit = int(branches[at]), int(scores[at])
    difference = int(scores[branches == own].sum()) - fit
    if problem.settled[entry] >= 0:
        return RunnerUp(other, WhyNot.SETTLED, fit, difference)
    if own >= 0 and difference >= 0:
        return RunnerUp(other, WhyNot.LOWER_FIT if difference else WhyNot.EQUAL_FIT, fit, difference)
    return _hindered(
        problem,
        solution,
        room or room_of(problem, solution.branch),
        RunnerUp(other, WhyNot.ROOM_LEFT, fit, difference),
    )


def _hindered(
    problem: AllocationProblem, solution: AllocationSolution, room: Room, next_one: RunnerUp
) -> RunnerUp:
    """The reason that has the highest price among the limits that are used up; equal: the nearest to the branch."""
    b = next_one.branch
    limits: list[tuple[int, WhyNot, int]] = []
    price, group = int(solution.branch_price[b]), int(problem.branch_group[b])
    full_groups = []
    while group >= 0:
        own_price = int(solution.group_price[group])
        price -= own_price
        if problem.group_capacity[group] != UNLIMITED and room.group_places[group] == 0:
            full_groups.append((own_price, WhyNot.GROUP_FULL, group))
        group = int(problem.group_parent[group])
    if room.branch_load[b] >= problem.capacity[b]:
        limits.append((price, WhyNot.BRANCH_FULL, NOBODY))
    limits += full_groups
    if not limits:
        reason = WhyNot.LOAD_PRICE if problem.tiers.traded else WhyNot.ROOM_LEFT
        limits.append((price, reason, NOBODY))
    cost, reason, at_group = max(limits, key=lambda limit: limit[0])
    served, fit_price = solution.weights.split(cost)
    return RunnerUp(b, reason, next_one.fit, next_one.fit_difference, served, fit_price, at_group)
