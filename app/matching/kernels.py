"""The fused kernels: AND of a need's rows → surviving products → score → best, all in one pass.

They run on one slice of needs each, without the interpreter lock, so that threads share the work;
the machine code is kept on disk by numba. Every argument is an array or an integer; the shapes are
those of `index.ProductIndex` and `score_tables`. `fallback.py` gives the same bytes without numba.

`mode` chooses which pairs survive: eligible ones, unknown ones, or near misses (exactly one group
fails).
"""

# Compiled code: numba types it from its arguments, annotations serve the reader.

from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
import numpy.typing as npt
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from app.matching.score_tables import (
    CREDIT_BIT,
    GUARANTEE_BIT,
    M_AMOUNT_LOG,
    M_PLAN,
    M_PURPOSES,
    M_REGION,
    M_SECURITY,
    M_TERM,
    M_TERM_LOG,
    MARKS,
    P_BANK,
    P_HIGH,
    P_LOW,
    P_MODES,
    P_PRICE,
    P_PURPOSES,
    P_REACH,
    P_ROOT,
    P_SLOPE,
    P_TERM_LEAST,
    P_TERM_LOG,
    P_TERM_MOST,
)
from app.matching.scoring import (
    COST_OF_DOUBLING,
    FULL,
    GUARANTOR,
    HALF_FIT,
    OWN_COLLATERAL,
    PRIORITY_PURPOSE,
    SLOPE_BITS,
)

ELIGIBLE, UNKNOWN, NEAR_MISS = 0, 1, 2
LOG_BITS = 10
WORD_SHIFT = 6
_COLLATERAL_BITS = ~(CREDIT_BIT | GUARANTEE_BIT)

Array = npt.NDArray[Any]
compiled = numba.njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)


