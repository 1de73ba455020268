"""Which entries make a figure (pure): of every count that `rules` gives, the entries that it counted.

A figure and its list rest on the same facts, so they never differ: of a closed month on the frozen ones.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.coverage.facts import EntryFacts, MonthFacts, Place, path_of
from app.coverage.rules import NATION
from app.coverage.tallies import Ints, Rows, rows_of

Bools = NDArray[np.bool_]
NO_GROUP: Final = ""
"""The key of the entries that belong to no group of a cut."""


class Which(StrEnum):
    """Which entries of a group: those that reached a level, those that stopped before it, and those in doubt."""

    ENTRIES = "entries"
    ASSIGNED = "assigned"
    CONTACTED = "contacted"
    ANSWERED = "answered"
    CREDITED = "credited"
    DISBURSED = "disbursed"
    NOT_ASSIGNED = "not_assigned"
    NOT_CONTACTED = "not_contacted"
    NOT_ANSWERED = "not_answered"
    NOT_CREDITED = "not_credited"
    NOT_DISBURSED = "not_disbursed"
    FIRST_LOAN = "first_loan"
    FIRST_LOAN_UNKNOWN = "first_loan_unknown"
    UNCOUNTED = "uncounted"
    SIMULATED = "simulated"


WHICH_LABELS: Final[Mapping[Which, str]] = {
    Which.ENTRIES: "名单内",
    Which.ASSIGNED: "已落实责任银行",
    Which.CONTACTED: "已对接",
    Which.ANSWERED: "已答复",
    Which.CREDITED: "已授信",
    Which.DISBURSED: "已放款",
    Which.NOT_ASSIGNED: "未落实责任银行",
    Which.NOT_CONTACTED: "已落实、未对接",
    Which.NOT_ANSWERED: "已对接、未答复",
    Which.NOT_CREDITED: "已答复、未授信",
    Which.NOT_DISBURSED: "已授信、未放款",
    Which.FIRST_LOAN: "已授信的首贷户",
    Which.FIRST_LOAN_UNKNOWN: "已授信、是否首贷户不明",
    Which.UNCOUNTED: "有未计入的答复或放款",
    Which.SIMULATED: "含模拟数据",
}
LEVELS: Final = (
    Which.ENTRIES,
    Which.ASSIGNED,
    Which.CONTACTED,
    Which.ANSWERED,
    Which.CREDITED,
    Which.DISBURSED,
)
STOPPED: Final[Mapping[Which, Which]] = {
    Which.NOT_ASSIGNED: Which.ASSIGNED,
    Which.NOT_CONTACTED: Which.CONTACTED,
    Which.NOT_ANSWERED: Which.ANSWERED,
    Which.NOT_CREDITED: Which.CREDITED,
    Which.NOT_DISBURSED: Which.DISBURSED,
}
"""Which entries stopped before a level, by that level."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list: None is any group, `NO_GROUP` those that belong to none of its cut.

    A region stands for itself and all below it; with `is_own` for itself alone.
    """

    which: Which = Which.ENTRIES
    region: str | None = None
    chain: str | None = None
    institution: str | None = None
    source_class: str | None = None
    size_class: str | None = None
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Crossing:
    """Counts of entries, and of those that reached a level, by region (rows) and chain (columns)."""

    regions: Sequence[str]
    chains: Sequence[str]
    entries: Sequence[Sequence[int]]
    reached: Sequence[Sequence[int]]


class MonthIndex:
    """A month's facts, from which lists are read again and again."""

    def __init__(self, facts: MonthFacts) -> None:
        self.facts = facts
        entries = facts.entries
        self.rows: Rows = rows_of(entries)
        self.institutions, self._institution = _numbered([p.institution for e in entries for p in e.parties])
        self.regions, self._region = _numbered([entry.region for entry in entries])
        self.chains, self._chain = _numbered([entry.chain or NO_GROUP for entry in entries])
        self.sources, self._source = _numbered([entry.source_class for entry in entries])
        self.sizes, self._size = _numbered([entry.size_class or NO_GROUP for entry in entries])
        self._strays = np.fromiter((entry.strays > 0 for entry in entries), np.bool_, len(entries))
        self._simulated = np.fromiter((entry.is_simulated for entry in entries), np.bool_, len(entries))
        loans = (-1 if entry.first_loan is None else int(entry.first_loan) for entry in entries)
        self._loans = np.fromiter(loans, np.int64, len(entries))

    def listed(self, wanted: Wanted) -> list[EntryFacts]:
        """Answer the entries that make a figure, by code."""
        return [self.facts.entries[place] for place in self.places(wanted)]

    def places(self, wanted: Wanted) -> Ints:
        """Answer at which places among the facts the entries stand that make a figure, ascending: by code."""
        return np.flatnonzero(self._are_wanted(wanted))

    def among(self, places: Ints, codes: Collection[str]) -> Ints:
        """Answer those of some places (ascending) at which an entry of these codes stands."""
        found = [place for code in codes if (place := self._place_of.get(code)) is not None]
        return np.intersect1d(places, np.array(found, dtype=np.int64), assume_unique=True)

    def after(self, places: Ints, code: str) -> Ints:
        """Answer those of some places (ascending) that come after a code."""
        return places[bisect_right(places, code, key=lambda place: self.facts.entries[place].entry) :]

    @cached_property
    def _place_of(self) -> Mapping[str, int]:
        return {entry.entry: place for place, entry in enumerate(self.facts.entries)}

    def crossed(self, below: str, which: Which = Which.CONTACTED) -> Crossing:
        """Answer how many entries there are, and reached a level, by division right below a region, and chain."""
        names = [_division(code, below, self.facts.regions) for code in self.regions]
        regions, of_region = _numbered(names)
        row, column = of_region[self._region], self._chain
        is_there = self._are_wanted(Wanted(which))
        shape = (len(regions), len(self.chains))
        counted = [_counts(row[mask], column[mask], shape) for mask in (np.ones_like(is_there), is_there)]
        down, across = np.argsort(regions), _largest_first(self.chains, counted[0])
        entries, reached = (count[down][:, across].tolist() for count in counted)
        return Crossing(
            [regions[place] for place in down], [self.chains[place] for place in across], entries, reached
        )

    def _are_wanted(self, wanted: Wanted) -> Bools:
        is_row = self._rows_of_institution(wanted.institution)
        mask = self._reached(wanted.which, is_row) & self._in_institution(wanted.institution, is_row)
        if wanted.region is not None:
            mask &= self._of_region(wanted.region, is_own=wanted.is_own)[self._region]
        for code, codes, numbers in (
            (wanted.chain, self.chains, self._chain),
            (wanted.source_class, self.sources, self._source),
            (wanted.size_class, self.sizes, self._size),
        ):
            if code is not None:
                mask &= np.array([one == code for one in codes], dtype=np.bool_)[numbers]
        return mask

    def _of_region(self, code: str, *, is_own: bool) -> Bools:
        if is_own:
            return np.array([one == code for one in self.regions], dtype=np.bool_)
        return _marked(self._below_region.get(code, ()), len(self.regions))

    @cached_property
    def _below_region(self) -> Mapping[str, Sequence[int]]:
        return _inside(self.regions, self.facts.regions)

    @cached_property
    def _below_institution(self) -> Mapping[str, Sequence[int]]:
        return _inside(self.institutions, self.facts.institutions)

    def _rows_of_institution(self, code: str | None) -> Bools:
        if code is None or code == NO_GROUP:
            return np.ones(len(self.rows.entry), dtype=np.bool_)
        found = _marked(self._below_institution.get(code, ()), len(self.institutions))
        return found[self._institution]

    def _in_institution(self, code: str | None, is_row: Bools) -> Bools:
        if code is None:
            return np.ones(len(self.facts.entries), dtype=np.bool_)
        has_row = self._any(is_row)
        return ~has_row if code == NO_GROUP else has_row

    def _reached(self, which: Which, is_row: Bools) -> Bools:
        if which in STOPPED:
            level = STOPPED[which]
            before = LEVELS[LEVELS.index(level) - 1]
            return self._reached(before, is_row) & ~self._reached(level, is_row)
        if which in {Which.FIRST_LOAN, Which.FIRST_LOAN_UNKNOWN}:
            is_loan: Bools = self._loans == (1 if which is Which.FIRST_LOAN else -1)
            return self._any(is_row & (self.rows.credited > 0)) & is_loan
        match which:
            case Which.ENTRIES:
                return np.ones(len(self.facts.entries), dtype=np.bool_)
            case Which.SIMULATED:
                return self._simulated.copy()
            case Which.ASSIGNED:
                return self._any(is_row)
        reached: Ints = getattr(self.rows, which.value)
        found = self._any(is_row & (reached > 0))
        return found | self._strays if which is Which.UNCOUNTED else found

    def _any(self, is_row: Bools) -> Bools:
        found = np.zeros(len(self.facts.entries), dtype=np.bool_)
        found[self.rows.entry[is_row]] = True
        return found


