"""The close of a month: histories streamed and folded, beside the same facts gathered all at once.

    python -m benchmarks month_close [--quick]

An invented roster (benchmarks/month_world.py) with a long history: docking events of which the facts keep
little, institutions that passed entries on, 24 months closed before. The close is that of the service and
is rolled back. The peer reads all rows first and folds them then; both must give the same SHA-256. Memory
is what a process of its own grew by (peak); with twice the history the close must take hardly more of it.
"""

import asyncio
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import select

from app.accounts.rules import local_operator
from app.allocation.tables import Assignment
from app.cli.database import alembic_config
from app.coverage import canonical, queries, service
from app.coverage.facts import EntryFacts
from app.coverage.gathering import assembled
from app.coverage.levels import Happening, Spell, parties_of
from app.coverage.rules import Cut, compute
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.kernel.database import AsyncSession, make_engine, make_sessions, transaction
from app.kernel.memory import relax_collection
from app.kernel.settings import get_settings
from app.kernel.shanghai import month_bounds
from app.reference.book import load_reference_book
from app.whitelist.tables import WhitelistEntry
from benchmarks.databases import postgresql, sqlite
from benchmarks.measuring import measure
from benchmarks.month_world import MONTH, build, store_closed_months

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2023, 12, 4, 2, tzinfo=UTC)
UNTIL = month_bounds(MONTH)[1]
CLOSED_BEFORE, FACTS_BYTES = 24, 2_000_000
STREAMED, AT_ONCE = "streamed (the service's close)", "all rows at once, then folded"
Row = dict[str, Any]
Database = Callable[[], AbstractContextManager[str]]


@contextmanager
def _filled(database: Database, entries: int, events: int) -> Iterator[str]:
    with database() as url:
        command.upgrade(alembic_config(url), "head")
        asyncio.run(_fill(url, entries, events))
        yield url


async def _fill(url: str, entries: int, events: int) -> None:
    engine = make_engine(url)
    async with transaction(make_sessions(engine)) as session:
        await build(session, entries, events)
        await store_closed_months(session, CLOSED_BEFORE, FACTS_BYTES)
    await engine.dispose()


def _apart(url: str, way: str) -> Row:
    """Measure one way in a process of its own, whose memory nobody used before."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.month_close", url, way],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


async def _measured(url: str, way: str) -> Row:
    relax_collection()  # as the server and the commands do
    engine = make_engine(url)
    async with make_sessions(engine)() as session:
        await session.connection(execution_options={"rongqiao_writes": True})
        with measure() as found:
            sha256 = await (_close if way == STREAMED else _close_plainly)(session)
        await session.rollback()
    await engine.dispose()
    return {"seconds": found.seconds, "peak_mb": found.peak_mb, "sha256": sha256}


async def _close(session: AsyncSession) -> str:
    closed = await service.close(session, local_operator("230000"), MONTH, now=NOW)
    return closed.facts_sha256


async def _close_plainly(session: AsyncSession) -> str:
    """Read everything with the mapped classes, fold it, and freeze it as one text."""
    listed = (await session.execute(select(WhitelistEntry))).scalars().all()
    needs = {one.id: one.facts for one in (await session.execute(select(NeedRevision))).scalars()}
    lines = await queries.institution_lines(session)
    spells: dict[int, list[Spell]] = {}
    for held in (await session.execute(select(Assignment))).scalars():
        spell = Spell(lines.codes[held.institution_id or 0], held.assigned_at, held.ended_at)
        spells.setdefault(held.entry_id, []).append(spell)
    events: dict[int, list[Happening]] = {}
    ordered = select(DockingEvent).order_by(DockingEvent.occurred_at, DockingEvent.sequence)
    for event in (await session.execute(ordered)).scalars():
        terms = (
            event.amount_fen or 0,
            event.rate_bp or 0,
            event.term_months or 0,
            bool(event.is_credit_loan),
        )
        place = lines.codes[event.institution_id or 0]
        events.setdefault(event.entry_id, []).append(Happening(event.kind, place, event.occurred_at, *terms))
    entries = [
        EntryFacts(
            one.code, one.region_code, one.chain_code, one.source_class, one.size_class, one.amount_fen,
            needs[one.need_revision_id]["first_loan"], one.admitted_at or NOW, *parties_of(spells[one.id], events[one.id]),
        )
        for one in listed
    ]  # fmt: skip
    head = ("230000", "2023H2", MONTH, UNTIL)
    regions = load_reference_book(get_settings().seed_dir).regions
    facts = assembled(head, entries, lines.places, await queries.chain_names(session), regions)
    data = canonical.to_bytes(facts)
    zlib.compress(data)
    compute(facts, Cut)
    return canonical.sha256_of(data)


def _rows(name: str, database: Database, entries: int, events: int, ways: tuple[str, ...]) -> list[Row]:
    with _filled(database, entries, events) as url:
        found = {way: _apart(url, way) for way in ways}
    assert len({one["sha256"] for one in found.values()}) == 1, "both ways must give the same facts"
    return [
        {"database": name, "entries": entries, "events_each": events, "way": way}
        | {key: one[key] for key in ("seconds", "peak_mb")}
        for way, one in found.items()
    ]


def run(*, quick: bool = False) -> list[Row]:
    """Measure the close with a long history and with twice of it."""
    entries = 1_000 if quick else 100_000
    rows = _rows("sqlite", sqlite, entries, 24, (STREAMED, AT_ONCE))
    rows += _rows("sqlite", sqlite, entries, 48, (STREAMED,))
    rows += _rows("postgresql", postgresql, entries, 24, (STREAMED,))
    if quick:
        return rows
    return rows + _rows("postgresql", postgresql, entries, 48, (STREAMED,))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measured(sys.argv[1], sys.argv[2]))))
