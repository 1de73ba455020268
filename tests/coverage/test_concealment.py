"""No difference of shown cells gives a hidden one: held against exact linear algebra over random trees."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.coverage.concealment import WHOLE, concealed, sums_of

FEWEST = 3
Tree = tuple[dict[str, int], dict[str, str | None]]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Institutions with what each did itself; each counts that and all below it, and all lie in the whole."""
    size = draw(st.integers(1, 12))
    keys = [f"k{number:02d}" for number in range(size)]
    parents: dict[str, str | None] = {
        key: draw(st.sampled_from((None, *keys[:number]))) for number, key in enumerate(keys)
    }
    own = {key: draw(st.sampled_from((0, 0, 1, 1, 2, 3, 5, 40))) for key in keys}
    counts = dict(own)
    for key in reversed(keys):
        above = parents[key]
        if above is not None:
            counts[above] += counts[key]
    homeless = draw(st.sampled_from((0, 1, 7)))
    counts[WHOLE] = sum(counts[key] for key in keys if parents[key] is None) + homeless
    return counts, parents


def equations(
    counts: Mapping[str, int],
    parents: Mapping[str, str | None],
    hidden: frozenset[str],
    acting: Iterable[str],
) -> tuple[list[str], list[list[Fraction]]]:
    """Write the sums as equations over what is unknown: hidden cells, and what institutions did themselves."""
    rests = [f"rest of {key}" for key in sorted(acting)]
    unknown = [*sorted(hidden), *rests]
    place = {key: number for number, key in enumerate(unknown)}
    rows = []
    for one in sums_of(counts, parents):
        row = [Fraction(0)] * len(unknown)
        for key, sign in [(one.whole, -1), *((part, 1) for part in one.parts), (f"rest of {one.whole}", 1)]:
            if key in place:
                row[place[key]] += sign
        rows.append(row)
    return unknown, rows


