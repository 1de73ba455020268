"""SQLite's thread is asked once a statement, and answers as the driver would."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kernel.database import AsyncEngine, AsyncSession, make_engine, make_sessions, transaction
from app.kernel.embedded import ROWS_AT_ONCE
from tests.databases import Databases

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
MANY = 2 * ROWS_AT_ONCE + 5
NUMBERS = text(
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :many) SELECT x FROM n"
)


@pytest.fixture
async def engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    """An engine on a database with a table of numbers."""
    made = make_engine(databases.fresh(is_empty=True))
    async with made.begin() as connection:
        await connection.execute(text("CREATE TABLE numbers (x INTEGER PRIMARY KEY)"))
    yield made
    await made.dispose()


async def driver_of(session: AsyncSession) -> Any:
    raw = await (await session.connection()).get_raw_connection()
    return raw.driver_connection


@pytest.mark.parametrize("many", [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, MANY])
async def test_all_rows_come_whether_at_once_or_in_portions(engine: AsyncEngine, many: int) -> None:
    async with make_sessions(engine)() as session:
        at_once = (await session.scalars(NUMBERS, {"many": max(many, 1)})).all()
        statement = NUMBERS.execution_options(yield_per=300)
        streamed = [row.x async for row in await session.stream(statement, {"many": max(many, 1)})]
    assert at_once == streamed == list(range(1, max(many, 1) + 1))


async def test_a_statement_is_one_message_to_the_thread(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction(make_sessions(engine)) as session:
        driver = await driver_of(session)
        asked = list[Any]()
        whole = driver._execute

        async def counted(*arguments: Any) -> Any:
            asked.append(arguments)
            return await whole(*arguments)

        monkeypatch.setattr(driver, "_execute", counted)
        await session.execute(text("INSERT INTO numbers VALUES (7)"))
        assert (await session.scalars(NUMBERS, {"many": 3})).all() == [1, 2, 3]
        assert len(asked) == 2


async def test_what_changed_is_counted_and_given_back(engine: AsyncEngine) -> None:
    async with transaction(make_sessions(engine)) as session:
        given = await session.scalars(text("INSERT INTO numbers VALUES (1), (2), (3) RETURNING x"))
        assert given.all() == [1, 2, 3]
        changed: Any = await session.execute(text("UPDATE numbers SET x = x + 10 WHERE x > 1"))
        assert changed.rowcount == 2


async def test_after_a_statement_that_failed_the_next_one_is_answered(engine: AsyncEngine) -> None:
    async with transaction(make_sessions(engine)) as session:
        twice = [{"x": 1}, {"x": 1}]
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(text("INSERT INTO numbers VALUES (:x)"), twice)
        assert (await session.scalars(text("SELECT x FROM numbers"))).all() == []


async def test_who_goes_while_waiting_to_write_leaves_nothing_begun(engine: AsyncEngine) -> None:
    sessions = make_sessions(engine)
    async with transaction(sessions) as first:
        await first.execute(text("INSERT INTO numbers VALUES (1)"))

        async def write() -> None:
            async with transaction(sessions) as second:
                await second.execute(text("INSERT INTO numbers VALUES (2)"))

        waiting = asyncio.create_task(write())
        await asyncio.sleep(0.1)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    for x in (3, 4):
        async with transaction(sessions) as session:
            await session.execute(text("INSERT INTO numbers VALUES (:x)"), {"x": x})
    async with sessions() as session:
        assert (await session.scalars(text("SELECT x FROM numbers"))).all() == [1, 3, 4]
