"""Reads a roster workbook: chooses the sheet, finds the header, streams the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final

from app.kernel.workbook_archive import refuse
from app.kernel.workbooks import SubmittedSheet, open_sheet, sheet_names
from app.whitelist.roster_columns import (
    SHEET_NAME,
    RosterHeader,
    is_header,
    read_header,
)
from app.whitelist.roster_faults import RosterFault

HEADER_WITHIN: Final = 10
Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class RosterSheet:
    """An open sheet: its header, what is wrong with it before any cell is read, and its rows.

    `headings` is the header row as given, `above` the rows over it, `height` is the last used row,
    `offset` the unused columns at the left. The file stays open as long as rows are read.
    """

    name: str
    header: RosterHeader
    headings: Cells
    above: tuple[Cells, ...]
    faults: tuple[RosterFault, ...]
    height: int
    offset: int
    sheet: SubmittedSheet

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Yield (1-based number, cells from column A) of each row below the header, blank ones too.

        Each call reads the file anew, in pieces: no row is held.

        Raises:
            Refused: a cell holds what its type does not allow.
        """
        return ((number, row) for number, row in self.sheet.rows() if number > self.header.row)


def open_roster(file: IO[bytes], file_name: str, sheet_name: str | None = None) -> RosterSheet:
    """Open the sheet `名单` (or the one named, or the only one); its first ten rows must hold the header.

    Raises:
        Refused: not a workbook, damaged, too large, or no such sheet.
    """
    chosen = choose_sheet(sheet_names(file, file_name), file_name, sheet_name, SHEET_NAME)
    sheet = open_sheet(file, file_name, chosen)
    first = [row for _, row in islice(sheet.rows(), HEADER_WITHIN)]
    at = next((index for index, row in enumerate(first) if is_header(row)), 0)
    headings = first[at] if first else []
    header = read_header(headings, at + 1)
    faults = tuple(
        RosterFault(found.row, found.column, found.message, found.remedy)
        for found in sheet.faults(header.row)
    )
    scan = sheet.scan
    return RosterSheet(
        chosen, header, headings, tuple(first[:at]), faults, scan.last_row, scan.first_column, sheet
    )


def choose_sheet(names: list[str], file_name: str, asked: str | None, usual: str) -> str:
    """Answer which sheet holds the list: the one asked for, else the usual one, else the only one.

    Raises:
        Refused: there is no such sheet.
    """
    wanted = asked or usual
    if wanted in names:
        return wanted
    if asked is None and len(names) == 1:
        return names[0]
    listed = "、".join(names)
    raise refuse(file_name, f"没有工作表“{wanted}”", f"文件中有：{listed}。把名单所在的表改名为“{wanted}”。")
