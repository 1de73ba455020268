"""The database: declarative base, column types, engine, and the one transaction at the edge.

A request, command or job opens `transaction(...)` once; services inside it read and write but
never commit. SQLite (WAL, one writer, foreign keys on) and PostgreSQL run the same code.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from pydantic_core import from_json
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    QueuePool,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    declared_attr,
)
from sqlalchemy.types import TypeDecorator

from app.kernel import embedded
from app.kernel.bulk import ROWS_PER_BATCH, insert_numbered, insert_rows, put_rows
from app.kernel.connections import keep_alive, refuse_closed, told_if_unknown
from app.kernel.durability import on_disk
from app.kernel.files import make_folder
from app.kernel.patience import Patience
from app.kernel.sight import (
    Criterion,
    Sight,
    WatchedSession,
    Written,
    flush_changes,
    restrict,
    sight_of,
    unrestricted,
)

__all__ = [
    "ROWS_PER_BATCH",
    "AsyncEngine",
    "AsyncSession",
    "Base",
    "BigId",
    "Criterion",
    "DBAPIError",
    "IntegrityError",
    "Json",
    "Sessions",
    "Sight",
    "UtcDateTime",
    "Written",
    "after_commit",
    "as_last_step",
    "attempt",
    "hold",
    "insert_numbered",
    "insert_rows",
    "is_writing",
    "make_engine",
    "make_sessions",
    "put_rows",
    "restrict",
    "sight_of",
    "transaction",
    "unrestricted",
]

BUSY_TIMEOUT_SECONDS = 15
MOST_STATEMENTS_KEPT = 4_000
MOST_STATEMENTS_PREPARED = 500
"""Compiled statements kept, and prepared on each connection to PostgreSQL: each takes another form for each set of roles, which narrow it differently."""

# SQLite numbers rows by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC on both databases; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive instant {value!r}"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Answer what makes a stored value an instant: nothing on PostgreSQL, whose driver answers instants in UTC."""
        return None if dialect.name == "postgresql" else super().result_processor(dialect, coltype)


class Base(DeclarativeBase):
    """All tables; constraint names are regular, so that migrations and errors can name them.

    A row that has a `version` is changed only as the version that was read: of two who change the same one,
    the second is told (`WatchedSession.flush`), whether or not its service thought of a lock.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json}

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        column = cls.__table__.c.get("version")
        return {} if column is None else {"version_id_col": column, "version_id_generator": False}


Sessions = async_sessionmaker[AsyncSession]
LastStep = Callable[[AsyncSession], Awaitable[None]]

_LAST_STEPS = "rongqiao_last_steps"
_AFTERWARDS = "rongqiao_afterwards"


def as_last_step(session: AsyncSession, step: LastStep) -> None:
    """Have something done in this transaction just before it is committed; a step is added once."""
    steps = session.info.setdefault(_LAST_STEPS, [])
    if step not in steps:
        steps.append(step)


def after_commit(session: AsyncSession, step: Callable[[], None]) -> None:
    """Have something done in this process as soon as this transaction is kept; never if it is not."""
    session.info.setdefault(_AFTERWARDS, []).append(step)


def make_engine(url: str, patience: Patience | None = None) -> AsyncEngine:
    """Make an engine for a SQLite file or a PostgreSQL database, creating the file's folder.

    Without `patience` (commands, migrations) nothing is waited for less long than the database itself would.

    Raises:
        Unavailable: the folder cannot be created.
    """
    parsed, pool = make_url(url), patience.pool if patience else {}
    if parsed.get_backend_name() != "sqlite":
        bounds = patience.postgresql if patience else {}
        engine = create_async_engine(
            url,
            hide_parameters=True,
            query_cache_size=MOST_STATEMENTS_KEPT,
            json_deserializer=from_json,  # three times as fast as Python's; jsonb holds nothing that only that one reads
            connect_args={"prepared_statement_cache_size": MOST_STATEMENTS_PREPARED} | bounds,
            **pool,
        )
        event.listen(engine.sync_engine, "connect", keep_alive)
        event.listen(engine.sync_engine, "checkout", refuse_closed)
        return engine
    if parsed.database and parsed.database != ":memory:":
        make_folder(Path(parsed.database).parent)
    engine = create_async_engine(
        url,
        connect_args={
            "timeout": patience.lock_seconds if patience else BUSY_TIMEOUT_SECONDS,
            "async_creator_fn": embedded.connect,
        },
        hide_parameters=True,
        query_cache_size=MOST_STATEMENTS_KEPT,
        **pool,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: _begin_sqlite does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer late is refused at once when another wrote meanwhile; a
    # transaction that means to write therefore takes its place in the queue from the start.
    is_writer = connection.get_execution_options().get("rongqiao_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def make_sessions(engine: AsyncEngine) -> Sessions:
    """Make the session factory; rows stay readable after the commit."""
    return async_sessionmaker(
        engine, expire_on_commit=False, autoflush=False, sync_session_class=WatchedSession
    )


def pool_use(sessions: Sessions) -> tuple[int, int] | None:
    """Answer how many connections of a process are in use, and how many idle; None where they are not pooled."""
    pool = getattr(sessions.kw.get("bind"), "pool", None)
    return (pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else None


@asynccontextmanager
async def transaction(sessions: Sessions, *, writes: bool = True) -> AsyncIterator[AsyncSession]:
    """Open the one transaction of a request, command or job: all of it is kept, or nothing."""
    async with sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": writes})
        yield session
        # Rows are locked before the end of the audit trail is: two transactions then never wait for each other.
        await flush_changes(session)
        while steps := session.info.pop(_LAST_STEPS, ()):
            for step in steps:
                await step(session)
        with told_if_unknown():
            await session.commit()
        await on_disk(session)
        for done in session.info.pop(_AFTERWARDS, ()):
            done()


@asynccontextmanager
async def attempt(session: AsyncSession) -> AsyncIterator[None]:
    """Do something that may be refused: then what it did is taken back, its notes too, and the transaction lives on.

    For who answers a refusal with something that must be read or kept in the same transaction, as a page does that
    shows a form again.
    """
    before = {key: list(one) if isinstance(one, list) else one for key, one in session.info.items()}
    try:
        async with session.begin_nested():
            yield
    except BaseException:
        session.info.clear()
        session.info.update(before)
        raise


async def is_writing(session: AsyncSession) -> bool:
    """Tell whether a transaction was opened to write."""
    opened = (await session.connection()).sync_connection
    return opened is not None and bool(opened.get_execution_options().get("rongqiao_writes", False))


async def hold(session: AsyncSession, what: str) -> None:
    """Keep others who hold the same thing, named by a text, waiting until this transaction ends.

    For what has no row to lock. Hold before looking, and before any row is locked.
    """
    # On SQLite a writing transaction holds the only pen anyway.
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(number)))
