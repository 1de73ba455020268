"""Copies whole tables between databases and archives, and compares what arrived with what was sent."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from app.kernel.database import AsyncSession, DBAPIError
from app.kernel.errors import Fault, Refused
from app.upkeep import queries
from app.upkeep.archive import Part
from app.upkeep.queries import Batches
from app.upkeep.rows import BadValue, Lines, Row, TableShape, encoded, plain

Progress = Callable[[int, int], None]
BACKENDS: Final = {True: "postgresql", False: "sqlite"}


def silent(_done: int, _total: int) -> None:
    """Show no progress."""


class Counter:
    """Tells progress in rows, of all tables together."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, rows: int) -> None:
        """Count rows that came through."""
        self._done += rows
        self._progress(self._done, self._total)


def backend(session: AsyncSession) -> str:
    """Answer the name of a session's database."""
    return BACKENDS[queries.is_postgresql(session)]


async def revision_of(session: AsyncSession) -> str:
    """Answer the migration at which a database stands.

    Raises:
        Refused: it was never migrated.
    """
    found = await queries.revision(session)
    if found is None:
        fault = Fault("database", "it has no tables of ours", "Check RONGQIAO_DATABASE_URL.")
        raise Refused("There is nothing to copy.", [fault])
    return found


async def require_empty(session: AsyncSession, shapes: Sequence[TableShape]) -> None:
    """See that a database has no rows.

    Raises:
        Refused: it has some; tells in which tables.
    """
    filled = await queries.filled(session, shapes)
    if filled:
        remedy = "Name an empty database: nothing is ever written over."
        raise Refused(
            "The target is not empty; nothing was changed.",
            [Fault(name, "has rows", remedy) for name in filled],
        )


async def plain_rows(session: AsyncSession, shape: TableShape, lines: Lines, counter: Counter) -> Batches:
    """Stream a table's rows as plain values of their kinds (instants aware, JSON canonical), hashing them meanwhile.

    Raises:
        Refused: a stored value is not of its column's kind.
    """
    with _values_told():
        async for batch in queries.rows(session, shape):
            values = plain(shape, batch)
            lines.take(encoded(shape, values), len(batch))
            counter.add(len(batch))
            yield values


async def part_of(session: AsyncSession, shape: TableShape, counter: Counter) -> Part:
    """Answer what the lines of a stored table come to."""
    lines = Lines()
    with _values_told():
        async for batch in queries.rows(session, shape):
            lines.take(encoded(shape, plain(shape, batch)), len(batch))
            counter.add(len(batch))
    return Part(shape, lines.rows, lines.size, lines.sha256)


@contextmanager
def _values_told() -> Iterator[None]:
    try:
        yield
    except (BadValue, ValueError) as error:
        fault = Fault("database", str(error), "Mend this row in the source first.")
        raise Refused("A stored value cannot be read; nothing was changed.", [fault]) from error


async def fill(session: AsyncSession, shape: TableShape, batches: Batches) -> None:
    """Add rows to an empty table.

    Raises:
        Refused: the database does not take one of them (too long, a NUL in a text, a link of no chain).
    """
    try:
        await queries.write(session, shape, batches)
    except (DBAPIError, OverflowError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        fault = Fault(shape.name, reason, "Mend this row in the source first.")
        raise Refused("The target does not take a row; nothing was changed.", [fault]) from error


def compare(sent: Iterable[Part], arrived: Iterable[Part]) -> None:
    """See that all tables arrived as they were sent.

    Raises:
        Refused: one did not; tells which, and both counts and hashes.
    """
    faults = [
        Fault(one.shape.name, f"sent {_told(one)}, arrived {_told(other)}", "Tell the makers; run it again.")
        for one, other in zip(sent, arrived, strict=True)
        if (one.rows, one.sha256) != (other.rows, other.sha256)
    ]
    if faults:
        raise Refused("What arrived is not what was sent; nothing was kept.", faults)


def _told(part: Part) -> str:
    return f"{part.rows} rows {part.sha256[:16]}"


async def batched(source: Iterable[Sequence[Row]], counter: Counter) -> AsyncIterator[Sequence[Row]]:
    """Stream rows that come from a file."""
    for batch in source:
        counter.add(len(batch))
        yield batch
