"""The server's timer makes rounds for as long as the server runs, whatever becomes of one of them."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from app.docking.tables import EntryClock
from app.kernel.database import Sessions, transaction
from app.kernel.settings import Settings
from app.rounds import timer
from app.rounds.service import RoundOut, make_round
from tests.docking.world import build_world


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the timer wanted to sleep, each time; it is woken at once."""
    asked: list[float] = []

    async def nap(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(0)

    quick = SimpleNamespace(create_task=asyncio.create_task, CancelledError=asyncio.CancelledError, sleep=nap)
    monkeypatch.setattr(timer, "asyncio", quick)
    return asked


async def test_rounds_go_on_after_one_that_failed_and_end_with_the_server(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    async with transaction(sessions) as session:
        await build_world(session)
        await session.execute(delete(EntryClock))
    made: list[RoundOut] = []
    is_over = asyncio.Event()

    async def failing_once(*args: Any, **named: Any) -> RoundOut:
        if len(slept) == 1:
            raise ConnectionError
        made.append(await make_round(*args, **named))
        is_over.set()
        return made[-1]

    monkeypatch.setattr(timer, "make_round", failing_once)
    async with timer.rounds(sessions, Settings(round_seconds=7)), asyncio.timeout(60):
        await is_over.wait()
    assert slept[:2] == [7, 7]
    assert [task for task in asyncio.all_tasks() if task.get_name() == "rounds"] == []
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(EntryClock)) == 1


async def test_a_server_that_fails_takes_its_timer_along(sessions: Sessions, slept: list[float]) -> None:
    with pytest.raises(ConnectionError):
        async with timer.rounds(sessions, Settings(round_seconds=7)):
            raise ConnectionError
    assert [task for task in asyncio.all_tasks() if task.get_name() == "rounds"] == []
    assert len(slept) <= 1


async def test_no_seconds_make_no_rounds(sessions: Sessions, slept: list[float]) -> None:
    async with timer.rounds(sessions, Settings(round_seconds=0)):
        assert [task for task in asyncio.all_tasks() if task.get_name() == "rounds"] == []
    assert slept == []
