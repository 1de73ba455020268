"""A national batch on Dask: from one worker to two on a cut of 120,000 needs × 10,000 products, in PostgreSQL.

    python -m benchmarks national [--quick]

The same edition is matched in one piece, by one worker process and by two, each with one thread; asserted: all
three give the same hashes. `matching` is reading, deriving, matching and hashing in the workers, `saving` the
write of counts and best ten. One part is taken to pieces in this process, and Dask's share is measured with
tasks that do nothing. Efficiency is the time of one worker over twice that of two, both without a worker's start
(products read, index built), which does not grow with the needs. The last rows are arithmetic: 5,000,000 needs at
the measured rates. The database runs on the same cores as the workers.
"""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from sqlalchemy import text

from app.cli.database import alembic_config
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.progress import reporting
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.matching import partitions, queries
from app.matching.batch import run_batch
from app.matching.cluster import Cluster, open_cluster
from app.matching.engine import Matcher
from app.matching.gathering import gather, shelf
from app.matching.inputs import Surroundings
from app.matching.posing import (
    PosedRun,
    count_rows,
    entry_ids,
    pose,
    result_hash,
    result_rows,
    revision_ids,
)
from app.matching.schemas import MatchRunOut
from app.matching.service import run_match, warm_up
from app.whitelist import service as whitelist
from benchmarks.databases import postgresql
from benchmarks.matching_database import NOW, VIEWER
from benchmarks.national_world import fill_nation

EDITION: Final = "2023H2"
NATION: Final = 5_000_000
EMPTY_TASKS: Final = 500
TASKS_A_PART: Final = 3
WORKERS: Final = (1, 2)
MIB: Final = 2**20
Row = dict[str, Any]
Result = TypeVar("Result")


@dataclass(slots=True)
class Stages:
    """When each stage of a batch began and ended, as it reported itself."""

    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def __call__(self, stage: str, _done: int, _total: int) -> None:
        """Hear of progress."""
        self.ended[stage] = time.perf_counter()
        self.begun.setdefault(stage, self.ended[stage])

    def seconds(self, stage: str) -> float:
        """Answer how long a stage took."""
        return self.ended[stage] - self.begun[stage]


def run(*, quick: bool = False) -> list[Row]:
    """Measure; answer rows of one table."""
    needs, products = (6_000, 300) if quick else (120_000, 10_000)
    warm_up()
    with postgresql() as url, _settings(url):
        command.upgrade(alembic_config(url), "head")
        return asyncio.run(_measured(url, needs, products, part=1_000 if quick else partitions.PART_ENTRIES))


@contextmanager
def _settings(url: str) -> Iterator[None]:
    """Let this process and the workers that it starts find the database, as operators do."""
    os.environ["RONGQIAO_DATABASE_URL"] = url
    get_settings.cache_clear()
    try:
        yield
    finally:
        del os.environ["RONGQIAO_DATABASE_URL"]
        get_settings.cache_clear()


async def _measured(url: str, needs: int, products: int, part: int) -> list[Row]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        await fill_nation(session, needs, products)
    partitions.PART_ENTRIES = part  # type: ignore[misc]  # smaller parts when it is only to be shown that it runs
    pieces = await _pieces(sessions, part)
    start = sum(row["seconds"] for row in pieces if "start" in row["side"])
    seconds, local = await _timed(lambda: _in_one_piece(sessions))
    rows = [_row("in one piece, this process", needs, products, seconds)]
    rates: dict[int, tuple[float, float]] = {}
    for workers in WORKERS:
        row, made, rates[workers] = await _clustered(sessions, workers, needs, products, start)
        alike = {"inputs_hash", "result_hash", "counts"}
        assert made.model_dump(include=alike) == local.model_dump(include=alike), "the runs differ"
        rows.append(row)
    rows[-1]["efficiency"] = sum(rates[1]) / sum(rates[2]) / 2
    stored = await _stored_bytes(sessions)
    await engine.dispose()
    return rows + pieces + _extrapolated(products, rates, start, stored / needs)


async def _in_one_piece(sessions: Sessions) -> MatchRunOut:
    async with transaction(sessions) as session:
        return await run_match(session, VIEWER, EDITION, now=NOW)


