"""Whole tables, read and written as they stand, whatever their rows mean.

What a table holds is asked of the database itself, so that one of an earlier revision is read as well. Other
tables that stand beside ours (a queue's, an operator's own) are left alone.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    cast,
    column,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.types import TypeEngine

from app.kernel.bulk import copy_records
from app.kernel.database import AsyncSession, Base
from app.upkeep.all_tables import import_all_tables
from app.upkeep.rows import Kind, Row, TableShape

VERSIONS: Final = "alembic_version"
ROWS_AT_ONCE: Final = 1_000
HOLD_SECONDS: Final = 5
Batches = AsyncIterator[Sequence[Row]]

_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], Kind], ...]] = (
    (JSON, "json"),
    (Boolean, "boolean"),
    (Integer, "integer"),
    (DateTime, "instant"),
    (Date, "date"),
    (LargeBinary, "bytes"),
    (String, "text"),
)
_READ_AS: Final[dict[Kind, TypeEngine[Any]]] = {
    "json": Text(),
    "boolean": Boolean(),
    "integer": Integer(),
    "instant": DateTime(timezone=True),
    "date": Date(),
    "bytes": LargeBinary(),
    "text": Text(),
}


def is_postgresql(session: AsyncSession) -> bool:
    """Tell which of the two databases a session works on."""
    return session.get_bind().dialect.name == "postgresql"


async def revision(session: AsyncSession) -> str | None:
    """Answer the migration at which a database stands; None if it was never migrated."""
    if VERSIONS not in await _names(session):
        return None
    return (
        await session.execute(select(column("version_num")).select_from(table(VERSIONS)))
    ).scalar_one_or_none()


async def _names(session: AsyncSession) -> set[str]:
    connection = await session.connection()
    return set(await connection.run_sync(lambda opened: inspect(opened).get_table_names()))


async def shapes(session: AsyncSession) -> list[TableShape]:
    """Answer our tables that the database has, those that others point at before them."""
    import_all_tables()
    return await (await session.connection()).run_sync(_shapes)


def _shapes(connection: Connection) -> list[TableShape]:
    inspector = inspect(connection)
    names = sorted(set(inspector.get_table_names()) & set(Base.metadata.tables))
    # Of all tables at once: each question is a slow one to PostgreSQL's catalogue.
    columns = _by_name(inspector.get_multi_columns(filter_names=names))
    keys = _by_name(inspector.get_multi_pk_constraint(filter_names=names))
    pointing = _by_name(inspector.get_multi_foreign_keys(filter_names=names))
    pointed = {name: {key["referred_table"] for key in pointing[name]} - {name} for name in names}
    return [
        TableShape(
            name,
            tuple((each["name"], _kind(name, each)) for each in columns[name]),
            tuple(keys[name]["constrained_columns"]),
        )
        for name in TopologicalSorter(pointed).static_order()
    ]


def _by_name(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: told for (_schema, name), told in found.items()}


def _kind(of: str, found: Any) -> Kind:
    for wanted, kind in _KINDS:
        if isinstance(found["type"], wanted):
            return kind
    msg = f"upkeep/rows.py knows no kind for {of}.{found['name']}: {found['type']!r}"
    raise TypeError(msg)


async def see_as_of_now(session: AsyncSession, names: Sequence[str]) -> None:
    """Have a transaction that has read nothing yet see the tables as they are now, whatever others write meanwhile.

    A transaction on SQLite sees but one state anyway.
    """
    if is_postgresql(session):
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await _lock(session, names, "ACCESS SHARE")


async def keep_writers_out(session: AsyncSession, names: Sequence[str]) -> None:
    """Keep the tables unchanged until the end of a transaction that has read nothing yet; waits for whoever writes.

    A transaction that was opened to write on SQLite does so anyway.
    """
    if is_postgresql(session):
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await _lock(session, names, "SHARE")


async def _lock(session: AsyncSession, names: Sequence[str], mode: str) -> None:
    quote = session.get_bind().dialect.identifier_preparer.quote
    await session.execute(text(f"SET LOCAL lock_timeout = '{HOLD_SECONDS}s'"))
    listed = ", ".join(quote(name) for name in names)
    await session.execute(text(f"LOCK TABLE {listed} IN {mode} MODE"))


async def count(session: AsyncSession, shape: TableShape) -> int:
    """Answer how many rows a table has."""
    return (await session.execute(select(func.count()).select_from(_table(shape)))).scalar_one()


async def filled(session: AsyncSession, tables: Iterable[TableShape]) -> list[str]:
    """Answer which tables have rows."""
    return [shape.name for shape in tables if await _has_rows(session, shape)]


async def _has_rows(session: AsyncSession, shape: TableShape) -> bool:
    return (await session.execute(select(1).select_from(_table(shape)).limit(1))).first() is not None


async def rows(session: AsyncSession, shape: TableShape) -> Batches:
    """Stream a table's rows in the order of its primary key, texts by their code points on both databases."""
    statement = _everything(shape, is_postgresql=is_postgresql(session))
    found = await session.stream(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    async for part in found.partitions():
        yield part


@lru_cache(maxsize=500)
def _table(shape: TableShape) -> Table:
    columns = (Column(name, _READ_AS[kind]) for name, kind in shape.columns)
    return Table(shape.name, MetaData(), *columns)


@lru_cache(maxsize=500)
def _everything(shape: TableShape, *, is_postgresql: bool) -> Select[Any]:
    whole, kinds = _table(shape), dict(shape.columns)
    columns = [cast(c, Text) if is_postgresql and kinds[c.name] == "json" else c for c in whole.c]
    order = [
        whole.c[name].collate("C") if is_postgresql and kinds[name] == "text" else whole.c[name]
        for name in shape.key
    ]
    return select(*columns).order_by(*order)


async def begin_filling(session: AsyncSession) -> None:
    """Let rows of one table point at each other in whatever order they come; all is checked at the end."""
    if not is_postgresql(session):
        await session.execute(text("PRAGMA defer_foreign_keys = ON"))


async def write(session: AsyncSession, shape: TableShape, batches: Batches) -> None:
    """Add rows to a table: by one COPY on PostgreSQL, by many-row statements on SQLite. Triggers stay in force."""
    if is_postgresql(session):
        await copy_records(session, shape.name, shape.names, _one_by_one(batches))
        return
    quote = session.get_bind().dialect.identifier_preparer.quote
    listed, places = ", ".join(map(quote, shape.names)), ", ".join("?" * len(shape.names))
    statement = f"INSERT INTO {quote(shape.name)} ({listed}) VALUES ({places})"  # noqa: S608 - quoted names
    ways = [_TO_SQLITE.get(kind, _as_it_is) for _name, kind in shape.columns]
    connection = await session.connection()
    async for batch in batches:
        values = [
            tuple(None if v is None else way(v) for v, way in zip(row, ways, strict=True)) for row in batch
        ]
        await connection.exec_driver_sql(statement, values)


async def _one_by_one(batches: Batches) -> AsyncIterator[Row]:
    async for batch in batches:
        for row in batch:
            yield row


async def renumber(session: AsyncSession, tables: Iterable[TableShape]) -> None:
    """Have new rows numbered after those that were added with their numbers; SQLite does so by itself."""
    if not is_postgresql(session):
        return
    for shape in tables:
        if shape.key != ("id",):
            continue
        asked = text("SELECT pg_get_serial_sequence(quote_ident(:name), 'id')")
        sequence = (await session.execute(asked, {"name": shape.name})).scalar_one()
        last = (await session.execute(select(func.max(_table(shape).c.id)))).scalar_one()
        if sequence is not None and last is not None:
            # The name comes quoted, as the server gives it.
            await session.execute(
                text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": sequence, "last": last}
            )


def _as_it_is(value: Any) -> Any:
    return value


def _sqlite_instant(value: datetime) -> str:
    # As SQLAlchemy writes them: they are compared as texts.
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="microseconds")


_TO_SQLITE: Final[dict[Kind, Callable[[Any], Any]]] = {
    "boolean": int,
    "instant": _sqlite_instant,
    "date": date.isoformat,
}
