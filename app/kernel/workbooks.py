"""Reads a submitted .xlsx without trusting it: looked through first, then read in pieces at constant memory.

A sheet of a hundred thousand rows takes no more memory than one of three thousand: see the modules
`workbook_archive` (parts and their bounds), `workbook_items` (pieces of whole rows), `workbook_scan`
(what is looked for), `workbook_strings`, `workbook_formats` and `workbook_pieces` (how a piece is read).
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from app.kernel.workbook_archive import (
    MIB,
    counts_from_1904,
    open_archive,
    refuse,
    sheet_parts,
    unpacked,
)
from app.kernel.workbook_formats import number_formats
from app.kernel.workbook_items import PartItems
from app.kernel.workbook_pieces import Cells, PieceReader
from app.kernel.workbook_scan import MOST_LISTED, SheetScan
from app.kernel.workbook_strings import SharedStrings

MOST_SHEET_BYTES: Final = 512 * MIB
MOST_TEXT_BYTES: Final = 2 * 1024 * MIB
MOST_BLANK_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What a sheet may not have whatever it says: 1-based row, 0-based column (None: the whole row)."""

    row: int
    column: int | None
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SubmittedSheet:
    """A sheet that was looked through and can be read, as often as need be, while its file is open."""

    file: IO[bytes]
    file_name: str
    name: str
    scan: SheetScan
    reader: PieceReader

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Yield (1-based number, cells from column A) of each row from the first one, blank ones too.

        All are as wide as the sheet. Empty cells are "".

        Raises:
            Refused: a cell holds what its type does not allow.
        """
        width, last = self.scan.last_column + 1, 0
        with open_archive(self.file, self.file_name) as archive:
            for piece in _items(archive, self.file_name, self.name):
                top, left, rows = self.reader.read(piece)
                if rows:
                    for number in range(last + 1, top + 1):
                        yield number, [""] * width
                    before, behind = [""] * left, [""] * (width - left - len(rows[0]))
                    for number, row in enumerate(rows, start=top + 1):
                        yield number, [*before, *row, *behind] if before or behind else row
                    last = top + len(rows)

    def faults(self, header_row: int) -> Iterator[SheetFault]:
        """Yield what is wrong before any cell is read: merged cells, formulas, error values, blank rows.

        What stands above the header (1-based `header_row`) is a title and may be merged.
        """
        for top, left, bottom, right in self.scan.merged:
            first = max(top, header_row)
            size = f"{bottom - top + 1}行{right - left + 1}列"
            for row in range(first, min(bottom, first + MOST_LISTED) + 1):
                yield SheetFault(row, left, f"是合并单元格（{size}）", "取消合并，每格分别填写。")
        for row, column in self.scan.formulas:
            if row >= header_row:
                yield SheetFault(row, column, "是公式", "复制后以“数值”粘贴。")
        for row, column in self.scan.errors:
            if row >= header_row:
                yield SheetFault(row, column, "是表格软件的错误值（如 #N/A）", "填入实际值。")
        height = self.scan.last_row
        if self.scan.rows - height > MOST_BLANK_ROWS:
            message = f"数据之后还有 {self.scan.rows - height} 个空白行（只有格式）"
            yield SheetFault(height + 1, None, message, f"选中第 {height + 1} 行以下，删除行后保存。")


def sheet_names(file: IO[bytes], name: str) -> list[str]:
    """Answer the names of the sheets in their order.

    Raises:
        Refused: not an .xlsx workbook, or damaged.
    """
    with open_archive(file, name) as archive:
        return list(sheet_parts(archive, name))


def open_sheet(file: IO[bytes], name: str, sheet: str) -> SubmittedSheet:
    """Look through a sheet that the workbook has, so that it can be read.

    Raises:
        Refused: damaged, beyond the bounds of its parts, or written so that it cannot be checked.
    """
    where = f"{name} {sheet}"
    with open_archive(file, name) as archive:
        strings = SharedStrings.of(archive, name)
        reader = PieceReader(strings, number_formats(archive, name), counts_from_1904(archive, name), where)
        items, scan = _items(archive, name, sheet), SheetScan()
        for piece in items:
            scan.take_rows(piece, strings.count, where)
        for piece in items.behind():
            scan.take_behind(piece)
    if scan.filled * strings.longest > MOST_TEXT_BYTES:
        message = f"有一格长达约 {strings.longest // 3} 字，而表中有 {scan.filled} 格"
        raise refuse(where, message, "缩短过长的格。")
    return SubmittedSheet(file, name, sheet, scan, reader)


def _items(archive: zipfile.ZipFile, name: str, sheet: str) -> PartItems:
    part = sheet_parts(archive, name)[sheet]
    return PartItems(unpacked(archive, part, name, MOST_SHEET_BYTES), "sheetData", "row", f"{name} {sheet}")
