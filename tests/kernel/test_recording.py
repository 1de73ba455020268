"""What reading leaves is kept before anybody is answered, by many requests together; reading itself writes nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from app.accounts import audit_service, audit_trail_service
from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, IntegrityError, Sessions, transaction
from app.kernel.errors import DatabaseUnavailable
from app.kernel.recording import Keeping, Recorder, leave, looked_once, reading
from app.kernel.tables import IdempotencyRecord

MANY = 40


def _row(key: str) -> dict[str, Any]:
    return {
        "viewer_key": "test", "key": key, "route": "/", "request_hash": "", "status": 0, "media_type": "",
        "etag": None, "location": None, "body": b"", "created_at": utc_now(),
    }  # fmt: skip


async def _put(session: AsyncSession, rows: list[Mapping[str, Any]]) -> None:
    await session.execute(insert(IdempotencyRecord), rows)


async def _kept(sessions: Sessions) -> set[str]:
    async with transaction(sessions, writes=False) as session:
        return set(await session.scalars(select(IdempotencyRecord.key)))


async def test_what_many_leave_at_once_is_kept_in_few_transactions_and_before_any_of_them_goes_on(
    sessions: Sessions,
) -> None:
    recorder, together = Recorder(), list[int]()

    async def put(session: AsyncSession, rows: list[Mapping[str, Any]]) -> None:
        together.append(len(rows))
        await _put(session, rows)

    keeping = Keeping(put)

    async def look(number: int) -> bool:
        async with reading(sessions, recorder) as session:
            audit_service.begin(session, Origin(local_operator("230000"), "api"))
            audit_service.note(session, "look", "row", f"{number}", now=utc_now())
            await leave(session, keeping, [_row(f"{number}")])
        return f"{number}" in await _kept(sessions)

    assert all(await asyncio.gather(*(look(number) for number in range(MANY))))
    assert sum(together) == MANY
    assert len(together) < MANY / 2
    async with transaction(sessions, writes=False) as session:
        found = await audit_trail_service.verify(session)
    assert (found.links, found.broken) == (MANY, None)


async def test_what_cannot_be_kept_fails_alone(sessions: Sessions) -> None:
    recorder = Recorder()

    async def look(key: str) -> None:
        async with reading(sessions, recorder) as session:
            await leave(session, Keeping(_put), [_row(key)])

    await look("taken")
    told = await asyncio.gather(*(look(key) for key in ("a", "taken", "b")), return_exceptions=True)
    assert [type(each) for each in told] == [type(None), IntegrityError, type(None)]
    assert await _kept(sessions) == {"taken", "a", "b"}


async def test_who_is_stopped_while_waiting_holds_up_nobody(sessions: Sessions) -> None:
    recorder, is_open = Recorder(), asyncio.Event()

    async def slow(session: AsyncSession, rows: list[Mapping[str, Any]]) -> None:
        await is_open.wait()
        await _put(session, rows)

    async def look(key: str) -> None:
        async with reading(sessions, recorder) as session:
            await leave(session, Keeping(slow), [_row(key)])

    first, second = asyncio.create_task(look("1")), asyncio.create_task(look("2"))
    await asyncio.sleep(0.05)
    first.cancel()
    is_open.set()
    await second
    assert await _kept(sessions) == {"1", "2"}


async def test_nothing_is_shown_whose_record_cannot_be_kept(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_args: Any) -> None:
        raise DatabaseUnavailable("gone", headers={"Retry-After": "5"})

    assert (await client.get("/enterprises")).status_code == 200
    monkeypatch.setattr("app.kernel.recording._put", refuse)
    answer = await client.get("/enterprises")
    assert (answer.status_code, answer.headers["retry-after"], "items" in answer.json()) == (503, "5", False)


async def test_a_session_that_reads_refuses_to_write(sessions: Sessions) -> None:
    async def write(*, is_flushed: bool) -> None:
        async with reading(sessions, Recorder()) as session:
            if is_flushed:
                session.add(IdempotencyRecord(**_row("y")))
                await session.flush()
            else:
                await session.execute(insert(IdempotencyRecord), [_row("x")])

    for is_flushed in (False, True):
        with pytest.raises(RuntimeError, match="only reads"):
            await write(is_flushed=is_flushed)
    assert await _kept(sessions) == set()


async def test_a_request_that_reads_looks_once_and_one_that_writes_looks_each_time(
    sessions: Sessions,
) -> None:
    asked: list[str] = []

    async def look(session: AsyncSession, key: str) -> int:
        async def found() -> int:
            asked.append(key)
            return len(asked)

        return await looked_once(session, key, found)

    async with reading(sessions, Recorder()) as session:
        assert [await look(session, key) for key in ("a", "b", "a")] == [1, 2, 1]
    async with reading(sessions, Recorder()) as session:
        assert await look(session, "a") == 3
    async with transaction(sessions) as session:
        assert [await look(session, key) for key in ("a", "a")] == [4, 5]
