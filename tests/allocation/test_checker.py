"""The checker finds every kind of planted breach, and its bound holds whatever prices it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.allocation import checker
from app.allocation.checker import check
from app.allocation.flow import solve
from app.allocation.model import AllocationProblem, AllocationSolution, LoadTiers, Weights
from app.allocation.objective import branch_loads, fit_of, load_cost_of
from tests.allocation.strategies import problems


def _restated(
    problem: AllocationProblem, solution: AllocationSolution, branch: np.ndarray
) -> AllocationSolution:
    """The solution with another assignment and honest figures for it."""
    cost = load_cost_of(problem, branch_loads(problem, branch))
    return replace(
        solution,
        branch=branch,
        served=int((branch >= 0).sum()),
        total_fit=fit_of(problem, branch),
        load_cost=cost,
    )


def _with(values: np.ndarray, at: int, value: int) -> np.ndarray:
    changed = values.copy()
    changed[at] = value
    return changed


@pytest.fixture
def case() -> tuple[AllocationProblem, AllocationSolution]:
    """Entries 0–4; branches with 1, 2, 2, 3 places; group 0 over 0 and 1 allows two; entry 4 settled at 2."""
    pairs = ([0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 3, 1, 3], [9, 8, 7, 5, 6, 2, 4, 1])
    problem = AllocationProblem.from_pairs(
        5, [1, 2, 2, 3], pairs, groups=([0, 0, -1, -1], [-1], [2]), settled=[-1, -1, -1, -1, 2]
    )
    return problem, solve(problem)


Plant = Callable[[AllocationProblem, AllocationSolution], AllocationSolution]

PLANTS: dict[str, tuple[Plant, tuple[str, str, int]]] = {
    "not a candidate": (
        lambda p, s: _restated(p, s, _with(s.branch, 3, 2)),
        ("not_a_candidate", "entry", 3),
    ),
    "settled entry moved": (
        lambda p, s: _restated(p, s, _with(s.branch, 4, 3)),
        ("settled_moved", "entry", 4),
    ),
    "branch over capacity": (
        lambda p, s: _restated(p, s, np.array([0, 0, 3, -1, 2])),
        ("over_capacity", "branch", 0),
    ),
    "group over its limit": (
        lambda p, s: _restated(p, s, np.array([0, 1, 3, 1, 2])),
        ("over_group_capacity", "group", 0),
    ),
    "served misstated": (lambda _, s: replace(s, served=s.served + 1), ("figure_wrong", "solution", 0)),
    "fit misstated": (lambda _, s: replace(s, total_fit=s.total_fit + 1), ("figure_wrong", "solution", 1)),
    "load cost misstated": (lambda _, s: replace(s, load_cost=1), ("figure_wrong", "solution", 2)),
    "weights that are not lexicographic": (
        lambda _, s: replace(s, weights=Weights(serve=5, fit=1)),
        ("weights_too_small", "solution", 1),
    ),
    "numbers beyond 64 bits": (
        lambda _, s: replace(s, weights=Weights(serve=2**62, fit=1)),
        ("number_too_large", "solution", 0),
    ),
    "negative price of a group": (
        lambda _, s: replace(s, group_price=np.array([-1])),
        ("negative_group_price", "group", 0),
    ),
    "a branch that does not exist": (
        lambda _, s: replace(s, branch=_with(s.branch, 2, 9)),
        ("no_such_branch", "entry", 2),
    ),
    "an entry too few": (lambda _, s: replace(s, branch=s.branch[:-1]), ("shape", "solution", 0)),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_breach_is_reported_with_its_place(
    name: str, case: tuple[AllocationProblem, AllocationSolution]
) -> None:
    problem, solution = case
    assert check(problem, solution).optimal
    plant, expected = PLANTS[name]
    report = check(problem, plant(problem, solution))
    assert [(b.code, b.place, b.index) for b in report.breaches] == [expected]
    assert not report.feasible
    assert not report.optimal


def test_a_group_high_above_a_branch_is_counted_too() -> None:
    pairs = ([0, 1], [0, 1], [5, 5])
    problem = AllocationProblem.from_pairs(2, [1, 1], pairs, groups=([2, 1], [-1, 0, 1], [1, -1, -1]))
    solution = solve(problem)
    report = check(problem, _restated(problem, solution, np.array([0, 1])))
    assert [(b.code, b.index, b.found, b.limit) for b in report.breaches] == [
        ("over_group_capacity", 0, 2, 1)
    ]


def test_settled_entries_beyond_a_limit_must_be_flagged() -> None:
    problem = AllocationProblem.from_pairs(2, [1], ([], [], []), groups=([0], [-1], [1]), settled=[0, 0])
    solution = solve(problem)
    assert check(problem, solution).optimal
    silent = check(problem, replace(solution, overfull=()))
    assert [(b.code, b.place) for b in silent.breaches] == [
        ("overfull_not_flagged", "branch"),
        ("overfull_not_flagged", "group"),
    ]


def test_many_breaches_of_a_kind_are_listed_in_part_and_counted_in_full() -> None:
    problem = AllocationProblem.from_pairs(250, [250], ([], [], []))
    report = check(problem, _restated(problem, solve(problem), np.zeros(250, np.int64)))
    assert len(report.breaches) == checker.SHOWN
    assert report.breaches[-1].more == 250 - checker.SHOWN


@settings(max_examples=150)
@given(problems(), st.data())
def test_a_worse_assignment_gets_a_positive_gap_and_no_prices_push_the_bound_below_the_optimum(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    solution = solve(problem)
    keep = data.draw(st.lists(st.booleans(), min_size=problem.entries, max_size=problem.entries))
    kept = np.array(keep, dtype=bool) | (problem.settled >= 0)
    worse = _restated(problem, solution, np.where(kept, solution.branch, -1))
    report = check(problem, worse)
    assert report.feasible
    assert report.gap is not None
    assert (report.gap > 0) == (worse.served < solution.served)
    top = 2 * solution.weights.serve
    price = data.draw(st.lists(st.integers(-top, top), min_size=problem.branches, max_size=problem.branches))
    group = data.draw(st.lists(st.integers(0, top), min_size=problem.groups, max_size=problem.groups))
    anyhow = check(
        problem,
        replace(solution, branch_price=np.array(price, np.int64), group_price=np.array(group, np.int64)),
    )
    assert anyhow.bound is not None
    assert anyhow.bound >= solution.value


def test_a_swap_that_costs_only_fit_or_only_balance_is_seen() -> None:
    sharp = AllocationProblem.from_pairs(2, [1, 1], ([0, 0, 1, 1], [0, 1, 0, 1], [9, 4, 4, 8]))
    swapped = check(sharp, _restated(sharp, solve(sharp), np.array([1, 0])))
    assert swapped.feasible
    assert swapped.bound == swapped.value + 9

    flat = AllocationProblem.from_pairs(
        4, [4, 4], (np.repeat(np.arange(4), 2), [0, 1] * 4, [7] * 8), tiers=LoadTiers((50, 50), (0, 1))
    )
    lopsided = check(flat, _restated(flat, solve(flat), np.zeros(4, np.int64)))
    assert lopsided.feasible
    assert lopsided.bound == lopsided.value + 2