def determined(unknown: list[str], rows: list[list[Fraction]]) -> set[str]:
    """Answer what the equations alone determine: after elimination its row has nothing else in it."""
    rows, done = [list(row) for row in rows], 0
    for column in range(len(unknown)):
        pivot = next((number for number in range(done, len(rows)) if rows[number][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        head = rows[done][column]
        rows[done] = [value / head for value in rows[done]]
        for number, row in enumerate(rows):
            if number != done and row[column]:
                rows[number] = [
                    value - row[column] * other for value, other in zip(row, rows[done], strict=True)
                ]
        done += 1
    alone = [[unknown[n] for n, value in enumerate(row) if value] for row in rows]
    return {names[0] for names in alone if len(names) == 1}


@settings(max_examples=250)
@given(trees())
def test_no_difference_of_shown_cells_gives_a_hidden_one(tree: Tree) -> None:
    counts, parents = tree
    hidden = concealed(counts, parents, FEWEST)
    assert {key for key, count in counts.items() if 0 < count < FEWEST} - {WHOLE} <= hidden
    if 0 < counts[WHOLE] < FEWEST:
        assert hidden == set(counts) - {WHOLE}
        return
    rests = {one.whole: one.rest for one in sums_of(counts, parents) if one.rest}
    found = determined(*equations(counts, parents, hidden, rests))
    assert not found & hidden
    assert not found & {f"rest of {key}" for key, rest in rests.items() if rest < FEWEST}


@settings(max_examples=120)
@given(st.data())
def test_no_difference_of_amounts_gives_a_hidden_one_where_entries_passed_from_one_to_another(
    data: st.DataObject,
) -> None:
    """Entries have several institutions: their counts do not add up, their amounts do."""
    keys = [f"k{number}" for number in range(data.draw(st.integers(1, 8)))]
    parents: dict[str, str | None] = {
        key: data.draw(st.sampled_from((None, *keys[:number]))) for number, key in enumerate(keys)
    }
    entries = data.draw(st.lists(st.sets(st.sampled_from(keys), min_size=1, max_size=3), max_size=25))

    def above(key: str | None) -> set[str]:
        return set() if key is None else {key} | above(parents[key])

    under = [set().union(*map(above, entry)) for entry in entries]
    counts = {key: sum(key in one for one in under) for key in keys} | {WHOLE: len(entries)}
    own = {key: sum(key in entry for entry in entries) for key in keys}
    paid = {key: sum(own[low] for low in keys if key in above(low)) for key in keys}
    paid[WHOLE] = sum(own.values())
    hidden = concealed(counts, parents, FEWEST, paid)
    if 0 < len(entries) < FEWEST:
        return
    wholes = {one.whole for one in sums_of(counts, parents)} - {WHOLE}
    acting = {key for key in wholes if own[key]}
    found = determined(*equations(counts, parents, hidden, acting))
    assert {key for key in keys if 0 < counts[key] < FEWEST} <= hidden
    assert not found & hidden
    assert not found & {f"rest of {key}" for key in acting if own[key] < FEWEST}


def test_thousands_of_branches_take_no_time_to_speak_of() -> None:
    parents = {f"b{n:04d}": f"bank{n % 40}" for n in range(4_000)} | {f"bank{n}": None for n in range(40)}
    counts = {f"b{n:04d}": n % 7 for n in range(4_000)}
    for number in range(40):
        counts[f"bank{number}"] = sum(n % 7 for n in range(number, 4_000, 40))
    counts[WHOLE] = sum(n % 7 for n in range(4_000))
    hidden = concealed(counts, parents, FEWEST)
    assert {key for key, count in counts.items() if 0 < count < FEWEST} <= hidden
    assert len(hidden) < 2_000


@settings(max_examples=200)
@given(trees())
def test_what_is_left_of_a_shown_sum_rests_on_enough_entries(tree: Tree) -> None:
    counts, parents = tree
    hidden = concealed(counts, parents, FEWEST)
    for one in sums_of(counts, parents):
        unknown = [part for part in one.parts if part in hidden]
        if one.whole not in hidden and unknown and counts[WHOLE] >= FEWEST:
            assert sum(counts[part] for part in unknown) + one.rest >= FEWEST


@settings(max_examples=200)
@given(trees())
def test_nothing_is_hidden_where_no_cell_is_small(tree: Tree) -> None:
    counts, parents = tree
    large = {key: 0 if count == 0 else FEWEST * 100 * (1 + len(counts)) for key, count in counts.items()}
    flat: dict[str, str | None] = dict.fromkeys(parents)
    large[WHOLE] = sum(count for key, count in large.items() if key != WHOLE)
    assert concealed(large, flat, FEWEST) == frozenset()
    assert concealed(counts, parents, 1) == frozenset()


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 1, "b": 9, "c": 40, WHOLE: 50}, {"a", "b"}),
        ({"a": 1, "b": 2, "c": 40, WHOLE: 43}, {"a", "b"}),
        ({"a": 1, "b": 1, "c": 40, WHOLE: 42}, {"a", "b", "c"}),
        ({"a": 2, "b": 0, "c": 40, WHOLE: 42}, {"a", "c"}),
        ({"a": 0, "b": 0, "c": 40, WHOLE: 40}, set()),
        ({"a": 2, "b": 40, "c": 40, WHOLE: 100}, {"a"}),
        ({"a": 40, "b": 40, WHOLE: 81}, {"a"}),
        ({"a": 2, WHOLE: 2}, {"a"}),
    ],
)
def test_the_smallest_others_are_hidden_with_a_small_cell(counts: dict[str, int], hidden: set[str]) -> None:
    assert concealed(counts, dict.fromkeys(counts), FEWEST) == hidden


def test_a_hidden_branch_is_kept_from_its_bank_and_its_sub_branches() -> None:
    parents = {"bank": None, "other": None, "x": "bank", "y": "bank", "x1": "x", "x2": "x"}
    counts = {"bank": 50, "other": 60, "x": 48, "y": 2, "x1": 8, "x2": 40, WHOLE: 110}
    assert concealed(counts, parents, FEWEST) == {"y", "x", "x1"}
