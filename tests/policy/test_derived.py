"""Derived facts: what follows from stated ones, and what stays unknown."""

from datetime import date

import pytest

from app.enterprises.need_facts import NeedFacts
from app.kernel.settings import PROJECT_ROOT
from app.policy.derived import STATED_BEHIND, chinese_name, derive_facts, facts_to_state, full_years
from app.policy.facts import FACTS, Facts, FactValue, Members
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book
from app.reference.book import load_reference_book

SEED = PROJECT_ROOT / "seed"
ON = date(2023, 11, 15)
BOOK = load_reference_book(SEED)
RULES = make_rule_book(load_policy_library(SEED), [], "230000", ON).derived


def _derived(**stated: FactValue | None) -> Facts:
    return derive_facts(stated, established_on=None, on=ON, book=BOOK, rules=RULES)


@pytest.mark.parametrize(
    ("since", "years"),
    [
        (date(2020, 11, 14), 3),
        (date(2020, 11, 15), 3),
        (date(2020, 11, 16), 2),
        (date(2023, 11, 15), 0),
        (date(2023, 11, 16), None),
        (None, None),
    ],
)
def test_years_are_full_years_and_none_before_the_firm_was_founded(
    since: date | None, years: int | None
) -> None:
    assert full_years(since, ON) == years
    found = derive_facts({}, established_on=since, on=ON, book=BOOK, rules=RULES)
    assert found["years_established"] == years


def test_a_firm_of_a_leap_day_completes_its_year_in_march() -> None:
    assert full_years(date(2020, 2, 29), date(2021, 2, 28)) == 0
    assert full_years(date(2020, 2, 29), date(2021, 3, 1)) == 1


@pytest.mark.parametrize(
    ("staff", "revenue", "size"),
    [
        (1000, 4_000_000_000 * 10, "large"),
        (999, 4_000_000_000 * 10, "medium"),
        (300, 200_000_000 * 10, "medium"),
        (299, 200_000_000 * 10, "small"),
        (19, None, "micro"),
        (20, None, None),
    ],
)
def test_size_follows_the_statistical_standard_and_stays_unknown_while_it_is_open(
    staff: int, revenue: int | None, size: str | None
) -> None:
    assert _derived(industry="C3412", staff=staff, revenue=revenue)["size_class"] == size


def test_size_is_unknown_without_an_industry_or_with_one_that_does_not_exist() -> None:
    assert _derived(staff=5)["size_class"] is None
    assert _derived(industry="C9999", staff=5)["size_class"] is None


@pytest.mark.parametrize(
    ("collateral", "guarantee", "expected"),
    [
        (Members.of("land"), True, Members.of("credit", "guarantee", "land")),
        (Members.of(), False, Members.of("credit")),
        (Members.of("land"), None, Members.at_least(["credit", "land"])),
        (None, True, Members.at_least(["credit", "guarantee"])),
        (None, None, Members.at_least(["credit"])),
        (Members.at_least(["orders"]), False, Members.at_least(["credit", "orders"])),
    ],
)
def test_security_holds_credit_and_is_open_while_collateral_or_guarantee_is(
    collateral: Members | None, guarantee: FactValue | None, expected: Members
) -> None:
    assert _derived(collateral=collateral, guarantee_available=guarantee)["security"] == expected


def test_a_need_is_of_an_enterprise_unless_it_says_otherwise() -> None:
    assert _derived()["subject"] == "enterprise"
    assert _derived(subject="project")["subject"] == "project"


def test_a_stated_fact_is_not_overruled_by_the_operators_rule() -> None:
    firm: dict[str, FactValue | None] = {
        "collateral": Members.of(),
        "qualifications": Members.of("high_tech"),
    }
    assert _derived(**firm)["light_assets"] is True
    assert _derived(**firm, light_assets=False)["light_assets"] is False
    assert _derived(qualifications=Members.of("high_tech"))["light_assets"] is None
    assert _derived(**(firm | {"collateral": Members.of("land")}))["light_assets"] is False


@pytest.mark.parametrize(
    ("unknown", "facts", "asked"),
    [
        (["litigation"], {}, ("litigation",)),
        (["size_class"], {"industry": "C3412"}, ("revenue", "staff")),
        (["size_class"], {"industry": "C", "revenue": 1, "staff": 1}, ("industry",)),
        (["years_established"], {}, ("established_on",)),
        (["security"], {"collateral": Members.of(), "guarantee_available": None}, ("guarantee_available",)),
        (["security", "collateral"], {"collateral": Members.at_least(["land"])}, ("collateral", "guarantee_available")),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_what_can_be_stated(
    unknown: list[str], facts: Facts, asked: tuple[str, ...]
) -> None:
    assert facts_to_state(unknown, facts) == asked
    assert set(asked) <= set(NeedFacts.model_fields)
    assert all(chinese_name(name) for name in asked)


def test_every_derived_fact_that_nobody_may_state_says_what_stands_behind_it() -> None:
    hidden = {name for name, fact in FACTS.items() if fact.is_derived and name not in NeedFacts.model_fields}
    assert hidden == set(STATED_BEHIND)
