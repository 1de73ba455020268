"""Matching at scale: 100,000 needs × 5,000 products, score and top ten, against peers with equal answers.

    python -m benchmarks matching [--quick]

Synthetic needs and products with a fixed seed, twelve groups of criteria, about two pairs in a hundred
eligible. Every peer is given columns that hold all that can be computed ahead; slow peers get fewer needs
(`needs`), compared by pairs a second. Counts of eligible products and the ten best of every need are
asserted equal on the needs that a peer ran.
"""

import gc
import re
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.matching.engine import Integers, Matcher, Mode, Ranking, warm_up
from benchmarks import matching_peers as peers
from benchmarks.matching_columns import (
    NEED_COLUMNS,
    PRODUCT_COLUMNS,
    need_columns,
    plan_points,
    product_columns,
)
from benchmarks.matching_peers import MOST, Answer, K
from benchmarks.matching_world import SETTINGS, World, make_world, needs_of, products_of

Row = dict[str, Any]
Result = TypeVar("Result")
MIB = 2**20
LOOP_NEEDS, NUMPY_NEEDS, SQL_NEEDS, LATERAL_NEEDS = 20_000, 10_000, 4_000, 400
ONLINE = range(100)


def run(*, quick: bool = False) -> list[Row]:
    """Measure ours and the peers; answer rows of one table."""
    needs, products = (4_000, 1_000) if quick else (100_000, 5_000)
    world = make_world(needs, products)
    warm_up()
    rows, matcher, lines = _ours(world)
    ours = rows[0]["billion pairs/s"]
    rows += _compiled_peers(world, matcher, lines, quick=quick)
    rows += _database_peers(world, matcher, lines, quick=quick)
    for row in rows:
        if row.get("billion pairs/s"):
            row["times ours"] = ours / row["billion pairs/s"]
    return rows


def _ours(world: World) -> tuple[list[Row], Matcher, Integers]:
    values = products_of(world)
    count, pairs = len(world.needs["amount"]), len(world.needs["amount"]) * len(values)
    gc.collect()
    before = _resident(reset=True)
    built, matcher = _timed(lambda: Matcher(values, world.plans, SETTINGS))
    encoded, lines = _encoded(world, matcher)
    first, _ = _timed(lambda: matcher.best(lines, K))
    seconds, ranking = min(
        (_timed(lambda: matcher.best(lines, K)) for _ in range(9)), key=lambda pair: pair[0]
    )
    grown = (_resident() - before) / MIB
    share = ranking.eligible.sum(dtype=np.int64) / pairs
    rows = [
        _row("ours: best ten of each need", count, pairs, min(first, seconds)),
        _row(
            "ours: all eligible pairs with scores", count, pairs, _timed(lambda: matcher.candidates(lines))[0]
        ),
        _row(
            "ours: ten nearest misses",
            count,
            pairs,
            _timed(lambda: matcher.best(lines, K, Mode.NEAR_MISS))[0],
        ),
        _row("ours: from needs as values, cold rows, to best ten", count, pairs, encoded + first),
    ]
    rows[0] |= {
        "MiB grown": grown,
        "note": f"{share:.2%} eligible, {len(matcher.index.groups)} groups, {matcher.index.row_count} rows, "
        f"index built in {built:.3f} s, needs encoded in {encoded:.2f} s",
    }
    return rows, matcher, lines


def _encoded(world: World, matcher: Matcher) -> tuple[float, Integers]:
    """Encode the needs block by block, making them outside of the clock; no row is known at first."""
    source, seconds, blocks = needs_of(world), 0.0, []
    while block := list(islice(source, 5_000)):
        taken, lines = _timed(lambda block=block: matcher.encode(block))  # type: ignore[misc]  # bound on purpose
        seconds += taken
        blocks.append(lines)
    return seconds, np.concatenate(blocks)


