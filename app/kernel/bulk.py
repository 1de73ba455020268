"""Writes of many rows: COPY or whole columns at once on PostgreSQL, the driver's own many rows on SQLite.

What comes back is the same either way: values go through the column types' own bind processors, and
rows that ask more of an insert (a column's default made in Python, rows with unlike columns) take the
ordinary way.
"""

import re
from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.batches import in_batches

ROWS_PER_BATCH: Final = 5_000
FEWEST_AT_ONCE: Final = 100
"""Fewer rows are sooner written by an ordinary statement, which is already prepared."""
_ANSWERING: Final = frozenset({"postgresql"})
"""Databases whose driver answers what became of many rows; SQLite's answers of one row only."""
_ADDING: Final = _ANSWERING | {"sqlite"}
Rows = Sequence[Mapping[str, Any]]
Processor = Callable[[Any], Any]


async def insert_rows(session: AsyncSession, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert many rows in batches, so that memory stays flat; answer how many."""
    count = 0
    for batch in in_batches(rows, ROWS_PER_BATCH):
        bulk = _Bulk.of(session, table, batch, dialects=_ADDING)
        if bulk is None:
            await session.execute(insert(table), batch)
        else:
            await bulk.add(session, batch)
        count += len(batch)
    return count


async def put_rows(
    session: AsyncSession, table: Table, rows: Iterable[Mapping[str, Any]], *, key: Sequence[str]
) -> int:
    """Insert many rows in batches, each in the place of the one that has its `key`; answer how many.

    All rows have the same columns, and no two of them the same key.
    """
    dialect = session.get_bind().dialect.name
    total = 0
    for batch in in_batches(rows, ROWS_PER_BATCH):
        bulk = _Bulk.of(session, table, batch)
        if bulk is None:
            statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
            changed = {name: statement.excluded[name] for name in batch[0] if name not in key}
            await session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), batch)
        else:
            await bulk.fetch(session, batch, bulk.in_place_of(key))
        total += len(batch)
    return total


async def insert_numbered(
    session: AsyncSession, table: Table, rows: Iterable[Mapping[str, Any]], *, key: str
) -> dict[Any, int]:
    """Insert many rows in batches; answer the `id` of each by its value in the column `key`.

    Databases need not answer ids in the order of the rows, so each comes with the row's own `key`,
    which no two rows may share. (Into the table, not the mapped class: the ORM would begin a new
    statement wherever other columns are null.)
    """
    ids = dict[Any, int]()
    statement = insert(table).returning(table.c[key], table.c.id)
    for batch in in_batches(rows, ROWS_PER_BATCH):
        bulk = _Bulk.of(session, table, batch)
        if bulk is None:
            ids |= {row[0]: row[1] for row in await session.execute(statement, batch)}
        else:
            found = await bulk.fetch(session, batch, bulk.numbered_by(key))
            plain = bulk.result_processor(key)
            ids |= {plain(row[0]): row[1] for row in found}
    return ids


@dataclass(frozen=True, slots=True)
class _Bulk:
    """How rows of some columns get into a table of PostgreSQL past SQLAlchemy's statements, row by row."""

    table: Table
    dialect: Dialect
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, session: AsyncSession, table: Table, batch: Rows, *, dialects: Collection[str] = _ANSWERING
    ) -> "_Bulk | None":
        """Answer how these rows get in at once; None where only ordinary statements do them justice."""
        dialect = session.get_bind().dialect
        if dialect.name not in dialects or len(batch) < FEWEST_AT_ONCE:
            return None
        names = batch[0].keys()
        is_plain = all(row.keys() == names for row in batch) and names <= set(table.c.keys())
        is_told = all(column.default is None or column.key in names for column in table.c)
        return cls(table, dialect, tuple(names)) if is_plain and is_told else None

    async def add(self, session: AsyncSession, batch: Rows) -> None:
        """Add rows, by COPY where there is one, within the session's transaction."""
        processors = [self._bind_processor(name) for name in self.names]
        if self.dialect.name == "sqlite":
            values = [
                _processed([row[name] for row in batch], process)
                for name, process in zip(self.names, processors, strict=True)
            ]
            target = self.dialect.identifier_preparer.format_table(self.table)
            places = ", ".join("?" * len(self.names))
            # Names of tables and columns are our own, quoted; values are parameters.
            statement = f"INSERT INTO {target} ({self._listed(self.names)}) VALUES ({places})"  # noqa: S608
            connection = await session.connection()
            await connection.exec_driver_sql(statement, list(zip(*values, strict=True)))
            return
        columns = tuple(zip(self.names, processors, strict=True))
        records = ([process(row[name]) for name, process in columns] for row in batch)
        names = [self.table.c[name].name for name in self.names]
        await copy_records(session, self.table.name, names, records, schema=self.table.schema)

    async def fetch(self, session: AsyncSession, batch: Rows, ending: str) -> Sequence[Sequence[Any]]:
        """Add rows by one statement that takes whole columns, within the session's transaction."""
        raw = await _in_transaction(session)
        processors = [self._bind_processor(name) for name in self.names]
        columns = [
            [process(row[name]) for row in batch]
            for name, process in zip(self.names, processors, strict=True)
        ]
        target = self.dialect.identifier_preparer.format_table(self.table)
        given = ", ".join(f"${i}::{self._type(name)}[]" for i, name in enumerate(self.names, start=1))
        # Names of tables and columns are our own, quoted; values are parameters.
        statement = (
            f"INSERT INTO {target} ({self._listed(self.names)}) SELECT * FROM unnest({given}) {ending}"  # noqa: S608
        )
        try:
            found: Sequence[Sequence[Any]] = await raw.driver_connection.fetch(statement, *columns)
        except Exception as error:  # noqa: BLE001 - raised again as SQLAlchemy raises them
            raise_translated(self.dialect, raw, error, statement)
        return found

    def in_place_of(self, key: Sequence[str]) -> str:
        """Answer the ending of a statement that overwrites the rows that have the same key."""
        quoted = [self._listed([name]) for name in self.names if name not in key]
        changed = ", ".join(f"{name} = excluded.{name}" for name in quoted)
        return f"ON CONFLICT ({self._listed(key)}) DO UPDATE SET {changed}"

    def numbered_by(self, key: str) -> str:
        """Answer the ending of a statement that tells the rows' numbers."""
        return f"RETURNING {self._listed([key, 'id'])}"

    def result_processor(self, name: str) -> Processor:
        """Answer what makes a column's value of what the driver gives."""
        implementation = self.table.c[name].type.dialect_impl(self.dialect)
        return implementation.result_processor(self.dialect, None) or _as_it_is

    def _bind_processor(self, name: str) -> Processor:
        implementation = self.table.c[name].type.dialect_impl(self.dialect)
        return implementation.bind_processor(self.dialect) or _as_it_is

    def _type(self, name: str) -> str:
        # Without its length: a cast would cut a text that is too long, instead of refusing it.
        return re.sub(r"\([\d, ]+\)", "", self.table.c[name].type.compile(self.dialect))

    def _listed(self, names: Iterable[str]) -> str:
        quote = self.dialect.identifier_preparer.quote
        return ", ".join(quote(self.table.c[name].name) for name in names)


