"""What another plan would do is the difference of two full matches; each match says what its plan did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chains.rules import ChainLink
from app.matching import plan_effect as module
from app.matching.engine import Matcher
from app.matching.explain import explain_pair
from app.matching.grants import granted
from app.matching.plan_effect import PlanEffect, plan_effect, sides
from app.matching.plan_effect_listing import effect_counts, effect_page
from app.matching.plan_influence import plan_influence
from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanGrant, PlanTerms
from app.matching.scoring import PARTS, ScoreSettings
from app.policy.criteria import Criterion, Verdict
from app.policy.facts import FACTS, Members
from tests.matching.oracle import Ranked, ranked, verdict_of
from tests.matching.worlds import (
    CATALOGUES,
    NEEDS,
    NUMBERS,
    PLANS,
    SMALL_NUMBERS,
    known_values,
    settings_of_score,
)

KEPT = 3
SETTINGS = ScoreSettings(dict.fromkeys(PARTS, 0) | {"chain_plan": 400, "amount_fit": 600}, 0, 1)


def bounded(products: Sequence[IndexedProduct]) -> list[IndexedProduct]:
    """Few conditions each, among them the bounds that a plan can widen."""
    return [
        replace(
            one,
            conditions=(
                *one.conditions[:1],
                Criterion("amount", "at_most", (one.amount_most or 50_000_000,), "产品条款"),
                Criterion("term_months", "between", (0, one.term_most or 3)),
            ),
        )
        for one in products
    ]


OFFERED = CATALOGUES.map(bounded)
STATED = ("chain", "chain_role", "industry", "purposes")
LEAN = st.builds(
    MatchNeed,
    st.fixed_dictionaries(
        {"amount": NUMBERS, "term_months": SMALL_NUMBERS},
        optional={name: known_values(FACTS[name]) for name in STATED},
    ),
)
WORLD = (OFFERED, st.lists(LEAN | NEEDS, min_size=1, max_size=6), PLANS, PLANS, settings_of_score())


def plain(
    needs: Sequence[MatchNeed],
    products: Sequence[IndexedProduct],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> list[Ranked]:
    offered = granted(products, plans)
    return [ranked(need, offered, Verdict.PASS, plans, score) for need in needs]


def compared(
    needs: Sequence[MatchNeed],
    products: Sequence[IndexedProduct],
    plans: tuple[Mapping[str, PlanTerms], Mapping[str, PlanTerms]],
    score: ScoreSettings,
) -> PlanEffect:
    before = Matcher(granted(products, plans[0]), plans[0], score)
    codes = [f"E{len(needs) - place}" for place in range(len(needs))]
    return plan_effect(codes, needs, sides(before, products, plans[1]), KEPT)


@settings(max_examples=50)
@given(*WORLD)
def test_the_effect_of_a_plan_is_the_difference_of_two_full_matches(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    old: Mapping[str, PlanTerms],
    new: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "NEEDS_AT_A_TIME", 2)
        effect = compared(needs, products, (old, new), score)
    both = [plain(needs, products, plans, score) for plans in (old, new)]
    places = {int(place): i for i, place in enumerate(effect.touched)}
    for place in range(len(needs)):
        was, becomes = (dict(side[place]) for side in both)
        i = places.get(place)
        unknown = [
            sum(verdict_of(needs[place], one) is Verdict.UNKNOWN for one in granted(products, plans))
            for plans in (old, new)
        ]
        if i is None:
            assert was == becomes
            assert (place in effect.to_ask.tolist()) == (unknown[0] != unknown[1])
            continue
        assert effect.gained.of(i) == sorted(becomes.keys() - was.keys())
        assert effect.lost.of(i) == sorted(was.keys() - becomes.keys())
        assert effect.rescored[i] == sum(was[one] != becomes[one] for one in was.keys() & becomes.keys())
        banks = effect.sides.before.tables.banks
        bank_sets = [{banks.index(products[one].bank) for one in each} for each in (was, becomes)]
        assert effect.banks_gained.of(i) == sorted(bank_sets[1] - bank_sets[0])
        assert effect.banks_lost.of(i) == sorted(bank_sets[0] - bank_sets[1])
        for ranking, side in zip((effect.before, effect.after), both, strict=True):
            expected = side[place][:KEPT]
            found = zip(ranking.products[i].tolist(), ranking.scores[i].tolist(), strict=True)
            assert [pair for pair in found if pair[0] >= 0] == expected
        is_same = was == becomes and both[0][place] == both[1][place] and unknown[0] == unknown[1]
        assert effect.is_changed[i] == (not is_same)
    page, counts = effect_page(effect, needs), effect_counts(effect)
    assert [one.code for one in page.needs] == sorted(one.code for one in page.needs)
    assert page.total == counts.changed == len(page.needs)
    assert (counts.gained_pairs, counts.lost_pairs) == (
        sum(one.gained.total for one in page.needs),
        sum(one.lost.total for one in page.needs),
    )


@settings(max_examples=30)
@given(OFFERED, NEEDS, PLANS, settings_of_score())
def test_a_match_says_what_its_plan_did_and_the_parts_add_up(
    products: Sequence[IndexedProduct],
    need: MatchNeed,
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    for product in products:
        found = plan_influence(need, product, plans, score)
        offered = granted([product], plans)[0]
        explained = explain_pair(need, offered, plans, score)
        assert (found.with_plan, found.verdict_with) == (explained.score, explained.verdict)
        alone = explain_pair(need, product, {}, score)
        assert (found.without_plan, found.verdict_without) == (alone.score, alone.verdict)
        assert found.difference == sum(share.units for share in found.shares)
        assert bool(found.grants) == (found.verdict_with is not found.verdict_without)
        assert found.is_any == (found.sentence != "一链一策对此匹配没有影响")


BANKS = [Bank(code, code, frozenset({code}), frozenset()) for code in ("SJ", "BF")]
PRODUCTS = [
    IndexedProduct("A", 1, BANKS[0], (Criterion("amount", "between", (1, 10_000_000), "产品条款"),)),
    IndexedProduct("B", 2, BANKS[1], (Criterion("amount", "at_most", (20_000_000,)),)),
]
CITED = {
    "contracted": "航空一链一策第1版，二",
    "products": "航空一链一策第1版，四",
    "purposes": "航空一链一策第1版，九",
}
OLD = PlanTerms("c", frozenset({"BF"}), purposes=frozenset({"equipment"}), citations=CITED)
NEW = PlanTerms(
    "c",
    frozenset({"SJ"}),
    frozenset({"A"}),
    frozenset({"equipment"}),
    CITED,
    (ChainLink("零部件", ("upstream",)),),
    (PlanGrant("A", 30_000_000, None, "航空一链一策第2版，人才贷"),),
)


def need(chain: str | None, amount: int, role: str | None = None) -> MatchNeed:
    purposes = Members.of("equipment")
    return MatchNeed({"chain": chain, "amount": amount, "chain_role": role, "purposes": purposes})


def test_a_comparison_tells_each_need_what_comes_and_goes_by_how_much_and_by_which_clause() -> None:
    needs = [
        need("c", 15_000_000, "upstream"),
        need("c", 5_000_000, "core"),
        need("d", 15_000_000),
        need(None, 15_000_000),
    ]
    effect = plan_effect(
        list("PQRS"), needs, sides(Matcher(PRODUCTS, {"c": OLD}, SETTINGS), PRODUCTS, {"c": NEW}), 2
    )
    assert (effect.touched.tolist(), effect.to_ask.tolist()) == ([0, 1], [3])
    counts = effect_counts(effect)
    assert (counts.entries, counts.judged, counts.changed) == (4, 2, 2)
    assert (counts.gained_pairs, counts.another_best, counts.to_ask) == (1, 2, 1)
    assert [(one.code, one.gained, one.lost) for one in counts.banks] == [("SJ", 1, 0)]
    first, second = effect_page(effect, needs, most=1), effect_page(effect, needs, after="P")
    assert (first.total, first.next, second.next) == (2, "P", None)
    (gaining,) = first.needs
    assert (gaining.gained.codes, gaining.banks_gained.codes, gaining.order_after) == (
        ("A",),
        ("SJ",),
        ("A", "B"),
    )
    assert "最佳产品由B（" in gaining.sentence
    for told in (
        "A签约银行加20.00分（航空一链一策第1版，二）",
        "A放宽条件（航空一链一策第2版，人才贷）",
        "B签约银行减20.00分（航空一链一策第1版，二）",
    ):
        assert told in gaining.sentence
    assert [one.code for one in second.needs] == ["Q"]


def test_the_influence_of_a_plan_cites_the_clause_of_each_part() -> None:
    found = plan_influence(need("c", 15_000_000, "upstream"), PRODUCTS[0], {"c": NEW}, SETTINGS)
    assert found.sentence == (
        "一链一策使匹配度由60.00分升至100.00分：签约银行加20.00分（航空一链一策第1版，二）、"
        "链上产品加12.00分（航空一链一策第1版，四）、优先用途加8.00分（航空一链一策第1版，九）；"
        "一链一策放宽的条件使产品条件由“不符合”变为“符合”（航空一链一策第2版，人才贷）"
    )
    outside = plan_influence(need("c", 5_000_000, "core"), PRODUCTS[0], {"c": NEW}, SETTINGS)
    assert [share.text for share in outside.shares] == ["签约银行", "链上产品"]
    assert not plan_influence(need("d", 5_000_000), PRODUCTS[0], {"c": NEW}, SETTINGS).is_any
