"""Which names of one list look like one firm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.whitelist.name_grams import GramBlock
from app.whitelist.name_index import (
    BLOCK_OF_DUPLICATES,
    DUPLICATE,
    NAMES_AT_ONCE,
    NameIndex,
    Store,
)
from app.whitelist.name_kernels import Ints
from app.whitelist.name_score import NameTable


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two rows of one roster that look like one firm; `first` < `second`."""

    first: int
    second: int
    likeness: float


def duplicates_in(
    tables: Iterable[NameTable],
    blocks: Store[GramBlock],
    *,
    at_least: float = DUPLICATE,
    at_once: int = NAMES_AT_ONCE,
    workers: int = 2,
) -> Iterator[DuplicatePair]:
    """Yield the pairs of rows that look like one firm; a pair may come twice, found from either side.

    `tables` are one list, cut anywhere and gone through many times; it is indexed in `blocks`, empty before.
    Rows with one key are each paired with the first of them only.
    """
    index = NameIndex.of(tables, blocks, at_once=at_once)
    first = 0
    for part in tables:
        found = index.block(part, BLOCK_OF_DUPLICATES, workers)
        queries = found.queries + first
        equal = np.flatnonzero(found.exact & (found.rows < queries))
        yield from _with_first(queries[equal], found.rows[equal])
        near = np.flatnonzero(~found.exact & (found.rows != queries))
        likeness = index.score(part, found.chosen(near), workers).likeness
        yield from _alike(queries[near], found.rows[near], likeness, at_least)
        first += len(part.keys)


def _with_first(queries: Ints, rows: Ints) -> Iterator[DuplicatePair]:
    """Pair each query with the lowest of its rows; both ascend."""
    seconds, at = np.unique(queries, return_index=True)
    for second, first in zip(seconds.tolist(), rows[at].tolist(), strict=True):
        yield DuplicatePair(first, second, 1.0)


def _alike(
    queries: Ints, rows: Ints, likeness: npt.NDArray[np.float64], at_least: float
) -> Iterator[DuplicatePair]:
    for at in np.flatnonzero(likeness >= at_least):
        first, second = sorted((int(queries[at]), int(rows[at])))
        yield DuplicatePair(first, second, float(likeness[at]))
