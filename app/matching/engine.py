"""Needs × products: who is eligible, how well each pair scores, which are best. Pure.

One evaluator, three uses: the same rows answer one need online, a whole
edition in batch, and say which group of criteria failed for a pair.
"""

import importlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from types import ModuleType
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from app.kernel.batches import in_batches
from app.matching import fallback
from app.matching.index import ProductIndex
from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanTerms
from app.matching.score_tables import M_PLAN, M_PURPOSES, MARKS, NOTHING, ScoreTables
from app.matching.scoring import PARTS, ScoreSettings
from app.policy.criteria import Condition, Criterion, Verdict

VERSION: Final = "1"
"""Changes whenever the same inputs would give other results."""
NEEDS_PER_SHARE = 4_096
FEW_NEEDS = 512

Backend = Literal["numba", "numpy"]
Integers = npt.NDArray[np.int32]


class Mode(IntEnum):
    """Which pairs are asked for."""

    ELIGIBLE = 0
    UNKNOWN = 1
    NEAR_MISS = 2


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best products of each need.

    `eligible`, `unknown` (int32 [needs]) count all pairs, not only the ranked ones; `products`
    (int32 [needs, k]) are product numbers, best first, -1 for none; `scores` (int32 [needs, k])
    run from 0 to 1,000,000.
    """

    eligible: Integers
    unknown: Integers
    products: Integers
    scores: Integers

    def part(self, needs: slice) -> "Ranking":
        """Answer the ranking of some needs that stand together."""
        return Ranking(self.eligible[needs], self.unknown[needs], self.products[needs], self.scores[needs])


@dataclass(frozen=True, slots=True)
class Candidates:
    """All pairs: need i's are `products[starts[i]:starts[i+1]]` in product order, with scores."""

    starts: npt.NDArray[np.int64]
    products: Integers
    scores: Integers


@lru_cache
def kernels_of(backend: Backend | None = None) -> ModuleType:
    """Answer the kernels to use: numba's unless asked otherwise or not to be had."""
    if backend == "numpy":
        return fallback
    try:
        return importlib.import_module("app.matching.kernels")
    except ImportError:
        if backend == "numba":
            raise
        return fallback


