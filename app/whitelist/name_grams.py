"""Blocking: the known names that share most character pairs with a name, by TF-IDF cosine over an inverted index.

The terms of a text are its pairs of characters one or two places apart (so one wrong, dropped or doubled character leaves
some standing), its triples, and its pairs of sounds (so a homophone leaves all of those standing). A start and an end mark
count as characters. Terms are whole 64-bit codes, never hashed: no collisions, equal answers on every machine.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from app.whitelist.name_kernels import BITS, LONGEST_TEXT, Codes, Floats, Ints, Rows, Terms, collect, nearest

TRIPLE_WEIGHT = 0.5
SOUND_WEIGHT = 0.7

_FIRST_SYMBOL, _LAST_SYMBOL = 0xE000, 0xF8FF


class Bags(NamedTuple):
    """The distinct terms of each text, ascending: those of text i are `terms[starts[i]:starts[i + 1]]`."""

    starts: Ints
    terms: Terms


class Neighbours(NamedTuple):
    """For each query (row) its `k` nearest known texts: `rows` (-1 where there are fewer) and `cosines` in 0..1; `norms` of the queries."""

    rows: Rows
    cosines: Floats
    norms: Floats


def _flatten(texts: Sequence[str]) -> tuple[Codes, Ints]:
    cut = [text[:LONGEST_TEXT] for text in texts]
    codes = np.frombuffer("".join(cut).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = np.zeros(len(cut) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in cut], out=starts[1:])
    return codes, starts


def bags_of(texts: Sequence[str], sounds: Sequence[str]) -> Bags:
    """Collect the terms of texts and of the same texts spelt by sound (equal lengths, position by position)."""
    codes, starts = _flatten(texts)
    sound_codes, _ = _flatten(sounds)
    bag_starts = np.zeros(len(texts) + 1, dtype=np.int64)
    terms = np.empty(4 * (len(codes) + len(texts)), dtype=np.uint64)
    written = collect(codes, sound_codes, starts, bag_starts, terms)
    return Bags(bag_starts, terms[:written].copy())


def _norms(bags: Bags, weights: Floats) -> Floats:
    texts = len(bags.starts) - 1
    owners = np.repeat(np.arange(texts), np.diff(bags.starts))
    return np.sqrt(np.bincount(owners, weights=weights.astype(np.float64) ** 2, minlength=texts)).astype(
        np.float32
    )


def _kind_weights(terms: Terms) -> Floats:
    low = terms & np.uint64((1 << BITS) - 1)
    middle = (terms >> np.uint64(BITS)) & np.uint64((1 << BITS) - 1)
    is_triple = terms >> np.uint64(2 * BITS) > 0
    is_sound = ((low >= _FIRST_SYMBOL) & (low <= _LAST_SYMBOL)) | (
        (middle >= _FIRST_SYMBOL) & (middle <= _LAST_SYMBOL)
    )
    weights = np.where(is_triple, TRIPLE_WEIGHT, np.where(is_sound, SOUND_WEIGHT, 1.0))
    return weights.astype(np.float32)


@dataclass(frozen=True, slots=True)
class GramIndex:
    """An inverted index from terms to texts; `postings` holds four bytes for each distinct term of each text."""

    terms: Terms
    weights: Floats
    unseen_weight: float
    # Text → its slots (ascending), and slot → the texts that have it.
    starts: Ints
    slots: Rows
    norms: Floats
    posting_starts: Ints
    postings: Rows

    @classmethod
    def of(cls, bags: Bags) -> Self:
        """Index the terms of known texts, weighted by inverse document frequency and kind."""
        texts = len(bags.starts) - 1
        terms, slots, counts = np.unique(bags.terms, return_inverse=True, return_counts=True)
        weights = (np.log((texts + 1) / counts) * _kind_weights(terms)).astype(np.float32)
        owners = np.repeat(np.arange(texts, dtype=np.int32), np.diff(bags.starts))
        return cls(
            terms=terms,
            weights=weights,
            unseen_weight=float(np.log(texts + 1)),
            starts=bags.starts,
            slots=slots.astype(np.int32),
            norms=_norms(bags, weights[slots]),
            posting_starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            postings=owners[np.argsort(slots, kind="stable")],
        )

    def nearest(
        self, bags: Bags, agree: tuple[Ints, Ints], *, k: int, bonus: float, workers: int
    ) -> Neighbours:
        """Answer the `k` best known texts for each query.

        `agree` holds keys of queries and of known texts (rows x columns, -1 for none); each column that agrees lifts a
        text's rank by the share `bonus`, so that of equally named firms the one of the same place stays in the cut.
        Memory is flat: two arrays as long as the index per worker. The answer does not depend on `workers`.
        """
        slots, weights = self._weigh(bags.terms)
        norms = _norms(bags, weights)
        best = np.full((len(norms), k), -1, dtype=np.int32)
        cosines = np.zeros((len(norms), k), dtype=np.float32)
        query = (bags.starts, slots, weights**2, norms)
        index = (self.starts, self.slots, self.norms, self.posting_starts, self.postings)
        cuts = np.linspace(0, len(norms), workers + 1).astype(int)

        def part(lo: int, hi: int) -> None:
            nearest(lo, hi, query, index, *agree, np.float32(bonus), best, cosines)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(part, cuts[:-1], cuts[1:]))
        return Neighbours(best, cosines, norms)

    def _weigh(self, terms: Terms) -> tuple[Rows, Floats]:
        """Answer for each term its slot (-1 when unseen) and its weight."""
        slots = np.full(len(terms), -1, dtype=np.int32)
        weights = (self.unseen_weight * _kind_weights(terms)).astype(np.float32)
        if len(self.terms):
            found = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
            seen = self.terms[found] == terms
            slots[seen] = found[seen]
            weights[seen] = self.weights[found[seen]]
        return slots, weights
