"""A list written page by page: what is not shown stays, equals share a number, and what cannot be is named at its place."""

import pytest

from app.kernel.errors import Fault
from app.selection.drafting import Draft, written
from app.selection.statements import Rest

BEGUN = Draft.of_list(3, [["甲"], ["乙", "丙"]], ["丁"], Rest.NOBODY)


def test_what_another_page_shows_stays_and_equal_numbers_are_one_group() -> None:
    assert BEGUN.tiers() == [["甲"], sorted(["乙", "丙"])]
    draft, faults = written(BEGUN, ["甲", "丁", "戊"], {"甲": "", "丁": "2", "戊": " 9 "}, [])
    assert faults == []
    assert draft.tiers() == [sorted(["乙", "丙", "丁"]), ["戊"]]
    assert draft.refuses == frozenset()
    assert Draft.of_json(draft.as_json()) == draft


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "一", "10000", "9" * 40])
def test_what_is_no_number_is_named_at_its_candidate(typed: str) -> None:
    draft, faults = written(BEGUN, ["甲"], {"甲": typed}, [])
    assert [fault.where for fault in faults] == ["rank-甲"]
    assert "甲" not in draft.ranks


def test_nobody_is_both_ranked_and_refused() -> None:
    _draft, faults = written(BEGUN, ["甲"], {"甲": "1"}, ["甲"])
    assert [fault.message for fault in faults] == ["both ranked and refused"]
    draft, faults = written(BEGUN, ["甲"], {"甲": ""}, ["甲"])
    assert (faults, draft.refuses) == ([], frozenset({"甲", "丁"}))


@pytest.mark.parametrize(
    ("quota", "places"), [("3", 3), ("", None), ("-1", None), ("1e3", None), ("9" * 30, None)]
)
def test_a_quota_is_a_number_or_says_why_not(quota: str, places: int | None) -> None:
    found = Draft(quota).places()
    assert found == places if places is not None else isinstance(found, Fault)
