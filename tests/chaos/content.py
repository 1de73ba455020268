"""What a database says, whatever numbers its rows happen to have: two histories that should be equal are compared by it.

Every row of every table counts, with all its columns but the few that `IGNORED` names with the reason. A row's own
surrogate number is left out; a number that refers to a row stands for what that row is known by: its natural key, or,
where it has none, all that it says. So gaps in numbering mean nothing, while a lost, doubled or changed row shows.
"""

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import numpy as np
from sqlalchemy import Column, Connection, Engine, Table, UniqueConstraint, create_engine, select

import app.main  # noqa: F401 - so that every room's tables are there
from app.accounts.tables import AuditEvent
from app.kernel.database import Base

BOOKKEEPING: Final[Mapping[str, str]] = {
    "audit_events": "a repetition is on record too: it is compared as what was noted (`noted`), and its chain verified",
    "jobs": "how often a job was begun, by which worker and when",
    "schedule_slots": "which worker was first to claim a slot, and when",
}
"""Tables that tell how the work went, not what came of it."""

IGNORED: Final[Mapping[str, Mapping[str, str]]] = {
    "deliveries": {
        "message_id": "random; that it stays the same at every attempt is checked at the receivers",
        "claim": "random name of who sends",
        "claimed_until": "a lease that a killed sender left",
        "next_attempt_at": "attempts go by the elapsed time",
        "tried_since": "attempts go by the elapsed time",
        "sent_at": "attempts go by the elapsed time",
    },
    "api_keys": {
        "last_used_at": "noted after the answer, in a transaction of its own: on a full disk it waits for the next use",
        "last_used_from": "noted with it",
    },
    "webhook_endpoints": {"last_sent_at": "attempts go by the elapsed time"},
    "card_keys": {"secret": "random"},
    "bottleneck_cases": {
        "content_hash": "over numbers of rows among others; all that it is over is compared itself"
    },
    "idempotency_records": {
        "body": "the answer as it was given: it holds numbers of rows, which have gaps after a kill",
        "location": "holds such a number",
        "etag": "of such an answer",
    },
}
"""Columns that must differ between two histories with the same outcome."""

INSTANT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
SUBJECTS: Final[Mapping[str, str]] = {
    "docking": "whitelist_entries",
    "handed": "persons",
    "rerouted": "assignments",
    "case": "coordination_cases",
}
EVENT_KEY: Final = re.compile(rf"^(?P<kind>{'|'.join(SUBJECTS)}):(?P<number>\d+)(?=:|$)")
"""Event keys that begin with the number of a row of some table."""
ARCHIVES: Final = "allocation_problems"
NUMBERED: Final = re.compile(r"(XT-|job:)[0-9a-f]+")
"""Codes that are made of a row's number (coordination/rules.py), and the random ones of jobs."""


OF_INSTANTS: Final[Mapping[str, Mapping[str, str]]] = {
    "coverage_snapshots": {
        "facts": "packed, with instants; the figures that come of them are compared, and the close is verified",
        "facts_sha256": "over those facts",
    },
    "digests": {"slot": "the hour of an urgent mail"},
}
"""Columns that differ as well where instants may."""


class Instants(Enum):
    """How much of an instant counts; the value is what stands for one."""

    EXACT = ""
    DAYS = r"\1"
    NONE = "an instant"


