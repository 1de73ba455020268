"""A malformed problem is refused with every fault and its place; a well-formed one cannot change afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.allocation.flow import solve
from app.allocation.model import AllocationProblem, LoadTiers, MalformedProblem, Weights
from app.allocation.objective import AllocationTooLarge

GOOD: dict[str, Any] = {
    "capacity": [1, 2],
    "row_start": [0, 2, 3],
    "branch": [0, 1, 1],
    "score": [10, 20, 30],
    "branch_group": [0, -1],
    "group_parent": [-1],
    "group_capacity": [3],
    "settled": [-1, 1],
}

BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"capacity": [-1, 2]}, ["capacity[0]: -1, expected 0"]),
    ({"row_start": [0, 3, 2]}, ["row_start: expected to run from 0 to the number of pairs, 3"]),
    ({"row_start": [0, 4, 1, 3], "settled": []}, ["row_start: falls after entry 1"]),
    ({"row_start": [], "settled": []}, ["row_start: expected to run"]),
    ({"branch": [1, 0, 1]}, ["branch[1]: candidates of entry 0 must ascend strictly"]),
    ({"branch": [1, 1, 1]}, ["branch[1]: candidates of entry 0 must ascend strictly"]),
    ({"branch": [0, 2, 1]}, ["branch[1]: 2, expected 0 … 1"]),
    ({"score": [10, 20]}, ["score: length 2, expected 3"]),
    (
        {"score": [10, 20, 1_000_001], "settled": [2, -1]},
        ["score[2]: 1000001", "settled[0]: 2, expected -1 … 1"],
    ),
    ({"score": [0.5, 1.0, 2.0]}, ["score: holds float64, expected integers"]),
    ({"branch_group": [1, -1]}, ["branch_group[0]: 1, expected -1 … 0"]),
    ({"group_parent": [0]}, ["group_parent[0]: the groups above it form a circle"]),
    (
        {"group_parent": [1, 0], "group_capacity": [1, 1]},
        ["group_parent[0]: the groups above it form a circle"],
    ),
    ({"group_capacity": [-2]}, ["group_capacity[0]: -2, expected -1"]),
    ({"group_capacity": [[3]]}, ["group_capacity: 2 dimensions, expected 1"]),
]


@pytest.mark.parametrize(("change", "expected"), BAD)
def test_a_malformed_problem_is_refused_naming_array_place_and_remedy(
    change: dict[str, Any], expected: list[str]
) -> None:
    AllocationProblem(**GOOD)
    with pytest.raises(MalformedProblem) as refusal:
        AllocationProblem(**(GOOD | change))
    assert len(refusal.value.faults) == len(expected)
    assert all(fault.startswith(start) for fault, start in zip(refusal.value.faults, expected, strict=True))


def test_pairs_of_unknown_entries_or_of_unequal_length_are_refused() -> None:
    with pytest.raises(MalformedProblem, match="outside 0"):
        AllocationProblem.from_pairs(1, [1], ([1], [0], [5]))
    with pytest.raises(MalformedProblem, match="2 scores"):
        AllocationProblem.from_pairs(1, [1], ([0], [0], [5, 6]))
    with pytest.raises(MalformedProblem, match="must ascend strictly"):
        AllocationProblem.from_pairs(1, [1], ([0, 0], [0, 0], [5, 6]))


@pytest.mark.parametrize(
    ("share", "price", "fault"),
    [
        ((60, 30), (0, 1), "sum to 100"),
        ((60, 40), (0,), "2 shares for 1 prices"),
        ((60, 40), (2, 1), "never fall"),
        ((60, 40), (-1, 1), "never fall"),
        ((120, -20), (0, 1), "sum to 100"),
        ((), (), "at least one"),
    ],
)
def test_load_tiers_that_are_not_convex_are_refused(
    share: tuple[int, ...], price: tuple[int, ...], fault: str
) -> None:
    with pytest.raises(MalformedProblem, match=fault):
        LoadTiers(share, price)


def test_a_problem_keeps_its_own_read_only_copy() -> None:
    capacity = np.array([1, 2])
    problem = AllocationProblem(**(GOOD | {"capacity": capacity}))
    before = problem.digest()
    capacity[0] = 9
    assert problem.digest() == before
    with pytest.raises(ValueError, match="read-only"):
        problem.capacity[0] = 9
    assert AllocationProblem(**(GOOD | {"score": [10, 20, 31]})).digest() != before


def test_weights_beyond_64_bits_are_refused_not_wrapped() -> None:
    m = 3_000
    pairs = (np.repeat(np.arange(m), 2), np.tile([0, 1], m), np.tile([0, 1_000_000], m))
    groups = (np.arange(m), np.full(m, -1), np.full(m, -1))
    problem = AllocationProblem.from_pairs(
        m, np.ones(m, np.int64), pairs, groups=groups, tiers=LoadTiers((100,), (10**6,))
    )
    with pytest.raises(AllocationTooLarge, match="60 bits"):
        solve(problem)


def test_a_shadow_price_reads_as_entries_served_and_a_rest_of_fit() -> None:
    weights = Weights(serve=1_001, fit=10)
    assert weights.split(0) == (0, 0)
    assert weights.split(455) == (0, 45)
    assert weights.split(1_001 - 300) == (1, -30)
    assert weights.split(2 * 1_001 + 55) == (2, 5)
