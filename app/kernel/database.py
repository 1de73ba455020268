"""The database: declarative base, column types, engine, and the one transaction at the edge.

A request, command or job opens `transaction(...)` once; services inside it read and write but
never commit. SQLite (WAL, one writer, foreign keys on) and PostgreSQL run the same code.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Insert,
    Integer,
    MetaData,
    TextClause,
    event,
    func,
    inspect,
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
    LoaderCriteriaOption,
    ORMExecuteState,
    Session,
    declared_attr,
)
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeDecorator

from app.kernel.bulk import ROWS_PER_BATCH, insert_numbered, insert_rows, put_rows
from app.kernel.connections import keep_alive, told_if_unknown
from app.kernel.errors import Fault, PreconditionFailed
from app.kernel.patience import Patience

__all__ = [
    "ROWS_PER_BATCH",
    "AsyncSession",
    "Base",
    "BigId",
    "Criterion",
    "DBAPIError",
    "IntegrityError",
    "Json",
    "Sessions",
    "UtcDateTime",
    "after_commit",
    "as_last_step",
    "hold",
    "insert_numbered",
    "insert_rows",
    "is_writing",
    "make_engine",
    "make_sessions",
    "put_rows",
    "restrict",
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

_CRITERIA = "rongqiao_criteria"
_LAST_STEPS = "rongqiao_last_steps"
_AFTERWARDS = "rongqiao_afterwards"


class Criterion(LoaderCriteriaOption):
    """Which rows of a mapped class a session may see, wherever the class stands in a statement.

    It stands in every statement of a restricted session, so its part of the statement's cache key is made
    once: a number for its form, equal for all criteria that differ in values only.
    """

    _forms: ClassVar[dict[Any, int]] = {}
    _numbers: ClassVar = count()

    def __init__(self, entity: type[Any], condition: ColumnElement[bool]) -> None:
        super().__init__(entity, condition, include_aliases=True, propagate_to_loaders=False)
        plain = LoaderCriteriaOption(entity, condition, include_aliases=True)
        made = plain._generate_cache_key()  # noqa: SLF001 - SQLAlchemy has no public way to it
        assert made is not None  # conditions are made of expressions that have keys
        self._form, self._values = self._forms.setdefault(made.key, next(self._numbers)), made.bindparams
        self.table = inspect(entity).local_table
        self._annotated: ColumnElement[bool] | None = None

    def _gen_cache_key(self, _anon_map: Any, bindparams: list[BindParameter[Any]]) -> Any:
        bindparams.extend(self._values)
        return (Criterion, self._form)

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        # SQLAlchemy leaves a condition on a joined alias as it was written: about the class itself.
        # And it marks all its parts anew for every statement that it compiles, which once would do.
        if self._annotated is None:
            self._annotated = super()._resolve_where_criteria(ext_info)
        found = self._annotated
        if not ext_info.is_aliased_class:
            return found
        adapted: ColumnElement[bool] = ext_info._adapter.traverse(found)  # noqa: SLF001 - as it does elsewhere
        return adapted


class WatchedSession(Session):
    """A session that adds to each statement what its viewer may see (`restrict`)."""

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Write what was changed.

        Raises:
            PreconditionFailed: another transaction changed one of the rows after this one read it.
        """
        try:
            super().flush(objects)
        except StaleDataError as error:
            raise PreconditionFailed(
                "Somebody changed it at the same time; nothing was changed.",
                [Fault("header.If-Match", "changed meanwhile", "Read it again and decide anew.")],
            ) from error


@event.listens_for(WatchedSession, "do_orm_execute")
def _read_anew_what_is_locked(state: ORMExecuteState) -> None:
    """Read a row that is locked as it is now, although this transaction may have read it before."""
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.session.flush()
        state.update_execution_options(populate_existing=True)


@event.listens_for(WatchedSession, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    criteria = state.session.info.get(_CRITERIA)
    if not criteria:
        return
    if state.is_orm_statement and not state.is_insert:
        state.statement = state.statement.options(*criteria)
    elif _escapes(state.statement, criteria):
        # Criteria find mapped classes, not bare tables: such a statement would see, or change, everything.
        msg = "a restricted session takes mapped classes and their columns, not bare tables with case data"
        raise RuntimeError(msg)


def _escapes(statement: Any, criteria: Sequence[Criterion]) -> bool:
    """Tell whether a statement reads or changes narrowed tables where criteria do not find them."""
    if isinstance(statement, TextClause):
        return True
    if isinstance(statement, Insert):
        return statement.select is not None
    narrowed = {criterion.table for criterion in criteria}
    return any(part in narrowed for part in visitors.iterate(statement))


def restrict(session: AsyncSession, criteria: Sequence[Criterion]) -> None:
    """Narrow every statement of a session from now on; without criteria it sees everything."""
    session.info[_CRITERIA] = tuple(criteria)


@contextmanager
def unrestricted(session: AsyncSession) -> Iterator[None]:
    """Let the system itself look, where an answer rests on more than its viewer may see.

    What is read inside must not be shown as rows: it decides (a reroute, a duplicate) or is summed up
    (a published figure). Each use says why.
    """
    criteria = session.info.pop(_CRITERIA, ())
    try:
        yield
    finally:
        session.info[_CRITERIA] = criteria


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
    """
    parsed, pool = make_url(url), patience.pool if patience else {}
    if parsed.get_backend_name() != "sqlite":
        bounds = patience.postgresql if patience else {}
        engine = create_async_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            query_cache_size=MOST_STATEMENTS_KEPT,
            connect_args={"prepared_statement_cache_size": MOST_STATEMENTS_PREPARED} | bounds,
            **pool,
        )
        event.listen(engine.sync_engine, "connect", keep_alive)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        connect_args={"timeout": patience.lock_seconds if patience else BUSY_TIMEOUT_SECONDS},
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


@asynccontextmanager
async def transaction(sessions: Sessions, *, writes: bool = True) -> AsyncIterator[AsyncSession]:
    """Open the one transaction of a request, command or job: all of it is kept, or nothing."""
    async with sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": writes})
        yield session
        # Rows are locked before the end of the audit trail is: two transactions then never wait for each other.
        await session.flush()
        while steps := session.info.pop(_LAST_STEPS, ()):
            for step in steps:
                await step(session)
        with told_if_unknown():
            await session.commit()
        for done in session.info.pop(_AFTERWARDS, ()):
            done()


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
