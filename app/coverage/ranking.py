"""Ranks institutions of one level by a measure, and hides what would tell of a single firm (pure).

Every measure rests on the entries that reached a level; what is hidden is decided for the whole tree at once
(concealment.py), so that the lists of different levels, laid side by side, give no hidden cell either.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from app.coverage.concealment import WHOLE, concealed


class RankingLevel(StrEnum):
    """Which institutions are ranked with each other."""

    HEAD_OFFICE = "head_office"
    BRANCH = "branch"
    SUB_BRANCH = "sub_branch"


class Sort(StrEnum):
    """By what they are ranked, best first: the highest share or amount, the fewest days."""

    COVERAGE = "coverage"
    ANSWERED = "answered"
    CREDITED = "credited"
    DISBURSED = "disbursed"
    CREDITED_AMOUNT = "credited_amount"
    DISBURSED_AMOUNT = "disbursed_amount"
    DAYS_TO_CONTACT = "days_to_contact"
    DAYS_TO_ANSWER = "days_to_answer"


MEASURES: Final = ("entries", "contacted", "answered", "credited", "disbursed")
RESTS_ON: Final[Mapping[Sort, str]] = {
    Sort.COVERAGE: "contacted",
    Sort.ANSWERED: "answered",
    Sort.CREDITED: "credited",
    Sort.DISBURSED: "disbursed",
    Sort.CREDITED_AMOUNT: "credited",
    Sort.DISBURSED_AMOUNT: "disbursed",
    Sort.DAYS_TO_CONTACT: "contacted",
    Sort.DAYS_TO_ANSWER: "answered",
}
_FEWEST_FIRST: Final = frozenset({Sort.DAYS_TO_CONTACT, Sort.DAYS_TO_ANSWER})
_AMOUNTS: Final = frozenset({Sort.CREDITED_AMOUNT, Sort.DISBURSED_AMOUNT})


@dataclass(frozen=True, slots=True)
class Row:
    """An institution: entries by measure; fen and median days by what they are sorted by (None: no days)."""

    key: str
    parent: str | None
    level: str
    counts: Mapping[str, int]
    others: Mapping[Sort, int | None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The place of an institution; `hidden` are the measures that must not be shown.

    `rank` None: not ranked, because it has too few entries, or what it is ranked by is hidden or not there.
    """

    key: str
    rank: int | None
    hidden: frozenset[str]


def rank(
    rows: Sequence[Row],
    whole: Mapping[str, int],
    level: RankingLevel,
    sort: Sort,
    *,
    least_entries: int,
    smallest_cell: int,
) -> list[Ranked]:
    """Answer the institutions of a level by rank, those without one after them by code; ties share a rank.

    `whole` are the entries by measure of all institutions together, each counted once.
    """
    hidden = hidden_measures(rows, whole, smallest_cell)
    found = [row for row in rows if row.level == level]
    values = {
        row.key: value
        for row in found
        if row.counts["entries"] >= least_entries
        and not {"entries", RESTS_ON[sort]} & hidden[row.key]
        and (value := _value(row, sort)) is not None
    }
    ordered = sorted(values.values())
    ranks = {key: 1 + bisect_left(ordered, value) for key, value in values.items()}
    ranked = [Ranked(row.key, ranks.get(row.key), hidden[row.key]) for row in found]
    return sorted(ranked, key=lambda one: (one.rank is None, one.rank or 0, one.key))


def hidden_measures(
    rows: Sequence[Row], whole: Mapping[str, int], smallest_cell: int
) -> dict[str, frozenset[str]]:
    """Answer for each institution the measures that must not be shown, over the whole tree."""
    parents = {row.key: row.parent for row in rows}
    by_measure = {}
    for measure in MEASURES:
        counts = {WHOLE: whole[measure]} | {row.key: row.counts[measure] for row in rows}
        amounts = _amounts(rows, measure)
        by_measure[measure] = concealed(counts, parents, smallest_cell, amounts)
    return {
        row.key: frozenset(measure for measure, keys in by_measure.items() if row.key in keys) for row in rows
    }


def _amounts(rows: Sequence[Row], measure: str) -> dict[str, int]:
    """Answer the amounts by institution of a measure that has some, with those of all roots as the whole's."""
    sort = next((sort for sort in _AMOUNTS if RESTS_ON[sort] == measure), None)
    if sort is None:
        return {}
    found = {row.key: row.others[sort] or 0 for row in rows}
    return found | {WHOLE: sum(found[row.key] for row in rows if row.parent not in found)}


def _value(row: Row, sort: Sort) -> Fraction | None:
    """Answer what to sort by, the best being the least; None: there is nothing to rank by."""
    if sort in _FEWEST_FIRST or sort in _AMOUNTS:
        other = row.others[sort]
        return None if other is None else Fraction(other if sort in _FEWEST_FIRST else -other)
    entries = row.counts["entries"]
    return -Fraction(row.counts[RESTS_ON[sort]], entries) if entries else None
