"""Classes of bottlenecks and their order, by the rules in force in Heilongjiang."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.bottlenecks.cases import classify_need
from app.bottlenecks.rules import (
    ASK,
    POLICY_GAP,
    Classification,
    classify,
    established_as_data,
    established_from_data,
    with_established,
)
from app.enterprises.need_facts import NeedFacts
from app.kernel.settings import get_settings
from app.policy.criteria import Verdict, evaluate
from app.policy.facts import Facts, FactValue, Members
from app.policy.loading import load_policy_library
from app.policy.precedence import Adoption, make_rule_book
from app.policy.rulebook import RuleBook
from app.reference.book import ReferenceBook, load_reference_book

TABLE = yaml.safe_load((Path(__file__).parent / "routing.yaml").read_text())
DAY = date(2023, 11, 15)


def book(jurisdiction: str = "230102", *adoptions: Adoption) -> RuleBook:
    return make_rule_book(load_policy_library(get_settings().seed_dir), adoptions, jurisdiction, DAY)


@pytest.fixture(scope="module")
def reference() -> ReferenceBook:
    return load_reference_book(get_settings().seed_dir)


def classified(
    facts: dict[str, Any], reference: ReferenceBook, rules: RuleBook | None = None
) -> Classification:
    need = NeedFacts.model_validate(TABLE["base"] | facts)
    return classify_need(need, {}, rules or book(), reference)


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["name"])
def test_each_class_is_judged_and_the_first_in_the_order_routes(
    case: dict[str, Any], reference: ReferenceBook
) -> None:
    found = classified(case.get("facts", {}), reference)
    assert [one.class_code for one in found.with_verdict(Verdict.PASS)] == case["applies"]
    assert [one.class_code for one in found.with_verdict(Verdict.UNKNOWN)] == case.get("unknown", [])
    assert list(found.asks) == case.get("asks", [])
    assert found.route == case["route"]
    assert case.get("gap", "") in found.gap
    assert bool(found.gap) == (found.route == POLICY_GAP)


def test_every_finding_cites_its_clause_and_says_what_decided(reference: ReferenceBook) -> None:
    found = classified({"credit_eligible": False}, reference)
    d = next(one for one in found.findings if one.class_code == "d")
    assert d.citation == "黑银发〔2023〕25号（十六）"
    assert [(reason.facts, reason.found) for reason in d.reasons] == [
        (("size_class",), "企业规模：小型"),
        (("collateral",), "抵质押物：无"),
        (("credit_eligible",), "信用贷款资格：否"),
    ]
    c = next(one for one in found.findings if one.class_code == "c")
    assert c.verdict is Verdict.FAIL
    assert [reason.found for reason in c.reasons] == ["涉诉：否", "征信不良：否"]


def test_an_operators_other_order_routes_otherwise(reference: ReferenceBook) -> None:
    rules = book()
    turned = tuple(
        replace(one, value=("a", "d", "b", "c", "elements")) if one.key == "bottlenecks.order" else one
        for one in rules.parameters
    )
    found = classified({"credit_eligible": False}, reference, replace(rules, parameters=turned))
    assert [one.class_code for one in found.findings] == ["a", "d", "b", "c", "elements"]
    assert found.route == "a"


def test_an_adopted_class_says_that_it_is_adopted(reference: ReferenceBook) -> None:
    adoption = Adoption(
        1, "410300", "heilongjiang-2023-25", "bottleneck.d", date(2023, 11, 1), None, "暂行参照", "洛阳经办"
    )
    facts = {"region": "410302", "credit_eligible": False}
    own = classified(facts, reference, book("410302"))
    assert (own.findings, own.route) == ((), POLICY_GAP)
    found = classified(facts, reference, book("410302", adoption))
    assert found.route == "d"
    assert "洛阳经办" in found.findings[0].adopted


flags = st.sampled_from([None, True, False])
sets = st.sampled_from(
    [None, Members.of(), Members.of("land"), Members.at_least([]), Members.of("equipment")]
)


@given(
    st.fixed_dictionaries(
        {
            "subject": st.sampled_from(["enterprise", "project"]),
            "size_class": st.sampled_from([None, "large", "medium", "small", "micro"]),
            "collateral": sets,
            "missing_elements": sets,
            **dict.fromkeys(("light_assets", "credit_eligible", "litigation", "adverse_credit", "single_bank_limit_reached"), flags),
        }
    ),
    st.permutations(["elements", "a", "b", "c", "d"]),
)  # fmt: skip
def test_the_route_is_the_first_passing_class_else_ask_else_gap(facts: Facts, order: list[str]) -> None:
    rules = book()
    ordered = replace(
        rules,
        parameters=tuple(
            replace(one, value=tuple(order)) if one.key == "bottlenecks.order" else one
            for one in rules.parameters
        ),
    )
    found = classify(facts, ordered)
    verdicts = {rule.data["class_code"]: evaluate(rule.condition, facts) for rule in rules.bottlenecks}
    assert {one.class_code: one.verdict for one in found.findings} == verdicts
    passing = [code for code in order if verdicts[code] is Verdict.PASS]
    unknown = [code for code in order if verdicts[code] is Verdict.UNKNOWN]
    assert found.route == (passing[0] if passing else ASK if unknown else POLICY_GAP)
    assert bool(found.asks) == bool(unknown)


def test_what_a_decline_established_comes_before_the_statement() -> None:
    stated: Facts = {"missing_elements": Members.of("land"), "litigation": False, "collateral": None}
    established: Facts = {
        "missing_elements": Members.at_least(["environment"]),
        "litigation": True,
        "collateral": Members.of(),
    }
    assert with_established(stated, established) == {
        "missing_elements": Members.at_least(["land", "environment"]),
        "litigation": True,
        "collateral": Members.of(),
    }
    assert established_from_data(established_as_data(established)) == established


def test_a_class_for_want_of_collateral_leads_no_more_once_a_guarantee_is_granted(
    reference: ReferenceBook,
) -> None:
    refused = {"collateral": [], "credit_eligible": False, "light_assets": False, "guarantee_available": True}
    need = NeedFacts.model_validate(TABLE["base"] | refused)
    assert classify_need(need, {}, book(), reference).route == "d", (
        "a guarantor that could be brought is no guarantee"
    )
    granted: dict[str, FactValue | None] = {"guarantee_available": True}
    found = classify_need(need, granted, book(), reference)
    assert (found.route, [one.class_code for one in found.with_verdict(Verdict.PASS)]) == (POLICY_GAP, ["d"])
    assert "已由担保落实" in found.gap
    sued = classify_need(need, granted | {"litigation": True}, book(), reference)
    assert sued.route == "c"
    assert classify_need(need, {"guarantee_available": False}, book(), reference).route == "d"