@intrinsic
def _trailing_zeros(_typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba matches it by name
    """Count the zero bits below the lowest set bit of a non-zero word."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.true_bit)

    return types.uint64(types.uint64), generate


@intrinsic
def _set_bits(_typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba matches it by name
    """Count the set bits of a word."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


trailing_zeros: Callable[[Any], int] = cast("Callable[[Any], int]", _trailing_zeros)
set_bits: Callable[[Any], int] = cast("Callable[[Any], int]", _set_bits)


@compiled
def _and_rows(need: Array, groups: int, rows: Array, alive: Array) -> None:
    for w in range(alive.size):
        alive[w] = rows[0, w]
    for g in range(groups):
        row = need[MARKS + g]
        if row != 0:
            for w in range(alive.size):
                alive[w] &= rows[row, w]


@compiled
def _and_possible(need: Array, groups: int, rows: Array, possible_of: Array, alive: Array) -> bool:
    is_certain = True
    for w in range(alive.size):
        alive[w] = rows[0, w]
    for g in range(groups):
        row = possible_of[need[MARKS + g]]
        is_certain &= row == need[MARKS + g]
        if row != 0:
            for w in range(alive.size):
                alive[w] &= rows[row, w]
    return is_certain


@compiled
def _fail_once(need: Array, groups: int, rows: Array, possible_of: Array, once: Array, often: Array) -> None:
    for w in range(once.size):
        once[w] = often[w] = 0
    for g in range(groups):
        row = possible_of[need[MARKS + g]]
        if row != 0:
            for w in range(once.size):
                fails = rows[0, w] & ~rows[row, w]
                often[w] |= once[w] & fails
                once[w] |= fails
    for w in range(once.size):
        once[w] &= ~often[w]


@compiled
def survive(
    mode: int, need: Array, groups: int, rows: Array, possible_of: Array, alive: Array, spare: Array
) -> None:
    """Set in `alive` the bits of the products that survive in this mode; `spare` is scratch."""
    if mode == NEAR_MISS:
        _fail_once(need, groups, rows, possible_of, alive, spare)
        return
    _and_rows(need, groups, rows, alive)
    if mode == UNKNOWN:
        _and_possible(need, groups, rows, possible_of, spare)
        for w in range(alive.size):
            alive[w] = spare[w] & ~alive[w]


@compiled
def count(words: Array) -> int:
    """Count the set bits of several words."""
    total = 0
    for w in range(words.size):
        total += int(set_bits(words[w]))
    return total


@compiled
def extract(alive: Array, found: Array) -> int:
    """Write the numbers of the set bits in ascending order; answer how many."""
    total = 0
    for w in range(alive.size):
        word = alive[w]
        while word != 0:
            found[total] = (w << WORD_SHIFT) + int(trailing_zeros(word))
            word &= word - np.uint64(1)
            total += 1
    return total


@compiled
def score(
    need: Array, groups: int, p: int, products: Array, plans: Array, proximity: Array, weights: Array
) -> int:
    """Answer the score of a pair: `scoring.total` of `scoring.parts_of`, on arrays."""
    asked = need[M_AMOUNT_LOG]
    inside = min(asked - products[p, P_LOW], products[p, P_HIGH] - asked, products[p, P_REACH])
    amount = HALF_FIT + (inside * products[p, P_SLOPE] >> SLOPE_BITS) if inside >= 0 else 0

    months, longest = need[M_TERM], products[p, P_TERM_LOG]
    doublings = longest - need[M_TERM_LOG]
    term = max(0, FULL - (doublings * COST_OF_DOUBLING >> LOG_BITS)) if longest >= 0 else HALF_FIT
    if months < products[p, P_TERM_LEAST] or months > products[p, P_TERM_MOST] or months < 0:
        term = 0

    common = need[M_SECURITY] & products[p, P_MODES]
    guarantee = GUARANTOR if common != 0 else 0
    guarantee = OWN_COLLATERAL if common & _COLLATERAL_BITS else guarantee
    guarantee = FULL if common & CREDIT_BIT else guarantee

    plan = plans[need[M_PLAN], p]
    plan += PRIORITY_PURPOSE if need[M_PURPOSES] & products[p, P_PURPOSES] else 0

    relation, root = 0, products[p, P_ROOT]
    for b in range(MARKS + groups, need.size):
        relation |= need[b] == root

    points: int = (
        amount * weights[0]
        + term * weights[1]
        + products[p, P_PRICE] * weights[2]
        + guarantee * weights[3]
        + plan * weights[4]
        + proximity[need[M_REGION], products[p, P_BANK]] * weights[5]
        + relation * FULL * weights[6]
    )
    return points


@compiled
def rank(
    need: Array, groups: int, survivors: Array, products: Array, plans: Array, proximity: Array,
    weights: Array, keys: Array,
) -> None:  # fmt: skip
    """Keep the keys of the best survivors in descending order; -1 where there are fewer.

    A key is score × 2^32 + (2^32 - 1 - product): the earlier product wins a tie.
    """
    last = keys.size - 1
    for j in range(keys.size):
        keys[j] = -1
    for s in range(survivors.size):
        p = survivors[s]
        points = np.int64(score(need, groups, p, products, plans, proximity, weights))
        key = (points << 32) | (0xFFFFFFFF - p)
        if key > keys[last]:
            j = last
            while j > 0 and keys[j - 1] < key:
                keys[j] = keys[j - 1]
                j -= 1
            keys[j] = key


@compiled
def best(
    start: int, stop: int, mode: int, groups: int, needs: Array, rows: Array, possible_of: Array,
    products: Array, plans: Array, proximity: Array, weights: Array, found: Array,
) -> None:  # fmt: skip
    """Rank the pairs of needs [start, stop) into `found` (int32 [needs, 2 + 2k]).

    A line is: how many are eligible, how many unknown, the k best products (-1 for none), their
    scores.
    """
    k = (found.shape[1] - 2) // 2
    alive, spare = np.empty(rows.shape[1], np.uint64), np.empty(rows.shape[1], np.uint64)
    survivors, keys = np.empty(products.shape[0], np.int32), np.empty(k, np.int64)
    for i in range(start, stop):
        need = needs[i]
        survive(ELIGIBLE, need, groups, rows, possible_of, alive, spare)
        eligible = count(alive)
        is_certain = _and_possible(need, groups, rows, possible_of, spare)
        found[i, 0] = eligible
        found[i, 1] = 0 if is_certain else count(spare) - eligible
        if mode != ELIGIBLE:
            survive(mode, need, groups, rows, possible_of, alive, spare)
        total = extract(alive, survivors)
        rank(need, groups, survivors[:total], products, plans, proximity, weights, keys)
        for j in range(k):
            found[i, 2 + j] = -1 if keys[j] < 0 else 0xFFFFFFFF - (keys[j] & 0xFFFFFFFF)
            found[i, 2 + k + j] = 0 if keys[j] < 0 else keys[j] >> 32


@compiled
def count_all(
    start: int,
    stop: int,
    mode: int,
    groups: int,
    needs: Array,
    rows: Array,
    possible_of: Array,
    counts: Array,
) -> None:
    """Count the pairs of the mode for needs [start, stop)."""
    alive, spare = np.empty(rows.shape[1], np.uint64), np.empty(rows.shape[1], np.uint64)
    for i in range(start, stop):
        survive(mode, needs[i], groups, rows, possible_of, alive, spare)
        counts[i] = count(alive)


@compiled
def emit_all(
    start: int, stop: int, mode: int, groups: int, needs: Array, rows: Array, possible_of: Array,
    products: Array, plans: Array, proximity: Array, weights: Array, starts: Array, found: Array, scores: Array,
) -> None:  # fmt: skip
    """Write every pair of the mode with its score: need i's from `starts[i]`, in product order."""
    alive, spare = np.empty(rows.shape[1], np.uint64), np.empty(rows.shape[1], np.uint64)
    for i in range(start, stop):
        need = needs[i]
        survive(mode, need, groups, rows, possible_of, alive, spare)
        first = starts[i]
        extract(alive, found[first : starts[i + 1]])
        for j in range(first, starts[i + 1]):
            scores[j] = score(need, groups, found[j], products, plans, proximity, weights)
