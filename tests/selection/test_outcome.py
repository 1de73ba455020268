"""Ranks obtained, reasons of empty places and the alternative are those of a plain count, and are said in Chinese."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.selection.deferred_acceptance import TieBreak, select
from app.selection.market import SelectionMarket, Side
from app.selection.outcome import Obtained, Outcome, Verdict, outcome_of, verdict_on
from app.selection.wording import about_differences, about_participant, about_sides, mean_text
from tests.selection.oracle import Chosen, codes, free, markets, partners, possible, random_market, ranks_of

BY_CODE = TieBreak()


def _chosen(market: SelectionMarket, side: Side) -> Chosen:
    return frozenset((c, b) for c, b in select(market, side, BY_CODE).pairs.tolist())


@given(market=st.one_of(markets(4), st.integers(0, 10**6).map(random_market)), side=st.sampled_from(Side))
@settings(max_examples=60, deadline=None)
def test_what_each_side_got_is_counted_right_and_every_empty_place_is_explained(
    market: SelectionMarket, side: Side
) -> None:
    chosen = _chosen(market, side)
    outcome = outcome_of(market, select(market, side, BY_CODE))
    for each in Side:
        found, places = outcome.of(each), free(market, each)
        for who, one in enumerate(found.obtained):
            ranks = ranks_of(market, chosen, each, who)
            listed = [
                other
                for other, rank in enumerate(market.rank(each)[who])
                if rank and not market.contracts(each)[who, other]
            ]
            assert (list(one.ranks), one.places, one.acceptable) == (ranks, places[who], len(listed))
            assert {market.codes(each.other).index(partner.code) for partner in one.partners} == set(
                partners(chosen, each, who)
            )
            assert (one.empty is None) == (len(ranks) == places[who])
            if one.empty is not None:
                _explains(market, chosen, each, who, one)
        assert found.summary.pairs == len(chosen)
        assert found.summary.rank_sum == sum(sum(one.ranks) for one in found.obtained)


def _explains(market: SelectionMarket, chosen: Chosen, side: Side, who: int, one: Obtained) -> None:
    """Each acceptable other that is no partner stands under the one reason that a plain look gives."""
    empty, back = one.empty, market.rank(side.other)
    assert empty is not None
    counts = dict.fromkeys(("refused", "placeless", "preferred_others", "lost_tie"), 0)
    for other, rank in enumerate(market.rank(side)[who]):
        if rank and not market.contracts(side)[who, other] and other not in partners(chosen, side, who):
            worst = max(ranks_of(market, chosen, side.other, other), default=0)
            if not back[other, who]:
                counts["refused"] += 1
            elif not free(market, side.other)[other]:
                counts["placeless"] += 1
            else:
                assert len(partners(chosen, side.other, other)) == free(market, side.other)[other]
                counts["preferred_others" if back[other, who] > worst else "lost_tie"] += 1
    assert {name: getattr(empty, name) for name in counts} == counts
    assert empty.unexplained == 0
    assert empty.places == one.places - len(one.partners)


@given(market=markets(4, strict=True), side=st.sampled_from(Side))
@settings(max_examples=40, deadline=None)
def test_the_alternative_is_the_other_optimum_and_its_differences_are_opposed(
    market: SelectionMarket, side: Side
) -> None:
    now, then = _chosen(market, side), _chosen(market, side.other)
    outcome = outcome_of(market, select(market, side, BY_CODE))
    found = {one.code: one for one in outcome.differences}
    for each in Side:
        assert outcome.other_of(each).pairs == len(then)
        others = market.codes(each.other)
        for who, code in enumerate(market.codes(each)):
            before, after = (set(partners(one, each, who)) for one in (now, then))
            assert (code in found) == (before != after)
            if before != after:
                one = found[code]
                assert set(one.added) == {others[at] for at in after - before}
                assert set(one.taken) == {others[at] for at in before - after}
                assert one.verdict is (Verdict.WORSE if each is side else Verdict.BETTER)
    assert bool(found) == (now != then)
    assert set(now | then) <= set(possible(market))


@pytest.mark.parametrize(
    ("now", "then", "verdict"),
    [
        ((1, 3), (1, 2), Verdict.BETTER), ((1,), (1, 9), Verdict.BETTER), ((2, 2), (2, 2), Verdict.SAME),
        ((1, 4), (2, 3), Verdict.MIXED), ((2, 5), (1,), Verdict.MIXED), ((1, 2), (1,), Verdict.WORSE), ((), (), Verdict.SAME),
    ],
)  # fmt: skip
def test_partners_are_compared_kth_by_kth(
    now: tuple[int, ...], then: tuple[int, ...], verdict: Verdict
) -> None:
    assert verdict_on(now, then) is verdict


def _told() -> tuple[SelectionMarket, Outcome]:
    """Two chains and two banks that want each other crosswise; bank 2 is under contract with chain 0, wants another and is refused."""
    market = SelectionMarket(
        codes("C", 2),
        codes("B", 3),
        np.array([[1, 2, 0], [2, 1, 0]]),
        np.array([[2, 1], [1, 2], [0, 1]]),
        np.array([2, 1]),
        np.array([1, 1, 2]),
        np.array([[False, False, True], [False, False, False]]),
    )
    return market, outcome_of(market, select(market, Side.CHAINS, BY_CODE))


def test_an_outcome_is_told_in_chinese_with_names() -> None:
    _, outcome = _told()
    names = {"C0": "轴承链", "C1": "农机链", "B0": "工行", "B1": "农行", "B2": "新行"}
    assert about_sides(outcome)[1:] == [
        "产业链2个，可用名额2个，选定2对，平均第1.0位；0个未选定任何对象。若改由银行一方先提名，选定2对，平均第2.0位。",
        "银行3个，可用名额3个，选定2对，平均第2.0位；1个未选定任何对象。若改由银行一方先提名，选定2对，平均第1.0位。",
    ]
    assert about_participant(outcome.chains.obtained[0], Side.CHAINS, names) == [
        "轴承链可选定1家银行，选定1家（另有1家银行签约有效，不参加本轮）：工行（第1位）；平均第1.0位。"
    ]
    assert about_participant(outcome.banks.obtained[2], Side.BANKS, names) == [
        "新行可选定1条产业链，选定0条（另有1条产业链签约有效，不参加本轮）。",
        "1个名额未用：其余可接受的1条产业链中，1条未接受它。",
    ]
    assert about_differences(outcome, names)[0] == (
        "若改由银行一方先提名，轴承链将增加农行、失去工行，位次由第1变为第2，按其自身排序更差。"
    )
    assert len(about_differences(outcome, names)) == 4


def test_who_loses_by_the_tie_break_or_wants_nobody_is_told_so() -> None:
    alike = SelectionMarket(
        codes("C", 3), codes("B", 1), np.array([[1], [1], [0]]), np.array([[1, 1, 1]]), np.ones(3, int), np.ones(1, int)
    )  # fmt: skip
    outcome = outcome_of(alike, select(alike, Side.BANKS, BY_CODE))
    assert about_participant(outcome.banks.obtained[0], Side.BANKS, {}) == [
        "B0可选定1条产业链，选定1条：C0（第1位，并列）；平均第1.0位。"
    ]
    assert [about_participant(one, Side.CHAINS, {})[-1] for one in outcome.chains.obtained[1:]] == [
        "1个名额未用：其余可接受的1家银行中，1家名额已满，与末位并列而按并列规则未入选。",
        "1个名额未用：没有可接受的银行。",
    ]


def test_a_mean_has_one_decimal_with_halves_up() -> None:
    assert [mean_text(*pair) for pair in ((7, 2), (5, 4), (10, 3), (29, 10))] == ["3.5", "1.3", "3.3", "2.9"]
