"""Which known firm an incoming name means, and which rows of one roster name the same firm.

Exact keys come first; the others are blocked by shared terms (name_grams) and rescored pair by pair (name_score). Nothing is
decided here beyond a verdict: `accept` may be linked, `review` goes to a person, and merging is nobody's business in this file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from app.whitelist.name_grams import GramIndex, bags_of
from app.whitelist.name_kernels import Floats, Ints
from app.whitelist.name_score import NameTable, evidence, log_odds, shares
from app.whitelist.names import RegionPrefixes, normalise_company_name

ACCEPT = 0.75
REVIEW = 0.30
# Pairs within a roster are rarer than matches in a register, so a pair needs more to be worth a look.
DUPLICATE = 0.80

BLOCK = 20
_BLOCK_OF_DUPLICATES = 10
_LEAST_COSINE = 0.1
_PLACE_BONUS = 0.15
_CHUNK = 4096
_PAIR_CHUNK = 100_000
# So many known firms of one and the same key are considered for a name.
_MOST_EQUAL = 64
# An equal key outweighs all other evidence together, so that the place only breaks ties between equal names.
EXACT = 16.0

Flags = npt.NDArray[np.bool_]

Verdict = Literal["accept", "review", "none"]


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
class DuplicatePair:
    """Two rows of one roster that look like one firm; `first` < `second`."""

    first: int
    second: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Blocked:
    """Pairs (query row, known row) worth scoring, ascending and each once; `norms` are those of the queries, pair by pair."""

    queries: Ints
    rows: Ints
    exact: Flags
    cosines: Floats
    norms: Floats

    @classmethod
    def none(cls) -> Self:
        empty, floats = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return cls(empty, empty, np.zeros(0, dtype=np.bool_), floats, floats)

    def part(self, start: int, stop: int) -> Self:
        cut = slice(start, stop)
        return type(self)(
            self.queries[cut], self.rows[cut], self.exact[cut], self.cosines[cut], self.norms[cut]
        )


@dataclass(frozen=True, slots=True)
class _Scored:
    queries: Ints
    rows: Ints
    exact: Flags
    odds: npt.NDArray[np.float64]


def table_of(names: Sequence[str], region_codes: Sequence[str | None], regions: RegionPrefixes) -> NameTable:
    """Take names apart and lay them out as columns; ValueError when the two lists differ in length."""
    if len(names) != len(region_codes):
        msg = f"{len(names)} names but {len(region_codes)} region codes: give one code or None for each name"
        raise ValueError(msg)
    return NameTable.of([normalise_company_name(name, regions) for name in names], region_codes)


def _likeness(odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1 / (1 + np.exp(-odds))


def _ranked(pairs: _Scored, top: int) -> Iterator[tuple[int, Candidate]]:
    """Answer (query, candidate), the best `top` of each query, best first."""
    score = shares(pairs.queries, pairs.odds)
    likeness = _likeness(pairs.odds)
    order = np.lexsort((pairs.rows, -pairs.odds, ~pairs.exact, pairs.queries))
    queries = pairs.queries[order]
    place = np.arange(len(order)) - np.searchsorted(queries, queries)
    for at in order[place < top]:
        yield (
            int(pairs.queries[at]),
            Candidate(int(pairs.rows[at]), float(score[at]), float(likeness[at]), bool(pairs.exact[at])),
        )


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Known names, ready to be asked; immutable, so it can be kept and shared between threads. About 0.9 kB a name."""

    regions: RegionPrefixes
    table: NameTable
    grams: GramIndex
    by_key: dict[str, list[int]]

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
        table = table_of(names, region_codes, regions)
        by_key: dict[str, list[int]] = {}
        for position, key in enumerate(table.keys):
            if key:
                by_key.setdefault(key, []).append(position)
        return cls(regions, table, GramIndex.of(bags_of(table.cores, table.sounds)), by_key)

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
        for start in range(0, len(names), _CHUNK):
            part = table.part(start, start + _CHUNK)
            pairs = self._score(part, self.block(part, BLOCK, workers), workers)
            for query, candidate in _ranked(pairs, top):
                answers[start + query].append(candidate)
        return answers

    def duplicates(self, *, at_least: float = DUPLICATE, workers: int = 2) -> list[DuplicatePair]:
        """Answer the pairs of known names that look like one firm; see `find_duplicates`."""
        found = [DuplicatePair(group[0], other, 1.0) for group in self.by_key.values() for other in group[1:]]
        near = self._near_pairs(workers)
        for start in range(0, len(near.queries), _PAIR_CHUNK):
            chunk = near.part(start, start + _PAIR_CHUNK)
            likeness = _likeness(self._score(self.table, chunk, workers).odds)
            alike = np.flatnonzero(likeness >= at_least)
            found += [
                DuplicatePair(int(chunk.queries[i]), int(chunk.rows[i]), float(likeness[i])) for i in alike
            ]
        return sorted(found, key=lambda pair: (pair.first, pair.second))

    def _near_pairs(self, workers: int) -> Blocked:
        """Answer the pairs of known names near each other, lower row first, without those of equal keys."""
        known = len(self.table.keys)
        codes, cosines = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.float32)]
        for start in range(0, known, _CHUNK):
            blocked = self.block(self.table.part(start, start + _CHUNK), _BLOCK_OF_DUPLICATES, workers)
            queries = blocked.queries + start
            keep = ~blocked.exact & (queries != blocked.rows)
            low, high = np.minimum(queries, blocked.rows), np.maximum(queries, blocked.rows)
            codes.append((low * known + high)[keep])
            cosines.append(blocked.cosines[keep])
        pairs, first = np.unique(np.concatenate(codes), return_index=True)
        queries, rows = np.divmod(pairs, max(known, 1))
        exact = np.zeros(len(pairs), dtype=np.bool_)
        return Blocked(queries, rows, exact, np.concatenate(cosines)[first], self.grams.norms[queries])

    def block(self, part: NameTable, k: int, workers: int) -> Blocked:
        """Answer the pairs worth scoring: equal keys and the nearest by terms, each pair once, in order."""
        known = len(self.table.keys)
        if not known:
            return Blocked.none()
        keys = (part.place_keys(), self.table.place_keys())
        near = self.grams.nearest(
            bags_of(part.cores, part.sounds), keys, k=k, bonus=_PLACE_BONUS, workers=workers
        )
        queries, columns = np.nonzero((near.rows >= 0) & (near.cosines >= _LEAST_COSINE))
        equal = [
            q * known + row
            for q, key in enumerate(part.keys)
            for row in self.by_key.get(key, ())[:_MOST_EQUAL]
        ]
        exact = np.array(equal, dtype=np.int64)
        blocked = queries * known + near.rows[queries, columns]
        every = np.concatenate([exact, blocked])
        cosines = np.concatenate([np.ones(len(exact), dtype=np.float32), near.cosines[queries, columns]])
        pairs, first = np.unique(every, return_index=True)
        queries, rows = np.divmod(pairs, known)
        return Blocked(queries, rows, first < len(exact), cosines[first], near.norms[queries])

    def _score(self, part: NameTable, found: Blocked, workers: int) -> _Scored:
        norms = found.norms, self.grams.norms[found.rows]
        columns = evidence(
            (part, found.queries), (self.table, found.rows), found.cosines, norms, workers=workers
        )
        odds = log_odds(columns) + EXACT * found.exact
        return _Scored(found.queries, found.rows, found.exact, odds)


def find_duplicates(
    names: Sequence[str],
    region_codes: Sequence[str | None] | None = None,
    region_names: Iterable[str] = (),
    *,
    at_least: float = DUPLICATE,
    workers: int = 2,
) -> list[DuplicatePair]:
    """Answer the pairs of rows of one roster that look like one firm (likeness >= `at_least`), ascending.

    Rows with one key are each paired with the first of them only, so a name written n times gives n - 1 pairs.

    Raises:
        ValueError: names and region_codes differ in length.
    """
    codes = [None] * len(names) if region_codes is None else region_codes
    return NameIndex.build(names, codes, region_names).duplicates(at_least=at_least, workers=workers)
