"""Which known firm an incoming name means; which names of one list are the same firm, see name_duplicates.

Exact keys come first; the others are blocked by shared terms (name_grams) and rescored pair by pair (name_score). Nothing is
decided here beyond a verdict: `accept` may be linked, `review` goes to a person, and merging is nobody's business in this file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from app.whitelist.name_grams import Bags, GramBlock, GramIndex, Vocabulary, bags_of
from app.whitelist.name_kernels import Floats, Ints
from app.whitelist.name_keys import KeyIndex
from app.whitelist.name_score import Evidence, NameTable, evidence, log_odds, shares
from app.whitelist.names import RegionPrefixes, normalise_company_name

ACCEPT = 0.75
REVIEW = 0.30
# Pairs within a roster are rarer than matches in a register, so a pair needs more to be worth a look.
DUPLICATE = 0.80

BLOCK = 20
BLOCK_OF_DUPLICATES = 10
_LEAST_COSINE = 0.1
_PLACE_BONUS = 0.15
CHUNK = 4096
# So many known names are indexed together.
NAMES_AT_ONCE = 8_192
# So many known firms of one and the same key are considered for a name.
_MOST_EQUAL = 64
# An equal key outweighs all other evidence together, so that the place only breaks ties between equal names.
EXACT = 16.0

Flags = npt.NDArray[np.bool_]

Verdict = Literal["accept", "review", "none"]
Value = TypeVar("Value")


class Store(Protocol[Value]):
    """A list that is written once and then gone through again and again; it may lie on disk, see shelf."""

    def append(self, value: Value, /) -> None:
        """Put a value behind the others."""
        ...

    def __iter__(self) -> Iterator[Value]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known name for an incoming one.

    `score`: probability in 0..1 that this is the firm meant, given its rivals; equally good rivals share it.
    `likeness`: the same without rivals, in 0..1 and symmetric.
    `exact`: the names are equal but for width, case, spaces, brackets and punctuation.
    """

    position: int
    score: float
    likeness: float
    exact: bool = False

    @property
    def verdict(self) -> Verdict:
        """Accept a score of at least ACCEPT, review a likeness of at least REVIEW (rivals included), else none."""
        if self.score >= ACCEPT:
            return "accept"
        return "review" if self.likeness >= REVIEW else "none"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Pairs (query row, known row) worth scoring, ascending and each once; `norms` are those of the queries, pair by pair."""

    queries: Ints
    rows: Ints
    exact: Flags
    cosines: Floats
    norms: Floats

    def chosen(self, pairs: Ints) -> Self:
        """Answer the chosen pairs, in the given order."""
        return type(self)(
            self.queries[pairs], self.rows[pairs], self.exact[pairs], self.cosines[pairs], self.norms[pairs]
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs (query row, known row), ascending and each once, whether their keys are equal, and the log-odds of being one firm."""

    queries: Ints
    rows: Ints
    exact: Flags
    odds: npt.NDArray[np.float64]

    @property
    def likeness(self) -> npt.NDArray[np.float64]:
        """How alike each pair is, in 0..1."""
        return 1 / (1 + np.exp(-self.odds))


def _bags(table: NameTable) -> Bags:
    return bags_of(table.cores, table.sounds)


def table_of(names: Sequence[str], region_codes: Sequence[str | None], regions: RegionPrefixes) -> NameTable:
    """Take names apart and lay them out as columns; ValueError when the two lists differ in length."""
    if len(names) != len(region_codes):
        msg = f"{len(names)} names but {len(region_codes)} region codes: give one code or None for each name"
        raise ValueError(msg)
    return NameTable.of([normalise_company_name(name, regions) for name in names], region_codes)


def _ranked(pairs: Pairs, top: int, at_least: float) -> Iterator[tuple[int, Candidate]]:
    """Answer (query, candidate), the best `top` of each query, best first, those that are alike enough."""
    score, likeness = shares(pairs.queries, pairs.odds), pairs.likeness
    order = np.lexsort((pairs.rows, -pairs.odds, ~pairs.exact, pairs.queries))
    queries = pairs.queries[order]
    place = np.arange(len(order)) - np.searchsorted(queries, queries)
    for at in order[(place < top) & (likeness[order] >= at_least)]:
        yield (
            int(pairs.queries[at]),
            Candidate(int(pairs.rows[at]), float(score[at]), float(likeness[at]), bool(pairs.exact[at])),
        )


