"""Writes generated roster rows as the workbook that a person would send: the template's columns, no others.

The notes sheet says what was generated and from which seed, so that nobody takes it for a real roster.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Final

from app.kernel.workbook_making import new_workbook
from app.whitelist.roster_columns import COLUMNS, SHEET_NAME
from app.whitelist.simulation import Row
from app.whitelist.workbook_template import NOTES_SHEET

_NUMBERS: Final = frozenset({"integer", "months", "money", "asked_money"})
_HEADER_WIDTH: Final = 16
_CREATED: Final = datetime(2023, 1, 1)  # noqa: DTZ001 - the file's property has no zone
"""A fixed stamp: xlsxwriter would put the clock's."""


def write_simulated_roster(target: str | IO[bytes], rows: Iterable[Row], notes: Sequence[str]) -> int:
    """Write rows (cells by heading, unwritten ones blank) and one note a line; answer how many rows.

    Memory stays flat: rows go to the file as they come. Equal rows and notes give equal bytes.
    """
    options = {"constant_memory": True}
    count = 0
    with new_workbook(target, options) as book:
        book.set_properties({"comments": "；".join(notes), "created": _CREATED})
        sheet = book.add_worksheet(SHEET_NAME)
        sheet.set_column(0, len(COLUMNS) - 1, _HEADER_WIDTH)
        sheet.write_row(0, 0, [column.heading for column in COLUMNS])
        for count, row in enumerate(rows, start=1):
            for index, column in enumerate(COLUMNS):
                text = row.get(column.heading, "")
                if text and column.kind in _NUMBERS:
                    sheet.write_number(count, index, float(text))
                elif text:
                    sheet.write_string(count, index, text)
        about = book.add_worksheet(NOTES_SHEET)
        for line, note in enumerate(notes):
            about.write_string(line, 0, note)
    return count
