"""Writes the empty roster workbook: the sheet to fill in, what each column means, the code lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from xlsxwriter.utility import xl_col_to_name

from app.kernel.workbook_making import new_workbook
from app.whitelist.roster_columns import COLUMNS, SHEET_NAME, RosterColumn

NOTES_SHEET: Final = "说明"
LISTS_SHEET: Final = "代码表"
ROWS_WITH_LISTS: Final = 10_000
_WIDEST: Final = 36
_FLAGS: Final = {"yes": "是", "no": "否"}
_AS_TEXT: Final = frozenset({"uscc", "region", "industry", "phone", "date"})
_NUMBERS: Final = frozenset({"integer", "months", "money", "asked_money"})
_UNITS: Final = {"money": "万元", "asked_money": "万元", "integer": "人", "months": "月"}
_KINDS: Final = {
    "uscc": "18位文本", "text": "文字", "region": "6位代码", "industry": "代码", "chain": "名称或代码", "phone": "文本",
    "integer": "整数", "months": "整数", "money": "数", "asked_money": "数", "date": "日期", "flag": "是/否",
    "choice": "单选", "choices": "多选", "names": "文字，可多个",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TemplateLists:
    """The jurisdiction's own lists: (code, full name) of regions and industries, names of chains."""

    regions: Sequence[tuple[str, str]] = ()
    industries: Sequence[tuple[str, str]] = ()
    chains: Sequence[str] = ()


def write_template(target: str | IO[bytes], lists: TemplateLists) -> None:
    """Write the template with drop-down lists in the columns that choose from a list.

    Columns of several values offer their list too and accept what is typed beside it.
    """
    with new_workbook(target, {"in_memory": True}) as book:
        formats = _formats(book)
        sheet = book.add_worksheet(SHEET_NAME)
        _write_notes(book.add_worksheet(NOTES_SHEET), formats)
        ranges = _write_lists(book.add_worksheet(LISTS_SHEET), formats, lists)
        _write_roster(sheet, formats, ranges)


def _formats(book: Any) -> Mapping[str, Any]:
    head = {"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter", "align": "center"}
    return {
        "required": book.add_format(head | {"bg_color": "#C6E0B4"}),
        "optional": book.add_format(head | {"bg_color": "#DDEBF7"}),
        "text": book.add_format({"num_format": "@"}),
        "number": book.add_format({"num_format": "#,##0.######"}),
        "plain": book.add_format({}),
        "wrapped": book.add_format({"text_wrap": True, "valign": "top", "border": 1}),
    }


def _write_roster(sheet: Any, formats: Mapping[str, Any], ranges: Mapping[str, str]) -> None:
    sheet.freeze_panes(1, 3)
    sheet.set_row(0, 32)
    for index, column in enumerate(COLUMNS):
        style = "text" if column.kind in _AS_TEXT else "number" if column.kind in _NUMBERS else "plain"
        sheet.set_column(index, index, _width(column), formats[style])
        head = formats["required" if column.is_required else "optional"]
        sheet.write_string(0, index, column.heading, head)
        sheet.data_validation(1, index, ROWS_WITH_LISTS, index, _validation(column, ranges))


def _width(column: RosterColumn) -> int:
    """Answer the width that shows heading and example, up to `_WIDEST`; a Chinese character takes two."""
    widths = (
        sum(1 if character.isascii() else 2 for character in text)
        for text in (column.heading, column.example)
    )
    return min(max(10, *widths) + 2, _WIDEST)


def _validation(column: RosterColumn, ranges: Mapping[str, str]) -> dict[str, Any]:
    shown = {"input_title": column.heading[:32], "input_message": column.note[:255]}
    source = ranges.get(column.fact) or ranges.get(column.kind)
    if source is None:
        return {"validate": "any", **shown}
    is_closed = column.kind in {"choice", "flag"}
    said = "请从列表中选择。" if column.is_required else "请从列表中选择，未知则留空。"
    refusal = {"error_title": column.heading[:32], "error_message": said}
    return {"validate": "list", "source": source, "show_error": is_closed, **refusal, **shown}


def _write_notes(sheet: Any, formats: Mapping[str, Any]) -> None:
    headings = ("列", "必填", "填法", "单位", "说明", "示例")
    for index, (heading, width) in enumerate(zip(headings, (24, 8, 14, 8, 70, 34), strict=True)):
        sheet.set_column(index, index, width)
        sheet.write_string(0, index, heading, formats["optional"])
    for row, column in enumerate(COLUMNS, start=1):
        cells = (
            column.heading,
            "必填" if column.is_required else "",
            _KINDS[column.kind],
            _UNITS.get(column.kind, ""),
            column.note,
            column.example,
        )
        for index, text in enumerate(cells):
            sheet.write_string(row, index, text, formats["wrapped"])
    for offset, text in enumerate(_RULES):
        sheet.write_string(len(COLUMNS) + 2 + offset, 0, text)


_RULES: Final = (
    f"只读取工作表“{SHEET_NAME}”。列的次序可以调整，必填列不可缺；不认识的列会在导入时列出并随条目保存。",
    "除必填列外，空白表示“未知”，不等于“没有”；没有请填“无”（多选列）、“否”（是/否列）或 0（金额列）。",
    "金额一律以万元计，也可在数后写明单位（元、万元、亿元）。不要使用公式和合并单元格。",
    "同一企业同时以企业和项目申报，或有多个项目时，各占一行，项目行填写项目名称。",
)


def _write_lists(sheet: Any, formats: Mapping[str, Any], lists: TemplateLists) -> dict[str, str]:
    """Write each list into a column of its own; answer the range of each by fact (or kind, for flags)."""
    choices = [
        (column.fact, column.heading, list(column.values.values())) for column in COLUMNS if column.values
    ]
    choices.append(("flag", "是/否", list(_FLAGS.values())))
    if lists.chains:
        choices.append(("chain", "产业链", list(lists.chains)))
    ranges = {}
    for index, (key, heading, words) in enumerate(choices):
        sheet.write_string(0, index, heading, formats["optional"])
        sheet.write_column(1, index, words)
        sheet.set_column(index, index, max(12, len(heading) * 2))
        letters = xl_col_to_name(index)
        ranges[key] = f"='{LISTS_SHEET}'!${letters}$2:${letters}${len(words) + 1}"
    _write_codes(sheet, formats, len(choices) + 1, "行政区划代码", lists.regions)
    _write_codes(sheet, formats, len(choices) + 4, "行业代码", lists.industries)
    return ranges


def _write_codes(
    sheet: Any, formats: Mapping[str, Any], index: int, heading: str, codes: Sequence[tuple[str, str]]
) -> None:
    sheet.write_string(0, index, heading, formats["optional"])
    sheet.write_string(0, index + 1, "名称", formats["optional"])
    sheet.set_column(index + 1, index + 1, 36)
    for row, (code, name) in enumerate(codes, start=1):
        sheet.write_string(row, index, code, formats["text"])
        sheet.write_string(row, index + 1, name)
