"""A small demonstration that was walked once, with awkward values; tests copy it."""

import asyncio
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.tables import IdempotencyRecord
from app.whitelist.tables import WhitelistImport
from tests.databases import migrate

NOW = datetime(2024, 3, 4, 2, 0, 0, 7, tzinfo=UTC)
OPERATOR = local_operator("230000")
ORIGIN = Origin(OPERATOR, via="cli")
FIRMS, SEED = 20, 14
NUMBERS = {"big": 2**60, "whole": 1e16, "one": 1.0, "small": 1e-7, "tenth": 0.1, "nothing": -0.0}
AWKWARD: dict[str, Any] = {"b": [None, True, "NUL 没有\n\t\\N", {"z": [], "a": {}}], "a": NUMBERS, "𠀀": ""}


@asynccontextmanager
async def opened(url: str, **bounds: Any) -> Any:
    """Open sessions on a database for a while."""
    engine = make_engine(url, **bounds)
    try:
        yield make_sessions(engine)
    finally:
        await engine.dispose()


def record(number: int, created_at: datetime = NOW) -> IdempotencyRecord:
    """Make a kept answer."""
    return IdempotencyRecord(
        viewer_key="v",
        key=f"K{number}",
        route="r",
        request_hash="0" * 64,
        status=201,
        media_type="t",
        etag=None,
        location="中文",
        body=bytes(range(256)),
        created_at=created_at.replace(microsecond=number),
    )


async def add_pair(sessions: Sessions, number: int) -> None:
    """Write, in one transaction, a kept answer and a link of the trail that tells of it."""
    async with transaction(sessions) as session:
        audit_service.begin(session, ORIGIN)
        audit_service.note(session, "paired", "pair", str(number), now=NOW, detail={"n": [number, "对"]})
        session.add(record(number))


async def _fill(url: str) -> None:
    plan = demo_plan(SEED, FIRMS)
    first, _second = plan.half_years
    plan = replace(plan, half_years=(replace(first, months=first.months[:1]),))
    async with opened(url) as sessions:
        async for _done in walk(sessions, OPERATOR, stages_of(plan)):
            pass
        for number in (1, 0, 10, 2):
            await add_pair(sessions, number)
        async with transaction(sessions) as session:
            roster = await session.get_one(WhitelistImport, 1)
            roster.counts = AWKWARD


@pytest.fixture(scope="session")
def walked_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("upkeep") / "walked.db"
    url = f"sqlite+aiosqlite:///{file}"
    migrate(url)
    asyncio.run(_fill(url))
    return file


@pytest.fixture
def world(walked_file: Path, tmp_path: Path) -> str:
    """URL of a copy of the small demonstration, on SQLite."""
    copy = tmp_path / "world.db"
    shutil.copy(walked_file, copy)
    return f"sqlite+aiosqlite:///{copy}"


@pytest.fixture
def empty(tmp_path: Path) -> str:
    """URL of a migrated SQLite database without rows."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    migrate(url)
    return url
