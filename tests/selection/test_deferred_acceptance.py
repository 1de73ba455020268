"""The theorems that deferred_acceptance.py states, each against trying everything on small markets."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.selection.deferred_acceptance import TieBreak, TieRule, select
from app.selection.market import MalformedMarket, SelectionMarket, Side
from app.selection.outcome import Verdict, verdict_on
from app.selection.stability import Notion, prove
from tests.selection.oracle import (
    Chosen,
    all_lists,
    all_stable,
    blocking,
    codes,
    free,
    keeps_quotas,
    made_strict,
    markets,
    partners,
    plain_selection,
    random_market,
    ranks_of,
    with_list,
)

BY_CODE = TieBreak()
LOTTERY = TieBreak(TieRule.LOTTERY, "2024-03-01 双色球 2024023")
SIDES = st.sampled_from(Side)
TIE_BREAKS = st.sampled_from([BY_CODE, LOTTERY])


def _chosen(market: SelectionMarket, side: Side, tie_break: TieBreak = BY_CODE) -> Chosen:
    return frozenset((c, b) for c, b in select(market, side, tie_break).pairs.tolist())


def _market(
    chain_rank: list[list[int]], bank_rank: list[list[int]], chain_quota: list[int], bank_quota: list[int]
) -> SelectionMarket:
    ranks, quotas = (np.array(chain_rank), np.array(bank_rank)), (np.array(chain_quota), np.array(bank_quota))
    return SelectionMarket(codes("C", len(chain_rank)), codes("B", len(bank_rank)), *ranks, *quotas)


def test_thousands_of_random_markets_with_ties_quotas_and_incomplete_lists_are_stable() -> None:
    notions = set()
    for seed in range(2_000):
        market, side = random_market(seed), list(Side)[seed // 2 % 2]
        proof = prove(market, select(market, side, LOTTERY).pairs)
        assert proof.holds, seed
        notions.add(proof.notion)
    assert notions == set(Notion)


@given(market=markets(5), side=SIDES, tie_break=TIE_BREAKS)
@settings(max_examples=100, deadline=None)
def test_the_pairs_are_those_of_the_textbook_and_by_a_plain_count_stable(
    market: SelectionMarket, side: Side, tie_break: TieBreak
) -> None:
    chosen = _chosen(market, side, tie_break)
    assert chosen == plain_selection(market, side, tie_break)
    assert keeps_quotas(market, chosen)
    assert blocking(market, chosen) == set()
    assert blocking(made_strict(market, tie_break), chosen) == set()


@given(market=markets(), side=SIDES, tie_break=TIE_BREAKS)
@settings(max_examples=100, deadline=None)
def test_no_stable_answer_gives_a_proposer_a_better_kth_partner_and_none_the_other_side_a_worse(
    market: SelectionMarket, side: Side, tie_break: TieBreak
) -> None:
    strict = made_strict(market, tie_break)
    chosen, stable = _chosen(market, side, tie_break), all_stable(strict)
    assert chosen in stable
    for other in stable:
        for each, allowed in (
            (side, {Verdict.SAME, Verdict.WORSE}),
            (side.other, {Verdict.SAME, Verdict.BETTER}),
        ):
            for who in range(len(market.codes(each))):
                own = [ranks_of(strict, one, each, who) for one in (chosen, other)]
                assert verdict_on(*own) in allowed


@given(market=markets(strict=True))
@settings(max_examples=100, deadline=None)
def test_who_stays_under_quota_has_the_same_partners_in_every_stable_answer(market: SelectionMarket) -> None:
    first, *others = all_stable(market)
    for side in Side:
        for who, places in enumerate(free(market, side)):
            own = partners(first, side, who)
            for other in others:
                instead = partners(other, side, who)
                assert len(instead) == len(own)
                assert len(own) == places or instead == own


@given(market=markets(strict=True), side=SIDES)
@settings(max_examples=80, deadline=None)
def test_a_proposer_with_one_place_gains_by_no_other_list_whatever_the_quotas_of_the_others(
    market: SelectionMarket, side: Side
) -> None:
    for who, places in enumerate(free(market, side)):
        if places == 1:
            truth = ranks_of(market, _chosen(market, side), side, who)
            for said in all_lists(len(market.codes(side.other))):
                got = partners(_chosen(with_list(market, side, who, said), side), side, who)
                ranks = [int(market.rank(side)[who, other]) for other in got]
                assert 0 in ranks or verdict_on(truth, ranks) is not Verdict.BETTER


@pytest.mark.parametrize(
    ("market", "side", "said", "truth", "gained"),
    [
        # Two places: chain 0 wants both banks; by not asking bank 0 it leaves that to chain 1 and keeps bank 1.
        (_market([[2, 1], [1, 2]], [[1, 2], [2, 1]], [2, 1], [1, 1]), Side.CHAINS, (0, 1), [2], [1]),
        # Two places, both filled, and still one of them by a better bank.
        (
            _market([[3, 2, 1], [3, 1, 2]], [[1, 2], [1, 2], [2, 1]], [2, 1], [1, 1, 1]),
            Side.CHAINS, (1, 0, 2), [2, 3], [1, 3],
        ),
        # Who is proposed to: bank 0 refuses chain 1, which then takes bank 1 from chain 0.
        (_market([[1, 2], [2, 1]], [[2, 1], [1, 2]], [1, 1], [1, 1]), Side.BANKS, (0, 1), [2], [1]),
    ],
)  # fmt: skip
def test_with_two_places_or_when_proposed_to_another_list_may_gain(
    market: SelectionMarket, side: Side, said: tuple[int, ...], truth: list[int], gained: list[int]
) -> None:
    lied = with_list(market, side, 0, said)
    assert ranks_of(market, _chosen(market, Side.CHAINS), side, 0) == truth
    assert ranks_of(market, _chosen(lied, Side.CHAINS), side, 0) == gained
    assert verdict_on(truth, gained) is Verdict.BETTER


def test_the_lottery_is_drawn_again_with_any_sha256_and_the_order_of_codes_is_no_lottery() -> None:
    drawn = sorted(codes("B", 5), key=lambda code: hashlib.sha256(f"抽签\n{code}".encode()).hexdigest())
    positions = TieBreak(TieRule.LOTTERY, "抽签").positions(codes("B", 5))
    assert [drawn[at] for at in positions] == list(codes("B", 5))
    assert TieBreak().positions(("B2", "B0", "B1")).tolist() == [2, 0, 1]
    assert TieBreak().positions(()).size == 0
    for rule, seed in ((TieRule.LOTTERY, ""), (TieRule.CODE, "抽签")):
        with pytest.raises(ValueError, match="needs a seed"):
            TieBreak(rule, seed)


def test_equals_go_by_the_tie_break_and_an_empty_market_has_an_answer() -> None:
    tied = _market([[1], [1], [1]], [[1, 1, 1]], [1, 1, 1], [2])
    assert select(tied, Side.CHAINS, BY_CODE).pairs.tolist() == [[0, 0], [1, 0]]
    position = LOTTERY.positions(tied.chains).tolist()
    assert select(tied, Side.BANKS, LOTTERY).pairs.tolist() == [[c, 0] for c in range(3) if position[c] < 2]
    nobody = SelectionMarket(
        (), (), np.zeros((0, 0), int), np.zeros((0, 0), int), np.zeros(0, int), np.zeros(0, int)
    )
    assert select(nobody, Side.CHAINS, BY_CODE).pairs.shape == (0, 2)


def test_a_malformed_market_is_refused_with_every_fault() -> None:
    with pytest.raises(MalformedMarket) as refused:
        SelectionMarket(("C",), ("B", "B"), np.array([[3, 0]]), np.array([[1], [2]]), np.array([1]), np.array([0, 0]),
                        np.array([[True, True]]))  # fmt: skip
    assert refused.value.faults == (
        "banks: B stands 2 times",
        "chains: a rank is above 2",
        "chains: C has more contracts than quota",
        "banks: a rank is above 1",
        "banks: B has more contracts than quota",
        "banks: B has more contracts than quota",
    )
    with pytest.raises(MalformedMarket, match=r"bank_rank: shape \(1, 2\), expected \(2, 1\)"):
        SelectionMarket(
            ("C",), ("A", "B"), np.array([[1, 0]]), np.array([[1, 2]]), np.array([1]), np.array([0, 0])
        )
    for wrong in (np.array([[-1]]), np.array([[0.5]])):
        with pytest.raises(MalformedMarket, match="chain_rank"):
            SelectionMarket(("C",), ("B",), wrong, np.array([[1]]), np.array([1]), np.array([1]))
