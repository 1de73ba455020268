"""Turns: transactions of one process that need the same lock wait for each other here, before the database has them wait.

Whoever waits in the database occupies one of its processes, which is woken, and takes the processor from the one that
everybody waits for. What holds between processes is the lock itself; a turn only spares its own process the queue there.
"""

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

_TURN: Final = "rongqiao_turn"
_LOCKS: Final[WeakKeyDictionary[AsyncEngine, asyncio.Lock]] = WeakKeyDictionary()


async def take_turn(session: AsyncSession) -> None:
    """Wait until no other session of this process has its turn at this session's database; `end_turn` gives it on."""
    engine = session.bind
    if isinstance(engine, AsyncEngine) and _TURN not in session.info:
        lock = _LOCKS.setdefault(engine, asyncio.Lock())
        await lock.acquire()
        session.info[_TURN] = lock


def end_turn(session: AsyncSession) -> None:
    """Give the turn on, if this session has it."""
    lock: asyncio.Lock | None = session.info.pop(_TURN, None)
    if lock is not None:
        lock.release()
