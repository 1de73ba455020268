"""A core firm's list as a workbook: the empty template, and the reading of one that was sent."""

from itertools import islice
from typing import IO, Any, Final

from app.core_lists.columns import COLUMNS, SHEET, ListColumn, ReadList, is_header, read_list
from app.core_lists.rules import MOST_ROWS, STATED_RELATIONS
from app.kernel.errors import Fault
from app.kernel.workbook_making import new_workbook
from app.kernel.workbooks import open_sheet, sheet_names
from app.whitelist.roster_faults import column_letters
from app.whitelist.workbook_reading import choose_sheet

HEADER_WITHIN: Final = 10
NOTES_SHEET: Final = "说明"
_RULES: Final = (
    f"只读取工作表“{SHEET}”，最多{MOST_ROWS}户。列的次序可以调整，必填列不可缺。",
    "名单由核心企业自愿提供。列入的企业会收到通知，自行决定是否同意匹配；核心企业只看到汇总户数。",
    "金额一律以万元计，也可在数后写明单位（元、万元、亿元）。不要使用公式和合并单元格。",
)
_WIDTHS: Final = {"uscc": 24, "name": 36, "relation": 12, "yearly": 18, "since": 14}


def write_template(target: str | IO[bytes]) -> None:
    """Write the empty list with a drop-down of relations and a sheet of notes."""
    with new_workbook(target, {"in_memory": True}) as book:
        needed = book.add_format({"bold": True, "bg_color": "#C6E0B4", "border": 1})
        other = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        text, plain = book.add_format({"num_format": "@"}), book.add_format({})
        sheet = book.add_worksheet(SHEET)
        sheet.freeze_panes(1, 0)
        for index, column in enumerate(COLUMNS):
            sheet.set_column(index, index, _WIDTHS[column.key], text if column.key == "uscc" else plain)
            sheet.write_string(0, index, column.heading, needed if column.is_required else other)
            sheet.data_validation(1, index, MOST_ROWS, index, _validation(column))
        _write_notes(book.add_worksheet(NOTES_SHEET), other)


def _validation(column: ListColumn) -> dict[str, Any]:
    shown = {"input_title": column.heading[:32], "input_message": column.note[:255]}
    if column.key != "relation":
        return {"validate": "any", **shown}
    return {"validate": "list", "source": list(STATED_RELATIONS.values()), **shown}


def _write_notes(sheet: Any, head: Any) -> None:
    for index, (heading, width) in enumerate(
        zip(("列", "必填", "填法", "示例"), (24, 8, 70, 30), strict=True)
    ):
        sheet.set_column(index, index, width)
        sheet.write_string(0, index, heading, head)
    for row, column in enumerate(COLUMNS, start=1):
        cells = (column.heading, "必填" if column.is_required else "", column.note, column.example)
        for index, text in enumerate(cells):
            sheet.write_string(row, index, text)
    for offset, text in enumerate(_RULES):
        sheet.write_string(len(COLUMNS) + 2 + offset, 0, text)


def read_workbook(
    file: IO[bytes],
    file_name: str,
    *,
    core_uscc: str,
    this_year: int,
    most: int,
    sheet_name: str | None = None,
) -> ReadList:
    """Read the sheet `上下游名单` (or the one named, or the only one); its first ten rows must hold the heading.

    Raises:
        Refused: not a workbook, damaged, too large, or no such sheet.
    """
    chosen = choose_sheet(sheet_names(file, file_name), file_name, sheet_name, SHEET)
    sheet = open_sheet(file, file_name, chosen)
    first = [row for _, row in islice(sheet.rows(), HEADER_WITHIN)]
    at = next((index for index, row in enumerate(first) if is_header(row)), 0)
    found = read_list(
        first[at] if first else [],
        ((number, row) for number, row in sheet.rows() if number > at + 1),
        header_row=at + 1,
        core_uscc=core_uscc,
        this_year=this_year,
        most=most,
        sheet=chosen,
    )
    named = {fault.where for fault in found.faults}
    of_sheet = [
        Fault(
            f"{chosen}!{'' if one.column is None else column_letters(one.column)}{one.row}",
            one.message,
            one.remedy,
        )
        for one in sheet.faults(at + 1)
    ]
    more = tuple(fault for fault in of_sheet if fault.where not in named)
    return ReadList(found.rows, (*found.faults, *more), found.unknown_columns)
