"""Rows for the tables of any migration, made from what the database says of its columns."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, inspect

from app.kernel.database import AsyncSession, make_engine, make_sessions, transaction
from app.upkeep import queries
from app.upkeep.rows import Lines, TableShape, encoded

Result = TypeVar("Result")
Content = dict[str, str]
DAY, MOMENT = date(2023, 10, 12), datetime(2023, 10, 12, 1, 2, 3, 456, tzinfo=UTC)
LATER = 10
"""Number of the first row that is added later, to two that are there."""
# What an open withdrawal says, its entry says too (migration 0006): rows of chance would contradict each other.
NEVER_NULL = {("entry_withdrawals", "reopened_at")}
# What checks that name several columns allow.
ALWAYS = {
    ("docking_events", "kind"): "note",
    ("docking_events", "corrects"): None,
    ("disclosures", "contact_slot"): 1,
}

_VALUES: dict[str, Callable[[int], Any]] = {
    "instant": lambda number: MOMENT + timedelta(days=number),
    "date": lambda number: DAY + timedelta(days=number),
    "bytes": lambda number: b"\x00\xff" + bytes([number]),
    "json": lambda number: f'{{"数":[{number},null,1.5]}}',
    "boolean": lambda number: number % 2 == 0,
    "integer": lambda number: number + 1,
}


def in_database(url: str, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
    async def worked() -> Result:
        engine = make_engine(url)
        try:
            async with transaction(make_sessions(engine)) as session:
                return await work(session)
        finally:
            await engine.dispose()

    return asyncio.run(worked())


async def content(session: AsyncSession, shapes: Sequence[TableShape]) -> Content:
    """Answer the hash of each table over the columns of its shape."""
    found = {}
    for shape in shapes:
        lines = Lines()
        async for batch in queries.rows(session, shape):
            lines.take(encoded(shape, batch), len(batch))
        found[shape.name] = f"{lines.rows} {lines.sha256}"
    return found


async def fill(session: AsyncSession, shapes: Sequence[TableShape], numbers: Sequence[int]) -> None:
    """Add a row for each number to each table: those of even numbers have values in all columns, others nulls."""
    about = await (await session.connection()).run_sync(_About, [shape.name for shape in shapes])
    await queries.begin_filling(session)
    for shape in shapes:
        rows = [[about.value(shape, name, kind, n) for name, kind in shape.columns] for n in numbers]

        async def given(rows: Any = rows) -> Any:
            yield rows

        await queries.write(session, shape, given())
    await queries.renumber(session, shapes)


def _link(number: int) -> dict[str, Any]:
    """Answer the columns of a link of the trail: its guard takes none but the next."""
    place = number if number < LATER else number - LATER + 2
    return {
        "sequence": place + 1,
        "previous_hash": f"hash{place - 1}" if place else "0" * 64,
        "hash": f"hash{place}",
    }


class _About:
    """What the database says of columns that a row has to obey."""

    def __init__(self, connection: Connection, names: Sequence[str]) -> None:
        inspector = inspect(connection)
        told = inspector.get_multi_columns(filter_names=list(names))
        self._columns: dict[tuple[str, str], Any] = {
            (table, column["name"]): column for (_schema, table), found in told.items() for column in found
        }
        self._pointing = {
            (table, name): (key["referred_table"], key["referred_columns"][0])
            for (_schema, table), found in inspector.get_multi_foreign_keys(filter_names=list(names)).items()
            for key in found
            for name in key["constrained_columns"]
        }
        self._checks = {
            table: [check["sqltext"] for check in found]
            for (_schema, table), found in inspector.get_multi_check_constraints(
                filter_names=list(names)
            ).items()
        }

    def value(self, shape: TableShape, name: str, kind: str, number: int) -> Any:
        column = self._columns[shape.name, name]
        if shape.name == "audit_events" and name in {"sequence", "previous_hash", "hash"}:
            return _link(number)[name]
        is_null = column["nullable"] and number % 2 and (shape.name, name) not in NEVER_NULL
        if is_null and name not in shape.key:
            return None
        if (shape.name, name) in ALWAYS:
            return ALWAYS[shape.name, name]
        return self._text(shape.name, name, column, number) if kind == "text" else _VALUES[kind](number)

    def _text(self, table: str, name: str, column: Any, number: int) -> str:
        if (table, name) in self._pointing:
            return self._text(*(pointed := self._pointing[table, name]), self._columns[pointed], number)
        for check in self._checks.get(table, ()):
            allowed = re.search(rf"\b{name}\b\W*(?:::text\W*)?(?:in|= ANY)\b.*?'(\w+)'", check, re.IGNORECASE)
            if allowed:
                return allowed[1]
        return f"{name}{number}"[-(column["type"].length or 99) :]
