"""Coverage, defined once (docs/decisions/0003): from the facts of a month to its figures.

coverage = contacted / entries. Levels are those of coverage/levels.py. Money and shares beside it
rest on the approvals and payments that count: rate, credit-loan (信用) and medium-and-long-term
(over 12 months) shares weigh approved amounts, because rate, term and security are fixed by the
approval; the first-loan share counts credited entries. Days are calendar days in Asia/Shanghai
from the assignment, percentiles by nearest rank. All figures are integers.

Groups of a cut overlap where places lie in each other (a city in its province, a branch in its
bank) and, in the cut by institution, for an entry that passed from one to another: each is shown
with what it did itself. Every group counts an entry once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np

from app.coverage.facts import MonthFacts, Place, path_of
from app.coverage.tallies import Ints, Rows, group_percentiles, group_sums, merge, rows_of
from app.policy.facts import SIZE_CLASSES, SOURCE_CLASSES

NATION: Final = "000000"


class Cut(StrEnum):
    """By what the entries are grouped."""

    REGION = "region"
    CHAIN = "chain"
    INSTITUTION = "institution"
    SOURCE_CLASS = "source_class"
    SIZE_CLASS = "size_class"


CUT_LABELS: Final[Mapping[Cut, str]] = {
    Cut.REGION: "按地区",
    Cut.CHAIN: "按产业链",
    Cut.INSTITUTION: "按机构",
    Cut.SOURCE_CLASS: "按名单类别",
    Cut.SIZE_CLASS: "按企业规模",
}
UNKNOWN_LABELS: Final[Mapping[Cut, str]] = {
    Cut.REGION: "未知",
    Cut.CHAIN: "未归入产业链",
    Cut.INSTITUTION: "未落实责任银行",
    Cut.SOURCE_CLASS: "未知",
    Cut.SIZE_CLASS: "规模未知",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a group of entries: counts of entries, fen, calendar days.

    `rate_weight` is Σ approved fen × basis points. `uncounted` entries have answers or payments
    without the level that they presuppose; `simulated` ones have simulated events.
    """

    entries: int = 0
    assigned: int = 0
    contacted: int = 0
    answered: int = 0
    credited: int = 0
    disbursed: int = 0
    needed_fen: int = 0
    credited_fen: int = 0
    disbursed_fen: int = 0
    rate_weight: int = 0
    credit_loan_fen: int = 0
    mlt_fen: int = 0
    first_loan: int = 0
    first_loan_unknown: int = 0
    contact_days_p50: int | None = None
    contact_days_p90: int | None = None
    answer_days_p50: int | None = None
    answer_days_p90: int | None = None
    uncounted: int = 0
    simulated: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """One row of a cut; `key` "" are the entries that belong to none."""

    key: str
    name: str
    level: str
    parent: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """All entries together, and the groups of each cut that was asked for."""

    total: Figures
    cuts: Mapping[Cut, tuple[Group, ...]]


def compute(facts: MonthFacts, cuts: Iterable[Cut] = ()) -> Report:
    """Answer a month's figures in total and by the cuts."""
    return MonthTable(facts).report(cuts)


