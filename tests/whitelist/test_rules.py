"""Editions, admission, reviews and differences as pure decisions."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.settings import get_settings
from app.policy.criteria import Verdict
from app.policy.facts import Facts, Members
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book
from app.policy.rulebook import AppliedRule
from app.whitelist.rules import (
    Listed,
    compare_editions,
    decide_admission,
    deciding_day,
    edition_on,
    edition_period,
    fact_changes,
    status_after,
)

DECISIONS = st.sampled_from([
    ("admission_unknown", None), ("admission_unknown", "admit"), ("admission_unknown", "refuse"),
    ("duplicate_name", None), ("duplicate_name", "same_firm"), ("duplicate_name", "different_firm"),
])  # fmt: skip


@pytest.fixture(scope="module")
def rules() -> tuple[AppliedRule, ...]:
    """Admission in Heilongjiang once 黑银发〔2023〕25号 is in force."""
    library = load_policy_library(get_settings().seed_dir)
    return make_rule_book(library, [], "230000", date(2023, 11, 15)).admission


def test_a_half_year_is_in_force_from_its_first_to_its_last_day() -> None:
    assert edition_period("2023H2") == (date(2023, 7, 1), date(2023, 12, 31))
    assert edition_period("2024H1") == (date(2024, 1, 1), date(2024, 6, 30))
    for text in ("2023H3", "2023-H2", "23H2", "2023h2", "2023H2 "):
        with pytest.raises(ValueError, match="2023H2"):
            edition_period(text)


@given(st.dates(date(2001, 1, 1), date(2098, 12, 31)))
def test_every_day_has_the_edition_that_contains_it(day: date) -> None:
    first, last = edition_period(edition_on(day))
    assert first <= day <= last
    assert deciding_day(edition_on(day), day) == day
    assert deciding_day("2000H1", day) == date(2000, 6, 30)
    assert deciding_day("2099H1", day) == date(2099, 1, 1)


SRDI: Facts = {
    "region": "230110",
    "industry": "C3421",
    "qualifications": Members.of("srdi"),
    "subject": "enterprise",
}


@pytest.mark.parametrize(
    ("facts", "verdict", "status", "ask"),
    [
        (SRDI, Verdict.PASS, "admitted", ()),
        ({**SRDI, "qualifications": Members.of("high_tech")}, Verdict.FAIL, "refused", ()),
        ({**SRDI, "qualifications": None}, Verdict.UNKNOWN, "review", ("qualifications",)),
        ({**SRDI, "industry": None}, Verdict.UNKNOWN, "review", ("industry",)),
        (
            {**SRDI, "industry": None, "qualifications": None},
            Verdict.UNKNOWN,
            "review",
            ("industry", "qualifications"),
        ),
        ({**SRDI, "industry": "A0111", "qualifications": None}, Verdict.FAIL, "refused", ()),
    ],
)
def test_admission_by_the_clause_of_the_stated_class(
    rules: tuple[AppliedRule, ...], facts: Facts, verdict: Verdict, status: str, ask: tuple[str, ...]
) -> None:
    found = decide_admission("srdi", facts, rules)
    assert (found.verdict, found.status, found.ask) == (verdict, status, ask)
    stored = found.as_json()
    assert "黑银发〔2023〕25号" in stored["citation"]
    assert {finding["verdict"] for finding in stored["findings"]} >= {verdict.word}


def test_a_class_that_no_rule_in_force_admits_waits_for_a_person(rules: tuple[AppliedRule, ...]) -> None:
    found = decide_admission("srdi", SRDI, [])
    assert (found.status, found.rule) == ("review", None)
    assert found.as_json()["citation"] is None
    assert decide_admission("above_scale", SRDI, rules).status == "refused"


def test_of_several_rules_for_a_class_the_most_favourable_decides(rules: tuple[AppliedRule, ...]) -> None:
    [srdi] = [rule for rule in rules if rule.data["source_class"] == "srdi"]
    [champion] = [rule for rule in rules if rule.data["source_class"] == "single_champion"]
    harder = replace(champion, key="a.first", data={"source_class": "srdi"})
    found = decide_admission("srdi", SRDI, [harder, srdi])
    assert (found.verdict, found.rule) == (Verdict.PASS, srdi)


@given(st.sampled_from(["admitted", "review", "refused"]), st.lists(DECISIONS, max_size=4))
def test_reviews_move_an_entry_only_as_somebody_decided(
    by_rules: str, items: list[tuple[str, str | None]]
) -> None:
    decisions = [decision for _, decision in items]
    status = status_after(by_rules, items)  # type: ignore[arg-type]  # drawn from the three words
    if by_rules == "refused" or "refuse" in decisions or "same_firm" in decisions:
        assert status == "refused"
    elif None in decisions:
        assert status == "review"
    else:
        assert status == ("admitted" if by_rules == "admitted" or "admit" in decisions else "review")


LISTED = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), max_size=8)


@given(LISTED, LISTED)
def test_a_difference_of_editions_accounts_for_every_need_once(
    before: dict[str, str], after: dict[str, str]
) -> None:
    def listing(needs: dict[str, str]) -> list[Listed]:
        return [Listed(code, f"E-{code}", code, 1, digest) for code, digest in needs.items()]

    found = {item.listed.need_code: item.change for item in compare_editions(listing(before), listing(after))}
    assert found == {
        code: "new" if code not in before else "removed" if code not in after
        else "kept" if before[code] == after[code] else "changed"
        for code in sorted(before.keys() | after.keys())
    }  # fmt: skip
    assert list(found) == sorted(found)


def test_changed_facts_carry_their_chinese_names_and_unknown_is_null() -> None:
    changes = fact_changes(
        {"amount": "1.00", "staff": 5}, {"amount": "2.00", "staff": 5, "ownership": "private"}
    )
    assert changes == [
        {"fact": "amount", "chinese": "融资金额", "before": "1.00", "after": "2.00"},
        {"fact": "ownership", "chinese": "所有制", "before": None, "after": "private"},
    ]