def _in_blocks(tables: Iterable[NameTable], at_once: int) -> Iterator[NameTable]:
    """Lay tables together until a block has `at_once` names; no table is cut."""
    waiting: list[NameTable] = []
    for table in tables:
        waiting.append(table)
        if sum(len(one.keys) for one in waiting) >= at_once:
            yield NameTable.joined(waiting)
            waiting = []
    if waiting:
        yield NameTable.joined(waiting)


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Known names, ready to be asked; immutable, so it can be kept and shared between threads.

    About 0.7 kB a name, of which 16 bytes must be in memory: tables and blocks may lie on disk.
    """

    regions: RegionPrefixes
    tables: Iterable[NameTable]
    grams: GramIndex
    norms: Floats
    keys: KeyIndex

    @classmethod
    def build(
        cls, names: Sequence[str], region_codes: Sequence[str | None], region_names: Iterable[str]
    ) -> Self:
        """Index known names; position i of every answer is names[i].

        `region_codes` are six-digit codes or None, one a name; `region_names` are the regions that may lead a name.

        Raises:
            ValueError: names and region_codes differ in length.
        """
        regions = RegionPrefixes.of(region_names)
        return cls.of([table_of(names, region_codes, regions)], [], regions=regions)

    @classmethod
    def of(
        cls,
        tables: Iterable[NameTable],
        blocks: Store[GramBlock],
        *,
        regions: RegionPrefixes | None = None,
        at_once: int = NAMES_AT_ONCE,
    ) -> Self:
        """Index names that were taken apart, about `at_once` at a time, into `blocks`, empty before.

        The tables are gone through several times, now and whenever the index is asked. The answers depend on
        neither the cuts of the tables nor `at_once`.
        """
        vocabulary = Vocabulary.of(map(_bags, tables))
        norms, first = [np.zeros(0, dtype=np.float32)], 0
        for table in _in_blocks(tables, at_once):
            block = GramBlock.of(_bags(table), table.place_keys(), vocabulary, first)
            blocks.append(block)
            norms.append(block.norms)
            first += len(block.norms)
        keys = KeyIndex.of(table.keys for table in tables)
        grams = GramIndex(vocabulary, blocks)
        return cls(regions or RegionPrefixes(), tables, grams, np.concatenate(norms), keys)

    def resolve(
        self, names: Sequence[str], region_codes: Sequence[str | None], *, top: int = 3, workers: int = 2
    ) -> list[list[Candidate]]:
        """Answer for each incoming name its best known names, at most `top`, best first; any text is accepted.

        Names with an equal key stand first, then by score, then by position. The answer for a name depends on
        neither the other incoming names nor `workers` (threads).

        Raises:
            ValueError: names and region_codes differ in length.
        """
        table = table_of(names, region_codes, self.regions)
        answers: list[list[Candidate]] = [[] for _ in names]
        for query, candidate in self.candidates(table, top=top, workers=workers):
            answers[query].append(candidate)
        return answers

    def candidates(
        self, table: NameTable, *, top: int = 3, at_least: float = 0.0, workers: int = 2
    ) -> Iterator[tuple[int, Candidate]]:
        """Yield (row of `table`, candidate) as `resolve` answers them, those of at least this likeness."""
        for start in range(0, len(table.keys), CHUNK):
            part = table.part(start, start + CHUNK)
            pairs = self.score(part, self.block(part, BLOCK, workers), workers)
            for query, candidate in _ranked(pairs, top, at_least):
                yield start + query, candidate

    def block(self, part: NameTable, k: int, workers: int) -> Blocked:
        """Answer the pairs worth scoring: equal keys and the nearest by terms, each pair once, in order."""
        near = self.grams.nearest(_bags(part), part.place_keys(), k=k, bonus=_PLACE_BONUS, workers=workers)
        queries, columns = np.nonzero((near.rows >= 0) & (near.cosines >= _LEAST_COSINE))
        equal, equal_rows = self.keys.equal(part.keys, _MOST_EQUAL)
        known = max(len(self.norms), 1)
        every = np.concatenate([equal * known + equal_rows, queries * known + near.rows[queries, columns]])
        cosines = np.concatenate([np.ones(len(equal), dtype=np.float32), near.cosines[queries, columns]])
        pairs, first = np.unique(every, return_index=True)
        queries, rows = np.divmod(pairs, known)
        return Blocked(queries, rows, first < len(equal), cosines[first], near.norms[queries])

    def score(self, part: NameTable, found: Blocked, workers: int) -> Pairs:
        """Answer how alike the pairs are that `block` found for a part."""
        odds = np.where(found.exact, np.float64(EXACT), 0)
        for pairs, columns in self.evidence(part, found, workers):
            odds[pairs] += log_odds(columns)
        return Pairs(found.queries, found.rows, found.exact, odds)

    def evidence(self, part: NameTable, found: Blocked, workers: int) -> Iterator[tuple[Ints, Evidence]]:
        """Yield the evidence for the pairs that `block` found for a part: some pairs (positions) and their columns."""
        order = np.argsort(found.rows, kind="stable")
        first = 0
        for table in self.tables:
            ends = np.searchsorted(found.rows, (first, first + len(table.keys)), sorter=order)
            pairs = np.sort(order[ends[0] : ends[1]])
            if len(pairs):
                mine, theirs = found.queries[pairs], found.rows[pairs]
                norms = found.norms[pairs], self.norms[theirs]
                sides = (part, mine), (table, theirs - first)
                yield pairs, evidence(*sides, found.cosines[pairs], norms, workers=workers)
            first += len(table.keys)