Rows = Counter[str]
Content = dict[str, Rows]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that one history has oftener than the other; `times` > 0: the second has it so many times too often."""

    table: str
    row: str
    times: int

    def __str__(self) -> str:
        told = f"{self.times} too many" if self.times > 0 else f"{-self.times} lost"
        return f"{self.table}: {told}: {self.row}"


def differences(expected: Content, found: Content) -> list[Difference]:
    """Answer what the second content has too often or lacks, table by table."""
    made = []
    for table in sorted(expected.keys() | found.keys()):
        before, after = expected.get(table, Rows()), found.get(table, Rows())
        made += [
            Difference(table, row, after[row] - before[row])
            for row in sorted(before.keys() | after.keys())
            if after[row] != before[row]
        ]
    return made


def content_of(sync_url: str, instants: Instants = Instants.EXACT) -> Content:
    """Read all that a database says."""
    engine = create_engine(sync_url)
    try:
        with engine.connect() as connection:
            return _Reader(connection, instants).content()
    finally:
        engine.dispose()


class _Reader:
    """Reads one database in the order of references, so that what a row refers to is known."""

    def __init__(self, connection: Connection, instants: Instants) -> None:
        self._connection, self._instants = connection, instants
        self._known_as: dict[tuple[str, Any], str] = {}

    def content(self) -> Content:
        # Archives name entries without a foreign key.
        tables = sorted(Base.metadata.sorted_tables, key=lambda table: table.name == ARCHIVES)
        return {table.name: self._rows(table) for table in tables if table.name not in BOOKKEEPING}

    def _rows(self, table: Table) -> Rows:
        ignored = (
            IGNORED.get(table.name, {}) if self._instants is not Instants.NONE else _timeless(table.name)
        )
        columns = [one for one in table.columns if one.name not in ignored]
        stated = [one for one in columns if not _is_surrogate(one)]
        key = [one for one in columns if one.name in _natural_key(table)]
        numbers = [one for one in table.columns if _is_surrogate(one)]
        rows = Rows()
        for row in self._in_order(table):
            said = self._said(row, stated)
            rows[said] += 1
            if numbers:
                short = self._said(row, key) if key else hashlib.sha256(said.encode()).hexdigest()[:16]
                self._known_as[table.name, row[numbers[0].name]] = f"{table.name} {short}"
        return rows

    def _in_order(self, table: Table) -> Iterator[Mapping[str, Any]]:
        """Answer the rows, those that rows of the same table refer to before them."""
        waiting = [dict(row._mapping) for row in self._connection.execute(select(table))]
        own = [one for one in table.columns if any(key.column.table is table for key in one.foreign_keys)]
        while waiting:
            later = []
            for row in waiting:
                referred = {row[one.name] for one in own} - {None, row.get("id")}
                if all((table.name, number) in self._known_as for number in referred):
                    yield row
                else:
                    later.append(row)
            assert len(later) < len(waiting), f"rows of {table.name} refer to each other in a circle"
            waiting = later

    def _said(self, row: Mapping[str, Any], columns: Sequence[Column[Any]]) -> str:
        members = {one.name: self._value(one, row[one.name]) for one in columns}
        said = NUMBERED.sub(r"\1#", json.dumps(members, ensure_ascii=False, sort_keys=True))
        return said if self._instants is Instants.EXACT else INSTANT.sub(self._instants.value, said)

    def _value(self, column: Column[Any], value: Any) -> Any:
        if value is None:
            return None
        if (column.table.name, column.name) == (ARCHIVES, "arrays"):
            return self._archive(value)
        if (column.table.name, column.name) == ("notices", "event_key"):
            return EVENT_KEY.sub(self._subject, value)
        for key in column.foreign_keys:
            target = key.column.table
            if _is_surrogate(key.column):
                is_itself = target is column.table and (target.name, value) not in self._known_as
                return "itself" if is_itself else self._known_as[target.name, value]
        return _plain(value)

    def _subject(self, found: re.Match[str]) -> str:
        """Answer what the event key of a notice names by a number; where its row is not read yet, no more than that."""
        kind, number = found["kind"], int(found["number"])
        known = self._known_as.get((SUBJECTS[kind], number), "#")
        return f"{kind}:{known}"

    def _archive(self, value: bytes) -> str:
        """Answer a hash over an archived problem in which entries go by what they are known by."""
        said = hashlib.sha256()
        with np.load(io.BytesIO(value), allow_pickle=False) as arrays:
            for name in sorted(arrays.files):
                listed = arrays[name].tolist()
                if name == "ids.entry_ids":
                    listed = [self._known_as["whitelist_entries", one] for one in listed]
                said.update(f"{name} {listed}\n".encode())
        return said.hexdigest()


def _timeless(table: str) -> Mapping[str, str]:
    return {**IGNORED.get(table, {}), **OF_INSTANTS.get(table, {})}


def _is_surrogate(column: Column[Any]) -> bool:
    return (
        column.primary_key
        and len(column.table.primary_key.columns) == 1
        and not column.foreign_keys
        and column.type.python_type is int
    )


def _natural_key(table: Table) -> frozenset[str]:
    """Answer the columns of the first unique key that every row has in full; none if there is none."""
    keys = [[one] for one in table.columns if one.unique]
    keys += [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    ignored = IGNORED.get(table.name, {})
    fit = [key for key in keys if not any(one.nullable or one.name in ignored for one in key)]
    fit.sort(key=lambda key: [one.name for one in key])
    return frozenset(one.name for one in fit[0]) if fit else frozenset()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | Decimal():
            return str(value)
        case bytes() | memoryview():
            return hashlib.sha256(bytes(value)).hexdigest()
        case _:
            return value


def noted(sync_url: str, *, after: int = 0) -> Rows:
    """Answer what the audit trail notes from a number on: who did what to what; not when, nor under which number."""
    engine: Engine = create_engine(sync_url)
    wanted = (
        AuditEvent.actor,
        AuditEvent.roles,
        AuditEvent.action,
        AuditEvent.subject_kind,
        AuditEvent.subject,
    )
    try:
        with engine.connect() as connection:
            found = connection.execute(select(*wanted).where(AuditEvent.sequence > after))
            # A number is that of a row, which may differ; a code may not.
            stated = (" ".join("#" if one.isdecimal() else one for one in row) for row in found)
            return Rows(NUMBERED.sub(r"\1#", one) for one in stated)
    finally:
        engine.dispose()
