"""Lists and quotas: everything wrong is named at once, and what is right becomes ranks by the documented rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.errors import Refused
from app.selection.market import UNRANKED, SelectionMarket, Side
from app.selection.preferences import PreferenceRules, acceptable, totals
from app.selection.rankings import SideInput, competition_ranks, market_of, measured_market
from app.selection.statements import Entrants, Rest, Statement, faults_of
from tests.selection.test_preferences import RULES, measured

BANKS = ("B0", "B1", "B2", "B3")
QUOTAS = {"C0": 2, "C1": 1} | dict.fromkeys(BANKS, 1)


def _entrants(*statements: Statement, contracts: tuple[tuple[str, str], ...] = ()) -> Entrants:
    return Entrants(("C0", "C1"), BANKS, QUOTAS, contracts, statements)


def _market(
    entrants: Entrants, points: list[list[int]], accepts: list[list[bool]] | None = None
) -> SelectionMarket:
    own = np.array(points, np.int64)
    chains = SideInput(own, np.array(accepts) if accepts else np.ones(own.shape, np.bool_))
    return market_of(entrants, chains, SideInput(own.T, np.ones(own.T.shape, np.bool_)))


def test_everything_wrong_is_named_at_once_with_its_place() -> None:
    statements = (
        Statement("B0", (("C0",), ("C1", "C0"))),
        Statement("B1", (("B1", "B2"), ()), refuses=("C9", "C0", "C0")),
        Statement("X", (("C0",),)),
        Statement("C0", (("B0",),), refuses=("B0",)),
        Statement("C0", rest=Rest.NOBODY),
        Statement("B3", (("C7",),)),
    )
    contracts = (("C1", "B0"), ("C1", "B1"), ("C1", "B1"), ("B2", "C0"))
    quotas = {"C0": -1, "C1": 1, "B0": 1, "B1": 0, "B2": 10**9 + 1, "Y": 3}
    found = faults_of(Entrants(("C0", "C1", "C1"), (*BANKS, "C1"), quotas, contracts, statements))
    assert [(one.where, one.message) for one in found] == [
        ("chains[2]", "C1 takes part twice"),
        ("banks[4]", "C1 is on both sides"),
        ("contracts[0]", "C1 is no chain of this round"),
        ("contracts[1]", "C1 is no chain of this round"),
        ("contracts[2]", "C1 is no chain of this round"),
        ("contracts[2]", "C1 and B1 are under contract already"),
        ("contracts[3]", "B2 is no chain of this round"),
        ("contracts[3]", "C0 is no bank of this round"),
        ("quotas.C0", "not a number from 0 to 1000000000"),
        ("quotas.C1", "C1 has a quota of 1, below its contracts in force: 2"),
        ("quotas.B1", "B1 has a quota of 0, below its contracts in force: 1"),
        ("quotas.B2", "not a number from 0 to 1000000000"),
        ("quotas.B3", "B3 has no quota"),
        ("quotas.Y", "Y takes no part in this round"),
        ("statements[0].tiers[1][1]", "B0 ranks C0 twice, first at statements[0].tiers[0][0]"),
        ("statements[0].tiers[1][0]", "C1 is on the same side as B0"),
        ("statements[1].tiers[1]", "a group names nobody"),
        ("statements[1].refuses[2]", "B1 refuses C0 twice, first at statements[1].refuses[1]"),
        ("statements[1].tiers[0][0]", "B1 names itself"),
        ("statements[1].tiers[0][1]", "B2 is on the same side as B1"),
        ("statements[1].refuses[0]", "C9 takes no part in this round"),
        ("statements[2].participant", "X takes no part in this round"),
        ("statements[3].participant", "C0 has handed in 2 lists"),
        ("statements[3].refuses[0]", "C0 both ranks and refuses B0"),
        ("statements[4].participant", "C0 has handed in 2 lists"),
        ("statements[4]", "C0 names nobody and accepts nobody else"),
        ("statements[5].tiers[0][0]", "C7 takes no part in this round"),
    ]
    assert all(one.remedy for one in found)


def test_nothing_is_computed_from_wrong_inputs() -> None:
    with pytest.raises(Refused) as refused:
        _market(_entrants(Statement("C0", (("B0",), ("B0",)))), [[0] * 4] * 2)
    assert [one.where for one in refused.value.faults] == ["statements[0].tiers[1][0]"]


@pytest.mark.parametrize(
    ("statement", "ranks"),
    [
        (None, [2, 3, UNRANKED, 1]),
        (Statement("C0", (("B2",), ("B0", "B1"))), [2, 2, 1, 4]),
        (Statement("C0", (("B1",),), rest=Rest.NOBODY), [0, 1, 0, 0]),
        (Statement("C0", (("B0",),), ("B3",)), [1, 2, 0, 0]),
        (Statement("C0", refuses=("B3",)), [1, 2, 0, 0]),
    ],
)
def test_a_list_comes_first_and_an_open_one_goes_on_by_computation(
    statement: Statement | None, ranks: list[int]
) -> None:
    entrants = _entrants(*([statement] if statement else []))
    fits = [True, True, False, True]
    market = _market(entrants, [[70, 60, 80, 99], [5, 5, 5, 5]], [fits, [True] * 4])
    assert market.chain_rank.tolist() == [ranks, [1, 1, 1, 1]]


def test_partners_under_contract_take_places_and_are_not_ranked() -> None:
    market = _market(
        _entrants(Statement("C0", (("B0",), ("B1",))), contracts=(("C0", "B0"),)), [[4, 3, 2, 1]] * 2
    )
    assert market.chain_rank[0].tolist() == [0, 1, 2, 3]
    assert market.free_places(Side.CHAINS).tolist() == [1, 1]
    assert market.free_places(Side.BANKS).tolist() == [0, 1, 1, 1]


def test_measures_become_ranks_on_both_sides_and_wrong_settings_are_refused() -> None:
    given = measured()
    entrants = Entrants(given.chains, given.banks, dict.fromkeys((*given.chains, *given.banks), 1))
    market = measured_market(entrants, given, RULES)
    for side in Side:
        total, fits = totals(given, RULES, side), acceptable(given, RULES, side)
        for row, points, ok in zip(market.rank(side).tolist(), total.tolist(), fits.tolist(), strict=True):
            better = [sum(e > p for e, k in zip(points, ok, strict=True) if k) + 1 for p in points]
            assert row == [place if k else UNRANKED for place, k in zip(better, ok, strict=True)]
    with pytest.raises(Refused, match="cannot be computed"):
        measured_market(entrants, given, PreferenceRules(contact_limit=0))
    with pytest.raises(ValueError, match="other participants"):
        measured_market(_entrants(), given, RULES)


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_a_rank_is_one_more_than_how_many_are_ranked_higher(keys: list[list[int]]) -> None:
    never = np.iinfo(np.int64).max
    shown = np.array([[never if key == 3 else key for key in row] for row in keys])
    expected = [[0 if key == 3 else 1 + sum(other < key for other in row) for key in row] for row in keys]
    assert competition_ranks(shown).tolist() == expected