def _compiled_peers(world: World, matcher: Matcher, lines: Integers, *, quick: bool) -> list[Row]:
    count = min(len(lines), 1_000 if quick else LOOP_NEEDS)
    needs = peers.as_matrix(need_columns(world, count), NEED_COLUMNS)
    products = peers.as_matrix(product_columns(world, matcher), PRODUCT_COLUMNS)
    plans = np.zeros((len(matcher.plans) + 1, len(products)), np.int64)
    for chain, product, points in plan_points(matcher):
        plans[chain + 1, product] = points
    weights = matcher.tables.weights.astype(np.int64)
    peers.loop_answer(needs[:8], products, plans, weights)
    seconds, answer = _timed(lambda: peers.loop_answer(needs, products, plans, weights))
    _assert_equal(answer, matcher.best(lines[:count], K))
    rows = [_row("numba: loop over pairs, parallel", count, count * len(products), seconds)]

    few = min(len(lines), 1_000 if quick else NUMPY_NEEDS)
    plain = Matcher(matcher.products, matcher.plans, SETTINGS, "numpy")
    plain_lines = plain.encode(need for need, _ in zip(needs_of(world), range(few), strict=False))
    seconds, found = _timed(lambda: plain.best(plain_lines, K))
    _assert_equal(_answer_of(found), matcher.best(lines[:few], K))
    return [*rows, _row("numpy: bitsets in blocks (our fallback)", few, few * len(products), seconds)]


def _database_peers(world: World, matcher: Matcher, lines: Integers, *, quick: bool) -> list[Row]:
    count, few = (500, 50) if quick else (SQL_NEEDS, LATERAL_NEEDS)
    products, plans = product_columns(world, matcher), plan_points(matcher)
    weights, size = matcher.tables.weights.astype(np.int64), len(matcher.products)
    expected = matcher.best(lines[:count], K)
    rows = []
    for name, (seconds, answer) in peers.duckdb_answers(
        need_columns(world, count), products, plans, weights
    ).items():
        _assert_equal(answer, expected)
        rows.append(_row(name, count, count * size, seconds))
    needs = need_columns(world, count)
    with peers.postgresql() as connection:
        peers.load_postgresql(connection, needs, products, plans)
        for name, (seconds, answer) in peers.postgresql_answers(connection, count, few, weights).items():
            asked = few if "lateral" in name else count
            _assert_equal(answer, matcher.best(lines[:asked], K))
            rows.append(_row(name, asked, asked * size, seconds))
        online, answer = peers.postgresql_online(connection, needs, weights, ONLINE)
    _assert_equal(answer, matcher.best(lines[ONLINE.start : ONLINE.stop], K))
    return rows + _online(world, matcher, online)


def _online(world: World, matcher: Matcher, postgresql: float) -> list[Row]:
    """One need online: what the engine takes from facts to the best ten, against a prepared query."""
    asked = [need for need, _ in zip(needs_of(world), ONLINE, strict=False)]
    rounds = 200
    lines = [matcher.encode_one(need) for need in asked]

    def whole() -> None:
        for need in asked:
            matcher.best(matcher.encode_one(need), K)

    def ranked() -> None:
        for line in lines:
            matcher.best(line, K)

    each = rounds * len(asked)
    seconds = [min(_timed(work)[0] for _ in range(rounds)) * rounds / each for work in (whole, ranked)]
    labels = ("one need online, ours: facts to best ten", "one need online, ours: encoded to best ten")
    rows = [
        {"side": label, "needs": 1, "µs": second * 1e6, "times ours": second / seconds[0]}
        for label, second in zip(labels, seconds, strict=True)
    ]
    prepared = {"side": "one need online, postgresql: prepared query, median", "needs": 1}
    return [*rows, prepared | {"µs": postgresql * 1e6, "times ours": postgresql / seconds[0]}]


def _answer_of(found: Ranking) -> Answer:
    keys = (found.scores.astype(np.int64) << 32) | (MOST - found.products.astype(np.int64))
    return found.eligible.astype(np.int64), np.where(found.products < 0, -1, keys)


def _assert_equal(answer: Answer, ours: Ranking) -> None:
    for given, expected in zip(answer, _answer_of(ours), strict=True):
        np.testing.assert_array_equal(given, expected)


def _row(side: str, needs: int, pairs: int, seconds: float) -> Row:
    return {"side": side, "needs": needs, "seconds": seconds, "billion pairs/s": pairs / seconds / 1e9}


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def _resident(*, reset: bool = False) -> int:
    """Answer the process's peak resident bytes since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024
