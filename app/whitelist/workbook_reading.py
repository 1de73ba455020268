"""Reads a roster workbook: chooses the sheet, finds the header, streams the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Final

from python_calamine import CalamineError, CalamineSheet, load_workbook

from app.whitelist.roster_columns import (
    SHEET_NAME,
    RosterHeader,
    is_header,
    read_header,
)
from app.whitelist.roster_faults import RosterFault
from app.whitelist.workbook_guard import refuse, scan_sheet, sheet_names

HEADER_WITHIN: Final = 10
MOST_BLANK_ROWS: Final = 1_000
MOST_MERGES_LISTED: Final = 1_000
Cells = Sequence[object]


@dataclass(frozen=True, slots=True)
class RosterSheet:
    """An open sheet: its header, what is wrong with it before any cell is read, and its rows.

    `headings` is the header row as given, `above` the rows over it, `height` is the last used row, `offset` the unused columns at the left.
    """

    name: str
    header: RosterHeader
    headings: Cells
    above: tuple[Cells, ...]
    faults: tuple[RosterFault, ...]
    height: int
    offset: int
    sheet: CalamineSheet

    def rows(self) -> Iterator[tuple[int, Cells]]:
        """Yield (1-based number, cells from column A) of each row below the header, blank ones too."""
        padding: list[object] = [""] * self.offset
        for number, row in enumerate(self.sheet.iter_rows(), start=1):
            if number > self.header.row:
                yield number, [*padding, *row] if padding else row


def open_roster(file: IO[bytes], file_name: str, sheet_name: str | None = None) -> RosterSheet:
    """Open the sheet `名单` (or the one named, or the only one); its first ten rows must hold the header.

    Raises:
        Refused: not a workbook, damaged, too large, or no such sheet.
    """
    chosen = _choose_sheet(sheet_names(file, file_name), file_name, sheet_name)
    scan = scan_sheet(file, file_name, chosen)
    file.seek(0)
    try:
        sheet = load_workbook(file).get_sheet_by_name(chosen)
        offset = sheet.start[1] if sheet.start else 0
        first = [[*[""] * offset, *row] for row in islice(sheet.iter_rows(), HEADER_WITHIN)]
    except (CalamineError, OSError, ValueError) as error:
        raise refuse(file_name, f"工作表“{chosen}”无法读取", "用 Excel 或 WPS 打开后另存。") from error
    at = next((index for index, row in enumerate(first) if is_header(row)), 0)
    headings = first[at] if first else []
    header = read_header(headings, at + 1)
    height = sheet.end[0] + 1 if sheet.end else 0
    faults = [
        *(_merged(sheet, header.row)),
        *(
            RosterFault(row, column, "是公式", "复制后以“数值”粘贴。")
            for row, column in scan.formulas
            if row >= header.row
        ),
        *(
            RosterFault(row, column, "是表格软件的错误值（如 #N/A）", "填入实际值。")
            for row, column in scan.errors
            if row >= header.row
        ),
        *_blank_rows(scan.rows, height),
    ]
    return RosterSheet(chosen, header, headings, tuple(first[:at]), tuple(faults), height, offset, sheet)


def _choose_sheet(names: list[str], file_name: str, asked: str | None) -> str:
    wanted = asked or SHEET_NAME
    if wanted in names:
        return wanted
    if asked is None and len(names) == 1:
        return names[0]
    listed = "、".join(names)
    raise refuse(file_name, f"没有工作表“{wanted}”", f"文件中有：{listed}。把名单所在的表改名为“{wanted}”。")


def _merged(sheet: CalamineSheet, header_row: int) -> list[RosterFault]:
    """List the merged ranges from the header down: only their first cell holds a value."""
    found = []
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or [])[:MOST_MERGES_LISTED]:
        if bottom + 1 >= header_row:
            size = f"{bottom - top + 1}行{right - left + 1}列"
            first = max(top + 1, header_row)
            found += [
                RosterFault(row, left, f"是合并单元格（{size}）", "取消合并，每格分别填写。")
                for row in range(first, min(bottom + 1, first + MOST_MERGES_LISTED) + 1)
            ]
    return found


def _blank_rows(rows: int, height: int) -> list[RosterFault]:
    surplus = rows - height
    if surplus <= MOST_BLANK_ROWS:
        return []
    message = f"数据之后还有 {surplus} 个空白行（只有格式）"
    return [RosterFault(height + 1, None, message, f"选中第 {height + 1} 行以下，删除行后保存。")]
