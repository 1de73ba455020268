"""The audit chain: whatever is done to it afterwards, the first link that it breaks is named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.audit import (
    GENESIS,
    START,
    Link,
    Note,
    Origin,
    Walk,
    link_of_line,
    links,
)
from app.accounts.rules import Grant, Role, Viewer

WHO = Viewer("王芳", "230000", (Grant(Role.COORDINATOR, "230100"), Grant(Role.AUDITOR)), person=7)
ORIGIN = Origin(WHO, "api", "192.0.2.7", "0" * 32)
BEGAN = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)


def chain(count: int, start: tuple[int, str] = START) -> list[Link]:
    notes = [
        Note("read_contacts", "uscc", f"firm {number}", BEGAN + timedelta(seconds=number), {"n": number})
        for number in range(count)
    ]
    return list(links([(ORIGIN, note) for note in notes], start))


def test_a_chain_that_nobody_touched_holds_whatever_the_batches_in_which_it_grew() -> None:
    first = chain(3)
    grown = [*first, *chain(2, (first[-1].sequence, first[-1].hash))]
    assert [link.sequence for link in grown] == [1, 2, 3, 4, 5]
    assert grown[0].previous_hash == GENESIS
    assert Walk().take(grown) is None


COLUMNS: dict[str, Any] = {
    "occurred_at": BEGAN - timedelta(days=1), "actor": "李雷", "person_id": None, "roles": "", "action": "x",
    "subject_kind": "x", "subject": "x", "detail": {}, "via": "cli", "address": "::1", "request_id": "1" * 32,
}  # fmt: skip


@given(at=st.integers(0, 8), column=st.sampled_from(sorted(COLUMNS)))
def test_a_changed_column_breaks_the_chain_at_that_link(at: int, column: str) -> None:
    told = chain(9)
    told[at] = replace(told[at], **{column: COLUMNS[column]})
    broken = Walk().take(told)
    assert broken is not None
    assert (broken.sequence, "changed" in broken.reason) == (at + 1, True)


@given(at=st.integers(0, 7))
def test_a_change_that_is_hashed_anew_breaks_the_link_after_it(at: int) -> None:
    told = chain(9)
    forged = replace(told[at], actor="李雷")
    told[at] = replace(forged, hash=forged.computed_hash())
    broken = Walk().take(told)
    assert broken is not None
    assert (broken.sequence, "does not continue" in broken.reason) == (at + 2, True)


@given(at=st.integers(0, 7), count=st.integers(1, 8))
def test_removed_links_are_missed_where_the_first_of_them_stood(at: int, count: int) -> None:
    told = chain(9)
    del told[at : min(at + count, 8)]  # the last one stays: a cut-off end needs the head
    broken = Walk().take(told)
    assert broken is not None
    assert (broken.sequence, "missing" in broken.reason) == (at + 1, True)


@given(at=st.integers(0, 8), forged_from=st.integers(0, 8))
def test_an_inserted_link_is_out_of_place_or_does_not_continue(at: int, forged_from: int) -> None:
    told = chain(9)
    told.insert(at, replace(told[forged_from], sequence=at + 1, subject="forged"))
    broken = Walk().take(told)
    assert broken is not None
    assert broken.sequence == at + 1


@given(pair=st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda two: two[0] < two[1]))
def test_links_that_changed_places_break_at_the_first_of_them(pair: tuple[int, int]) -> None:
    low, high = pair
    told = chain(9)
    swapped = list(told)
    swapped[low] = replace(told[high], sequence=low + 1)
    swapped[high] = replace(told[low], sequence=high + 1)
    broken = Walk().take(swapped)
    assert broken is not None
    assert broken.sequence == low + 1


def test_a_cut_off_end_shows_only_against_a_head_that_was_kept() -> None:
    told = chain(9)
    kept = told[6].hash
    whole, cut = Walk(wanted=kept), Walk(wanted=kept)
    assert (whole.take(told), whole.verdict().head_at) == (None, 7)
    assert (cut.take(told[:5]), cut.verdict().head_at, cut.verdict().links) == (None, None, 5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    detail=st.dictionaries(st.text(st.characters(codec=None), max_size=8), JSON, max_size=4),
    subject=st.text(max_size=300),
)
def test_whatever_is_noted_fits_its_columns_and_comes_back_from_an_export_as_it_was(
    detail: dict[str, object], subject: str
) -> None:
    note = Note("a" * 99, "k" * 99, subject, BEGAN, detail)
    [link] = links([(ORIGIN, note)], START)
    assert (len(link.action), len(link.subject_kind)) == (60, 40)
    assert len(link.subject) <= 200
    line = link.as_line()
    assert "\\u0000" not in line
    assert link_of_line(line) == link
    members = json.loads(line)
    assert Link(**(members | {"occurred_at": BEGAN})).computed_hash() == members["hash"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "7",
        '{"sequence": 1}',
        "not json",
        "[" * 5_000,
        chain(1)[0].as_line().replace("api", "\\ud800"),
    ],
)
def test_a_line_that_is_no_link_is_said_to_be_none(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        link_of_line(line)
