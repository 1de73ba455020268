"""Commits that keep nobody waiting for the disk but those whom they answer.

PostgreSQL lets go of what a transaction holds when its commit is on disk, so that whoever holds what all writers need
(the end of the audit trail) has each of them wait for a disk write of its own, one after the other. Such a transaction
commits in memory, lets go, and waits for the disk afterwards: one write serves all who wait at that moment, since the
log is written in order. Nothing is answered before it is on disk; what a crash takes meanwhile was told to nobody,
and whatever was built upon it is behind it in the same log and goes with it.
"""

from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.kernel.connections import outcome_unknown
from app.kernel.lending import driver_of
from app.kernel.sharing import SharedLook

_LATER: Final = "rongqiao_on_disk_later"
_WRITES: Final[WeakKeyDictionary[AsyncEngine, SharedLook[None]]] = WeakKeyDictionary()
# A record of a log is what makes a commit wait for the disk; this one says nothing and is kept nowhere else.
_TO_DISK: Final = "SELECT pg_logical_emit_message(true, 'rongqiao', '')"
IN_MEMORY: Final = ("synchronous_commit", "off", True)
"""The setting, its value, and that it holds for this transaction alone: arguments of PostgreSQL's `set_config`."""


def commits_in_memory(session: AsyncSession) -> None:
    """Note that a transaction was told to commit `IN_MEMORY`: its end waits for the disk."""
    session.info[_LATER] = True


async def on_disk(session: AsyncSession) -> None:
    """Wait until what a session has committed is on disk, if its commit did not.

    Raises:
        OutcomeUnknown: nobody knows whether it is.
    """
    engine = session.bind
    if session.info.pop(_LATER, False) and isinstance(engine, AsyncEngine):
        try:
            await _WRITES.setdefault(engine, SharedLook()).ask(partial(_write, engine))
        except Exception as error:
            raise outcome_unknown() from error


async def _write(engine: AsyncEngine) -> None:
    async with driver_of(engine) as driver:
        await driver.execute(_TO_DISK)
