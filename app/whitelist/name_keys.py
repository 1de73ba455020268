"""Which known names have the same key as an incoming one: a sorted column of marks, twelve bytes a name.

A mark is 64 bits of BLAKE2b. Two keys with one mark are taken for equal; among a million names the odds of that are 1 in 37 million.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

import numpy as np

from app.whitelist.name_kernels import Ints, Rows, Terms


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """The marks of known keys, ascending, and the rows they stand in; those of one mark ascend. Empty keys are left out."""

    marks: Terms
    rows: Rows

    @classmethod
    def of(cls, keys: Iterable[Sequence[str]]) -> Self:
        """Index the keys of known names, given in pieces."""
        marks = np.concatenate([np.zeros(0, dtype=np.uint64), *map(_marks, keys)])
        rows = np.argsort(marks, kind="stable").astype(np.int32)
        rows = rows[marks[rows] > 0]
        return cls(marks[rows], rows)

    def equal(self, keys: Sequence[str], most: int) -> tuple[Ints, Ints]:
        """Answer the pairs (position of a key, row of a known name with this key): both ascend, `most` rows a key."""
        marks = _marks(keys)
        first = np.searchsorted(self.marks, marks, side="left")
        counts = np.minimum(np.searchsorted(self.marks, marks, side="right") - first, most)
        counts[marks == 0] = 0
        before = np.cumsum(counts) - counts
        queries = np.repeat(np.arange(len(keys)), counts)
        places = np.arange(len(queries)) + np.repeat(first - before, counts)
        return queries, self.rows[places].astype(np.int64)


def _marks(keys: Sequence[str]) -> Terms:
    """Answer the mark of each key, 0 for an empty one."""
    texts = (key.encode("utf-8", "surrogatepass") for key in keys)
    marks = (int.from_bytes(blake2b(text, digest_size=8).digest()) | 1 if text else 0 for text in texts)
    return np.fromiter(marks, dtype=np.uint64, count=len(keys))
