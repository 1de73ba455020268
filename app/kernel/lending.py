"""A connection for reads that need none of a session's books: taken from the pool as it is, and given back.

What SQLAlchemy's session keeps about a connection (its transaction, its own connection object, what is to be undone)
costs several times what taking one from the pool does, and a request that asks by `Direct` statements alone needs
none of it. As soon as the session begins a transaction of its own, it takes a connection of its own: the lent
one goes back before, so that nobody ever holds two.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from app.kernel.sight import READS_ONLY, WatchedSession

_LENT: Final = "rongqiao_lent"


@asynccontextmanager
async def driver_of(engine: AsyncEngine) -> AsyncIterator[Any]:
    """Lend a connection of the driver for statements that each are a transaction of their own."""
    connection = await greenlet_spawn(engine.sync_engine.raw_connection)
    try:
        yield connection.driver_connection
    finally:
        await greenlet_spawn(connection.close)


def is_lent_to(session: AsyncSession) -> bool:
    """Tell whether a session is lent connections at this moment: it only reads, and has begun nothing."""
    return READS_ONLY in session.info and session.sync_session.get_transaction() is None


async def lent(session: AsyncSession) -> PoolProxiedConnection:
    """Answer the connection that is lent to a session (`is_lent_to`), taking one if it has none yet."""
    found: PoolProxiedConnection | None = session.info.get(_LENT)
    if found is None:
        bind: Any = session.get_bind()
        found = session.info[_LENT] = await greenlet_spawn(bind.raw_connection)
    return found


async def ended(session: AsyncSession) -> None:
    """End a session that only read: what it was lent goes back, and what it began itself is closed."""
    if session.in_transaction():
        await asyncio.shield(session.close())  # whoever is stopped now still gives back what is held
    else:
        await greenlet_spawn(_give_back, session.sync_session)


@event.listens_for(WatchedSession, "after_transaction_create")
def _give_back_before_beginning(session: Session, _transaction: Any) -> None:
    _give_back(session)


def _give_back(session: Session) -> None:
    connection: PoolProxiedConnection | None = session.info.pop(_LENT, None)
    if connection is not None:
        connection.close()
