"""SQLite in a thread of its own, to which each statement goes once.

The driver sends the thread four messages for one statement: make a cursor, execute, fetch, close. Each is a turn of two
threads and of the event loop, and together they cost more than what SQLite does.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Self

import aiosqlite

ROWS_AT_ONCE: Final = 1_000
"""What is read as soon as a statement is executed; who wants to see many more rows, takes them one portion after the other."""


class Cursor:
    """Stands before a cursor of the thread, which is made when a statement is executed, and closed when all is read."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._open: sqlite3.Cursor | None = None
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement."""
        await self._connection.do(self._execute, statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Execute a statement once for each set of parameters."""
        await self._connection.do(partial(self._execute, many=True), statement, parameters)
        return self

    async def fetchone(self) -> Any | None:
        """Answer the next row; None after the last."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Answer the next rows, at most so many."""
        size = self.arraysize if size is None else size
        if self._open is not None and len(self._rows) < size:
            await self._connection.do(self._fetch, max(size, ROWS_AT_ONCE))
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    async def fetchall(self) -> list[Any]:
        """Answer all rows that are left."""
        if self._open is not None:
            await self._connection.do(self._fetch, None)
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        """Forget what was not read."""
        self._rows = []
        if self._open is not None:
            await self._connection.do(self._close)

    def _execute(self, statement: str, parameters: Any, *, many: bool = False) -> None:
        self._close()
        self._rows, self._open = [], self._connection.of_thread.cursor()
        try:
            (self._open.executemany if many else self._open.execute)(statement, parameters)
            self._fetch(ROWS_AT_ONCE)
        except BaseException:
            self._close()
            raise

    def _fetch(self, most: int | None) -> None:
        assert self._open is not None
        rows = self._open.fetchall() if most is None else self._open.fetchmany(most)
        self._rows += rows
        self.description, self.rowcount = self._open.description, self._open.rowcount
        self.lastrowid = self._open.lastrowid
        if most is None or len(rows) < most:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class Connection(aiosqlite.Connection):
    """A connection whose cursors need one message a statement, and that takes nothing back where nothing has begun."""

    _asked = _done = 0

    @property
    def of_thread(self) -> sqlite3.Connection:
        """The thread's own connection."""
        return self._conn

    async def do(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have the thread do something."""
        self._asked += 1
        await self._execute(self._do, function, *arguments)  # type: ignore[no-untyped-call]  # the driver's own way to it

    def _do(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            function(*arguments)
        finally:
            self._done += 1

    def cursor(self) -> Any:
        """Answer a cursor, to be entered as the driver's own."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Take back what has begun; what nobody waits for any more (its request is gone) may still begin."""
        if self.in_transaction or self._asked != self._done:
            await super().rollback()


def connect(database: str, **options: Any) -> Connection:
    """Make a connection as `aiosqlite.connect` does, to be awaited."""
    made = Connection(lambda: sqlite3.connect(database, **options), ROWS_AT_ONCE)
    made._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does with those it makes itself
    return made
