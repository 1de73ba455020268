"""Who receives a need by its class, and why."""

from dataclasses import replace
from typing import Any

import pytest

from app.bottlenecks.routing import RoutedNeed, Routing, route, routing_key
from app.bottlenecks.rules import ClassFinding
from app.institutions.naming import InstitutionNames
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.policy.criteria import Verdict

FEN = 100
WAN = 10_000 * FEN


def node(
    number: int, code: str, kind: str, region: str, parent: int | None = None, **more: Any
) -> InstitutionNode:
    node = InstitutionNode(
        id=number,
        code=code,
        name=f"{code}股份有限公司",
        short_name=code,
        kind=InstitutionKind(kind),
        parent=parent,
        root=parent or number,
        region=region,
        areas=(region,),
    )
    return replace(node, **more)


TREE = InstitutionTree.build(
    [
        node(1, "大行", "large", "230000", credit_loan_share=1500),
        node(2, "大行道里", "large", "230102", 1, capacity=5),
        node(3, "城商行", "city_commercial", "230000", credit_loan_share=3200, borrower_limit_fen=1000 * WAN),
        node(4, "城商行哈尔滨", "city_commercial", "230100", 3, capacity=5),
        node(5, "农商行", "rural_commercial", "230102", capacity=5, borrower_limit_fen=500 * WAN),
        node(6, "村镇银行", "village", "230102", capacity=5),
        node(7, "省担保", "guarantor", "230000", capacity=9),
        node(8, "道里担保", "guarantor", "230102", capacity=9),
        node(9, "哈尔滨市地方金融监管局", "regulator", "230100"),
        node(10, "省协调机制", "coordinator_body", "230000"),
        node(11, "市协调机制", "coordinator_body", "230100"),
    ]
)  # fmt: skip
NEED = RoutedNeed("230102", 500 * WAN, 0, ())


def leading(route: str) -> ClassFinding:
    return ClassFinding("x", "某类", Verdict.PASS, (), (), route, "责任单位", "接收方", "某条", "")


def routed(to: str, need: RoutedNeed = NEED, tree: InstitutionTree = TREE) -> Routing:
    return route(need, leading(to), tree, InstitutionNames.of(tree))


def codes(routing: Routing) -> list[str]:
    return [receiver.code for receiver in routing.receivers]


def test_light_assets_go_to_banks_by_their_share_of_credit_loans_then_by_code() -> None:
    found = routed("banks_credit_loan")
    assert codes(found) == ["城商行哈尔滨", "大行道里", "农商行", "村镇银行"]
    assert found.receivers[0].reasons == ("信用贷款占比32.00%", "服务区域覆盖企业所在地（市级）")


@pytest.mark.parametrize(
    ("amount", "loans", "expected"),
    [
        (500 * WAN, 0, ["农商行", "城商行哈尔滨", "村镇银行"]),
        (500 * WAN, 1, ["城商行哈尔滨", "村镇银行"]),
        (500 * WAN + 1, 0, ["城商行哈尔滨", "村镇银行"]),
        (500 * WAN, 500 * WAN, ["城商行哈尔滨", "村镇银行"]),
        (500 * WAN, 500 * WAN + 1, ["村镇银行"]),
    ],
)
def test_a_used_up_limit_goes_to_legal_person_banks_with_headroom_and_unrecorded_limits_come_last(
    amount: int, loans: int, expected: list[str]
) -> None:
    assert codes(routed("banks_legal_person", RoutedNeed("230102", amount, loans, ()))) == expected


def test_a_bank_whose_own_limit_may_be_used_up_comes_after_the_others() -> None:
    need = RoutedNeed("230102", 100 * WAN, 0, ("农商行",))
    assert codes(routed("banks_legal_person", need)) == ["城商行哈尔滨", "农商行", "村镇银行"]


def test_when_no_limit_suffices_the_note_says_what_was_asked() -> None:
    narrow = InstitutionTree.build(one for one in TREE.nodes.values() if one.id != 6)
    found = routed("banks_legal_person", RoutedNeed("230102", 2000 * WAN, None, None), narrow)
    assert (found.receivers, found.body) == ((), "责任单位")
    assert "2,000万元" in found.note


def test_a_lawsuit_goes_to_the_banks_concerned_at_the_branch_that_serves_the_firm() -> None:
    need = replace(NEED, existing_banks=("城商行（股份有限公司）", "大行道里", "大行道里某某支行", "无名行"))
    found = routed("banks_concerned", need)
    assert codes(found) == ["城商行哈尔滨", "大行道里"]
    assert found.receivers[0].reasons == ("企业现有贷款银行：城商行",)


def test_unknown_banks_are_asked_for_and_no_bank_is_said() -> None:
    assert routed("banks_concerned", replace(NEED, existing_banks=None)).asks == ("existing_banks",)
    none = routed("banks_concerned")
    assert (none.asks, none.note) == ((), "企业没有现有贷款银行")
    nowhere = routed("banks_concerned", replace(NEED, existing_banks=("无名行",)))
    assert nowhere.note == "现有贷款银行（无名行）不在机构库中"
    far = routed("banks_concerned", replace(NEED, region="110101", existing_banks=("无名行", "城商行")))
    assert far.note == "现有贷款银行（无名行）不在机构库中，现有贷款银行（城商行）没有服务该地区的责任机构"


def test_guarantors_are_reached_through_the_regulator_the_nearest_first() -> None:
    found = routed("guarantors")
    assert codes(found) == ["道里担保", "省担保"]
    assert found.through == "哈尔滨市地方金融监管局股份有限公司"
    assert found.through in found.receivers[0].reasons[0]


def test_missing_elements_go_to_the_nearest_coordination_mechanism_or_to_the_rules_body() -> None:
    found = routed("coordination")
    assert (codes(found), found.is_body) == (["市协调机制", "省协调机制"], True)
    empty = routed("coordination", tree=InstitutionTree.build([]))
    assert (empty.receivers, empty.body) == ((), "接收方（责任单位）")


def test_needs_that_share_a_key_are_routed_alike() -> None:
    other = RoutedNeed("230102", 900 * WAN, None, ("农商行",))
    for to in ("banks_credit_loan", "guarantors", "coordination"):
        assert routing_key(NEED, leading(to)) == routing_key(other, leading(to))
        assert routed(to) == routed(to, other)
    for to in ("banks_legal_person", "banks_concerned"):
        assert routing_key(NEED, leading(to)) != routing_key(other, leading(to))
