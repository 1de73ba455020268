"""Writes a submitted sheet back with a column that says what is wrong in each row."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any, Final

from app.kernel.workbook_making import new_workbook
from app.whitelist.roster_columns import FAULT_HEADING, SHEET_NAME, is_fault_heading
from app.whitelist.roster_faults import RosterFault, column_letters
from app.whitelist.workbook_reading import RosterSheet

LONGEST_TEXT: Final = 32_000  # a cell holds at most 32,767 characters
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
LONGEST_SHEET_NAME: Final = 31
_FAULT_COLUMN_WIDTH: Final = 60
_NOT_IN_A_SHEET_NAME = re.compile(r"[\[\]:*?/\\]|^'|'$")


def write_error_workbook(target: str | IO[bytes], roster: RosterSheet, faults: Iterable[RosterFault]) -> None:
    """Write the sheet with every cell in its place, faulty ones marked, and the faults in a column at the end.

    Texts stay texts: one that a spreadsheet could take for a formula is written with its quote prefix.
    """
    by_row: dict[int, list[RosterFault]] = defaultdict(list)
    for fault in faults:
        by_row[fault.row or roster.header.row].append(fault)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with new_workbook(target, options) as book:
        sheet = book.add_worksheet(_sheet_name(roster.name))
        writer = _RowWriter(sheet, _formats(book), _fault_column(roster))
        sheet.set_column(writer.fault_column, writer.fault_column, _FAULT_COLUMN_WIDTH)
        written = 0
        for number, cells in _all_rows(roster):
            writer.write(number, cells, by_row.get(number, ()), is_header=number == roster.header.row)
            written = number
        for number in sorted(row for row in by_row if row > written):
            writer.write(number, (), by_row[number])


def _sheet_name(given: str) -> str:
    """Answer a name that spreadsheets accept: files made by other programs do not keep to their rules."""
    name = _NOT_IN_A_SHEET_NAME.sub("_", given[:LONGEST_SHEET_NAME])
    return SHEET_NAME if not name or name.casefold() == "history" else name


def _all_rows(roster: RosterSheet) -> Iterator[tuple[int, Sequence[object]]]:
    yield from enumerate(roster.above, start=1)
    yield roster.header.row, roster.headings
    yield from roster.rows()


def _fault_column(roster: RosterSheet) -> int:
    """Answer where the faults go: the column of an earlier error workbook, else behind the last one."""
    earlier = [index for index, text in enumerate(roster.headings) if is_fault_heading(str(text))]
    return earlier[0] if earlier else len(roster.headings)


def _formats(book: Any) -> Mapping[str, Any]:
    faulty = {"bg_color": "#FFC7CE"}
    return {
        "quoted": book.add_format({"quote_prefix": True}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "faulty": book.add_format(faulty),
        "faulty quoted": book.add_format(faulty | {"quote_prefix": True}),
        "faulty date": book.add_format(faulty | {"num_format": "yyyy-mm-dd"}),
        "message": book.add_format({"font_color": "#9C0006", "text_wrap": True, "quote_prefix": True}),
        "head": book.add_format({"bold": True}),
    }


class _RowWriter:
    """Writes rows in their order, as constant memory demands."""

    def __init__(self, sheet: Any, formats: Mapping[str, Any], fault_column: int) -> None:
        self.sheet, self.formats, self.fault_column = sheet, formats, fault_column

    def write(
        self, number: int, cells: Sequence[object], faults: Sequence[RosterFault], *, is_header: bool = False
    ) -> None:
        """Write one row (1-based); `faults` are those of this row."""
        marked = {fault.column for fault in faults}
        for index, cell in enumerate(cells):
            if index != self.fault_column:
                self._cell(number - 1, index, cell, "faulty" if index in marked else "")
        text = "\n".join(map(_sentence, faults))[:LONGEST_TEXT]
        if is_header:
            heading = f"{FAULT_HEADING}\n{text}" if text else FAULT_HEADING
            self.sheet.write_string(number - 1, self.fault_column, heading, self.formats["head"])
        elif text:
            self.sheet.write_string(number - 1, self.fault_column, text, self.formats["message"])

    def _cell(self, row: int, column: int, cell: object, mark: str) -> None:
        if isinstance(cell, str):
            kind = "quoted" if cell.startswith(FORMULA_STARTS) else ""
            style = self.formats.get(f"{mark} {kind}".strip())
            if cell or mark:
                self.sheet.write_string(row, column, cell[:LONGEST_TEXT], style)
        elif isinstance(cell, bool):
            self.sheet.write_boolean(row, column, cell, self.formats.get(mark))
        elif isinstance(cell, int | float) and math.isfinite(cell):
            self.sheet.write_number(row, column, cell, self.formats.get(mark))
        elif isinstance(cell, date | datetime):
            self.sheet.write_datetime(row, column, cell, self.formats[f"{mark} date".strip()])
        elif cell is not None:
            self.sheet.write_string(row, column, str(cell), self.formats.get(mark))


def _sentence(fault: RosterFault) -> str:
    place = "" if fault.column is None else f"{column_letters(fault.column)}列："
    return f"{place}{fault.message}。{fault.remedy}"
