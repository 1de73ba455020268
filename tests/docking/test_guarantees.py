"""Caps of guarantee fees, held to cases that a guarantor's officer can read (cases/guarantee_fees.yaml)."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.docking.guarantees import (
    FeeCap,
    Guarantee,
    average_fee,
    check_offer,
    fee_amount_fen,
    fee_cap,
)
from app.docking.rates import bp_from_percent, percent_text
from app.kernel.errors import Fault
from app.kernel.settings import PROJECT_ROOT
from app.policy.amounts import amount_from_text
from app.policy.loading import load_policy_library
from app.policy.precedence import Adoption, make_rule_book
from app.policy.rulebook import RuleBook
from app.policy.yaml_lines import read_yaml

LIBRARY = load_policy_library(PROJECT_ROOT / "seed")


def _cases() -> list[dict[str, Any]]:
    path, faults = Path(__file__).parent / "cases" / "guarantee_fees.yaml", list[Fault]()
    data, _ = read_yaml(path.read_text(encoding="utf-8"), path.name, faults)
    assert faults == []
    return list(data["cases"])


def book_of(case: dict[str, Any]) -> RuleBook:
    jurisdiction, adopted = case.get("jurisdiction", "230000"), case.get("adopted")
    adoptions = (
        [
            Adoption(
                1, jurisdiction, adopted["pack"], adopted["item"], adopted["since"], None, "试行", "经办人"
            )
        ]
        if adopted
        else []
    )
    return make_rule_book(LIBRARY, adoptions, jurisdiction, case["on"])


def amount_of(text: str) -> int:
    amount = amount_from_text(text)
    assert amount is not None
    return amount


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["name"])
def test_the_cap_is_that_of_the_place_and_day_and_offers_above_it_are_refused_with_its_clause(
    case: dict[str, Any],
) -> None:
    amount = amount_of(case["amount"])
    cap = fee_cap(book_of(case), amount, case["facts"])
    if case["cap"] == "none":
        assert cap is None
    else:
        assert cap is not None
        assert (percent_text(cap.most_bp), cap.citation, cap.tier_text) == (
            case["cap"],
            case["citation"],
            case["tier"],
        )
        assert (percent_text(cap.average.most_bp) if cap.average else None) == case.get("average")
        assert list(cap.asks) == case.get("asks", [])
        assert bool(cap.adopted) == ("adopted" in case)
    for offered, is_taken in case["offers"].items():
        faults = check_offer(cap, amount, bp_from_percent(offered))
        assert (not faults) == is_taken
        for fault in faults:
            assert (fault.where, fault.value) == ("fee_rate", offered)
            assert case["citation"] in fault.message
            assert f"at most {case['cap']} %" in fault.remedy


def test_a_refusal_says_how_the_enterprise_could_show_that_the_clause_is_not_for_it() -> None:
    open_case = next(case for case in _cases() if "asks" in case)
    cap = fee_cap(book_of(open_case), amount_of(open_case["amount"]), open_case["facts"])
    [fault] = check_offer(cap, amount_of(open_case["amount"]), 160)
    assert fault.message == (
        "1.60 % a year for 600万元 is above the cap of 1.50 % (黑银发〔2023〕25号（十七）: 单户担保金额500万元以上)"
    )
    assert fault.remedy == (
        "Offer at most 1.50 %, or have 企业规模 stated: the clause is not for every enterprise."
    )


def test_the_texts_own_wording_goes_with_the_cap_and_with_the_aim() -> None:
    cap = fee_cap(book_of(_cases()[0]), 1)
    assert isinstance(cap, FeeCap)
    assert cap.average is not None
    assert ("原则上" in cap.wording, "逐步" in cap.average.wording) == (True, True)


@pytest.mark.parametrize(
    ("amount", "fee_bp", "fee"),
    [(500_000_000, 100, 5_000_000), (50, 100, 1), (49, 100, 0), (150, 100, 2), (500_000_001, 150, 7_500_000)],
)
def test_a_years_fee_is_exact_to_the_fen(amount: int, fee_bp: int, fee: int) -> None:
    assert fee_amount_fen(amount, fee_bp) == fee


@given(st.lists(st.builds(Guarantee, st.integers(1, 10**12), st.integers(0, 300)), max_size=8))
def test_the_average_fee_is_that_of_every_yuan_guaranteed(granted: list[Guarantee]) -> None:
    found = average_fee(granted)
    if not granted:
        assert found is None
        return
    assert found is not None
    total = sum(one.amount_fen for one in granted)
    plain = sum(Fraction(one.amount_fen, total) * one.fee_bp for one in granted)
    assert (found.guarantees, found.amount_fen, found.average_bp) == (len(granted), total, plain)


def test_an_average_of_exactly_the_aim_is_within_it() -> None:
    cap = fee_cap(book_of(_cases()[0]), 1)
    assert cap is not None
    assert cap.average is not None
    at, over = (
        average_fee([Guarantee(1, 50), Guarantee(1, 150)]),
        average_fee([Guarantee(10**9, 100), Guarantee(1, 101)]),
    )
    assert at is not None
    assert over is not None
    assert (at.is_within(cap.average), over.is_within(cap.average)) == (True, False)
