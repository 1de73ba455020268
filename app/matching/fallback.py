"""The kernels' work in plain numpy, byte for byte, for machines without numba.

Needs are taken in blocks, so that memory stays bounded; each function has the signature and the
results of its namesake in `kernels.py`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.matching import score_tables as at
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
NEEDS_AT_A_TIME = 512
LOG_BITS = 10

Array = npt.NDArray[Any]


def _and_rows(needs: Array, groups: int, rows: Array) -> Array:
    alive = np.repeat(rows[:1], len(needs), axis=0)
    for g in range(groups):
        alive &= rows[needs[:, at.MARKS + g]]
    return alive


def _possible(needs: Array, groups: int, possible_of: Array) -> Array:
    changed = needs.copy()
    columns = slice(at.MARKS, at.MARKS + groups)
    changed[:, columns] = possible_of[needs[:, columns]]
    return changed


def _fail_once(needs: Array, groups: int, rows: Array) -> Array:
    once, often = np.zeros((2, len(needs), rows.shape[1]), np.uint64)
    for g in range(groups):
        fails = rows[0] & ~rows[needs[:, at.MARKS + g]]
        often |= once & fails
        once |= fails
    return once & ~often


def _survive(mode: int, needs: Array, groups: int, rows: Array, possible_of: Array) -> Array:
    possible = _possible(needs, groups, possible_of)
    if mode == NEAR_MISS:
        return _fail_once(possible, groups, rows)
    alive = _and_rows(needs, groups, rows)
    return alive if mode == ELIGIBLE else _and_rows(possible, groups, rows) & ~alive


def _pairs(alive: Array) -> tuple[Array, Array]:
    octets = np.ascontiguousarray(alive.astype("<u8")).view(np.uint8)
    of_need, of_product = np.nonzero(np.unpackbits(octets, axis=1, bitorder="little"))
    return of_need, of_product


def _counts(alive: Array) -> Array:
    counts: Array = np.bitwise_count(alive).sum(axis=1, dtype=np.int64)
    return counts


def _scores(
    needs: Array, groups: int, of_need: Array, of_product: Array, tables: tuple[Array, Array, Array, Array]
) -> Array:
    products, plans, proximity, weights = tables
    need, product = needs[of_need].astype(np.int64), products[of_product].astype(np.int64)
    parts = (
        _amount(need, product),
        _term(need, product),
        product[:, at.P_PRICE],
        _guarantee(need[:, at.M_SECURITY] & product[:, at.P_MODES]),
        plans[need[:, at.M_PLAN], of_product]
        + PRIORITY_PURPOSE * ((need[:, at.M_PURPOSES] & product[:, at.P_PURPOSES]) != 0),
        proximity[need[:, at.M_REGION], product[:, at.P_BANK]],
        FULL * (need[:, at.MARKS + groups :] == product[:, at.P_ROOT, None]).any(axis=1),
    )
    return sum((part.astype(np.int64) * weight for part, weight in zip(parts, weights.tolist(), strict=True)),
               start=np.zeros(len(of_need), np.int64))  # fmt: skip


def _amount(need: Array, product: Array) -> Array:
    asked = need[:, at.M_AMOUNT_LOG]
    inside = np.minimum(asked - product[:, at.P_LOW], product[:, at.P_HIGH] - asked)
    inside = np.minimum(inside, product[:, at.P_REACH])
    return np.where(inside >= 0, HALF_FIT + (inside * product[:, at.P_SLOPE] >> SLOPE_BITS), 0)


def _term(need: Array, product: Array) -> Array:
    months, longest = need[:, at.M_TERM], product[:, at.P_TERM_LOG]
    cost = (longest - need[:, at.M_TERM_LOG]) * COST_OF_DOUBLING >> LOG_BITS
    term = np.where(longest >= 0, np.maximum(0, FULL - cost), HALF_FIT)
    is_outside = (months < product[:, at.P_TERM_LEAST]) | (months > product[:, at.P_TERM_MOST]) | (months < 0)
    return np.where(is_outside, 0, term)


def _guarantee(common: Array) -> Array:
    fit = np.where(common != 0, GUARANTOR, 0)
    fit = np.where((common & ~(at.CREDIT_BIT | at.GUARANTEE_BIT)) != 0, OWN_COLLATERAL, fit)
    return np.where((common & at.CREDIT_BIT) != 0, FULL, fit)


def best(
    start: int, stop: int, mode: int, groups: int, needs: Array, rows: Array, possible_of: Array,
    products: Array, plans: Array, proximity: Array, weights: Array, found: Array,
) -> None:  # fmt: skip
    """Rank the pairs of needs [start, stop) into `found`; see `kernels.best`."""
    k = (found.shape[1] - 2) // 2
    tables = products, plans, proximity, weights
    for first in range(start, stop, NEEDS_AT_A_TIME):
        block, lines = (each[first : min(stop, first + NEEDS_AT_A_TIME)] for each in (needs, found))
        eligible = _survive(ELIGIBLE, block, groups, rows, possible_of)
        unknown = _survive(UNKNOWN, block, groups, rows, possible_of)
        lines[:, 0], lines[:, 1] = _counts(eligible), _counts(unknown)
        alive = eligible if mode == ELIGIBLE else _survive(mode, block, groups, rows, possible_of)
        of_need, of_product = _pairs(alive)
        scores = _scores(block, groups, of_need, of_product, tables)
        order = np.lexsort((of_product, -scores, of_need))
        of_need, of_product, scores = of_need[order], of_product[order], scores[order]
        places = np.arange(len(order)) - np.searchsorted(of_need, of_need)
        is_kept = places < k
        lines[:, 2 : 2 + k], lines[:, 2 + k :] = -1, 0
        lines[of_need[is_kept], 2 + places[is_kept]] = of_product[is_kept]
        lines[of_need[is_kept], 2 + k + places[is_kept]] = scores[is_kept]


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
    for first in range(start, stop, NEEDS_AT_A_TIME):
        last = min(stop, first + NEEDS_AT_A_TIME)
        counts[first:last] = _counts(_survive(mode, needs[first:last], groups, rows, possible_of))


def emit_all(
    start: int, stop: int, mode: int, groups: int, needs: Array, rows: Array, possible_of: Array,
    products: Array, plans: Array, proximity: Array, weights: Array, starts: Array, found: Array, scores: Array,
) -> None:  # fmt: skip
    """Write every pair of the mode with its score; see `kernels.emit_all`."""
    for first in range(start, stop, NEEDS_AT_A_TIME):
        last = min(stop, first + NEEDS_AT_A_TIME)
        block = needs[first:last]
        of_need, of_product = _pairs(_survive(mode, block, groups, rows, possible_of))
        place = slice(starts[first], starts[last])
        found[place] = of_product
        scores[place] = _scores(block, groups, of_need, of_product, (products, plans, proximity, weights))