class Matcher:
    """An index, its score tables and kernels. Safe to use from several threads."""

    def __init__(
        self,
        products: Sequence[IndexedProduct],
        plans: Mapping[str, PlanTerms],
        settings: ScoreSettings,
        backend: Backend | None = None,
        threads: int | None = None,
    ) -> None:
        """Build the index; `threads` share a batch, by default as many as the machine has cores."""
        self._threads = threads or os.cpu_count() or 1
        self.index = ProductIndex.build(products)
        self._backend = backend
        self._kernels = kernels_of(backend)
        self._groups = len(self.index.groups)
        self.settings = settings
        self._take_plans(plans)

    def _take_plans(self, plans: Mapping[str, PlanTerms]) -> None:
        self.plans = dict(plans)
        self.tables = ScoreTables(self.index.products, plans, self.settings)
        tables = self.tables
        self._score_arrays = tables.products, tables.plans, tables.proximity, tables.weights

    def with_plans(self, plans: Mapping[str, PlanTerms]) -> "Matcher":
        """Answer a matcher of the same products with other plans; both share one index.

        What plans grant stands in the conditions of products (`grants.granted`): other grants need another index.
        """
        other = copy(self)
        other._take_plans(plans)  # noqa: SLF001 - one of its own
        return other

    def with_products(self, products: Sequence[IndexedProduct], plans: Mapping[str, PlanTerms]) -> "Matcher":
        """Answer a matcher with other products and plans, with the same settings and kernels."""
        return Matcher(products, plans, self.settings, self._backend, self._threads)

    @property
    def products(self) -> tuple[IndexedProduct, ...]:
        """The products, by number."""
        return self.index.products

    def encode(self, needs: Iterable[MatchNeed]) -> Integers:
        """Answer needs as lines of integers (int32 [needs, columns]) for the other methods.

        They are taken in blocks, so that a stream of needs never stands in memory as a whole.
        """
        blocks = [self._encode_block(block) for block in in_batches(needs, NEEDS_PER_SHARE)]
        fixed = MARKS + self._groups
        widest = max((block.shape[1] for block in blocks), default=fixed)
        lines = np.full((sum(map(len, blocks)), widest), NOTHING, np.int32)
        first = 0
        for filled in blocks:
            lines[first : first + len(filled), : filled.shape[1]] = filled
            first += len(filled)
        return lines

    def _encode_block(self, needs: Sequence[MatchNeed]) -> Integers:
        roots = [self.tables.roots_of(need) for need in needs]
        fixed, width = MARKS + self._groups, max(map(len, roots))
        lines = np.full((len(needs), fixed + width), NOTHING, np.int32)
        lines[:, :MARKS] = [self.tables.marks_of(need) for need in needs]
        lines[:, MARKS:fixed] = self.index.rows_of_all([need.facts for need in needs])
        if width:
            lines[:, fixed:] = [numbers + [NOTHING] * (width - len(numbers)) for numbers in roots]
        return lines

    def marked_anew(self, lines: Integers, needs: Sequence[MatchNeed]) -> Integers:
        """Answer lines that a matcher over the same index encoded, with what this one's plans say of these needs."""
        other = lines.copy()
        marks = [self.tables.plan_marks_of(need.facts) for need in needs]
        other[:, [M_PURPOSES, M_PLAN]] = np.array(marks, np.int32).reshape(-1, 2)
        return other

    def encode_one(self, need: MatchNeed) -> Integers:
        """Answer one need as one line of integers (int32 [1, columns])."""
        line = self.tables.marks_of(need) + self.index.rows_of(need.facts) + self.tables.roots_of(need)
        return np.array([line], np.int32)

    def best(self, needs: Integers, k: int, mode: Mode = Mode.ELIGIBLE) -> Ranking:
        """Rank each need's pairs by score, then by product order; keep k of each."""
        found = np.empty((len(needs), 2 + 2 * k), np.int32)
        self._share(self._kernels.best, len(needs), int(mode), needs, (*self._score_arrays, found))
        return Ranking(found[:, 0], found[:, 1], found[:, 2 : 2 + k], found[:, 2 + k :])

    def candidates(self, needs: Integers, mode: Mode = Mode.ELIGIBLE) -> Candidates:
        """Answer every pair of the mode with its score."""
        starts = np.zeros(len(needs) + 1, np.int64)
        self._share(self._kernels.count_all, len(needs), int(mode), needs, (starts[1:],))
        np.cumsum(starts, out=starts)
        products, scores = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int32)
        arrays = (*self._score_arrays, starts, products, scores)
        self._share(self._kernels.emit_all, len(needs), int(mode), needs, arrays)
        return Candidates(starts, products, scores)

    def verdicts(self, need: Integers, product: int) -> list[Verdict]:
        """Answer what each group of criteria says of a pair, in the order of `index.groups`."""
        word, bit = product >> 6, np.uint64(product & 63)
        rows = need.reshape(-1)[MARKS : MARKS + self._groups]

        def has(row: int) -> bool:
            return bool(self.index.rows[row, word] >> bit & np.uint64(1))

        possible_of = self.index.possible_of
        return [Verdict.PASS if has(row) else Verdict(int(has(possible_of[row]))) for row in rows]

    def _share(
        self,
        kernel: Callable[..., None],
        count: int,
        mode: int,
        needs: Integers,
        arrays: tuple[npt.NDArray[Any], ...],
    ) -> None:
        index = self.index
        if count <= FEW_NEEDS or self._threads == 1:
            kernel(0, count, mode, self._groups, needs, index.rows, index.possible_of, *arrays)
            return

        def work(start: int, stop: int) -> None:
            kernel(start, stop, mode, self._groups, needs, index.rows, index.possible_of, *arrays)

        starts = range(0, count, NEEDS_PER_SHARE)
        list(
            _pool(self._threads).map(work, starts, (min(count, start + NEEDS_PER_SHARE) for start in starts))
        )


@lru_cache(maxsize=2)
def _pool(threads: int) -> ThreadPoolExecutor:
    """Answer the process's threads for kernels, which run without the interpreter lock."""
    return ThreadPoolExecutor(threads, thread_name_prefix="matching")


def warm_up(backend: Backend | None = None) -> None:
    """Compile the kernels, or load them from numba's cache, before the first request waits for it."""
    bank = Bank("warm-up", "warm-up", frozenset(), frozenset())
    asked: tuple[Condition, ...] = (Criterion("first_loan", "is_true"),)
    weights = dict.fromkeys(PARTS, 0) | {"price": 1000}
    matcher = Matcher([IndexedProduct("warm-up", 0, bank, asked)], {}, ScoreSettings(weights, 0, 1), backend)
    need = matcher.encode_one(MatchNeed({}))
    matcher.best(need, 1)
    matcher.candidates(need)