def _numbered(codes: Sequence[str]) -> tuple[list[str], Ints]:
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(code, len(numbers)) for code in codes]
    return list(numbers), np.array(found, dtype=np.int64)


def _inside(codes: Sequence[str], places: Mapping[str, Place]) -> dict[str, list[int]]:
    """Answer by code of a place the numbers of those codes that lie in it: one look for each code, not for each question."""
    found: dict[str, list[int]] = {}
    for number, code in enumerate(codes):
        for above in path_of(code, places):
            found.setdefault(above, []).append(number)
    return found


def _marked(numbers: Sequence[int], length: int) -> Bools:
    found = np.zeros(length, dtype=np.bool_)
    found[list(numbers)] = True
    return found


def _counts(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Ints:
    found = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return found.astype(np.int64).reshape(shape)


def _largest_first(chains: Sequence[str], counts: Ints) -> list[int]:
    sums = counts.sum(axis=0)
    return sorted(range(len(chains)), key=lambda one: (chains[one] == NO_GROUP, -int(sums[one]), chains[one]))


def _division(code: str, below: str, places: Mapping[str, Place]) -> str:
    """Answer the division right below a region in which a place lies; the place of the highest level elsewhere."""
    path = [one for one in path_of(code, places) if one != NATION]
    inner = path[path.index(below) + 1 :] if below in path else path
    return inner[0] if inner else code
