"""Supporting institutions, the runner-up with its reason, and arrivals between runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.allocation.arrivals import arrival_prices, assign_arrival, remaining_places
from app.allocation.flow import solve
from app.allocation.model import AllocationProblem, IntArray, LoadTiers
from app.allocation.objective import fit_of
from app.allocation.supporting import RunnerUp, WhyNot, runner_up, supporting
from tests.allocation.strategies import problems


def _helpers_by_hand(
    problem: AllocationProblem, entry: int, responsible: int, bank: list[int], most: int
) -> list[int]:
    row = range(problem.row_start[entry], problem.row_start[entry + 1])
    ranked = sorted((-int(problem.score[k]), int(problem.branch[k])) for k in row)
    used = {bank[responsible]}
    found: list[int] = []
    for _, branch in ranked:
        if bank[branch] not in used and len(found) < most:
            used.add(bank[branch])
            found.append(branch)
    return found + [-1] * (most - len(found))


@settings(max_examples=100)
@given(problems(), st.data())
def test_supporting_branches_are_the_best_candidates_of_other_banks(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    bank = data.draw(st.lists(st.integers(0, 2), min_size=problem.branches, max_size=problem.branches))
    most = data.draw(st.integers(0, 3))
    solution = solve(problem)
    found = supporting(problem, solution, np.array(bank), most)
    assert found.shape == (problem.entries, most)
    for entry, responsible in enumerate(solution.branch.tolist()):
        wanted = [-1] * most if responsible < 0 else _helpers_by_hand(problem, entry, responsible, bank, most)
        assert found[entry].tolist() == wanted


def test_the_runner_up_fits_worse_or_equally() -> None:
    problem = AllocationProblem.from_pairs(2, [2, 2], ([0, 0, 1, 1], [0, 1, 0, 1], [900, 400, 500, 500]))
    solution = solve(problem)
    assert runner_up(problem, solution, 0) == RunnerUp(1, WhyNot.LOWER_FIT, fit=400, fit_difference=500)
    other = 1 - int(solution.branch[1])
    assert runner_up(problem, solution, 1) == RunnerUp(other, WhyNot.EQUAL_FIT, fit=500, fit_difference=0)


def test_a_full_branch_is_named_with_the_fit_that_one_more_place_would_bring() -> None:
    problem = AllocationProblem.from_pairs(2, [1, 2], ([0, 0, 1, 1], [0, 1, 0, 1], [900, 100, 800, 300]))
    solution = solve(problem)
    assert solution.branch.tolist() == [0, 1]
    assert runner_up(problem, solution, 1) == RunnerUp(
        0, WhyNot.BRANCH_FULL, 800, -500, price_served=0, price_fit=500
    )


def test_an_unserved_entry_learns_that_one_more_place_would_serve_it() -> None:
    problem = AllocationProblem.from_pairs(2, [1], ([0, 1], [0, 0], [900, 700]))
    solution = solve(problem)
    assert runner_up(problem, solution, 1) == RunnerUp(
        0, WhyNot.BRANCH_FULL, 700, -700, price_served=1, price_fit=700
    )
    assert runner_up(problem, solution, 0) is None


def test_the_concentration_limit_of_a_bank_is_named_with_its_group() -> None:
    pairs = ([0, 0, 1, 1], [0, 2, 1, 2], [900, 100, 800, 300])
    problem = AllocationProblem.from_pairs(2, [5, 5, 5], pairs, groups=([1, 1, -1], [-1, 0], [1, -1]))
    solution = solve(problem)
    assert solution.branch.tolist() == [0, 2]
    assert runner_up(problem, solution, 1) == RunnerUp(1, WhyNot.GROUP_FULL, 800, -500, 0, 500, group=0)


def test_settled_entries_traded_load_and_a_hand_made_assignment_have_their_own_reasons() -> None:
    pairs = ([0, 0], [0, 1], [900, 400])
    kept = AllocationProblem.from_pairs(1, [1, 1], pairs, settled=[1])
    assert runner_up(kept, solve(kept), 0) == RunnerUp(0, WhyNot.SETTLED, 900, -500)

    traded = LoadTiers((50, 50), (0, 600), traded=True)
    both = ([0, 0, 1, 1], [0, 1, 0, 1], [900, 400, 900, 500])
    priced = AllocationProblem.from_pairs(2, [2, 2], both, tiers=traded)
    solution = solve(priced)
    assert solution.branch.tolist() == [0, 1]
    found = runner_up(priced, solution, 1)
    assert found is not None
    assert (found.why_not, found.fit_difference, found.price_fit) == (WhyNot.LOAD_PRICE, -400, 400)

    free = AllocationProblem.from_pairs(1, [1, 1], pairs)
    by_hand = runner_up(free, replace(solve(free), branch=np.array([1])), 0)
    assert by_hand is not None
    assert by_hand.why_not is WhyNot.ROOM_LEFT


@pytest.mark.parametrize(
    ("room", "prices", "chosen"),
    [
        ([1, 1, 1], [0, 0, 0], 2),
        ([1, 1, 1], [0, 0, 300], 1),
        ([1, 1, 1], [0, 100, 300], 0),
        ([0, 0, 1], [0, 0, 10**12], 2),
        ([0, 0, 0], [0, 0, 0], None),
    ],
)
def test_an_arrival_goes_where_score_minus_price_is_best_among_those_with_room(
    room: list[int], prices: list[int], chosen: int | None
) -> None:
    assert assign_arrival([0, 1, 2], [500, 600, 700], room, prices) == chosen
    assert assign_arrival([], [], room, prices) is None


def test_remaining_places_respect_every_limit_above_a_branch() -> None:
    groups = ([2, 1, -1], [-1, 0, 1], [5, -1, 2])
    problem = AllocationProblem.from_pairs(4, [3, 9, 1], ([], [], []), groups=groups)
    assert remaining_places(problem, np.full(4, -1)).tolist() == [2, 5, 1]
    assert remaining_places(problem, np.array([0, 1, 1, 2])).tolist() == [1, 2, 0]


def _day(seed: int) -> AllocationProblem:
    """600 entries of one day at the same 40 branches in 8 counties, some of them wanted by all."""
    rng = np.random.default_rng(seed)
    county = rng.integers(0, 8, 600)
    entry, branch = np.nonzero(county[:, None] == (np.arange(40) % 8)[None, :])
    fit = np.clip(400_000 + 8_000 * branch + rng.normal(0, 80_000, entry.size), 0, 1_000_000).astype(np.int64)
    return AllocationProblem.from_pairs(600, np.full(40, 17), (entry, branch, fit))


def test_shadow_prices_of_the_last_run_steer_the_next_arrivals_better_than_plain_greed() -> None:
    today = _day(seed=2)
    best = solve(today)

    def fit_lost(prices: IntArray) -> int:
        left, branch = today.capacity.copy(), np.full(600, -1)
        for entry in range(600):
            row = slice(today.row_start[entry], today.row_start[entry + 1])
            chosen = assign_arrival(today.branch[row].tolist(), today.score[row].tolist(), left, prices)
            if chosen is not None:
                branch[entry] = chosen
                left[chosen] -= 1
        return best.total_fit - fit_of(today, branch)

    before = solve(_day(seed=1))
    foresight = fit_lost(arrival_prices(before.branch_price, before.weights.fit))
    assert 0 < foresight < fit_lost(np.zeros(40, np.int64))
