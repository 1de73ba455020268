"""What reading leaves behind: records of many requests at once, kept before any of them is answered.

A request that only reads holds neither the database's pen nor the end of the audit trail. What it leaves
(that somebody saw something) is handed over when it has read, and it is answered when that is kept: nothing
is shown without its record. All that wait at one moment share one short transaction (group commit), so that
readers wait for each other no longer than one commit takes (docs/decisions/0017).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from app.kernel.connections import UNAVAILABLE_SECONDS, told_if_unknown
from app.kernel.database import AsyncSession, DBAPIError, Sessions, transaction
from app.kernel.durability import on_disk
from app.kernel.errors import DatabaseUnavailable, OutcomeUnknown
from app.kernel.lending import ended
from app.kernel.sight import READS_ONLY
from app.kernel.troubles import trouble_of

Put = Callable[[AsyncSession, list[Any]], Awaitable[None]]
"""Stores what requests left, all of a kind together, within a transaction that writes."""
Alone = Callable[[AsyncSession, list[Any]], Awaitable[bool]]
"""Stores it by one statement that is a transaction of its own, or tells that this could not be done."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How things of a kind are stored that requests left; `alone` where they may be all that was left."""

    put: Put
    alone: Alone | None = None


Left = dict[Keeping, list[Any]]
MOST_AT_ONCE: Final = 200
_LEFT: Final = "rongqiao_left"
_LOOKED: Final = "rongqiao_looked"
Found = TypeVar("Found")


class _Waiting:
    """What one request left, and what it waits for."""

    __slots__ = ("done", "left")

    def __init__(self, left: Left) -> None:
        self.left = left
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(self, error: BaseException | None) -> None:
        if self.done.done():  # it was stopped meanwhile, and shows nothing
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class Recorder:
    """Keeps what the requests of one process leave, those that wait at one moment together."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def keep(self, sessions: Sessions, left: Left) -> None:
        """Keep what a request left; when this ends, it is kept.

        Raises:
            DatabaseUnavailable: nobody knows whether it was kept.
            Exception: it was not kept, as a transaction says it.
        """
        waiting = _Waiting(left)
        self._waiting.append(waiting)
        if self._work is None:
            self._work = asyncio.create_task(self._keep_all(sessions), name="recorder")
        await waiting.done

    async def _keep_all(self, sessions: Sessions) -> None:
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await _keep(sessions, batch)
        except BaseException as error:
            for each in (*batch, *self._waiting):
                each.tell(error)
            self._waiting = []
            raise
        finally:
            self._work = None


async def _keep(sessions: Sessions, batch: Sequence[_Waiting]) -> None:
    try:
        await _put(sessions, batch)
    except Exception as error:  # noqa: BLE001 - each that waits is told
        if len(batch) > 1 and isinstance(error, DBAPIError) and trouble_of(error) is None:
            for each in batch:  # one of them cannot be kept: the others can
                await _keep(sessions, [each])
            return
        for each in batch:
            each.tell(_told(error))
    else:
        for each in batch:
            each.tell(None)


def _told(error: Exception) -> Exception:
    if not isinstance(error, OutcomeUnknown):
        return error
    return DatabaseUnavailable(
        "The connection to the database was lost while it was put on record that you saw this, so it is not shown. "
        "Ask again.",
        headers={"Retry-After": str(UNAVAILABLE_SECONDS)},
    )


async def _put(sessions: Sessions, batch: Sequence[_Waiting]) -> None:
    together: Left = {}
    for waiting in batch:
        for keeping, items in waiting.left.items():
            together.setdefault(keeping, []).extend(items)
    if len(together) == 1 and await _put_alone(sessions, *next(iter(together.items()))):
        return
    async with transaction(sessions) as session:
        for keeping, items in together.items():
            await keeping.put(session, items)


async def _put_alone(sessions: Sessions, keeping: Keeping, items: list[Any]) -> bool:
    if keeping.alone is None:
        return False
    async with looking(sessions) as session:  # it begins nothing: a statement is a transaction of its own
        with told_if_unknown():
            is_kept = await keeping.alone(session, items)
    # The disk is waited for by a connection of its own: this one has gone back, or the pool may have no other.
    await on_disk(session)
    return is_kept


@asynccontextmanager
async def reading(sessions: Sessions, recorder: Recorder) -> AsyncIterator[AsyncSession]:
    """Open a session that reads and writes nothing; what it leaves is kept when the block ends, or the block fails.

    It holds a connection only from its first statement on, and none while it waits.
    """
    left: Left = {}
    async with looking(sessions) as session:
        session.info[_LEFT] = left
        yield session
    if left:
        await recorder.keep(sessions, left)


@asynccontextmanager
async def looking(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Open a session that reads what concerns everybody: it writes nothing and leaves nothing.

    As long as its statements are `Direct`, it begins no transaction, and so has none to end: each is one of its own.
    """
    session = sessions()
    session.info[READS_ONLY] = True
    try:
        yield session
    finally:
        await ended(session)


def leaves(session: AsyncSession) -> bool:
    """Tell whether what a session leaves is kept after it."""
    return _LEFT in session.info


async def looked_once(session: AsyncSession, key: Hashable, look: Callable[[], Awaitable[Found]]) -> Found:
    """Answer what `look` finds, in a request that only reads what it found under this key before.

    All that such a request shows then speaks of one state. Of rows that not everybody sees the key names who
    looks, and to what the session is narrowed (`sight_of`).
    """
    if not leaves(session):
        return await look()
    found: dict[Hashable, Found] = session.info.setdefault(_LOOKED, {})
    if key not in found:
        found[key] = await look()
    return found[key]


async def leave(session: AsyncSession, keeping: Keeping, items: Sequence[Any]) -> None:
    """Have something stored: in this transaction if it writes, else right after it and before anybody is answered."""
    if not items:
        return
    left: Left | None = session.info.get(_LEFT)
    if left is None:
        await keeping.put(session, list(items))
    else:
        left.setdefault(keeping, []).extend(items)


def leave_note(session: AsyncSession, keeping: Keeping, item: Any) -> None:
    """Have something stored after a session that `leaves`."""
    session.info[_LEFT].setdefault(keeping, []).append(item)
