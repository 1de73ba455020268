"""The solver is optimal, lexicographic, complete and repeatable."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings

from app.allocation.checker import check
from app.allocation.flow import solve
from app.allocation.model import AllocationProblem, AllocationSolution, LoadTiers, Overfull
from tests.allocation.strategies import Best, area_problem, oracle, problems


def _figures(problem: AllocationProblem, solution: AllocationSolution) -> Best:
    if problem.tiers.traded:
        return Best(solution.served, solution.total_fit - solution.load_cost, 0)
    return Best(solution.served, solution.total_fit, solution.load_cost)


@settings(max_examples=250)
@given(problems())
def test_every_level_of_the_objective_equals_the_integer_program_and_the_checker_proves_it(
    problem: AllocationProblem,
) -> None:
    solution = solve(problem)
    assert _figures(problem, solution) == oracle(problem)
    report = check(problem, solution)
    assert report.breaches == ()
    assert report.gap == 0.0
    assert report.optimal


def test_a_large_tight_problem_with_groups_tiers_and_settled_entries_is_proven_optimal() -> None:
    problem = area_problem(3_000, 160, seed=5, tiers=LoadTiers((60, 25, 15), (0, 1, 2)))
    solution = solve(problem)
    assert 0 < solution.served < problem.entries
    assert check(problem, solution).optimal


@pytest.mark.parametrize("length", [3, 40, 200])
def test_serving_one_more_is_worth_a_chain_of_entries_that_each_lose_all_their_fit(length: int) -> None:
    entry = np.r_[0, np.repeat(np.arange(1, length), 2)]
    branch = np.r_[0, np.c_[np.arange(length - 1), np.arange(1, length)].ravel()]
    score = np.r_[0, np.tile([1_000_000, 0], length - 1)]
    problem = AllocationProblem.from_pairs(length, np.ones(length, np.int64), (entry, branch, score))
    solution = solve(problem)
    assert (solution.served, solution.total_fit) == (length, 0)
    assert check(problem, solution).optimal


def test_equal_problems_give_equal_bytes_in_whatever_order_their_pairs_are_handed_in() -> None:
    problem = area_problem(600, 48, seed=3)
    entry = np.repeat(np.arange(problem.entries), np.diff(problem.row_start))
    shuffled = np.random.default_rng(0).permutation(entry.size)
    again = AllocationProblem.from_pairs(
        problem.entries,
        problem.capacity,
        (entry[shuffled], problem.branch[shuffled], problem.score[shuffled]),
        groups=(problem.branch_group, problem.group_parent, problem.group_capacity),
        settled=problem.settled,
    )
    assert again.digest() == problem.digest()
    assert solve(again).digest() == solve(problem).digest()


def test_equal_fits_are_spread_by_the_load_tiers() -> None:
    entry, branch = (a.ravel() for a in np.indices((10, 2)))
    pairs = (entry, branch, np.full(20, 700_000))
    tiers = LoadTiers((60, 25, 15), (0, 1, 2))
    balanced = solve(AllocationProblem.from_pairs(10, [10, 10], pairs, tiers=tiers))
    assert balanced.load_cost == 0
    assert max(np.bincount(balanced.branch)) <= 6


def test_settled_entries_stay_even_beyond_capacity_and_the_answer_says_so() -> None:
    pairs = ([0, 1, 2, 2], [0, 0, 0, 1], [900_000, 900_000, 900_000, 1])
    problem = AllocationProblem.from_pairs(3, [1, 1], pairs, groups=([0, 0], [-1], [2]), settled=[0, 0, -1])
    solution = solve(problem)
    assert solution.branch.tolist() == [0, 0, -1]
    assert solution.overfull == (Overfull("branch", 0, 1, 2),)
    assert check(problem, solution).optimal


def test_a_settled_branch_need_not_be_a_candidate_and_then_fits_with_nothing() -> None:
    problem = AllocationProblem.from_pairs(1, [1, 1], ([0], [0], [800_000]), settled=[1])
    solution = solve(problem)
    assert (solution.branch.tolist(), solution.total_fit) == ([1], 0)
    assert check(problem, solution).optimal


def test_degenerate_problems_have_their_obvious_answer() -> None:
    nothing: tuple[list[int], list[int], list[int]] = ([], [], [])
    cases = {
        "no entries": (AllocationProblem.from_pairs(0, [3], nothing), []),
        "no branches": (AllocationProblem.from_pairs(2, [], nothing), [-1, -1]),
        "neither": (AllocationProblem.from_pairs(0, [], nothing), []),
        "no candidates": (AllocationProblem.from_pairs(2, [3, 3], nothing), [-1, -1]),
        "no capacity": (AllocationProblem.from_pairs(2, [0], ([0, 1], [0, 0], [5, 6])), [-1, -1]),
        "one branch": (AllocationProblem.from_pairs(2, [1], ([0, 1], [0, 0], [5, 6])), [-1, 0]),
        "group without places": (
            AllocationProblem.from_pairs(1, [1], ([0], [0], [5]), groups=([0], [-1], [0])),
            [-1],
        ),
    }
    for name, (problem, expected) in cases.items():
        solution = solve(problem)
        assert solution.branch.tolist() == expected, name
        assert check(problem, solution).optimal, name


def test_the_solver_lives_in_one_process_with_compiled_code() -> None:
    double: Any = numba.njit(lambda x: 2 * x)
    problem = AllocationProblem.from_pairs(1, [1], ([0], [0], [5]))
    assert double(solve(problem).served) == 2
