"""A session that only reads is lent a connection, holds never more than one, and gives it back whatever happens."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from app.kernel.database import DBAPIError, Sessions, transaction
from app.kernel.direct import Direct, given
from app.kernel.lending import is_lent_to
from app.kernel.recording import looking
from app.kernel.tables import IdempotencyRecord
from app.kernel.troubles import Trouble, trouble_of

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
SAME = Direct(select(given("text").label("text")))
PROCESS = Direct(select(func.pg_backend_pid().label("pid")))
SLOW = Direct(select(func.pg_sleep(30)))
BROKEN = Direct(select(func.cast(given("text"), IdempotencyRecord.status.type).label("number")))
COUNTED = select(func.count()).select_from(IdempotencyRecord)


def held(sessions: Sessions) -> int:
    taken: int = sessions.kw["bind"].pool.checkedout()
    return taken


async def test_statements_that_go_to_the_driver_share_one_connection_and_begin_no_transaction(
    sessions: Sessions,
) -> None:
    async with looking(sessions) as session:
        assert held(sessions) == 0
        pids = {(await PROCESS.row(session)).pid for _ in range(3)}  # type: ignore[union-attr]  # it answers one row
        assert (len(pids), held(sessions), session.in_transaction()) == (1, 1, False)
    assert held(sessions) == 0


async def test_a_session_that_begins_a_transaction_gives_back_what_it_was_lent(sessions: Sessions) -> None:
    async with looking(sessions) as session:
        await SAME.row(session, text="a")
        assert (await session.execute(COUNTED)).scalar_one() == 0
        assert (held(sessions), is_lent_to(session)) == (1, False)
        row = await SAME.row(session, text="b")
        assert (row and row.text, held(sessions)) == ("b", 1)
        await session.rollback()
        row = await SAME.row(session, text="c")
        assert (row and row.text, held(sessions), session.in_transaction()) == ("c", 1, False)
    assert held(sessions) == 0


async def test_who_fails_or_is_stopped_gives_it_back_and_the_next_one_can_use_it(sessions: Sessions) -> None:
    async def ask(statement: Direct) -> None:
        async with looking(sessions) as session:
            await statement.rows(session, text="no number")

    with pytest.raises(DBAPIError):
        await ask(BROKEN)
    stopped = asyncio.create_task(ask(SLOW))
    await asyncio.sleep(0.2)
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert held(sessions) == 0
    await asyncio.gather(*(ask(SAME) for _ in range(8)))
    assert held(sessions) == 0


async def test_a_lent_connection_that_is_cut_is_told_as_lost_and_the_next_session_finds_another(
    sessions: Sessions,
) -> None:
    async with looking(sessions) as session:
        row = await PROCESS.row(session)
        async with transaction(sessions) as killer:
            await killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": row and row.pid})
        with pytest.raises(DBAPIError) as lost:
            await SAME.row(session, text="a")
    assert trouble_of(lost.value) is Trouble.LOST
    async with looking(sessions) as session:
        row = await SAME.row(session, text="b")
    assert (row and row.text, held(sessions)) == ("b", 0)
