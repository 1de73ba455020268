"""Rows in one canonical form, whichever database they stand in (pure).

A row is one line: a JSON array of its columns in the order of their table, UTF-8, no blanks. The lines of a
table, in the order of its primary key, are the table's canonical content, and their SHA-256 is its hash:
equal hashes mean equal rows, on SQLite and on PostgreSQL. A backup holds these very lines.

| kind | in a line | in Python |
|---|---|---|
| integer, boolean, text | as JSON has them | int, bool, str |
| instant | `2023-11-15T02:00:00.000000Z` | aware datetime in UTC |
| date | `2023-11-15` | date |
| bytes | base64 | bytes |
| json | a text that holds JSON with members sorted by name | that text |

Null is null in every kind; a stored JSON null is the text `null`. PostgreSQL keeps no exponents of JSON numbers,
so that a number without fraction that was written with one (`1e+16`) stands as an integer.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, get_args

Kind = Literal["integer", "boolean", "text", "instant", "date", "bytes", "json"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
Row = Sequence[Any]
_MOST_DIGITS: Final = 400
"""A float has fewer before its point; what has more was no number of ours."""


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's name, its columns with their kinds in order, and the columns of its primary key."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Answer the columns' names."""
        return tuple(name for name, _kind in self.columns)


class BadValue(ValueError):
    """A value that is none of its column's kind; the text says which."""


class Lines:
    """Counts and hashes the lines of one table while they pass."""

    def __init__(self) -> None:
        self.rows, self.size, self._hash = 0, 0, hashlib.sha256()

    def take(self, lines: bytes, rows: int) -> None:
        """Take the next lines, as one piece of bytes."""
        self.rows += rows
        self.size += len(lines)
        self._hash.update(lines)

    @property
    def sha256(self) -> str:
        """Answer the hash of all lines so far."""
        return self._hash.hexdigest()


def plain(shape: TableShape, rows: Iterable[Row]) -> list[list[Any]]:
    """Answer rows as plain values of their kinds, each with the table's columns in order, as databases give them.

    Raises:
        BadValue: a value is not of its column's kind.
    """
    ways = _ways(shape)
    return [_each(shape, row, ways) for row in rows]


def _ways(shape: TableShape) -> tuple[Callable[[Any], Any], ...]:
    return tuple(_TO_PLAIN[kind] for _name, kind in shape.columns)


def _each(shape: TableShape, row: Row, ways: Sequence[Callable[[Any], Any]]) -> list[Any]:
    try:
        return [None if v is None else way(v) for v, way in zip(row, ways, strict=True)]
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _bad(shape, row, ways, error) from error


def encoded(shape: TableShape, rows: Iterable[Row]) -> bytes:
    """Answer the lines of rows of plain values."""
    written = [(i, _TO_LINE[kind]) for i, (_name, kind) in enumerate(shape.columns) if kind in _TO_LINE]
    return b"".join(_line(row, written) for row in rows)


def _line(row: Row, written: Iterable[tuple[int, Callable[[Any], str]]]) -> bytes:
    values = list(row)
    for i, way in written:
        if values[i] is not None:
            values[i] = way(values[i])
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def decoded(shape: TableShape, line: bytes) -> list[Any]:
    """Answer the row that a line holds; JSON columns as their text.

    Raises:
        BadValue: the line is no row of this table.
    """
    try:
        values = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise BadValue(f"{shape.name}: no JSON: {error}") from error
    if not isinstance(values, list) or len(values) != len(shape.columns):
        raise BadValue(f"{shape.name}: not a row of {len(shape.columns)} columns")
    return _each(shape, values, tuple(_FROM_LINE[kind] for _name, kind in shape.columns))


def _bad(shape: TableShape, row: Row, ways: Sequence[Callable[[Any], Any]], error: Exception) -> BadValue:
    """Answer which value it was that stood in the way, without telling the value: it may be personal."""
    where = {name: value for name, value in zip(shape.names, row, strict=False) if name in shape.key}
    for value, (name, kind), way in zip(row, shape.columns, ways, strict=False):
        try:
            value is None or way(value)
        except (TypeError, ValueError, AttributeError, RecursionError) as found:
            return BadValue(f"{shape.name}.{name} of {where}: not of kind {kind} ({type(found).__name__})")
    return BadValue(f"{shape.name} of {where}: {type(error).__name__}")


def canonical_json(text: str) -> str:
    """Answer the canonical text of stored JSON.

    Raises:
        ValueError: it is no JSON.
    """
    value = json.loads(text, parse_float=_number, parse_constant=_no_constant)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _number(text: str) -> float | int:
    if "e" in text or "E" in text:
        exact = Decimal(text)
        if abs(exact.adjusted()) < _MOST_DIGITS and exact == exact.to_integral_value():
            return int(exact)
    return float(text) or 0.0  # PostgreSQL knows no negative zero


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _aware(value: datetime) -> datetime:
    # SQLite gives instants without their zone, which is UTC.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _instant_text(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is not UTC or _instant_text(found) != text:
        raise ValueError(text)
    return found


def _date(text: str) -> date:
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        raise ValueError(text)
    return found


def _bytes(text: str) -> bytes:
    return b64decode(_of(str)(text), validate=True)


def _same_json(text: str) -> str:
    if canonical_json(_of(str)(text)) != text:
        raise ValueError(text)
    return text


def _integer(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise TypeError(type(value))
    return value


def _of(kind: type) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(type(value))
        return value

    return checked


_TO_PLAIN: Final[dict[Kind, Callable[[Any], Any]]] = {
    "integer": _integer,
    "boolean": _of(bool),
    "text": _of(str),
    "instant": _aware,
    "date": _of(date),
    "bytes": _of(bytes),
    "json": canonical_json,
}
_TO_LINE: Final[dict[Kind, Callable[[Any], str]]] = {
    "instant": _instant_text,
    "date": date.isoformat,
    "bytes": lambda value: b64encode(value).decode(),
}
_FROM_LINE: Final[dict[Kind, Callable[[Any], Any]]] = {
    "integer": _integer,
    "boolean": _of(bool),
    "text": _of(str),
    "instant": _instant,
    "date": _date,
    "bytes": _bytes,
    "json": _same_json,
}
