"""Statements that go to the driver as they are give what SQLAlchemy gives."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import String, bindparam, insert, select

from app.accounts.tables import AuditEvent
from app.kernel.clock import utc_now
from app.kernel.database import DBAPIError, Sessions, transaction
from app.kernel.direct import Direct, given_each
from app.kernel.recording import Recorder, reading
from app.kernel.sharing import SharedLook
from app.kernel.tables import IdempotencyRecord

_COLUMNS: Final = (
    IdempotencyRecord.key,
    IdempotencyRecord.status,
    IdempotencyRecord.body,
    IdempotencyRecord.created_at,
)
OF_KEYS: Final = Direct(
    select(*_COLUMNS, IdempotencyRecord.etag.label("tag"))
    .where(IdempotencyRecord.key.in_(bindparam("keys", required=False, type_=String(), expanding=True)))
    .order_by(IdempotencyRecord.key)
)
PUT: Final = Direct(
    insert(IdempotencyRecord.__table__).values(  # type: ignore[arg-type]  # a declarative table is a Table
        {
            column.name: bindparam(column.name, type_=column.type)
            for column in IdempotencyRecord.__table__.columns
        }
    )
)


def _row(key: str, number: int = 0) -> dict[str, Any]:
    return {
        "viewer_key": "test", "key": key, "route": "/", "request_hash": "", "status": number, "media_type": "",
        "etag": None, "location": None, "body": key.encode(), "created_at": utc_now(),
    }  # fmt: skip


async def test_rows_are_those_that_sqlalchemy_gives_whatever_the_length_of_a_list(sessions: Sessions) -> None:
    rows = [_row(f"k{number}", number) for number in range(5)]
    async with transaction(sessions) as session:
        await PUT.put(session, rows)
        assert len(await OF_KEYS.rows(session, keys=["k1"])) == 1, "within the transaction, before its end"
    async with reading(sessions, Recorder()) as session:
        for keys in ([], ["k3"], ["k0", "k4", "missing"], ["k2", "k2"]):
            plain = select(*_COLUMNS).where(IdempotencyRecord.key.in_(keys)).order_by(IdempotencyRecord.key)
            expected = [tuple(row) for row in await session.execute(plain)]
            found = await OF_KEYS.rows(session, keys=keys)
            assert [(row.key, row.status, row.body, row.created_at) for row in found] == expected
            assert all(row.tag is None for row in found)
        with pytest.raises(RuntimeError, match="2 rows"):
            await OF_KEYS.row(session, keys=["k0", "k1"])
        assert await OF_KEYS.row(session, keys=["missing"]) is None


async def test_lists_of_about_one_length_share_a_prepared_statement(sessions: Sessions) -> None:
    statement = Direct(
        select(IdempotencyRecord.key)
        .where(IdempotencyRecord.key.in_(given_each("keys", String)))
        .order_by(IdempotencyRecord.key)
    )
    async with transaction(sessions) as session:
        await PUT.put(session, [_row(f"k{number:02}", number) for number in range(40)])
    async with reading(sessions, Recorder()) as session:
        for length in range(41):
            keys = [f"k{number:02}" for number in range(length)]
            assert [row.key for row in await statement.rows(session, keys=keys)] == keys
    made = [len(each._sent) for each in statement._compiled.values()]
    assert made in ([], [8]), "on PostgreSQL for 0, 1, 2, 4, 8, 16, 32 and 64"


async def test_an_error_of_the_driver_is_told_as_sqlalchemy_tells_it_and_takes_all_back(
    sessions: Sessions,
) -> None:
    async def put_twice() -> None:
        async with transaction(sessions) as session:
            await PUT.put(session, [_row("once")])
            await PUT.put(session, [_row("once")])

    with pytest.raises(DBAPIError):
        await put_twice()
    async with reading(sessions, Recorder()) as session:
        assert await OF_KEYS.rows(session, keys=["once"]) == []
        assert (await session.execute(select(AuditEvent.sequence))).all() == []


async def test_who_asks_while_a_look_is_under_way_gets_the_next_one() -> None:
    shared, began, looks = SharedLook[int](), asyncio.Event(), 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        mine = looks
        began.set()
        await asyncio.sleep(0.01)
        if mine == 3:
            raise ValueError
        return mine

    first = asyncio.create_task(shared.ask(look))
    await began.wait()
    later = [asyncio.create_task(shared.ask(look)) for _ in range(5)]
    assert [await first, *(await asyncio.gather(*later))] == [1, 2, 2, 2, 2, 2]
    told = await asyncio.gather(*(shared.ask(look) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in told] == [ValueError, ValueError]
    assert await shared.ask(look) == 4
