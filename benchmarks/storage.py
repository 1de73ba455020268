"""What a roster takes on disk: rows and bytes of each table and its indexes, on both databases.

    python -m benchmarks storage [--quick]

Three worlds. The *roster* is large (benchmarks/month_world.py: 100,000 entries with ten docking events each, every
seventh entry passed on once; its texts are short): rows and indexes at size. The *line* is whole: the demonstration's
two half-years went through every service from the workbook to five closed months, so each table has the rows and texts
that the service itself writes. The *traces* are what people leave by working: links of the audit trail, notices, and
kept answers to requests, ten thousand of each. docs/sizing.md does the arithmetic. SQLite: pages of a table and its indexes (dbstat);
PostgreSQL: heap, indexes and TOAST, as they are after the run, without VACUUM FULL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from alembic import command
from sqlalchemy import text

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import Person
from app.cli.database import alembic_config
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.tables import IdempotencyRecord
from app.notifications.tables import Notice
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
NOW: Final = datetime(2023, 11, 15, 2, tzinfo=UTC)
GRANTS: Final = (Grant(Role.COORDINATOR, "230000", date(2023, 1, 2)),)
NOTES_AT_ONCE: Final = 50
SHOWN_SHARE: Final = 0.01
ENTRIES: Final = WhitelistEntry.__tablename__


def run(*, quick: bool) -> list[Row]:
    """Answer one row for each table that takes a hundredth or more, one for the others, one for all."""
    roster, line = (2_000, 60) if quick else (100_000, 1_500)
    worlds: dict[str, Callable[[Sessions], Awaitable[None]]] = {
        "roster": lambda sessions: _roster(sessions, roster),
        "line": lambda sessions: _line(sessions, line),
        "traces": lambda sessions: _traces(sessions, roster // 10),
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


async def _traces(sessions: Sessions, count: int) -> None:
    """Store an entry, a person and what they leave: chained links as the doors note them, notices, kept answers."""
    async with transaction(sessions) as session:
        await build(session, 1, 1)
        person = Person(
            login="li.tong", name="李彤", is_demo=False, version=1, created_at=NOW, updated_at=NOW
        )
        session.add(person)
        await session.flush()
    code, who = "2023H2-91230102MALAFFYYQC", Viewer("li.tong", "230000", GRANTS, person.id)
    for start in range(0, count, NOTES_AT_ONCE):
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(who, "api", "198.51.100.7", uuid4().hex))
            numbers = range(start, start + NOTES_AT_ONCE)
            for number in numbers:
                detail = {"route": "/api/v1/whitelist/entries/{entry}", "rows": number % 25}
                audit_service.note(session, "read_cases", "entry", code, now=NOW, detail=detail)
            session.add_all(_notice(person.id, number, code) for number in numbers)
            session.add_all(_answer(number) for number in numbers)


def _notice(person: int, number: int, code: str) -> Notice:
    return Notice(
        event_key=f"docking:{number}:reminded", person_id=person, kind="reminded", title=f"{code} 应于三日内接单",
        body="松江银行哈尔滨道里支行应于 2023-11-20 前接单，余 3 个工作日。", entry_id=1,
        link=f"/api/v1/whitelist/entries/{code}", is_urgent=False, created_at=NOW,
    )  # fmt: skip


def _answer(number: int) -> IdempotencyRecord:
    return IdempotencyRecord(
        viewer_key="person:17", key=str(UUID(int=number)), route="/api/v1/whitelist/entries/{entry}/docking-events",
        request_hash=f"{number:064x}", status=201, media_type="application/json", location="/api/v1/x/1",
        body=b"{}" * 350, created_at=NOW,
    )  # fmt: skip


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
