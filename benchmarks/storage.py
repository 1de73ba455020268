"""What a roster takes on disk: rows and bytes of each table and its indexes, on both databases.

    python -m benchmarks storage [--quick]

Two worlds. The *roster* is large (benchmarks/month_world.py: 100,000 entries with ten docking events each, every
seventh entry passed on once; its texts are short): rows and indexes at size. The *line* is whole: the demonstration's
two half-years went through every service from the workbook to five closed months, so each table has the rows and texts
that the service itself writes. docs/sizing.md does the arithmetic. SQLite: pages of a table and its indexes (dbstat);
PostgreSQL: heap, indexes and TOAST, as they are after the run, without VACUUM FULL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from alembic import command
from sqlalchemy import text

from app.accounts.rules import local_operator
from app.cli.database import alembic_config
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.whitelist.tables import WhitelistEntry
from benchmarks.databases import postgresql, sqlite
from benchmarks.month_world import build

Row = dict[str, Any]
Sizes = dict[str, tuple[int, int]]
"""Rows and bytes of each table."""
DATABASES: Final = {"sqlite": sqlite, "postgresql": postgresql}
BYTES: Final = {
    "sqlite": "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1",
    "postgresql": "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
}
EVENTS: Final = 10
SEED: Final = 23
SHOWN_SHARE: Final = 0.01
ENTRIES: Final = WhitelistEntry.__tablename__


def run(*, quick: bool) -> list[Row]:
    """Answer one row for each table that takes a hundredth or more, one for the others, one for all."""
    roster, line = (2_000, 60) if quick else (100_000, 1_500)
    worlds: dict[str, Callable[[Sessions], Awaitable[None]]] = {
        "roster": lambda sessions: _roster(sessions, roster),
        "line": lambda sessions: _line(sessions, line),
    }
    return [
        row
        for name, fill in worlds.items()
        for row in _compared(name, {db: _measured(db, fill) for db in DATABASES})
    ]


async def _roster(sessions: Sessions, entries: int) -> None:
    async with transaction(sessions) as session:
        await build(session, entries, EVENTS)


async def _line(sessions: Sessions, entries: int) -> None:
    async for _done in walk(sessions, local_operator("230000"), stages_of(demo_plan(SEED, entries))):
        pass


def _measured(database: str, fill: Callable[[Sessions], Awaitable[None]]) -> Sizes:
    async def job(url: str) -> Sizes:
        engine = make_engine(url)
        await fill(make_sessions(engine))
        async with engine.connect() as connection:
            found = dict[str, int]()
            for name, size in await connection.execute(text(BYTES[database])):
                found[name] = int(size)
            rows = {
                name: (await connection.execute(text(f'SELECT count(*) FROM "{name}"'))).scalar_one()
                for name in found
            }
        await engine.dispose()
        return {name: (rows[name], size) for name, size in found.items()}

    with DATABASES[database]() as url:
        command.upgrade(alembic_config(url), "head")
        return asyncio.run(job(url))


def _compared(world: str, sizes: dict[str, Sizes]) -> list[Row]:
    ours, theirs = sizes["sqlite"], sizes["postgresql"]
    assert {name: rows for name, (rows, _) in ours.items() if rows} == {
        name: rows for name, (rows, _) in theirs.items() if rows
    }, "both databases hold the same rows"
    entries, whole = ours[ENTRIES][0], sum(size for _, size in ours.values())
    large = sorted(
        (name for name in ours if ours[name][1] >= SHOWN_SHARE * whole), key=lambda name: -ours[name][1]
    )
    shown = [_row(world, name, entries, ours[name][0], ours[name][1], theirs[name][1]) for name in large]
    rest = [name for name in ours if name not in large]
    shown.append(_row(world, f"{len(rest)} others", entries, *_sum(ours, rest), _sum(theirs, rest)[1]))
    shown.append(_row(world, "all", entries, *_sum(ours, list(ours)), _sum(theirs, list(theirs))[1]))
    return shown


def _sum(sizes: Sizes, names: list[str]) -> tuple[int, int]:
    return sum(sizes[name][0] for name in names), sum(sizes[name][1] for name in names)


def _row(world: str, table: str, entries: int, rows: int, ours: int, theirs: int) -> Row:
    each = max(rows, 1)
    return {
        "world": world,
        "entries": entries,
        "table": table,
        "rows": rows,
        "rows per entry": rows / entries,
        "sqlite bytes a row": ours // each,
        "postgresql bytes a row": theirs // each,
        "sqlite bytes an entry": ours // entries,
        "postgresql bytes an entry": theirs // entries,
    }
