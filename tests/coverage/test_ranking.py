"""Institutions are ranked with their denominators, and nothing tells of a single firm."""

import pytest

from app.coverage.ranking import MEASURES, Ranked, RankingLevel, Row, Sort, rank


def row(key: str, *counts: int, amount: int = 0, days: int | None = None, parent: str | None = None) -> Row:
    padded = (*counts, *[0] * (len(MEASURES) - len(counts)))
    others = {
        Sort.CREDITED_AMOUNT: amount,
        Sort.DISBURSED_AMOUNT: amount,
        Sort.DAYS_TO_CONTACT: days,
        Sort.DAYS_TO_ANSWER: days,
    }
    level = "head_office" if parent is None else "branch"
    return Row(key, parent, level, dict(zip(MEASURES, padded, strict=True)), others)


def ranked(
    rows: list[Row],
    sort: Sort = Sort.COVERAGE,
    level: RankingLevel = RankingLevel.HEAD_OFFICE,
    *,
    least: int = 10,
) -> list[Ranked]:
    tops = [one for one in rows if one.parent is None]
    whole = {measure: sum(one.counts[measure] for one in tops) for measure in MEASURES}
    return rank(rows, whole, level, sort, least_entries=least, smallest_cell=3)


def places(found: list[Ranked]) -> list[tuple[str, int | None]]:
    return [(one.key, one.rank) for one in found]


def test_the_highest_share_comes_first_and_equal_ones_share_a_place() -> None:
    rows = [row("a", 20, 10), row("b", 40, 20), row("c", 10, 9), row("d", 30, 3)]
    assert places(ranked(rows)) == [("c", 1), ("a", 2), ("b", 2), ("d", 4)]


@pytest.mark.parametrize(("entries", "place"), [(9, None), (10, 1), (11, 1)])
def test_with_fewer_entries_than_the_least_an_institution_is_listed_but_not_ranked(
    entries: int, place: int | None
) -> None:
    found = ranked([row("a", entries, entries), row("b", 20, 4)])
    assert dict(places(found))["a"] == place
    assert len(found) == 2


def test_amounts_rank_from_the_highest_and_days_from_the_fewest() -> None:
    rows = [row("a", 20, 10, 10, 10, 10, amount=5, days=9), row("b", 20, 10, 10, 10, 10, amount=7, days=3)]
    assert [one[0] for one in places(ranked(rows, Sort.CREDITED_AMOUNT))] == ["b", "a"]
    assert [one[0] for one in places(ranked(rows, Sort.DAYS_TO_ANSWER))] == ["b", "a"]
    none = [*rows, row("c", 20, 10, days=None)]
    assert places(ranked(none, Sort.DAYS_TO_CONTACT))[-1] == ("c", None)


def test_what_is_hidden_is_not_ranked_by() -> None:
    rows = [row("a", 20, 1), row("b", 30, 12), row("c", 40, 8)]
    found = ranked(rows)
    assert {one.key: set(one.hidden) for one in found} == {"a": {"contacted"}, "b": set(), "c": {"contacted"}}
    assert places(found) == [("b", 1), ("a", None), ("c", None)]


def test_lists_of_different_levels_side_by_side_give_no_hidden_cell() -> None:
    rows = [row("bank", 30, 20), row("x", 18, 18, parent="bank"), row("y", 12, 2, parent="bank")]
    by_level = {level: ranked(rows, level=level) for level in (RankingLevel.HEAD_OFFICE, RankingLevel.BRANCH)}
    assert [one.hidden for one in by_level[RankingLevel.HEAD_OFFICE]] == [frozenset()]
    assert {one.key: one.hidden for one in by_level[RankingLevel.BRANCH]} == {
        "x": frozenset({"contacted"}),
        "y": frozenset({"contacted"}),
    }
