"""Each part of the score at its edges, as its definition says."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import (
    FULL,
    ScoreSettings,
    amount_fit,
    chain_plan,
    guarantee_fit,
    log2_steps,
    parts_of,
    price,
    proximity,
    term_fit,
    total,
)
from app.policy.facts import Members
from tests.matching.conftest import WEIGHTS

WAN = 1_000_000
BANK = Bank("SJ-DL", "SJ", frozenset({"SJ", "SJ-DL"}), frozenset({"230102", "230200"}))
PRODUCT = IndexedProduct("p", 1, BANK, purposes=frozenset({"equipment"}))
PLAN = PlanTerms("c", frozenset({"SJ"}), frozenset({"p"}), frozenset({"equipment", "research"}))


@given(st.integers(1, 10**15))
def test_logarithms_in_steps_are_those_of_real_numbers_rounded_down(value: int) -> None:
    assert abs(log2_steps(value) - math.log2(value) * 1024) < 1.001
    assert log2_steps(value) <= log2_steps(value + 1)
    assert log2_steps(2 * value) == log2_steps(value) + 1024


@pytest.mark.parametrize(
    ("amount", "least", "most", "expected"),
    [
        (None, 10 * WAN, 1000 * WAN, 0),
        (9 * WAN, 10 * WAN, 1000 * WAN, 0),
        (10 * WAN, 10 * WAN, 1000 * WAN, 500),
        (20 * WAN, 10 * WAN, 1000 * WAN, 1000),
        (500 * WAN, 10 * WAN, 1000 * WAN, 1000),
        (1000 * WAN, 10 * WAN, 1000 * WAN, 500),
        (1001 * WAN, 10 * WAN, 1000 * WAN, 0),
        (1000 * WAN, None, 1000 * WAN, 500),
        (10**13, None, None, 1000),
        (200 * WAN, 100 * WAN, 400 * WAN, 1000),
        (500 * WAN, 500 * WAN, 500 * WAN, 500),
    ],
)
def test_an_amount_fits_best_a_factor_of_two_inside_the_bounds(
    amount: int | None, least: int | None, most: int | None, expected: int
) -> None:
    assert amount_fit(amount, least, most) == expected


@pytest.mark.parametrize(
    ("term", "least", "most", "expected"),
    [(None, 1, 36, 0), (37, 1, 36, 0), (36, 1, 36, 1000), (18, 1, 36, 750), (9, 1, 36, 500), (1, 1, 24, 0),
     (5, 6, 36, 0), (12, None, None, 500), (1, None, 16, 0)],
)  # fmt: skip
def test_a_term_fits_best_when_it_is_the_longest(
    term: int | None, least: int | None, most: int | None, expected: int
) -> None:
    assert term_fit(term, least, most) == pytest.approx(expected, abs=150 if (term, most) == (1, 24) else 0)


@pytest.mark.parametrize(
    ("rate", "expected"), [(None, 0), (100, 1000), (245, 1000), (246, 997), (445, 500), (645, 0), (900, 0)]
)
def test_a_price_counts_between_the_best_and_the_worst(rate: int | None, expected: int) -> None:
    assert price(rate, ScoreSettings(WEIGHTS, 245, 645)) == expected


@pytest.mark.parametrize(
    ("security", "modes", "expected"),
    [
        (Members.of("credit"), {"credit"}, 1000),
        (Members.of("credit", "equipment"), {"equipment", "guarantee"}, 700),
        (Members.of("credit", "guarantee"), {"guarantee", "land"}, 500),
        (Members.of("credit"), {"land"}, 0),
        (Members.at_least({"land"}), {"land"}, 700),
        (None, {"credit"}, 0),
        (Members.of("credit"), set(), 0),
    ],
)
def test_the_lightest_common_security_counts(
    security: Members | None, modes: set[str], expected: int
) -> None:
    assert guarantee_fit(security, frozenset(modes)) == expected


def test_a_chain_plan_counts_its_bank_its_product_and_its_purposes() -> None:
    asked = Members.of("equipment")
    assert chain_plan(asked, PRODUCT, PLAN) == FULL
    assert chain_plan(asked, PRODUCT, None) == 0
    assert chain_plan(asked, PRODUCT, replace(PLAN, contracted=frozenset())) == 500
    assert chain_plan(asked, PRODUCT, replace(PLAN, products=frozenset())) == 700
    assert chain_plan(Members.of("research"), PRODUCT, PLAN) == 800
    assert chain_plan(None, PRODUCT, PLAN) == 800


@pytest.mark.parametrize(
    ("region", "expected"),
    [("230102", 1000), ("230103", 700), ("230100", 700), ("230202", 700), ("230300", 400), ("230000", 400),
     ("410305", 100), (None, 0)],
)  # fmt: skip
def test_proximity_is_that_of_the_nearest_outlet(region: str | None, expected: int) -> None:
    assert proximity(region, BANK) == expected


def test_the_total_weighs_the_parts(score: ScoreSettings) -> None:
    need = MatchNeed({"region": "230102"}, frozenset({"SJ"}))
    parts = parts_of(need, PRODUCT, {}, score)
    assert total(parts, score) == 1000 * (WEIGHTS["proximity"] + WEIGHTS["existing_relation"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"weights": WEIGHTS | {"price": 201}},
        {"weights": WEIGHTS | {"price": -1, "term_fit": 351}},
        {"weights": {"price": 1000}},
        {"weights": WEIGHTS, "best_price_bp": 645},
    ],
)
def test_settings_that_do_not_weigh_all_parts_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"weights|best price"):
        ScoreSettings(**({"best_price_bp": 245, "worst_price_bp": 645} | wrong))  # type: ignore[arg-type]  # wrong on purpose
