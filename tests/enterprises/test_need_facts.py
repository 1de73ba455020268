"""Need facts: unknown and none told apart, equal statements equal, nothing derived taken."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.enterprises.need_facts import OWNERSHIPS, NeedFacts
from app.kernel.money import yuan_text
from app.policy.facts import COLLATERAL, FACTS, PURPOSES, TAX_GRADES, Members

LEAST: dict[str, Any] = {
    "amount": "5000000.00",
    "term_months": 36,
    "purposes": ["equipment"],
    "region": "230110",
}
OPTIONAL = st.fixed_dictionaries(
    {},
    optional={
        "staff": st.integers(0, 10**6),
        "revenue": st.integers(0, 10**14).map(yuan_text),
        "collateral": st.lists(st.sampled_from(sorted(COLLATERAL))),
        "tax_grade": st.sampled_from(sorted(TAX_GRADES)),
        "first_loan": st.booleans(),
        "established_on": st.dates(date(1950, 1, 1), date(2023, 1, 1)).map(date.isoformat),
        "ownership": st.sampled_from(sorted(OWNERSHIPS)),
        "existing_banks": st.lists(st.sampled_from(["建行", "工行", "农行"]), max_size=3),
    },
)


@given(OPTIONAL)
def test_what_is_stored_reads_back_as_the_same_statement(optional: dict[str, Any]) -> None:
    facts = NeedFacts.model_validate(LEAST | optional)
    again = NeedFacts.model_validate(facts.as_json())
    assert again == facts
    assert again.content_hash() == facts.content_hash()
    assert set(facts.as_json()) == {*LEAST, *optional}


def test_order_and_repetition_in_a_set_make_no_other_statement() -> None:
    one = NeedFacts.model_validate(LEAST | {"collateral": ["land", "equipment", "land"]})
    other = NeedFacts.model_validate(LEAST | {"collateral": ["equipment", "land"]})
    assert one.content_hash() == other.content_hash()
    none = NeedFacts.model_validate(LEAST | {"collateral": []})
    unknown = NeedFacts.model_validate(LEAST)
    assert len({fact.content_hash() for fact in (one, none, unknown)}) == 3
    assert none.stated()["collateral"] == Members.of()
    assert unknown.stated()["collateral"] is None


def test_stated_facts_are_the_declared_ones_that_are_not_derived() -> None:
    stated = NeedFacts.model_validate(LEAST).stated()
    assert set(stated) == {name for name, fact in FACTS.items() if not fact.is_derived}
    assert stated["amount"] == 5_000_000_00
    assert "ownership" not in stated


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": ["credit"]},
        {"size_class": "small"},
        {"years_established": 3},
        {"amount": 5000000},
        {"amount": "0"},
        {"amount": "1.001"},
        {"amount": "-5"},
        {"term_months": 0},
        {"term_months": "36"},
        {"term_months": True},
        {"purposes": []},
        {"purposes": ["yacht"]},
        {"region": "2301"},
        {"industry": "3412"},
        {"first_loan": "yes"},
        {"project_name": "a\x00b"},
        {"existing_banks": [""]},
        {"staff": -1},
        {"established_on": "3000-01-01"},
    ],
)
def test_what_no_need_can_state_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        NeedFacts.model_validate(LEAST | wrong)
    assert {str(item["loc"][0]) for item in refusal.value.errors()} == set(wrong)


@pytest.mark.parametrize(
    "name", [name for name, fact in FACTS.items() if fact.values and not fact.is_derived]
)
def test_every_word_of_a_vocabulary_is_accepted(name: str) -> None:
    for word in FACTS[name].values:
        value = [word] if FACTS[name].kind == "choices" else word
        assert getattr(NeedFacts.model_validate(LEAST | {name: value}), name) == value
    assert set(PURPOSES) == set(FACTS["purposes"].values)
