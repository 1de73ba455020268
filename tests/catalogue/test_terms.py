"""Product terms: what they ask of a need, what is refused, and when two contents are the same."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.catalogue.quarters import publishing_day, quarter_of
from app.catalogue.revisions import ProductContent, Validity, diff_editions, in_force
from app.catalogue.rules import ProductTerms, Rate
from app.policy.criteria import Verdict, evaluate
from app.policy.facts import Facts, Members

TERMS: dict[str, Any] = {
    "form": "loan",
    "purposes": ["equipment", "technical_upgrade"],
    "amount": {"least": "100000.00", "most": "20000000.00"},
    "term": {"least": 6, "most": 36},
    "rate": {"base": "lpr_1y", "least": -10, "most": 55},
    "guarantee_modes": ["credit", "equipment"],
    "areas": ["230100"],
}
FITTING: dict[str, Any] = {
    "purposes": Members.of("equipment"),
    "amount": 1_000_000_00,
    "term_months": 12,
    "security": Members.of("credit"),
    "region": "230102",
    "industry": "C3412",
    "chain": "HLJ-GDZB",
    "size_class": "small",
    "qualifications": Members.of("srdi"),
    "years_established": 3,
    "tax_grade": "A",
    "first_loan": True,
    "litigation": False,
    "adverse_credit": False,
    "missing_elements": Members.of(),
}


def verdict(terms: dict[str, Any], facts: Facts) -> Verdict:
    return min(evaluate(one, facts) for one in ProductTerms.model_validate(TERMS | terms).conditions())


@pytest.mark.parametrize(
    ("terms", "fact", "passing", "failing"),
    [
        ({}, "amount", [100_000_00, 20_000_000_00], [99_999_99, 20_000_000_01]),
        ({}, "term_months", [6, 36], [5, 37]),
        ({}, "purposes", [Members.of("equipment", "working_capital")], [Members.of("working_capital")]),
        ({}, "security", [Members.of("equipment", "land")], [Members.of("guarantee")]),
        ({}, "region", ["230100", "230184"], ["230202", "410302"]),
        ({"industries": ["C34"]}, "industry", ["C3412"], ["C3512"]),
        ({"chains": ["HLJ-GDZB"]}, "chain", ["HLJ-GDZB"], ["HLJ-NJZB"]),
        ({"sizes": ["small", "micro"]}, "size_class", ["small", "micro"], ["medium"]),
        ({"qualifications": ["srdi", "talent"]}, "qualifications", [Members.of("talent")], [Members.of()]),
        ({"years_least": 3}, "years_established", [3, 40], [2]),
        ({"tax_grades": ["A", "B"]}, "tax_grade", ["B"], ["M"]),
        ({"first_loan_only": True}, "first_loan", [True], [False]),
        ({"exclusions": ["litigation"]}, "litigation", [False], [True]),
        ({"exclusions": ["missing_elements"]}, "missing_elements", [Members.of()], [Members.of("land")]),
        ({"criteria": [{"fact": "exporter", "is_true": True}]}, "exporter", [True], [False]),
    ],
)
def test_each_term_asks_its_question_of_one_fact_and_nothing_else(
    terms: dict[str, Any], fact: str, passing: list[Any], failing: list[Any]
) -> None:
    for value in passing:
        assert verdict(terms, FITTING | {fact: value}) is Verdict.PASS
    for value in failing:
        assert verdict(terms, FITTING | {fact: value}) is Verdict.FAIL
    assert verdict(terms, FITTING | {fact: None}) is Verdict.UNKNOWN


def test_terms_that_are_left_out_ask_nothing() -> None:
    asked = {name for one in ProductTerms.model_validate(TERMS).conditions() for name in one.facts()}
    assert asked == {"purposes", "amount", "term_months", "security", "region"}
    nationwide = ProductTerms.model_validate(TERMS | {"areas": ["000000"]}).conditions()
    assert "region" not in {name for one in nationwide for name in one.facts()}


def test_a_need_of_several_purposes_qualifies_by_one_and_the_rest_is_named() -> None:
    terms = ProductTerms.model_validate(TERMS)
    assert terms.unserved_purposes(["equipment", "working_capital"]) == ("working_capital",)


def test_a_condition_cites_the_clause_of_its_part_and_else_the_terms() -> None:
    cited = TERMS | {
        "cites": [{"part": "amount", "clause": "洛阳（征求意见稿）（四）"}],
        "criteria": [{"fact": "exporter", "is_true": True}],
    }
    sources = {
        name: one.source for one in ProductTerms.model_validate(cited).conditions() for name in one.facts()
    }
    assert sources["amount"] == "洛阳（征求意见稿）（四）"
    assert sources["term_months"] == sources["exporter"] == "产品条款"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"amount": {"least": "2.00", "most": "1.00"}}, ("amount",)),
        ({"amount": {"least": 2, "most": "3.00"}}, ("amount", "least")),
        ({"term": {"least": 12, "most": 6}}, ("term",)),
        ({"rate": {"base": "fixed", "least": -1, "most": 5}}, ("rate",)),
        ({"rate": {"base": "libor", "least": 0, "most": 5}}, ("rate", "base")),
        ({"purposes": []}, ("purposes",)),
        ({"guarantee_modes": ["trust"]}, ("guarantee_modes", 0)),
        ({"areas": ["2301"]}, ("areas", 0)),
        ({"industries": ["3412"]}, ("industries", 0)),
        ({"exclusions": ["ownership"]}, ("exclusions", 0)),
        ({"criteria": [{"fact": "ownership", "in": ["state"]}]}, ("criteria", 0)),
        ({"cites": [{"part": "amount", "clause": "a"}, {"part": "amount", "clause": "b"}]}, ("cites",)),
        ({"colour": "red"}, ("colour",)),
    ],
)
def test_impossible_terms_are_refused_at_their_place(
    change: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        ProductTerms.model_validate(TERMS | change)
    assert [error["loc"] for error in caught.value.errors()] == [place]


@given(st.permutations(["equipment", "technical_upgrade", "research"]), st.permutations(["230100", "230200"]))
def test_the_order_in_which_sets_are_written_makes_no_other_content(
    purposes: list[str], areas: list[str]
) -> None:
    def content(terms: dict[str, Any]) -> ProductContent:
        return ProductContent("贷", ProductTerms.model_validate(TERMS | terms), date(2023, 1, 1), None, False)

    written = content({"purposes": purposes, "areas": areas})
    assert written.sha256() == content(
        {"purposes": sorted(purposes), "areas": sorted(areas)}
    ).sha256()  # fmt: skip
    assert written.sha256() != content({"purposes": purposes, "areas": areas[:1]}).sha256()


def test_rates_stand_on_the_quote_or_by_themselves() -> None:
    assert Rate(base="lpr_1y", least=-20, most=55).bounds(345, 420) == (325, 400)
    assert Rate(base="lpr_5y", least=0, most=10).bounds(345, 420) == (420, 430)
    assert Rate(base="fixed", least=300, most=350).bounds(345, 420) == (300, 350)


DAYS = st.integers(1, 28).map(lambda day: date(2023, 10, day))


@given(st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=5), DAYS)
def test_in_force_is_the_newest_revision_that_has_begun_unless_it_has_ended(
    periods: list[tuple[date, date | None]], day: date
) -> None:
    revisions = [Validity(n, n * 10, since, until) for n, (since, until) in enumerate(periods, 1)]
    expected = None
    for one in revisions:
        if one.valid_from <= day:
            expected = one if one.valid_until is None or day <= one.valid_until else None
    assert in_force(revisions[::-1], day) == expected


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (date(2023, 9, 30), None),
        (date(2023, 10, 1), date(2023, 10, 1)),
        (date(2023, 12, 31), date(2023, 12, 31)),
        (date(2024, 2, 1), date(2023, 12, 31)),
    ],
)
def test_an_edition_freezes_today_within_its_quarter_and_the_last_day_after_it(
    today: date, day: date | None
) -> None:
    assert publishing_day(quarter_of("2023Q4"), today) == day


@pytest.mark.parametrize("code", ["2023Q5", "2023H2", "23Q1", "0000Q1", "2023Q1\n", "２０２３Q1"])
def test_what_names_no_quarter_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match=r"quarter|year"):
        quarter_of(code)


def test_two_editions_differ_by_code_and_hash() -> None:
    older = {"A": ("1", {"x": 1}), "B": ("1", {"x": 1}), "C": ("1", {"x": 1, "y": 2})}
    newer = {"B": ("1", {"x": 1}), "C": ("2", {"x": 1, "y": 3}), "D": ("1", {"x": 1})}
    diff = diff_editions(older, newer)
    assert (diff.added, diff.removed, diff.revised, diff.same) == (("D",), ("A",), {"C": ("y",)}, 1)
