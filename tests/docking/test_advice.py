"""What an enterprise can do after a decline: for every reason and every route, with clauses that apply."""

from datetime import date
from itertools import product

import pytest

from app.bottlenecks.routing import ROUTERS
from app.bottlenecks.rules import ROUTE_NAMES
from app.docking.advice import BY_REASON, BY_ROUTE, Advice, AdviceLine, advise
from app.docking.guarantees import fee_cap
from app.docking.reasons import DeclineReason
from app.kernel.settings import PROJECT_ROOT
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book
from app.policy.rulebook import RuleBook

LIBRARY = load_policy_library(PROJECT_ROOT / "seed")
HARBIN = make_rule_book(LIBRARY, (), "230111", date(2023, 11, 15))
LUOYANG = make_rule_book(LIBRARY, (), "410300", date(2024, 6, 3))
NOWHERE = make_rule_book(LIBRARY, (), "230111", date(2023, 10, 11))
EVERY_ADVICE = [one for given in (*BY_REASON.values(), *BY_ROUTE.values()) for one in given]
NOBODY_MAY_SAY = (
    "保证",
    "一定",
    "必须",
    "必将",
    "肯定",
    "可获",
    "将获",
    "批准您",
    "您未",
    "不配合",
    "失信",
    "尽快",
)


def citations(book: RuleBook) -> set[str]:
    return {rule.citation for rule in book.rules} | {value.citation for value in book.parameters}


def test_the_lists_are_closed_every_reason_and_every_route_has_its_advice() -> None:
    assert set(BY_REASON) == set(DeclineReason)
    assert set(BY_ROUTE) == set(ROUTERS) | set(ROUTE_NAMES)
    assert all(BY_REASON.values())


@pytest.mark.parametrize("advice", EVERY_ADVICE, ids=lambda advice: advice.text[:12])
def test_advice_promises_nothing_blames_nobody_and_names_clauses_that_exist(advice: Advice) -> None:
    assert not [word for word in NOBODY_MAY_SAY if word in advice.text]
    assert not advice.text.endswith(("。", "；"))
    for code, number in advice.clauses:
        pack = LIBRARY.pack(code)
        assert pack is not None
        assert number in {item.citation.clause for item in pack.items}


@pytest.mark.parametrize("book", [HARBIN, LUOYANG, NOWHERE], ids=["哈尔滨", "洛阳", "施行前"])
def test_only_clauses_that_apply_there_on_that_day_are_cited(book: RuleBook) -> None:
    known = citations(book) | {"", "《征信业管理条例》第二十五条"}
    for reason, route in product(DeclineReason, [None, *BY_ROUTE]):
        lines = advise(reason, route, book, cap=fee_cap(book, 100))
        assert lines
        assert len(set(lines)) == len(lines)
        assert {line.citation for line in lines} <= known


def test_the_clause_of_the_place_and_day_is_cited() -> None:
    assets = BY_REASON[DeclineReason.NO_COLLATERAL][0].text
    for book, citation in (
        (HARBIN, "黑银发〔2023〕25号（六）"),
        (LUOYANG, "金发〔2024〕5号（八）"),
        (NOWHERE, ""),
    ):
        assert AdviceLine(assets, citation) in advise(DeclineReason.NO_COLLATERAL, None, book)


def test_what_is_asked_for_comes_first_and_the_cap_where_guarantors_have_the_need() -> None:
    cap = fee_cap(HARBIN, 600 * 10**6)
    lines = advise(
        DeclineReason.CREDIT_INELIGIBLE, "guarantors", HARBIN, asks=["collateral", "existing_banks"], cap=cap
    )
    assert lines[0].text == "在需求中补报“抵质押物”、“现有贷款银行”，以便判定还有哪些堵点、由谁办理"
    capped = AdviceLine(
        "核对担保报价：单户担保金额500万元以上，年担保费率不超过1.50%，高于上限的报价不予登记",
        "黑银发〔2023〕25号（十七）",
    )
    assert lines[2] == capped
    assert capped not in advise(DeclineReason.CREDIT_INELIGIBLE, "banks_credit_loan", HARBIN, cap=cap)
    assert all(
        "担保报价" not in line.text for line in advise(DeclineReason.CREDIT_INELIGIBLE, "guarantors", HARBIN)
    )
