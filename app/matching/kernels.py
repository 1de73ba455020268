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
WRITTEN_AHEAD = 4
SLACK = 64
LAST_PLACE = 0x7FFFFFFF
WORD_SHIFT = 6
_COLLATERAL_BITS = ~(CREDIT_BIT | GUARANTEE_BIT)

Array = npt.NDArray[Any]
compiled = numba.njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)


@intrinsic
def _trailing_zeros(_typing: Any, word: Any) -> Any:  # noqa: ARG001 - numba matches it by name
    """Count the zero bits below the lowest set bit of a word; 64 when there is none."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], cgutils.false_bit)

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
def _has_unknown(need: Array, groups: int, possible_of: Array) -> bool:
    for g in range(groups):
        row = need[MARKS + g]
        if possible_of[row] != row:
            return True
    return False


@compiled
def _and_possible(need: Array, groups: int, rows: Array, possible_of: Array, alive: Array) -> None:
    for w in range(alive.size):
        alive[w] = rows[0, w]
    for g in range(groups):
        row = possible_of[need[MARKS + g]]
        if row != 0:
            for w in range(alive.size):
                alive[w] &= rows[row, w]


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
    """Write the numbers of the set bits in ascending order; answer how many.

    Four slots of every word are written without asking, because a branch for each bit would be
    guessed wrong; so `found` needs room for `WRITTEN_AHEAD` more than there are bits.
    """
    total = 0
    for w in range(alive.size):
        word, first = alive[w], w << WORD_SHIFT
        bits = int(set_bits(word))
        for j in range(WRITTEN_AHEAD):
            found[np.uint64(total + j)] = first + int(trailing_zeros(word))
            word &= word - np.uint64(1)
        for j in range(WRITTEN_AHEAD, bits):
            found[np.uint64(total + j)] = first + int(trailing_zeros(word))
            word &= word - np.uint64(1)
        total += bits
    return total


@compiled
def score(
    need: Array, survivors: Array, products: Array, plans: Array, proximity: Array, weights: Array,
    is_known: Array, points: Array,
) -> None:  # fmt: skip
    """Write the score of each survivor: `scoring.total` of `scoring.parts_of`, on arrays.

    `is_known` is 1 for the head offices that the need's firm borrows from. Unsigned numbers spare
    numba's test for negative indices.
    """
    asked, months, months_log = need[M_AMOUNT_LOG], need[M_TERM], need[M_TERM_LOG]
    security, purposes = need[M_SECURITY], need[M_PURPOSES]
    plan, near = plans[np.uint32(need[M_PLAN])], proximity[np.uint32(need[M_REGION])]
    w_amount, w_term, w_price, w_guarantee = weights[0], weights[1], weights[2], weights[3]
    w_plan, w_near, w_known = weights[4], weights[5], weights[6] * FULL
    for s in range(survivors.size):
        p = np.uint32(survivors[s])
        inside = min(asked - products[p, P_LOW], products[p, P_HIGH] - asked, products[p, P_REACH])
        amount = HALF_FIT + (inside * products[p, P_SLOPE] >> SLOPE_BITS) if inside >= 0 else 0

        longest = products[p, P_TERM_LOG]
        term = max(0, FULL - ((longest - months_log) * COST_OF_DOUBLING >> LOG_BITS))
        term = term if longest >= 0 else HALF_FIT
        is_inside = (
            (months >= products[p, P_TERM_LEAST]) & (months <= products[p, P_TERM_MOST]) & (months >= 0)
        )
        term = term if is_inside else 0

        common = security & products[p, P_MODES]
        guarantee = GUARANTOR if common != 0 else 0
        guarantee = OWN_COLLATERAL if (common & _COLLATERAL_BITS) != 0 else guarantee
        guarantee = FULL if (common & CREDIT_BIT) != 0 else guarantee

        chain = plan[p] + (PRIORITY_PURPOSE if (purposes & products[p, P_PURPOSES]) != 0 else 0)
        points[s] = (
            amount * w_amount
            + term * w_term
            + products[p, P_PRICE] * w_price
            + guarantee * w_guarantee
            + chain * w_plan
            + near[np.uint32(products[p, P_BANK])] * w_near
            + is_known[np.uint32(products[p, P_ROOT])] * w_known
        )


@compiled
def _mark_known(need: Array, groups: int, value: int, is_known: Array) -> None:
    for b in range(MARKS + groups, need.size):
        if need[b] >= 0:
            is_known[need[b]] = value


@compiled
def rank(survivors: Array, points: Array, keys: Array, products: Array, scores: Array) -> None:
    """Write the best survivors and their scores, best first; -1 and 0 where there are fewer.

    A key is score × 2^32 + (2^31 - 1 - place): survivors stand in product order, so the earlier
    product wins a tie. Taking the maximum again and again needs no branches.
    """
    for s in range(survivors.size):
        keys[s] = (np.int64(points[s]) << 32) | (LAST_PLACE - s)
    for j in range(products.size):
        top = np.int64(-1)
        for s in range(survivors.size):
            top = max(top, keys[s])
        place = LAST_PLACE - (top & LAST_PLACE)
        products[j] = survivors[place] if top >= 0 else -1
        scores[j] = top >> 32 if top >= 0 else 0
        if top >= 0:
            keys[place] = -1


@compiled
def best(
    start: int, stop: int, mode: int, groups: int, needs: Array, rows: Array, possible_of: Array,
    products: Array, plans: Array, proximity: Array, weights: Array, found: Array,
) -> None:  # fmt: skip
    """Rank the pairs of needs [start, stop) into `found` (int32 [needs, 2 + 2k]).

    A line is: how many are eligible, how many unknown, the k best products (-1 for none), their
    scores.
    """
    last = 2 + (found.shape[1] - 2) // 2
    alive, spare = np.empty(rows.shape[1], np.uint64), np.empty(rows.shape[1], np.uint64)
    survivors = np.empty(products.shape[0] + SLACK, np.int32)
    points, keys = np.empty(products.shape[0], np.int32), np.empty(products.shape[0], np.int64)
    is_known = np.zeros(proximity.shape[1], np.int32)
    for i in range(start, stop):
        need = needs[i]
        _and_rows(need, groups, rows, alive)
        eligible, unknown = count(alive), 0
        if _has_unknown(need, groups, possible_of):
            _and_possible(need, groups, rows, possible_of, spare)
            unknown = count(spare) - eligible
        if mode != ELIGIBLE:
            survive(mode, need, groups, rows, possible_of, alive, spare)
        chosen = survivors[: extract(alive, survivors)]
        _mark_known(need, groups, 1, is_known)
        score(need, chosen, products, plans, proximity, weights, is_known, points)
        _mark_known(need, groups, 0, is_known)
        found[i, 0], found[i, 1] = eligible, unknown
        rank(chosen, points, keys, found[i, 2:last], found[i, last:])


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
    survivors = np.empty(products.shape[0] + SLACK, np.int32)
    is_known = np.zeros(proximity.shape[1], np.int32)
    for i in range(start, stop):
        need, first, last = needs[i], starts[i], starts[i + 1]
        survive(mode, need, groups, rows, possible_of, alive, spare)
        total = extract(alive, survivors)
        for s in range(total):
            found[first + s] = survivors[s]
        _mark_known(need, groups, 1, is_known)
        score(need, survivors[:total], products, plans, proximity, weights, is_known, scores[first:last])
        _mark_known(need, groups, 0, is_known)
