"""Targets beside figures: just below, at and above, on the days that the text names."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.coverage.funnel import funnel_of
from app.coverage.rules import Figures
from app.coverage.targets import FULL_COVERAGE, MIN_ENTRIES, REFRESH, TargetState, measure
from app.kernel.settings import get_settings
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book
from app.policy.rulebook import RuleBook

IN_FORCE_FROM = date(2023, 7, 1)


def book(jurisdiction: str, on: date) -> RuleBook:
    return make_rule_book(load_policy_library(get_settings().seed_dir), (), jurisdiction, on)


def state(key: str, figures: Figures, on: date, in_force_from: date = IN_FORCE_FROM) -> str:
    found = measure(book("230000", on), figures, in_force_from, on)
    return next(one.state.value for one in found if one.parameter.key == key)


@pytest.mark.parametrize(
    ("contacted", "on", "expected"),
    [
        (99, date(2023, 11, 30), "not_yet"),
        (99, date(2023, 12, 30), "not_yet"),
        (99, date(2023, 12, 31), "missed"),
        (100, date(2023, 12, 31), "met"),
        (100, date(2023, 11, 30), "met"),
        (99, date(2024, 1, 31), "not_yet"),
    ],
)
def test_full_coverage_is_asked_for_by_the_end_of_the_year(contacted: int, on: date, expected: str) -> None:
    assert state(FULL_COVERAGE, Figures(entries=100, contacted=contacted), on) == expected


def test_an_empty_roster_is_not_fully_covered() -> None:
    assert state(FULL_COVERAGE, Figures(), date(2023, 11, 30)) == "not_yet"


@pytest.mark.parametrize(("entries", "expected"), [(2_999, "not_yet"), (3_000, "met"), (3_001, "met")])
def test_three_thousand_entries_are_asked_for_without_a_day(entries: int, expected: str) -> None:
    for on in (date(2023, 10, 31), date(2023, 12, 31)):
        assert state(MIN_ENTRIES, Figures(entries=entries), on) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2023, 12, 30), "met"), (date(2023, 12, 31), "met"), (date(2024, 1, 1), "missed")],
)
def test_a_roster_is_renewed_within_half_a_year(on: date, expected: str) -> None:
    assert state(REFRESH, Figures(), on) == expected
    assert state(REFRESH, Figures(), on, in_force_from=on) == "met"


def test_the_last_day_of_a_short_month_stands_for_its_missing_ones() -> None:
    on = date(2024, 2, 28)
    assert state(REFRESH, Figures(), on, in_force_from=date(2023, 8, 31)) == "met"
    assert state(REFRESH, Figures(), date(2024, 2, 29), in_force_from=date(2023, 8, 31)) == "missed"


def test_each_target_says_value_clause_actual_and_days() -> None:
    on = date(2023, 11, 30)
    found = {
        one.parameter.key: one
        for one in measure(book("230000", on), Figures(entries=3, contacted=2), IN_FORCE_FROM, on)
    }
    said = {key: (one.value, one.actual, one.due_on) for key, one in found.items()}
    assert said == {
        FULL_COVERAGE: ("100%", "2/3＝66.67%", date(2023, 12, 31)),
        MIN_ENTRIES: ("3000户（个）", "3户（个）", None),
        REFRESH: ("6个月", "现行名单自2023-07-01起", date(2023, 12, 31)),
    }
    assert {one.parameter.citation for one in found.values()} == {"黑银发〔2023〕25号（十三）"}
    assert {one.measured_on for one in found.values()} == {on}


def test_where_no_text_in_force_sets_a_target_none_is_measured() -> None:
    on = date(2022, 1, 1)
    assert measure(book("230000", on), Figures(), date(2022, 1, 1), on) == ()


def test_another_value_decides_by_itself() -> None:
    on = date(2023, 11, 30)
    whole = book("230000", on)
    changed = replace(
        whole,
        parameters=tuple(
            replace(one, value=Decimal(90)) if one.key == FULL_COVERAGE else one for one in whole.parameters
        ),
    )
    found = measure(changed, Figures(entries=10, contacted=9), IN_FORCE_FROM, on)
    assert found[0].state is TargetState.MET


def test_the_funnel_says_who_got_how_far_and_how_many_did_not() -> None:
    figures = Figures(
        entries=10, assigned=8, contacted=6, answered=6, credited=3, disbursed=1, needed_fen=900,
        credited_fen=300, disbursed_fen=100,
    )  # fmt: skip
    steps = funnel_of(figures)
    assert [(s.level, s.count, s.before, s.dropped, s.amount_fen) for s in steps] == [
        ("entries", 10, 10, 0, 900),
        ("assigned", 8, 10, 2, None),
        ("contacted", 6, 8, 2, None),
        ("answered", 6, 6, 0, None),
        ("credited", 3, 6, 3, 300),
        ("disbursed", 1, 3, 2, 100),
    ]
