"""Many rows at once: what comes back is what was put, by whichever way it went in."""

import random
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    select,
)
from sqlalchemy.exc import DBAPIError

from app.accounts.tables import AuditEvent
from app.kernel import bulk
from app.kernel.bulk import insert_numbered, insert_rows, put_rows
from app.kernel.database import AsyncSession, BigId, IntegrityError, Json, UtcDateTime

METADATA = MetaData()
THINGS = Table(
    "bulk_things",
    METADATA,
    Column("id", BigId, primary_key=True),
    Column("key", Integer, unique=True, nullable=False),
    Column("above", ForeignKey("bulk_things.key"), nullable=True),
    Column("order", BigInteger),
    Column("name", String(40)),
    Column("told", Text),
    Column("facts", Json),
    Column("is_so", Boolean),
    Column("on", Date),
    Column("at", UtcDateTime),
    Column("packed", LargeBinary),
    Column("state", String(10), nullable=False, default="new"),
    Column("kept", Integer, server_default="7"),
)
TEXTS = ("", "有限公司", "a,b\tc\nd\\N", '"q"', "𠀀😀", "NULL", "{}")
JSONS: tuple[Any, ...] = (
    {"甲": [1, None, True, "x\n"]},
    [],
    {},
    "text",
    0,
    1.5,
    2**53 + 1,
    None,
    {"a": {"b": ["\\N", "\t"]}},
)
SHANGHAI = timezone(timedelta(hours=8))
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=SHANGHAI)


def _rows(count: int) -> list[dict[str, Any]]:
    rng = random.Random(5)

    def perhaps(value: Any) -> Any:
        return None if rng.random() < 0.2 else value

    return [
        {
            "key": key,
            "above": perhaps(rng.randrange(key + 1)),
            "order": perhaps(rng.choice((0, -1, 2**63 - 1, -(2**63), key))),
            "name": perhaps(rng.choice(TEXTS)),
            "told": perhaps(rng.choice(TEXTS) * 3),
            "facts": rng.choice(JSONS),
            "is_so": perhaps(rng.random() < 0.5),
            "on": perhaps(date(2024, 2, 29) + timedelta(days=rng.randrange(-99_999, 99_999))),
            "at": perhaps(MOMENT + timedelta(microseconds=rng.randrange(-(10**15), 10**15))),
            "packed": perhaps(rng.randbytes(rng.randrange(9))),
            "state": "given",
        }
        for key in range(count)
    ]


@pytest.fixture
async def things(session: AsyncSession) -> AsyncIterator[AsyncSession]:
    """A session with a table of every kind of column, rolled back after the test."""
    await (await session.connection()).run_sync(METADATA.create_all)
    yield session
    await session.rollback()


async def _stored(session: AsyncSession, *without: str) -> list[dict[str, Any]]:
    found = await session.execute(select(THINGS).order_by(THINGS.c.key))
    return [{name: value for name, value in row.items() if name not in without} for row in found.mappings()]


async def test_rows_come_back_as_they_were_put_in_whatever_way(things: AsyncSession) -> None:
    rows = _rows(3 * bulk.FEWEST_AT_ONCE)
    assert await insert_rows(things, THINGS, iter(rows)) == len(rows)
    assert await _stored(things, "id", "kept") == rows
    assert {row["kept"] for row in await _stored(things)} == {7}


async def test_what_all_rows_share_stands_in_each(things: AsyncSession) -> None:
    shared = {"at": MOMENT, "on": MOMENT.date(), "facts": {"甲": 1}, "told": None, "state": "given"}
    rows = [{"key": key, "is_so": key % 2 == 0, **shared} for key in range(2 * bulk.FEWEST_AT_ONCE)]
    await insert_rows(things, THINGS, rows)
    found = await _stored(things)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows


async def test_rows_take_the_place_of_those_with_their_key(things: AsyncSession) -> None:
    before, now = _rows(200), [row | {"state": "put", "order": None} for row in _rows(300)[100:]]
    await put_rows(things, THINGS, before, key=["key"])
    ids = {row["key"]: row["id"] for row in await _stored(things)}
    assert await put_rows(things, THINGS, now, key=["key"]) == 200
    assert await _stored(things, "id", "kept") == before[:100] + now
    assert all(row["id"] == ids[row["key"]] for row in await _stored(things) if row["key"] in ids)


async def test_numbers_come_with_their_rows(things: AsyncSession) -> None:
    rows = [row | {"above": None} for row in _rows(2 * bulk.FEWEST_AT_ONCE)]
    ids = await insert_numbered(things, THINGS, rows[::-1], key="key")
    assert ids == {row["key"]: row["id"] for row in await _stored(things)}
    assert await _stored(things, "id", "kept") == rows


async def test_defaults_made_in_python_stand_in_many_rows_too(things: AsyncSession) -> None:
    rows = [{"key": key} for key in range(bulk.FEWEST_AT_ONCE)]
    await insert_rows(things, THINGS, rows)
    assert {(row["state"], row["kept"]) for row in await _stored(things)} == {("new", 7)}


@pytest.mark.parametrize("write", [insert_rows, put_rows, insert_numbered])
async def test_a_row_that_cannot_be_is_an_integrity_error_however_many_there_are(
    things: AsyncSession, write: Any
) -> None:
    rows = [row | {"above": 10**6 if row["key"] == 150 else None} for row in _rows(200)]
    options: dict[str, Any] = {}
    if write is not insert_rows:
        options["key"] = "key" if write is insert_numbered else ["key"]
    with pytest.raises(IntegrityError):
        async with things.begin_nested():
            await write(things, THINGS, rows, **options)


async def test_a_text_that_is_too_long_is_refused_not_cut(things: AsyncSession) -> None:
    if things.get_bind().dialect.name == "sqlite":
        return  # it knows no lengths
    rows = [row | {"name": "长" * 41} for row in _rows(bulk.FEWEST_AT_ONCE)]
    ways: list[tuple[Any, dict[str, Any]]] = [(insert_rows, {}), (put_rows, {"key": ["key"]})]
    for copying, given in ways:
        with pytest.raises(DBAPIError, match="too long"):
            async with things.begin_nested():
                await copying(things, THINGS, rows, **given)


async def test_many_rows_are_of_the_transaction_that_wrote_them(things: AsyncSession) -> None:
    async with things.begin_nested() as nested:
        await insert_rows(things, THINGS, _rows(bulk.FEWEST_AT_ONCE))
        await nested.rollback()
    assert await _stored(things) == []


async def test_the_trail_refuses_many_forged_links_as_it_refuses_one(session: AsyncSession) -> None:
    forged: list[dict[str, Any]] = [
        {column.key: 0 if column.key == "sequence" else "0" for column in AuditEvent.__table__.columns}
        | {"sequence": 10**6 + i, "occurred_at": MOMENT, "detail": {}, "person_id": None, "hash": f"{i}"}
        for i in range(bulk.FEWEST_AT_ONCE)
    ]
    with pytest.raises(DBAPIError, match="not the next link"):
        await insert_rows(session, AuditEvent.metadata.tables["audit_events"], forged)
