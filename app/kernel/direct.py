"""Reads that are asked all the time: compiled once for each form of sight, and sent to the driver as they are.

The same statement gives the same rows either way. On PostgreSQL what SQLAlchemy does anew for each execution
(adding conditions, finding the compiled statement, adapting the driver) costs several times what the
database does; here it is done once, and the driver keeps the statement prepared. A session that has done
nothing else has not begun a transaction: one statement needs none.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyncpg.exceptions import InvalidCachedStatementError
from sqlalchemy import BigInteger, BindParameter, CompoundSelect, Dialect, Insert, Select, String, bindparam
from sqlalchemy.sql.compiler import SQLCompiler

from app.kernel.bulk import raise_translated
from app.kernel.database import AsyncSession
from app.kernel.lending import is_lent_to, lent
from app.kernel.sight import READS_ONLY, Sight, escapes, flush_changes, sight_of

_OWN: Final = "rongqiao_own_connection"
_PREPARED: Final = "rongqiao_prepared"
MOST_PREPARED: Final = 300
Processor = Callable[[Any], Any]


def given(name: str, kind: Any = String) -> BindParameter[Any]:
    """Make a named parameter of a statement, a text if nothing else is said."""
    return bindparam(name, required=False, type_=kind)


def given_each(name: str, kind: Any = BigInteger) -> BindParameter[Any]:
    """Make a named parameter for the values of an `in_`, numbers if nothing else is said."""
    return bindparam(name, required=False, type_=kind, expanding=True)


def _even(values: Sequence[Any]) -> Sequence[Any]:
    """Answer a list of a power of two with the same values in it, so that few lengths make texts of their own."""
    most = len(values)
    return [*values, *[values[-1]] * ((1 << (most - 1).bit_length()) - most)] if most else values


@dataclass(frozen=True, slots=True)
class _Sent:
    """A statement as the driver gets it: its text, and for each of its parameters where the value comes from.

    A value is that of a name, or of a name's list at an index.
    """

    text: str
    sources: tuple[tuple[str, int | None, Processor | None], ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        found = []
        for name, index, process in self.sources:
            value = values[name] if index is None else values[name][index]
            found.append(value if process is None else process(value))
        return found


class _Compiled:
    """A statement with the conditions of one form of sight; lists of about another length make another text."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self._compiled, self._sent = compiled, dict[tuple[int, ...], _Sent]()
        self._lists = sorted(
            compiled.bind_names[each] for each in compiled.post_compile_params if each.expanding
        )
        self._constants = compiled.construct_params(_check=False)
        columns = compiled._result_columns or []  # noqa: SLF001 - SQLAlchemy has no public way to it
        row: Any = namedtuple("Row", [each.keyname for each in columns], rename=True)  # type: ignore[misc]  # noqa: PYI024 - both want names that are known beforehand; these are the statement's
        self._make: Callable[[Sequence[Any]], Any] = row._make
        kinds = [each.type._cached_result_processor(dialect, None) for each in columns]  # noqa: SLF001 - as above
        self._processors = [(place, process) for place, process in enumerate(kinds) if process is not None]

    def sent(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Answer text and arguments for some values."""
        stated = {**self._constants, **values}
        for name in self._lists:
            stated[name] = _even(stated[name])
        lengths = tuple(len(stated[name]) for name in self._lists)
        found = self._sent.get(lengths)
        if found is None:
            found = self._sent[lengths] = self._expanded(stated)
        return found.text, found.arguments(stated)

    def _expanded(self, values: dict[str, Any]) -> _Sent:
        expanded = self._compiled._process_parameters_for_postcompile(dict(values))  # noqa: SLF001 - as above
        processors = {**self._compiled._bind_processors, **expanded.processors}  # noqa: SLF001 - as above
        places: dict[str, tuple[str, int | None]] = {}
        for name in self._lists:
            for index, each in enumerate(expanded.parameter_expansion.get(name, ())):
                places[each] = name, index
        sources: list[tuple[str, int | None, Any]] = [
            (*places.get(each, (each, None)), processors.get(each)) for each in expanded.positiontup or ()
        ]
        return _Sent(expanded.statement, tuple(sources))

    def rows(self, records: Sequence[Any]) -> list[Any]:
        """Answer records of the driver as rows with names."""
        if not self._processors:
            return [self._make(record) for record in records]
        found = []
        for record in records:
            row = list(record)
            for place, process in self._processors:
                row[place] = process(row[place])
            found.append(self._make(row))
        return found


class Direct:
    """A statement with named parameters (`bindparam`), over mapped classes where a session may be narrowed.

    `elsewhere` is the same one as other databases than PostgreSQL write it, where that differs.
    """

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]] | Insert,
        *,
        elsewhere: Insert | None = None,
    ) -> None:
        self._statement, self._elsewhere = statement, statement if elsewhere is None else elsewhere
        self._compiled: dict[tuple[int, ...] | None, _Compiled] = {}

    async def rows(self, session: AsyncSession, **values: Any) -> Sequence[Any]:
        """Answer the rows that a session sees, by the values of the parameters."""
        if READS_ONLY not in session.info:
            await flush_changes(session)
        dialect = session.get_bind().dialect
        if dialect.name != "postgresql":
            return (await session.execute(self._elsewhere, values)).all()
        sight = sight_of(session)
        if sight is not None:
            values |= sight.by_name
        compiled = self._of(sight, dialect)
        text, arguments = compiled.sent(values)
        return compiled.rows(await _fetch(session, text, arguments))

    async def row(self, session: AsyncSession, **values: Any) -> Any | None:
        """Answer the one row that a session sees, or None."""
        rows = await self.rows(session, **values)
        if len(rows) > 1:
            msg = f"{len(rows)} rows where one was expected"
            raise RuntimeError(msg)
        return rows[0] if rows else None

    async def put(self, session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows that an insert with these parameters names, in their order."""
        dialect = session.get_bind().dialect
        if dialect.name != "postgresql":
            await session.execute(self._elsewhere, list(rows))
            return
        compiled = self._of(sight_of(session), dialect)
        sent = [compiled.sent(row) for row in rows]
        raw, prepared = await _connection_of(session)
        text = sent[0][0]
        try:
            if text not in prepared:
                prepared[text] = await raw.driver_connection.prepare(text)
            await prepared[text].executemany([arguments for _text, arguments in sent])
        except Exception as error:  # noqa: BLE001 - raised again as SQLAlchemy raises them
            raise_translated(dialect, raw, error, text)

    def _of(self, sight: Sight | None, dialect: Dialect) -> _Compiled:
        form = None if sight is None else sight.written.form
        found = self._compiled.get(form)
        if found is None:
            statement: Any = self._statement
            if sight is not None:
                if statement._propagate_attrs.get("compile_state_plugin") == "orm":  # noqa: SLF001 - no public way
                    statement = statement.options(sight)
                elif escapes(statement, sight):
                    msg = "a narrowed session reads mapped classes, not bare tables with case data"
                    raise RuntimeError(msg)
            found = self._compiled[form] = _Compiled(statement.compile(dialect=dialect), dialect)
        return found


async def _fetch(session: AsyncSession, text: str, arguments: list[Any]) -> Sequence[Any]:
    raw, prepared = await _connection_of(session)
    driver = raw.driver_connection
    try:
        try:
            return await _prepared(driver, prepared, text, arguments)
        except InvalidCachedStatementError:  # the tables are other ones since (a migration)
            prepared.clear()
            if driver.is_in_transaction():
                raise
            return await _prepared(driver, prepared, text, arguments)
    except Exception as error:  # noqa: BLE001 - raised again as SQLAlchemy raises them
        raise_translated(session.get_bind().dialect, raw, error, text)


async def _prepared(driver: Any, prepared: dict[str, Any], text: str, arguments: list[Any]) -> Sequence[Any]:
    statement = prepared.get(text)
    if statement is None:
        if len(prepared) >= MOST_PREPARED:
            prepared.clear()
        statement = prepared[text] = await driver.prepare(text)
    found: Sequence[Any] = await statement.fetch(*arguments)
    return found


async def _connection_of(session: AsyncSession) -> tuple[Any, dict[str, Any]]:
    """Answer the pool's connection and what is prepared on it, its transaction begun if the session writes."""
    if is_lent_to(session):
        raw: Any = await lent(session)
        return raw, raw.info.setdefault(_PREPARED, {})
    found: tuple[Any, Any, dict[str, Any]] | None = session.info.get(_OWN)
    if found is None or found[0] is not session.sync_session.get_transaction():
        connection = await session.connection()
        raw = await connection.get_raw_connection()
        if READS_ONLY not in session.info and not raw.driver_connection.is_in_transaction():
            await raw.dbapi_connection._start_transaction()  # noqa: SLF001 - SQLAlchemy begins with its own first statement
        begun = session.sync_session.get_transaction()
        found = session.info[_OWN] = begun, raw, raw.info.setdefault(_PREPARED, {})
    return found[1:]