class MonthTable:
    """The facts as columns, one row an entry, with those of the parties behind them."""

    def __init__(self, facts: MonthFacts) -> None:
        self.facts = facts
        entries = facts.entries
        self.count = len(entries)
        self.parties = rows_of(entries)
        self.places, self.merged = merge(self.parties, self.parties.entry)
        self.needed = np.array([entry.amount_fen for entry in entries], dtype=np.int64)
        loans = (-1 if entry.first_loan is None else int(entry.first_loan) for entry in entries)
        self.first_loan = np.fromiter(loans, dtype=np.int64, count=self.count)
        self.simulated = np.fromiter((e.is_simulated for e in entries), dtype=np.int64, count=self.count)
        self.strays = np.fromiter((e.strays > 0 for e in entries), dtype=np.int64, count=self.count)

    def report(self, cuts: Iterable[Cut]) -> Report:
        """Answer the figures in total and by the cuts."""
        return Report(self.total(), {cut: self.by(cut) for cut in cuts})

    def total(self) -> Figures:
        """Answer the figures of all entries."""
        return self._figures(np.arange(self.count), np.zeros(self.count, dtype=np.int64), 1)[0]

    def by(self, cut: Cut) -> tuple[Group, ...]:
        """Answer the groups of a cut."""
        if cut is Cut.INSTITUTION:
            return self._by_institution()
        facts = self.facts
        keys, entry, group = _memberships(
            _codes(cut, facts), lambda code: _divisions(code, facts) if cut is Cut.REGION else (code,)
        )
        return self._groups(cut, keys, self._figures(entry, group, len(keys)))

    def _by_institution(self) -> tuple[Group, ...]:
        flat = [party.institution for entry in self.facts.entries for party in entry.parties]
        keys, party, group = _memberships(flat, lambda code: path_of(code, self.facts.institutions))
        pairs, rows = merge(self.parties.take(party), group * self.count + self.parties.entry[party])
        figures = self._figures(rows.entry, pairs // max(self.count, 1), len(keys), rows)
        homeless = np.setdiff1d(np.arange(self.count), self.places)
        if len(homeless):
            keys = [*keys, ""]
            figures += self._figures(homeless, np.zeros(len(homeless), dtype=np.int64), 1)
        return self._groups(Cut.INSTITUTION, keys, figures)

    def _groups(self, cut: Cut, keys: Sequence[str], figures: Sequence[Figures]) -> tuple[Group, ...]:
        places, names = _places(cut, self.facts), _names(cut, self.facts)
        groups = []
        for key, found in zip(keys, figures, strict=True):
            place = places.get(key)
            name = place.name if place else names.get(key, key or UNKNOWN_LABELS[cut])
            groups.append(
                Group(key, name, place.level if place else "", place.parent if place else None, found)
            )
        return tuple(sorted(groups, key=lambda g: (g.key == "", path_of(g.key, places))))

    def _figures(self, entry: Ints, group: Ints, count: int, rows: Rows | None = None) -> list[Figures]:
        """Answer the figures of groups; `entry` holds the entry of each membership in `group`.

        `rows` has one row a membership. Without it the entries' own merged rows count; an entry
        that never had a responsible institution has none.
        """
        is_there = np.ones(len(entry), dtype=bool)
        if rows is None:
            row = np.full(self.count, -1, dtype=np.int64)
            row[self.places] = np.arange(len(self.places))
            is_there = row[entry] >= 0
            rows = self.merged.take(row[entry[is_there]])
        loans = self.first_loan[rows.entry]
        uncounted = self.strays[entry]
        uncounted[is_there] |= rows.uncounted
        columns = _row_columns(rows, group[is_there], count) | {
            "entries": group_sums(np.ones_like(group), group, count),
            "needed_fen": group_sums(self.needed[entry], group, count),
            "simulated": group_sums(self.simulated[entry], group, count),
            "uncounted": group_sums(uncounted, group, count),
            "first_loan": group_sums(rows.credited * (loans == 1), group[is_there], count),
            "first_loan_unknown": group_sums(rows.credited * (loans == -1), group[is_there], count),
        }
        values = zip(*columns.values(), strict=True)
        return [Figures(**dict(zip(columns, row_values, strict=True))) for row_values in values]


def _row_columns(rows: Rows, group: Ints, count: int) -> dict[str, Sequence[Any]]:
    high, low = (group_sums(half, group, count) for half in (rows.rate_high, rows.rate_low))
    summed = {
        "assigned": np.ones_like(group),
        "contacted": rows.contacted,
        "answered": rows.answered,
        "credited": rows.credited,
        "disbursed": rows.disbursed,
        "credited_fen": rows.credited_fen,
        "disbursed_fen": rows.disbursed_fen,
        "credit_loan_fen": rows.credit_loan_fen,
        "mlt_fen": rows.mlt_fen,
    }
    columns: dict[str, Sequence[Any]] = {
        name: group_sums(values, group, count) for name, values in summed.items()
    }
    columns["rate_weight"] = [(above << 32) + below for above, below in zip(high, low, strict=True)]
    for name, days in (("contact_days", rows.contact_days), ("answer_days", rows.answer_days)):
        for percent in (50, 90):
            columns[f"{name}_p{percent}"] = group_percentiles(days, group, count, percent)
    return columns


def _memberships(codes: Sequence[str], path: Callable[[str], Sequence[str]]) -> tuple[list[str], Ints, Ints]:
    """Answer the group keys, and for each (row, group) membership the row and the group's number.

    `codes` say for each row where it lies; `path` says of such a place in which groups it is.
    """
    places: dict[str, int] = {}
    numbers: dict[str, int] = {}
    place = np.fromiter((places.setdefault(code, len(places)) for code in codes), np.int64, len(codes))
    paths = [[numbers.setdefault(above, len(numbers)) for above in path(code)] for code in places]
    lengths = np.array([len(each) for each in paths], dtype=np.int64)
    flat = np.array([number for each in paths for number in each], dtype=np.int64)
    sizes = lengths[place]
    row = np.repeat(np.arange(len(codes)), sizes)
    before = np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = np.repeat((np.cumsum(lengths) - lengths)[place], sizes)
    return list(numbers), row, flat[first + np.arange(len(row)) - before]


def _codes(cut: Cut, facts: MonthFacts) -> list[str]:
    """Answer where each entry lies in a cut: there it is the key of a group, or of a county."""
    match cut:
        case Cut.REGION:
            return [entry.region for entry in facts.entries]
        case Cut.CHAIN:
            return [entry.chain or "" for entry in facts.entries]
        case Cut.SOURCE_CLASS:
            return [entry.source_class for entry in facts.entries]
        case _:
            return [entry.size_class or "" for entry in facts.entries]


def _divisions(code: str, facts: MonthFacts) -> tuple[str, ...]:
    return tuple(above for above in path_of(code, facts.regions) if above != NATION)


def _places(cut: Cut, facts: MonthFacts) -> Mapping[str, Place]:
    trees = {Cut.REGION: facts.regions, Cut.INSTITUTION: facts.institutions}
    return trees.get(cut, {})


def _names(cut: Cut, facts: MonthFacts) -> Mapping[str, str]:
    names = {Cut.CHAIN: facts.chains, Cut.SOURCE_CLASS: SOURCE_CLASSES, Cut.SIZE_CLASS: SIZE_CLASSES}
    return names.get(cut, {})