async def _clustered(
    sessions: Sessions, workers: int, needs: int, products: int, start: float
) -> tuple[Row, MatchRunOut, tuple[float, float]]:
    """Run on so many workers of one thread; answer with it the seconds a need of matching and of saving."""
    async with open_cluster(f"local:{workers}", get_settings()) as opened:
        cluster, stages = Cluster(opened.client, threads=1), Stages()
        await cluster.client.run(warm_up)
        empty = await _empty_tasks(cluster)
        with reporting(stages):
            seconds, made = await _timed(
                lambda: run_batch(sessions, VIEWER, EDITION, cluster, now=NOW, via="benchmark", force=True)
            )
        peaks = await cluster.client.run(peak_mib)
    matching, saving = stages.seconds("matching"), stages.seconds("saving")
    parts = -(-needs // partitions.PART_ENTRIES)
    row = _row(f"cluster: workers {workers}", needs, products, seconds) | {
        "matching s": matching,
        "saving s": saving,
        "needs/s a worker": needs / (matching + saving) / workers,
        "MiB a worker": max(peaks.values()),
        "note": f"{parts} parts; Dask {TASKS_A_PART * empty * 1000:.1f} ms a part, "
        f"{TASKS_A_PART * empty * parts / seconds:.2%} of the run",
    }
    return row, made, ((matching - start) / needs, saving / needs)


async def _empty_tasks(cluster: Cluster) -> float:
    """Answer the seconds that Dask itself takes for a task."""
    await cluster.client.gather([cluster.client.submit(nothing, -1, pure=False)])
    seconds, _ = await _timed(
        lambda: cluster.client.gather(
            [cluster.client.submit(nothing, i, pure=False) for i in range(EMPTY_TASKS)]
        )
    )
    return seconds / EMPTY_TASKS


def nothing(number: int) -> int:
    """Do nothing, in a worker."""
    return number


def peak_mib() -> float:
    """Answer the most that this process has held in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024 / MIB


async def _pieces(sessions: Sessions, part: int) -> list[Row]:
    """Take a part to pieces, one thread, in this process; the first part has met every row of the index."""
    found: dict[str, float] = {}
    async with transaction(sessions) as session:
        found["a worker's start: products, plans and rules read"], around = await _timed(
            lambda: gather(session, VIEWER, shanghai_date(NOW))
        )
        found["a worker's start: index built"], matcher = _clocked(lambda: shelf.matcher_of(around))
        edition = await whitelist.edition(session, VIEWER, EDITION)
        cuts, _total = await whitelist.admitted_cuts(session, VIEWER, edition.id, part)
        await _posed(session, matcher, around, edition.id, (cuts[0], cuts[1]))
        found["read"], found["derive and encode"], posed = await _posed(
            session, matcher, around, edition.id, (cuts[1], cuts[2])
        )
        found["match, all cores"], ranking = _clocked(lambda: matcher.best(posed.lines, around.kept))
        found["hash"], _ = _clocked(lambda: result_hash(posed, ranking))
        ids = entry_ids(posed)
        results = result_rows(ids, revision_ids(posed, ranking), ranking)
        await session.execute(
            text(
                "INSERT INTO match_runs SELECT 0, id, NULL, '', '', '', '{}', '{}', '', now() FROM whitelist_editions"
            )
        )
        found["write"], _ = await _timed(
            lambda: queries.save_rows(session, 0, count_rows(ids, ranking), results)
        )
        await session.rollback()
    return [
        {"side": f"one part: {name}", "needs": part, "seconds": seconds}
        | ({} if "start" in name else {"µs a need": seconds / part * 1e6})
        for name, seconds in found.items()
    ]


async def _posed(
    session: AsyncSession, matcher: Matcher, around: Surroundings, edition_id: int, codes: tuple[str, str]
) -> tuple[float, float, PosedRun]:
    """Read and encode a part; answer the seconds of each and the part."""
    read, entries = await _timed(lambda: whitelist.admitted_entries(session, VIEWER, edition_id, codes))
    encoded, posed = _clocked(lambda: pose(around, matcher, entries))
    return read, encoded, posed


async def _stored_bytes(sessions: Sessions) -> float:
    """Answer the bytes on disk of one run's counts and best ten, with their indexes; runs are alike."""
    async with transaction(sessions, writes=False) as session:
        size = await session.scalar(
            text("SELECT pg_total_relation_size('match_results') + pg_total_relation_size('match_counts')")
        )
        runs = await session.scalar(text("SELECT count(*) FROM match_runs"))
    return float(size or 0) / int(runs or 1)


def _extrapolated(
    products: int, rates: dict[int, tuple[float, float]], start: float, stored: float
) -> list[Row]:
    """Answer what the measured rates make of a nation, with the arithmetic."""
    told = [
        {
            "side": f"extrapolated: workers {workers}",
            "needs": NATION,
            "products": products,
            "seconds": start + NATION * (matching + saving),
            "matching s": start + NATION * matching,
            "saving s": NATION * saving,
            "note": f"{start:.1f} s + {NATION:,} × ({matching * 1e6:.1f} + {saving * 1e6:.1f}) µs",
        }
        for workers, (matching, saving) in rates.items()
    ]
    size = f"{stored:,.0f} bytes a need × {NATION:,} = {stored * NATION / 2**30:.1f} GiB"
    return [*told, {"side": "extrapolated: stored by the run", "needs": NATION, "note": size}]


def _row(side: str, needs: int, products: int, seconds: float) -> Row:
    return {
        "side": side,
        "needs": needs,
        "products": products,
        "seconds": seconds,
        "needs/s": needs / seconds,
    }


async def _timed(work: Callable[[], Awaitable[Result]]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = await work()
    return time.perf_counter() - begin, result


def _clocked(work: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result
