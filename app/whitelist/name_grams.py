"""Blocking: the known names that share most character pairs with a name, by TF-IDF cosine over an inverted index.

The terms of a text are its pairs of characters one or two places apart (so one wrong, dropped or doubled character leaves
some standing), its triples, and its pairs of sounds (so a homophone leaves all of those standing). A start and an end mark
count as characters. Terms are whole 64-bit codes, never hashed: no collisions, equal answers on every machine.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np

from app.whitelist.name_kernels import (
    BITS,
    LONGEST_TEXT,
    SHORTLIST,
    Codes,
    Floats,
    Ints,
    Rows,
    Terms,
    choose,
    collect,
    compare,
    invert,
    shortlist,
)

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


def _norms(starts: Ints, weights: Floats) -> Floats:
    texts = len(starts) - 1
    owners = np.repeat(np.arange(texts, dtype=np.int32), np.diff(starts))
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
class Vocabulary:
    """The distinct terms of all texts, ascending, in how many of the `texts` each occurs, and what it weighs.

    Sixteen bytes a distinct term. Texts may be indexed a part at a time: with the vocabulary of all of them
    each part weighs terms as the whole does.
    """

    terms: Terms
    counts: Rows
    weights: Floats
    texts: int

    @classmethod
    def of(cls, bags: Iterable[Bags]) -> Self:
        """Count the terms of texts, part by part; they weigh by inverse document frequency and kind."""
        terms, counts, texts = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int32), 0
        for part in bags:
            texts += len(part.starts) - 1
            found, times = np.unique(part.terms, return_counts=True)
            terms, counts = _added(terms, counts, found, times.astype(np.int32))
        weights = (np.log((texts + 1) / counts) * _kind_weights(terms)).astype(np.float32)
        return cls(terms, counts, weights, texts)

    def weigh(self, terms: Terms) -> tuple[Rows, Floats]:
        """Answer for each term its slot (-1 when unseen) and its weight; an unseen one weighs as if one text had it."""
        found = np.searchsorted(self.terms, terms).astype(np.int32)
        found[found == len(self.terms)] = -1
        is_seen = self.terms[found] == terms if len(self.terms) else np.zeros(len(terms), dtype=np.bool_)
        weights = np.empty(len(terms), dtype=np.float32)
        weights[is_seen] = self.weights[found[is_seen]]
        weights[~is_seen] = float(np.log(self.texts + 1)) * _kind_weights(terms[~is_seen])
        return np.where(is_seen, found, np.int32(-1)), weights


def _added(terms: Terms, counts: Rows, found: Terms, times: Rows) -> tuple[Terms, Rows]:
    """Add the counts of some distinct terms to those of others; both ascend, and so does the answer."""
    if not len(terms):
        return found, times
    places = np.searchsorted(terms, found)
    is_seen = terms[np.minimum(places, len(terms) - 1)] == found
    counts[places[is_seen]] += times[is_seen]
    is_new = ~is_seen
    return np.insert(terms, places[is_new], found[is_new]), np.insert(counts, places[is_new], times[is_new])


@dataclass(frozen=True, slots=True)
class GramBlock:
    """Some of the known texts, numbered from `first` on: their terms, and the inverted index of these.

    `keys` are what their places agree on (rows x columns, -1 for none). Eight bytes for each distinct term
    of each text, and four for each term of the vocabulary.
    """

    first: int
    keys: Ints
    # Text → its slots in the vocabulary (ascending), and slot → the texts that have it.
    starts: Ints
    slots: Rows
    norms: Floats
    posting_starts: Rows
    postings: Rows

    @classmethod
    def of(cls, bags: Bags, keys: Ints, vocabulary: Vocabulary, first: int = 0) -> Self:
        """Index the terms of texts.

        Raises:
            ValueError: a term is not in the vocabulary.
        """
        slots, weights = vocabulary.weigh(bags.terms)
        if len(slots) and slots.min() < 0:
            msg = "a text has a term that its vocabulary has not"
            raise ValueError(msg)
        postings = invert(bags.starts, slots, len(vocabulary.terms))
        return cls(first, keys, bags.starts, slots, _norms(bags.starts, weights), *postings)


@dataclass(frozen=True, slots=True)
class GramIndex:
    """Known texts as blocks, each gone through twice for every asking; the answers do not depend on how they are cut."""

    vocabulary: Vocabulary
    blocks: Iterable[GramBlock]

    def nearest(self, bags: Bags, keys: Ints, *, k: int, bonus: float, workers: int) -> Neighbours:
        """Answer the `k` best known texts for each query, at most as many as make the shortlist.

        `keys` are those of the queries; each column that agrees with a text's lifts its rank by the share `bonus`,
        so that of equally named firms the one of the same place stays in the cut. Memory: a block with two arrays
        as long as it per worker, and 1 kB a query. The answer does not depend on `workers`.
        """
        slots, weights = self.vocabulary.weigh(bags.terms)
        norms, squares = _norms(bags.starts, weights), weights**2
        query = bags.starts, slots, squares
        lists = np.full((len(norms), SHORTLIST), -1, dtype=np.int32)
        scores, filled = np.zeros(lists.shape, dtype=np.float32), np.zeros(len(norms), dtype=np.int32)
        lift = np.float32(bonus)
        with ThreadPoolExecutor(workers) as pool:
            for block in self.blocks:
                known = block.posting_starts, block.postings, block.norms, self.vocabulary.counts
                places = block.first, keys, block.keys, lift
                _share(
                    pool,
                    workers,
                    len(norms),
                    partial(shortlist, query, known, *places, lists, scores, filled),
                )
            cosines, ranks = scores, np.zeros(lists.shape, dtype=np.float32)
            for block in self.blocks:
                texts = block.starts, block.slots, block.norms
                places = block.first, keys, block.keys, lift
                _share(
                    pool,
                    workers,
                    len(norms),
                    partial(compare, query, norms, texts, *places, lists, cosines, ranks),
                )
        best, best_cosines = (
            np.full((len(norms), k), -1, dtype=np.int32),
            np.zeros((len(norms), k), dtype=np.float32),
        )
        choose(lists, cosines, ranks, best, best_cosines)
        return Neighbours(best, best_cosines, norms)


def _share(pool: ThreadPoolExecutor, workers: int, queries: int, work: Callable[[int, int], None]) -> None:
    """Let each worker do its share of the queries."""
    cuts = np.linspace(0, queries, workers + 1).astype(int)
    list(pool.map(work, cuts[:-1], cuts[1:]))
