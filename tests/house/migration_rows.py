"""Rows for the tables of any migration, made from what the database says of its columns."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Any

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
    Table,
    func,
    inspect,
    select,
    text,
)

Content = dict[str, list[tuple[Any, ...]]]
DAY, MOMENT = date(2023, 10, 12), datetime(2023, 10, 12, 1, 2, 3, 456, tzinfo=UTC)
LATER = 10
"""Number of the first row that is added later, to two that are there."""
# What an open withdrawal says, its entry says too (migration 0006): rows of chance would contradict each other.
NEVER_NULL = {("entry_withdrawals", "reopened_at"), ("event_guests", "enterprise_id")}
# What checks that name several columns allow.
ALWAYS = {
    ("docking_events", "kind"): "note",
    ("docking_events", "corrects"): None,
    ("disclosures", "contact_slot"): 1,
    ("event_guests", "institution_id"): None,
}
VALUES: tuple[tuple[type[Any], Callable[[int], Any]], ...] = (
    (JSON, lambda number: {"数": [number, None, 1.5]}),
    (Boolean, lambda number: number % 2 == 0),
    (Integer, lambda number: number + 1),
    (DateTime, lambda number: MOMENT + timedelta(days=number)),
    (Date, lambda number: DAY + timedelta(days=number)),
    (LargeBinary, lambda number: b"\x00\xff" + bytes([number])),
)


def tables(connection: Connection) -> list[Table]:
    """Answer the tables that there are, those that others point at before them."""
    inspector = inspect(connection)
    # What triggers note of changes is written by them alone.
    names = sorted(set(inspector.get_table_names()) - {"alembic_version", "entry_changes"})
    told = _by_name(inspector.get_multi_columns(filter_names=names))
    keys = _by_name(inspector.get_multi_pk_constraint(filter_names=names))
    pointing = _by_name(inspector.get_multi_foreign_keys(filter_names=names))
    pointed = {name: {key["referred_table"] for key in pointing[name]} - {name} for name in names}
    return [
        Table(
            name,
            MetaData(),
            *(
                Column(
                    each["name"],
                    each["type"],
                    primary_key=each["name"] in keys[name]["constrained_columns"],
                    nullable=each["nullable"],
                    autoincrement=False,
                )
                for each in told[name]
            ),
        )
        for name in TopologicalSorter(pointed).static_order()
    ]


def _by_name(found: Any) -> dict[str, Any]:
    return {name: about for (_schema, name), about in found.items()}


def content(connection: Connection, wanted: Sequence[Table]) -> Content:
    """Answer the rows of tables over the columns that they were told with."""
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in wanted
    }


def fill(connection: Connection, wanted: Sequence[Table], numbers: Sequence[int]) -> None:
    """Add a row for each number to each table: those of even numbers have values in all columns, others nulls."""
    about = _About(connection, [table.name for table in wanted])
    is_postgresql = connection.dialect.name == "postgresql"
    if not is_postgresql:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    for table in wanted:
        connection.execute(
            table.insert(), [{column.name: about.value(column, n) for column in table.c} for n in numbers]
        )
        if is_postgresql and "id" in table.c and isinstance(table.c.id.type, Integer):
            _renumber(connection, table)


def _renumber(connection: Connection, table: Table) -> None:
    last = connection.execute(select(func.max(table.c.id))).scalar_one()
    asked = text("SELECT setval(pg_get_serial_sequence(quote_ident(:name), 'id'), :last)")
    connection.execute(asked, {"name": table.name, "last": last})


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
        self._pointing = {
            (table, name): (key["referred_table"], key["referred_columns"][0])
            for table, found in _by_name(inspector.get_multi_foreign_keys(filter_names=list(names))).items()
            for key in found
            for name in key["constrained_columns"]
        }
        checks = _by_name(inspector.get_multi_check_constraints(filter_names=list(names)))
        self._checks = {table: [check["sqltext"] for check in found] for table, found in checks.items()}

    def value(self, column: Column[Any], number: int) -> Any:
        table, name = column.table.name, column.name
        if table == "audit_events" and name in {"sequence", "previous_hash", "hash"}:
            return _link(number)[name]
        is_null = column.nullable and number % 2 and (table, name) not in NEVER_NULL
        if is_null and not column.primary_key:
            return None
        if (table, name) in ALWAYS:
            return ALWAYS[table, name]
        made = (value for kind, value in VALUES if isinstance(column.type, kind))
        return next(made, lambda n: self._text(table, name, column.type, n))(number)

    def _text(self, table: str, name: str, kind: Any, number: int) -> str:
        if (table, name) in self._pointing:
            return self._text(*self._pointing[table, name], kind, number)
        for check in self._checks.get(table, ()):
            allowed = re.search(rf"\b{name}\b\W*(?:::text\W*)?(?:in|= ANY)\b.*?'(\w+)'", check, re.IGNORECASE)
            if allowed:
                return allowed[1]
        return f"{name}{number}"[-(kind.length or 99) :]
