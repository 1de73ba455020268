"""What is due on 100,000 entries, the most urgent first: clocks that are kept, beside histories folded for each page.

    python -m benchmarks clocks [--quick]

An invented roster (benchmarks/month_world.py) with docking events on every entry. The peer gathers all entries
with their parties and events, makes every clock, sorts them and takes the page; both must show the same entries.
`statements` are those of one page; they do not grow with the roster or with how deep the page lies.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from alembic import command
from sqlalchemy import event

from app.accounts.rules import Viewer, local_operator
from app.cli.database import alembic_config
from app.docking import clock_service, gathering
from app.docking.clock_service import UNDATED
from app.kernel.database import AsyncSession, make_engine, make_sessions, transaction
from app.kernel.paging import PageRequest
from app.kernel.settings import get_settings
from benchmarks.databases import postgresql, sqlite
from benchmarks.measuring import measure
from benchmarks.month_world import build

EDITION, EVENTS, PAGE, DEEP = "2023H2", 8, 50, 0.9
NOW = datetime(2023, 12, 4, 2, tzinfo=UTC)
Row = dict[str, Any]
Work = Callable[[AsyncSession, Viewer], Awaitable[list[str]]]


async def _first(session: AsyncSession, viewer: Viewer) -> list[str]:
    found = await clock_service.clocks_page(session, viewer, PageRequest(limit=PAGE), EDITION, now=NOW)
    return [one.entry for one in found.items]


async def _of_bank(session: AsyncSession, viewer: Viewer) -> list[str]:
    page = PageRequest(limit=PAGE)
    found = await clock_service.clocks_page(
        session, viewer, page, EDITION, institution="B0001", is_overdue=True, now=NOW
    )
    return [one.entry for one in found.items]


async def _late(session: AsyncSession, viewer: Viewer) -> list[str]:
    return [str(one.entries) for one in await clock_service.late_entries(session, viewer, EDITION, now=NOW)]


async def _pace(session: AsyncSession, viewer: Viewer) -> list[str]:
    found = await clock_service.institution_pace(session, viewer, EDITION, now=NOW)
    return [f"{one.institution} {one.p50}" for one in found]


def _deep(cursor: str) -> Work:
    async def page(session: AsyncSession, viewer: Viewer) -> list[str]:
        request = PageRequest(limit=PAGE, cursor=cursor)
        found = await clock_service.clocks_page(session, viewer, request, EDITION, now=NOW)
        return [one.entry for one in found.items]

    return page


async def _ordered(session: AsyncSession, viewer: Viewer) -> list[str]:
    """All entries in the order of urgency, by folding every history."""
    edition = (await clock_service.edition_and_counting_day(session, viewer, EDITION, NOW))[0]
    dossiers = await gathering.dossiers(session, viewer, edition)
    clocks = await clock_service.clocks_of(session, dossiers)
    keyed = ((clocks[one.id].due_on or UNDATED, one.id, one.code) for one in dossiers if one.id in clocks)
    return [code for _day, _id, code in sorted(keyed)]


@asynccontextmanager
async def _counted(session: AsyncSession) -> AsyncIterator[list[int]]:
    connection = (await session.connection()).sync_connection
    counts = [0]

    def count(*_args: Any) -> None:
        counts[0] += 1

    event.listen(connection, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        event.remove(connection, "before_cursor_execute", count)


async def _cursor_at(session: AsyncSession, viewer: Viewer, place: int) -> str:
    page, seen = PageRequest(limit=200), 0
    while True:
        found = await clock_service.clocks_page(session, viewer, page, EDITION, now=NOW)
        seen += len(found.items)
        assert found.next is not None, "the place lies within the roster"
        if seen >= place:
            return found.next
        page = PageRequest(limit=200, cursor=found.next)


async def _measured(name: str, url: str, entries: int) -> list[Row]:
    viewer, engine = local_operator(get_settings().jurisdiction), make_engine(url)
    sessions = make_sessions(engine)
    try:
        async with transaction(sessions) as session:
            await build(session, entries, EVENTS)
        with measure() as made:
            async with transaction(sessions) as session:
                await clock_service.rebuild(session, viewer, EDITION, now=NOW)
        rows: list[Row] = [_row(name, entries, "all clocks made anew", made.seconds, made.peak_mb)]
        async with transaction(sessions, writes=False) as session:
            with measure() as folded:
                ordered = await _ordered(session, viewer)
            rows.append(
                _row(name, entries, "peer: every history folded for a page", folded.seconds, folded.peak_mb)
            )
            place = int(entries * DEEP) // 200 * 200
            cursor = await _cursor_at(session, viewer, place)
            works = {
                "first page": (_first, ordered[:PAGE]),
                "page behind nine tenths": (_deep(cursor), ordered[place : place + PAGE]),
                "overdue with one bank": (_of_bank, None),
                "late, counted": (_late, None),
                "pace of all institutions": (_pace, None),
            }
            for label, (work, expected) in works.items():
                rows.append(
                    await _once(session, viewer, name, entries, label, work, expected, folded.seconds)
                )
        return rows
    finally:
        await engine.dispose()


async def _once(
    session: AsyncSession,
    viewer: Viewer,
    name: str,
    entries: int,
    label: str,
    work: Work,
    expected: list[str] | None,
    folded: float,
) -> Row:
    await work(session, viewer)
    async with _counted(session) as counts:
        with measure() as taken:
            found = await work(session, viewer)
    assert found, f"{label}: nothing was shown"
    assert expected is None or found == expected, f"{label}: shows other entries than the histories say"
    row = _row(name, entries, label, taken.seconds, taken.peak_mb)
    return row | {"statements": counts[0], "peer/it": round(folded / taken.seconds)}


def _row(name: str, entries: int, label: str, seconds: float, peak_mb: float) -> Row:
    return {
        "database": name,
        "entries": entries,
        "what": label,
        "seconds": round(seconds, 4),
        "peak MB": round(peak_mb),
    }


def run(*, quick: bool = False) -> list[Row]:
    """Measure on SQLite, and with the full roster on PostgreSQL too."""
    entries = 5_000 if quick else 100_000
    rows: list[Row] = []
    for name, database in (("sqlite", sqlite), *(() if quick else (("postgresql", postgresql),))):
        with database() as url:
            command.upgrade(alembic_config(url), "head")
            rows += asyncio.run(_measured(name, url, entries))
    return rows