async def copy_records(
    session: AsyncSession,
    table: str,
    names: Sequence[str],
    records: Iterable[Sequence[Any]] | AsyncIterable[Sequence[Any]],
    *,
    schema: str | None = None,
) -> None:
    """Add rows of values as the driver takes them to a table of PostgreSQL by one COPY, within the transaction."""
    raw = await _in_transaction(session)
    try:
        await raw.driver_connection.copy_records_to_table(
            table, schema_name=schema, columns=names, records=records
        )
    except Exception as error:  # noqa: BLE001 - raised again as SQLAlchemy raises them
        raise_translated(session.get_bind().dialect, raw, error, f"COPY {table}")


def raise_translated(dialect: Dialect, raw: Any, error: Exception, statement: str) -> NoReturn:
    """Raise what the driver of a pool's connection raised in the form in which SQLAlchemy's own statements raise it."""
    base = dialect.loaded_dbapi.Error
    try:
        raw.dbapi_connection._handle_exception(error)  # noqa: SLF001 - no public name
    except base as translated:
        raise DBAPIError.instance(
            statement, None, translated, base, hide_parameters=True, dialect=dialect
        ) from error
    raise AssertionError(error)


async def _in_transaction(session: AsyncSession) -> Any:
    """Answer the pool's connection, its transaction begun: SQLAlchemy begins with its first statement."""
    connection = await session.connection()
    raw: Any = await connection.get_raw_connection()
    if not raw.driver_connection.is_in_transaction():
        await connection.exec_driver_sql("SELECT 1")
    return raw


def _processed(values: list[Any], process: Processor) -> Iterable[Any]:
    """Answer values as the driver takes them; what all rows share, as their run and day, is made ready once."""
    if process is _as_it_is:
        return values
    first = values[0]
    if all(value is first for value in values):
        return [process(first)] * len(values)
    return map(process, values)


def _as_it_is(value: Any) -> Any:
    return value
