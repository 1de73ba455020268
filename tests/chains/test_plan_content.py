"""What plans say beyond what they said before: old content reads as before, bad content is refused all at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.chains.citations import cited
from app.chains.contradictions import cannot_both_pass
from app.chains.plan_changes import plan_changes
from app.chains.plan_faults import AroundPlan, PlannedProduct, contradictions_of_plan
from app.chains.planning import content_of, plan_hash, plan_in_force
from app.chains.rules import (
    ChainBook,
    ChainInForce,
    ContractedBank,
    GrantedTerm,
    Period,
    PlanInForce,
    ResponsibleBody,
)
from app.chains.schemas import PlanIn
from app.chains.targets import SupportTarget
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.kernel.settings import PROJECT_ROOT
from app.matching.products import MatchNeed
from app.policy.criteria import OPERATORS, AllOf, Criterion, Verdict, evaluate
from app.policy.facts import FACTS
from app.policy.loading import load_policy_library
from app.policy.packs import Pack
from app.policy.yaml_records import Placed
from app.reference.book import load_reference_book
from tests.matching.worlds import known_values, operands

OLD: dict[str, Any] = {
    "since": "2023-10-16", "contracted": [{"institution": "SJ", "quota": 5}], "priority_purposes": ["equipment"],
    "granted": [{"text": "a", "clause": "b"}], "products": ["SJ-1"],
    "clauses": {"contracted": "十四", "priority_purposes": "三", "products": "六"},
}  # fmt: skip
LUOYANG, NATIONAL = "洛阳（征求意见稿）", "金发〔2024〕5号"
GOOD: dict[str, Any] = {
    "since": "2024-01-01",
    "contracted": [{"institution": "SJ", "quota": 5}],
    "priority_purposes": ["equipment"],
    "links": [{"name": "航空零部件", "roles": ["upstream"], "industries": ["C374"]}],
    "products": ["SJ-1"],
    "granted": [
        {"text": "人才贷", "clause": f"{LUOYANG}（四）", "product": "SJ-1", "amount_most": "20000000.00",
         "parameter": "talent_loan.most"},
        {"text": "担保费", "clause": "黑银发〔2023〕25号（十七）", "amount_most": "5000000.00", "percent_most": "1"},
    ],
    "targets": [{"measure": "granted", "base": "last_year", "clause": "黔江金融办发〔2023〕30号 8"}],
    "bodies": [{"name": "市工信局", "role": "lead", "task": "协调"}],
    "clauses": {"contracted": f"{LUOYANG}（二）", "priority_purposes": f"{NATIONAL} 九", "links": f"{NATIONAL} 九",
                "products": f"{LUOYANG} 四", "bodies": f"{LUOYANG}（二）"},
}  # fmt: skip


def node(number: int, code: str, parent: int | None = None) -> InstitutionNode:
    kind = InstitutionKind("city_commercial")
    return InstitutionNode(
        number, code, code, code, kind, parent, parent or number, "230000", ("230000",), 5, None
    )


TREE = InstitutionTree.build([node(1, "SJ"), node(2, "SJ-DL", 1), node(3, "BF")])
PRODUCTS = {
    "SJ-1": PlannedProduct("SJ", frozenset({"equipment"})),
    "BIG": PlannedProduct("SJ", frozenset({"equipment"}), (Criterion("size_class", "in", ("large",)),)),
    "BILL": PlannedProduct("SJ", frozenset({"bill_discount"}), (Criterion("chain", "in", ("other",)),)),
}


@pytest.fixture(scope="module")
def packs() -> Sequence[Pack]:
    return load_policy_library(PROJECT_ROOT / "seed").packs


def faults(plan: dict[str, Any], packs: Sequence[Pack], **around: Any) -> dict[str, str]:
    industries = load_reference_book(PROJECT_ROOT / "seed").industries
    values: dict[str, Any] = {"commitments": {}, "industries": industries} | around
    held = AroundPlan("chain", TREE, packs, PRODUCTS, **values)
    found = contradictions_of_plan(Placed(PlanIn.model_validate(plan), str), held)
    return {fault.where: fault.message for fault in found}


def test_content_of_before_keeps_its_words_and_its_hashes() -> None:
    plan = PlanIn.model_validate(OLD)
    assert content_of(plan) == {name: value for name, value in OLD.items() if name != "since"}
    assert plan_hash(plan) == "bf49932cee626ee6d7a57fdb592ff3110d2ad66612530f7c6e2ba0f8d7cbc290"
    held = PlanInForce(
        "A", "甲", 1, date(2023, 10, 1), None, (ContractedBank("SJ", 5),), ("equipment",), ("SJ-1",),
        (GrantedTerm("a", "b"),), {"contracted": "x"},
    )  # fmt: skip
    chains = [
        ChainInForce("A", "甲", "230000", ("C34",), held),
        ChainInForce("B", "甲", "230000", ("C34",)),
    ]
    expected = "7c8c4975c4c14f9cf9ef2fa0fc374d0a2e7ad1b261de9a56d5d39b49268d0685"
    assert ChainBook.build(chains).sha256 == expected
    grown = replace(
        chains[0], plan=replace(held, targets=(SupportTarget("granted", "at_least", "last_year", "8"),))
    )
    assert ChainBook.build([grown, chains[1]]).sha256 != expected


def test_grown_content_is_stored_and_read_back_whole() -> None:
    plan = PlanIn.model_validate(GOOD)
    content = content_of(plan)
    again = plan_in_force("chain", "航空产业链", 2, Period(date(2024, 1, 1)), content)
    assert content_of(PlanIn.model_validate({"since": "2024-01-01"} | content)) == content
    assert again.granted[0].amount_most == 2_000_000_000
    assert (again.links[0].holds("upstream", "C3741"), again.links[0].holds(None, "C3741")) == (True, False)
    assert again.targets[0].text == "授信金额不低于上年（黔江金融办发〔2023〕30号 8）"
    assert again.bodies[0].task == "协调"
    changed = {(one.part, one.what): (one.before, one.after) for one in plan_changes(None, again)}
    assert changed["contracted", "SJ"] == ("", "额度5户")
    more = replace(again, contracted=(ContractedBank("SJ", 9),))
    assert [(one.before, one.after, one.clause) for one in plan_changes(again, more)] == [
        ("额度5户", "额度9户", f"{LUOYANG}（二）")
    ]


def test_terms_of_the_same_words_for_several_products_are_told_apart_and_no_line_is_lost() -> None:
    held = plan_in_force(
        "chain", "航空产业链", 1, Period(date(2024, 1, 1)), content_of(PlanIn.model_validate(GOOD))
    )
    text, clause = "放宽额度", f"{LUOYANG}（二）"
    granted = [
        GrantedTerm(text, clause, product, amount)
        for product, amount in (("P1", 10**9), ("P2", 2 * 10**9), (None, None))
    ]
    bodies = (ResponsibleBody("财政局", "lead", "贴息"), ResponsibleBody("财政局", "responsible", "奖补"))
    given = replace(held, granted=tuple(granted), bodies=bodies)
    changed = list(plan_changes(replace(given, granted=(), bodies=()), given))
    assert [(one.part, one.what, one.product, one.after) for one in changed] == [
        ("granted", text, "", text),
        ("granted", text, "P1", "额度至1,000万元"),
        ("granted", text, "P2", "额度至2,000万元"),
        ("bodies", "财政局", "", "牵头：贴息；责任：奖补"),
    ]
    dropped = plan_changes(given, replace(given, granted=(granted[0],)))
    assert [(one.product, one.before, one.after) for one in dropped] == [
        ("", text, ""),
        ("P2", "额度至2,000万元", ""),
    ]


def test_a_plan_that_goes_with_everything_is_taken(packs: Sequence[Pack]) -> None:
    assert faults(GOOD, packs, commitments={"SJ-DL": 5}) == {}


def test_every_contradiction_is_named_at_once(packs: Sequence[Pack]) -> None:
    bad = GOOD | {
        "contracted": [{"institution": "SJ", "quota": 5}, {"institution": "XX"}],
        "products": ["BIG", "BILL", "NONE"],
        "links": [{"name": "无", "industries": ["C9999"]}],
        "granted": [
            GOOD["granted"][0] | {"product": "BIG", "amount_most": "20000000.01"},
            GOOD["granted"][1] | {"percent_most": "1.01"},
            {"text": "保险", "clause": f"{LUOYANG}（十一）", "term_most": 37},
            {"text": "人才", "clause": f"{NATIONAL}（九）", "product": "SJ-1", "amount_most": "1.00",
             "parameter": "talent_loan.most"},
        ],
        "targets": [GOOD["targets"][0] | {"clause": "黔江金融办发〔2023〕30号 99"}],
    }  # fmt: skip
    found = faults(bad, packs, commitments={"SJ-DL": 4, "SJ": 2}, replaced_since=date(2024, 2, 1))
    assert sorted(found) == [
        "contracted.0.quota", "contracted.1.institution", "granted.0.amount_most", "granted.1.percent_most",
        "granted.2.term_most", "granted.3.parameter", "granted.3.product", "links.0.industries", "products.0", "products.1",
        "products.2", "since", "targets.0.clause",
    ]  # fmt: skip
    assert "the 6 entries" in found["contracted.0.quota"]
    assert "2,000万元" in found["granted.0.amount_most"]
    assert "size_class" in found["products.0"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"since": "2024-01-02", "until": "2024-01-01"}, "lies after"),
        ({"links": [{"name": "空"}]}, "roles or industries"),
        ({"clauses": GOOD["clauses"] | {"bodies": None}}, "bodies"),
        ({"targets": [{"measure": "granted", "base": "fixed", "clause": "8"}]}, "fixed target"),
        ({"granted": [{"text": "a", "clause": "b", "product": "SJ-1"}]}, "amount_most"),
    ],
)
def test_content_that_says_nothing_definite_is_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        PlanIn.model_validate(GOOD | change)


def test_clauses_are_found_however_people_write_them(packs: Sequence[Pack]) -> None:
    for text in (
        "金发〔2024〕5号（九）",
        "金发〔2024〕5号 九",
        "金发〔2024〕5号(9)",
        " 金发〔2024〕5号 第九条",
    ):
        found = cited(text, packs)
        assert found is not None
        assert [one.text for one in found] == ["金发〔2024〕5号（九）"]
    both = cited("金发〔2024〕5号（三）；洛阳(征求意见稿)（四）", packs)
    assert both is not None
    assert [one.clause.number for one in both] == ["三", "四"]
    assert [
        cited(text, packs) for text in ("九", "", "金发〔2024〕5号", "金发〔2024〕5号（三）；别处（一）")
    ] == [None] * 4


@st.composite
def demands_on_one_fact(draw: st.DrawFn) -> tuple[Criterion, Criterion, MatchNeed]:
    fact = draw(st.sampled_from(list(FACTS.values())))
    words = [word for word, operator in OPERATORS.items() if fact.kind in operator.kinds]

    def criterion() -> Criterion:
        word = draw(st.sampled_from(words))
        if OPERATORS[word].most == 0:
            return Criterion(fact.name, word)
        most = min(OPERATORS[word].most, 2)
        values = draw(st.lists(operands(fact), min_size=OPERATORS[word].fewest, max_size=most))
        return Criterion(fact.name, word, tuple(sorted(values)))

    return criterion(), criterion(), MatchNeed({fact.name: draw(known_values(fact))})


@settings(max_examples=300)
@given(demands_on_one_fact())
def test_demands_that_exclude_each_other_are_met_by_nobody(
    world: tuple[Criterion, Criterion, MatchNeed],
) -> None:
    one, other, need = world
    excluded = cannot_both_pass(AllOf((one,)), [other])
    passes = [evaluate(each, need.facts) is Verdict.PASS for each in (one, other)]
    assert excluded in {None, one.fact}
    assert excluded is None or not all(passes)


@given(st.integers(0, 10**14), st.integers(0, 10**14), st.integers(-10_000, 20_000))
def test_a_target_on_a_base_period_is_met_at_the_changed_base_and_above(
    figure: int, base: int, change: int
) -> None:
    least = SupportTarget("granted", "at_least", "last_year", "8", change)
    most = replace(least, bound="at_most")
    bound = base + base * change / 10_000
    if abs(figure - bound) > 1:
        assert least.is_met(figure, base) is (figure > bound)
        assert most.is_met(figure, base) is (figure < bound)
    exact = SupportTarget("firms", "at_least", "fixed", "8", value=base)
    assert (exact.is_met(base, None), least.is_met(figure, None)) == (True, None)
