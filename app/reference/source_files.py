"""Reading small CSV tables: every fault is named by file, line and column, all in one pass."""

import csv
import io
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from app.kernel.errors import Fault, Refused

Value = TypeVar("Value")
Key = TypeVar("Key", bound=Hashable)

HIGHEST_RATE = Decimal(20)
MOST_SHOWN = 80
_YES = frozenset({"1", "true", "yes", "是"})
_NO = frozenset({"0", "false", "no", "否"})
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")


@dataclass(slots=True)
class SourceTable:
    """Rows of one file with the faults found so far; `close` refuses it if there are any."""

    name: str
    rows: list[tuple[int, list[str]]]
    columns: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, key: str, value: str, expected: str) -> None:
        """Record that a value is not what was expected there."""
        where = f"{self.name}:{line} {key}".rstrip()
        self.faults.append(Fault(where, f"expected {expected}", value=value[:MOST_SHOWN]))

    def parse(
        self, read: Callable[[str], Value], line: int, key: str, value: str, expected: str
    ) -> Value | None:
        """Read one value; a ValueError becomes a fault and answers None."""
        try:
            return read(value)
        except ValueError:
            self.fault(line, key, value, expected)
            return None

    def check_keys(self, width: int = 1) -> None:
        """Record rows whose first `width` columns repeat those of an earlier row."""
        named = "+".join(self.columns[:width])
        seen: dict[tuple[str, ...], int] = {}
        for line, cells in self.rows:
            key = tuple(cells[:width])
            self.check_first(seen, key, line, named)

    def check_first(self, seen: dict[Key, int], key: Key, line: int, named: str) -> None:
        """Record that a key came before; `seen` remembers the first line of each key."""
        first = seen.setdefault(key, line)
        if first != line:
            cells = key if isinstance(key, tuple) else (key,)
            text = ",".join(map(str, cells))
            self.fault(line, named, text, f"each {named} once; it stands on line {first} already")


def read_table(path: Path, columns: tuple[str, ...]) -> SourceTable:
    """Read a UTF-8 CSV whose first line names exactly `columns`; blank lines are passed over."""
    table = SourceTable(path.name, [], columns)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        table.fault(1, "", str(error.strerror), "a readable file")
        return table
    except UnicodeDecodeError:
        table.fault(1, "", "bytes that are not UTF-8", "a CSV file saved as UTF-8")
        return table
    table.rows.extend(_checked_rows(table, _numbered_rows(table, text)))
    return table


def _numbered_rows(table: SourceTable, text: str) -> Iterator[tuple[int, list[str]]]:
    """Answer each row with the line on which it begins: a quoted cell may run over several lines."""
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        table.fault(line, "", str(error), "a CSV file; is a quotation mark left open?")


def _checked_rows(
    table: SourceTable, lines: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    _, names = next(lines, (1, []))
    header = [name.strip() for name in names]
    if header != list(table.columns):
        table.fault(1, "header", ",".join(header), ",".join(table.columns))
        return
    width = len(table.columns)
    for line, cells in lines:
        if len(cells) == width:
            yield line, cells
        elif any(cell.strip() for cell in cells):
            table.fault(line, "", ",".join(cells), f"{width} columns, not {len(cells)}")


def refuse_faults(what: str, tables: Sequence[SourceTable]) -> None:
    """Refuse everything read if any table has a fault.

    Raises:
        Refused: naming all faults of all tables.
    """
    faults = [fault for table in tables for fault in table.faults]
    if faults:
        files = ", ".join(table.name for table in tables if table.faults)
        detail = f"{what}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'} in {files}"
        raise Refused(detail, faults)


def read_date(text: str) -> date:
    """Read `2027-01-01`, or `2027/1/1` as spreadsheets save it."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    year, month, day = map(int, found.groups())
    return date(year, month, day)


def read_yes_no(text: str) -> bool:
    """Read 1/0, true/false, yes/no or 是/否."""
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(text)
    return word in _YES


def read_rate(text: str) -> Decimal:
    """Read a rate in percent a year: above 0, below 20, at most two decimals (hundredths)."""
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not rate.is_finite() or not 0 < rate < HIGHEST_RATE or rate != round(rate, 2):
        raise ValueError(text)
    return round(rate, 2)
