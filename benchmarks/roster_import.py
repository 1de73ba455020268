"""Import of a roster workbook: read, checked, judged and stored, beside openpyxl that only reads it.

    python -m benchmarks roster_import [--quick]

Rows are invented (fixed seed) and written as people write them. Texts stand in the cells, as programs
export them, or in a table that the cells share, as Excel and WPS save them. The peer reads the same
workbook with openpyxl's read-only mode and does nothing else. `again` imports the same file a second
time, which writes nothing. Both sides must have seen the same cells: the number of rows and the sum of
the asked amounts are compared. Peaks are growth of resident memory while the work ran (sampled every
5 ms); the workbook is made by another process, which leaves nothing behind in this one.
"""

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import openpyxl
import xlsxwriter
from alembic import command
from sqlalchemy import BigInteger, cast, func, select
from stdnum.cn import uscc

from app.accounts.rules import local_operator
from app.bulletins.following import follow_all
from app.cli.database import alembic_config
from app.kernel.database import make_engine, make_sessions, transaction
from app.whitelist.import_rules import ImportOptions
from app.whitelist.import_service import ImportOutcome, import_roster
from app.whitelist.roster_columns import COLUMNS
from app.whitelist.simulation import Firm, generate_rows
from app.whitelist.tables import WhitelistEntry
from benchmarks.databases import postgresql, sqlite
from benchmarks.measuring import measure

WARM_UP, USUAL, LARGE = 300, 3_000, 100_000
IN_CELLS, SHARED = "in cells", "shared"
SEED = 20231012
NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
COUNTIES = {"230102": "哈尔滨", "230203": "齐齐哈尔", "230302": "鸡西", "230602": "大庆", "231002": "牡丹江"}
TRADES = (
    ("3412", "机械制造"),
    ("2710", "制药"),
    ("1442", "乳业"),
    ("3091", "石墨新材料"),
    ("2614", "化学科技"),
)
# Characters of brands: four of them, so that a hundred thousand names stay apart.
BRAND = "安邦北辰创德东方丰泰冠恒弘华汇嘉金锦京凯康科朗力联龙隆茂铭诺普启乾瑞森盛顺泰腾天通万维文祥欣鑫兴旭耀永裕元远泽展正志中卓宗"
T = TypeVar("T")
Database = Callable[[], AbstractContextManager[str]]


def _firms(count: int, rng: random.Random) -> list[Firm]:
    firms = []
    for number in range(count):
        region = rng.choice(sorted(COUNTIES))
        industry, trade = rng.choice(TRADES)
        body = f"91{region}MA{number:07d}"
        brand = "".join(rng.sample(BRAND, 4))
        name = f"{COUNTIES[region]}{brand}{trade}有限公司"
        since = datetime(rng.randrange(1998, 2021), rng.randrange(1, 13), 1, tzinfo=UTC).date()
        firms.append(Firm(body + uscc.calc_check_digit(body), name, region, industry, since))
    return firms


def _write(path: Path, size: int, texts: str) -> None:
    """Write a roster of `size` rows; constant memory keeps texts in their cells."""
    rows = generate_rows(_firms(size, random.Random(SEED)), SEED)
    with xlsxwriter.Workbook(str(path), {"constant_memory": texts == IN_CELLS}) as book:
        page = book.add_worksheet("名单")
        page.write_row(0, 0, [column.heading for column in COLUMNS])
        for number, row in enumerate(rows, start=1):
            for index, column in enumerate(COLUMNS):
                if cell := row.get(column.heading):
                    page.write_string(number, index, cell)


async def _measured(work: Callable[[], Awaitable[T]]) -> tuple[T, float, float]:
    """Answer a result, the seconds it took and the growth of resident memory at its peak, in MB."""
    with measure() as found:
        result = await work()
    return result, found.seconds, found.peak_mb


def _read_only(path: Path) -> tuple[int, Decimal]:
    page = openpyxl.load_workbook(path, read_only=True)["名单"]
    rows = page.iter_rows(values_only=True)
    at = list(next(rows)).index("融资金额（万元）")
    count, amount = 0, Decimal()
    for row in rows:
        count, amount = count + 1, amount + Decimal(str(row[at]))
    return count, amount


async def _compare(path: Path, size: int, url: str, backend: str, texts: str) -> list[dict[str, Any]]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    viewer = local_operator("230000")
    steps: list[tuple[int, int]] = []

    async def ours() -> ImportOutcome:
        with path.open("rb") as file:
            async with transaction(sessions) as session:
                return await import_roster(
                    session,
                    viewer,
                    "2023H2",
                    file,
                    path.name,
                    now=NOW,
                    options=ImportOptions(opens_edition=True),
                    progress=lambda done, total: steps.append((done, total)),
                )

    async def peer() -> tuple[int, Decimal]:
        return await asyncio.to_thread(_read_only, path)

    first, seconds, peak = await _measured(ours)
    again, seconds_again, peak_again = await _measured(ours)
    (rows, amount), seconds_peer, peak_peer = await _measured(peer)
    async with transaction(sessions, writes=False) as session:
        # PostgreSQL adds bigints up to a numeric, SQLite to an integer.
        stored = select(func.count(), cast(func.sum(WhitelistEntry.amount_fen), BigInteger))
        entries, fen = (await session.execute(stored)).one()
    await engine.dispose()
    assert (entries, Decimal(fen)) == (rows, amount * 1_000_000), "the two readers saw different cells"
    assert (first.out.counts.new, again.out.counts.kept, again.out.is_unchanged) == (size, size, True)
    assert steps[-1][0] == steps[-1][1], "progress ends where it said it would"

    def row(what: str, took: float, megabytes: float) -> dict[str, Any]:
        return {
            "rows": size,
            "database": backend,
            "texts": texts,
            "what": what,
            "seconds": took,
            "rows_a_second": size / took,
            "times_reading": took / seconds_peer,
            "peak_mb": megabytes,
        }

    return [
        row("import: read, check, judge, store", seconds, peak),
        row("import again: nothing to write", seconds_again, peak_again),
        row("openpyxl read-only: read", seconds_peer, peak_peer),
    ]


def run(*, quick: bool = False) -> list[dict[str, Any]]:
    """Measure each size on SQLite, and the usual one on PostgreSQL too."""
    follow_all()  # as both doors do: what rooms above do about new entries is part of an import
    _measure(WARM_UP, "sqlite", sqlite)  # loads compiled code, as a server does at its start
    if quick:
        return _measure(WARM_UP, "sqlite", sqlite)
    return [
        *_measure(USUAL, "sqlite", sqlite),
        *_measure(USUAL, "postgresql", postgresql),
        *_measure(LARGE, "sqlite", sqlite),
        *_measure(LARGE, "sqlite", sqlite, SHARED),
    ]


def _measure(size: int, backend: str, database: Database, texts: str = IN_CELLS) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder, database() as url:
        path = Path(folder) / "roster.xlsx"
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            apart.submit(_write, path, size, texts).result()
        command.upgrade(alembic_config(url), "head")
        return asyncio.run(_compare(path, size, url, backend, texts))
