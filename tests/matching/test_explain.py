"""Explanations say what decided, what would change it and what to ask."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.matching.explain import change_text, explain_pair, facts_to_ask, most_wanted_facts
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import ScoreSettings
from app.policy.criteria import AnyOf, Condition, Criterion, Verdict
from app.policy.facts import Facts, Members
from tests.matching.oracle import ranked, verdict_of
from tests.matching.worlds import CATALOGUES, NEEDS, PLANS, settings_of_score

WAN = 1_000_000


@settings(max_examples=60)
@given(CATALOGUES, st.lists(NEEDS, min_size=1, max_size=2), PLANS, settings_of_score())
def test_an_explanation_agrees_with_the_verdict_the_score_and_the_criteria(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    for need in needs:
        for number, product in enumerate(products):
            found = explain_pair(need, product, plans, score)
            assert found.verdict is verdict_of(need, product)
            assert (number, found.score) in ranked(need, products, found.verdict, plans, score)
            failing = [each for each in found.findings if each.verdict is Verdict.FAIL]
            assert len(found.changes) == len(failing)
            assert bool(found.asks) == any(each.verdict is Verdict.UNKNOWN for each in found.findings)
            planned = next(part for part in found.parts if part.part == "chain_plan")
            assert bool(planned.citations) == (planned.value > 0)


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        (Criterion("amount", "at_most", (2000 * WAN,)), {"amount": 2500 * WAN}, "将融资金额由2,500万元调整为不超过2,000万元"),
        (Criterion("term_months", "between", (6, 36)), {"term_months": 48}, "将期限由48个月调整为6个月至36个月"),
        (Criterion("years_established", "at_least", (2,)), {"years_established": 1}, "须成立年限不低于2年（现为1年）"),
        (Criterion("tax_grade", "in", ("A", "B")), {"tax_grade": "C"}, "须纳税等级属于A级、B级（现为C级）"),
        (
            AnyOf((Criterion("first_loan", "is_true"), Criterion("qualifications", "any_of", ("srdi",)))),
            {"first_loan": False, "qualifications": Members.of()},
            "须满足（首贷户：是 或 资质至少有其一：专精特新中小企业）",
        ),
    ],
)  # fmt: skip
def test_what_would_change_a_failed_criterion_is_said_in_words(
    condition: Condition, facts: Facts, expected: str
) -> None:
    assert change_text(condition, facts) == expected


def test_the_facts_that_decide_most_products_are_asked_for_first(
    shared_world: tuple[list[IndexedProduct], list[MatchNeed], ScoreSettings],
) -> None:
    products = shared_world[0][:3]
    graded = [
        IndexedProduct(
            "g", 1, products[0].bank, (Criterion("tax_grade", "in", ("A",)), *products[0].conditions)
        )
    ]
    derived = (
        Criterion("size_class", "in", ("small",)),
        Criterion("years_established", "at_least", (2,)),
        Criterion("security", "any_of", ("equipment",)),
    )
    known: Facts = {
        "industry": "C3412",
        "revenue": WAN,
        "security": Members.at_least(["credit"]),
        "guarantee_available": False,
    }
    assert facts_to_ask(derived, known) == ("collateral", "established_on", "staff")
    assert facts_to_ask(graded[0].conditions, {}) == ("staff", "tax_grade")
    assert most_wanted_facts([*products, *graded], {}) == [("staff", 4), ("tax_grade", 1)]
