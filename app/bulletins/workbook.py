"""The bulletin as a workbook (xlsx): a sheet for each section, with charts of the spreadsheet's own.

Texts are written as texts, so a name that looks like a formula stays a name. Amounts are 万元. While the month is
open every sheet bears the mark, on the screen and in print. Equal bulletins give equal bytes.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from app.bulletins.bulletin import (
    HIDDEN,
    NOTHING,
    Bulletin,
    Cell,
    Chart,
    Column,
    Row,
    Section,
    Table,
    Unit,
)
from app.kernel.money import FEN_PER_WAN, fen_from_yuan
from app.kernel.printing import breadth

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
METHOD_SHEET: Final = "方法与核验"
CHART_SHEET: Final = "图表数据"
FORMATS: Final[Mapping[Unit, str]] = {
    Unit.COUNT: "#,##0",
    Unit.PERCENT: "0.00",
    Unit.POINTS: "+0.00;-0.00;0.00",
    Unit.YUAN: "#,##0.00####",
    Unit.RATE: "0.0000",
    Unit.DAYS: "0",
}
BLUE, GREY = "#2F6DB5", "#B5BCC4"
_TEXT_WIDTH, _NUMBER_WIDTH, _WIDEST = 34, 13, 44
_SENTENCE_WIDTH: Final = 11
_LINE: Final = 18
_SIGNS_A_LINE: Final = 78
_LINES_ABOVE: Final = 4
"""Title, heading, a blank line and the heads of the first chart's numbers; a draft has one more."""
_CHART_HEIGHT, _BAR_HEIGHT, _ROW_HEIGHT = 110, 30, 20


def workbook(bulletin: Bulletin) -> bytes:
    """Answer the workbook."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        dated = bulletin.dated.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        book.set_properties({"title": f"{bulletin.title}（{bulletin.month_name}）", "created": dated})
        pen = _Pen(book, bulletin)
        for section in bulletin.sections:
            pen.write_section(section)
        pen.write_method()
        pen.write_points()
    return target.getvalue()


class _Pen:
    """Writes sheets from the top down."""

    def __init__(self, book: Any, bulletin: Bulletin) -> None:
        self.book, self.bulletin = book, bulletin
        self.sheet: Any = None
        self.line = 0
        self.points = _LINES_ABOVE + bool(bulletin.mark)
        self.charted: list[Chart] = []
        self.widths: list[int] = []
        text = {"valign": "vcenter", "text_wrap": True}
        box = {"border": 1, "border_color": "#B5BCC4"}
        self.title = book.add_format({"bold": True, "font_size": 15})
        self.mark = book.add_format({"bold": True, "font_size": 13, "font_color": "#C01010"})
        self.sentence = book.add_format({**text, "valign": "top", "quote_prefix": True})
        self.caption = book.add_format({"bold": True})
        self.head = book.add_format({**text, **box, "bold": True, "bg_color": "#E8EDF3", "align": "center"})
        self.note = book.add_format({"font_color": "#5A6470", "italic": True})
        self.cells = {
            (unit, is_total): book.add_format({**box, "valign": "vcenter", "bold": is_total, **_look(unit)})
            for unit in Unit
            for is_total in (False, True)
        }
        self.blank = book.add_format({**box, "align": "right", "font_color": "#5A6470"})

    def open_sheet(self, name: str, heading: str) -> None:
        """Begin a sheet with its title, the month, and the mark of a draft."""
        mark = self.bulletin.mark
        self.sheet, self.line = self.book.add_worksheet(name), 0
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.hide_gridlines(2)
        self.sheet.set_header(f'&C&14&"黑体"{mark}' if mark else "")
        self.sheet.set_footer(f"&L{self.bulletin.month_name}&C第 &P 页，共 &N 页")
        self.put(f"{self.bulletin.title}（{self.bulletin.month_name}）", self.title)
        if mark:
            self.put(mark, self.mark)
        self.put(heading, self.caption)
        self.line += 1

    def put(self, text: str, look: Any) -> None:
        """Write a line of text."""
        self.sheet.write_string(self.line, 0, text, look)
        self.line += 1

    def put_sentence(self, text: str) -> None:
        """Write a sentence over the width of the page, as high as it needs."""
        last = _SENTENCE_WIDTH - 1
        self.sheet.merge_range(self.line, 0, self.line, last, "", self.sentence)
        self.sheet.write_string(self.line, 0, text, self.sentence)
        self.sheet.set_row(self.line, _LINE * (1 + len(text) // _SIGNS_A_LINE))
        self.line += 1

    def write_section(self, section: Section) -> None:
        """Write a section on a sheet of its own."""
        self.open_sheet(section.title, section.heading)
        self.widths = _widths(section.tables)
        for place, width in enumerate(self.widths):
            self.sheet.set_column(place, place, width)
        for sentence in section.sentences:
            self.put_sentence(sentence)
        for table in section.tables:
            self.line += 1
            self.write_table(table)
            for chart in section.charts:
                if chart.key == table.key:
                    self.insert_chart(chart)

    def write_table(self, table: Table) -> None:
        """Write a table with its caption and note."""
        self.put(f"表{table.number}　{table.title}", self.caption)
        for place, column in enumerate(table.columns):
            self.sheet.write_string(self.line, place, column.label, self.head)
        self.sheet.set_row(self.line, 2 * _LINE)
        self.line += 1
        for row in table.rows:
            for place, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
                self.write_cell(
                    place, column, cell, is_hidden=column.key in row.hidden, is_total=row.is_total
                )
            self.sheet.set_row(self.line, _LINE * _lines(row, self.widths))
            self.line += 1
        if table.note:
            self.put(table.note, self.note)

    def write_cell(self, place: int, column: Column, cell: Cell, *, is_hidden: bool, is_total: bool) -> None:
        """Write a cell as what it is: numbers as numbers, texts as texts."""
        if cell is None:
            self.sheet.write_string(self.line, place, HIDDEN if is_hidden else NOTHING, self.blank)
            return
        look = self.cells[column.unit, is_total]
        if column.unit is Unit.TEXT:
            self.sheet.write_string(self.line, place, str(cell), look)
        else:
            self.sheet.write_number(self.line, place, _number(cell, column.unit), look)

    def insert_chart(self, chart: Chart) -> None:
        """Draw a chart of what the last sheet lists, the month before beside it."""
        first, last = self.points, self.points + len(chart.points) - 1
        self.charted.append(chart)
        self.points = last + 2
        drawn = self.book.add_chart({"type": "bar"})
        has_before = any(point.before is not None for point in chart.points)
        form = FORMATS[chart.unit]
        for place, name, colour in ((2, "上月末", GREY), (1, "本月末", BLUE))[0 if has_before else 1 :]:
            drawn.add_series(
                {
                    "name": name,
                    "categories": [CHART_SHEET, first, 0, last, 0],
                    "values": [CHART_SHEET, first, place, last, place],
                    "fill": {"color": colour},
                    "gap": 50,
                    "data_labels": {"value": place == 1, "num_format": form},
                }
            )
        axis = {"min": 0, "max": 100} if chart.unit is Unit.PERCENT else {"min": 0}
        drawn.set_x_axis({**axis, "major_gridlines": {"visible": True, "line": {"color": "#E8EDF3"}}})
        drawn.set_y_axis({"reverse": True})
        drawn.set_title({"name": f"图{chart.number}　{chart.title}", "name_font": {"size": 11}})
        drawn.set_legend({"position": "bottom"} if has_before else {"none": True})
        height = _CHART_HEIGHT + _BAR_HEIGHT * len(chart.points)
        drawn.set_size({"width": 860, "height": height})
        self.line += 1
        self.sheet.insert_chart(self.line, 0, drawn, {"description": chart.title})
        self.line += height // _ROW_HEIGHT + 1

    def write_points(self) -> None:
        """Write the sheet from which the charts are drawn."""
        self.open_sheet(CHART_SHEET, "各图所据数字")
        self.sheet.set_column(0, 0, _TEXT_WIDTH)
        for chart in self.charted:
            for place, label in enumerate((f"图{chart.number}　{chart.title}", "本月末", "上月末")):
                self.sheet.write_string(self.line, place, label, self.head)
            for number, point in enumerate(chart.points, self.line + 1):
                self.sheet.write_string(number, 0, point.label, self.sentence)
                self.sheet.write_number(number, 1, float(point.value))
                if point.before is not None:
                    self.sheet.write_number(number, 2, float(point.before))
            self.line += len(chart.points) + 1

    def write_method(self) -> None:
        """Write the last sheet: method, edition, hash, how to verify."""
        self.open_sheet(METHOD_SHEET, "统计口径与核验")
        self.sheet.set_column(0, 0, _TEXT_WIDTH)
        self.sheet.set_column(1, _SENTENCE_WIDTH - 1, _NUMBER_WIDTH)
        for fact in self.bulletin.particulars:
            self.sheet.write_string(self.line, 0, fact.label, self.head)
            self.sheet.write_string(self.line, 1, fact.value, self.sentence)
            self.line += 1
        self.line += 1
        for text in (*self.bulletin.method, *self.bulletin.verification):
            self.put_sentence(text)


def _widths(tables: Sequence[Table]) -> list[int]:
    """Answer the widths of a sheet's columns: texts get room up to a limit, numbers are all alike."""
    widths = [_TEXT_WIDTH, *([_NUMBER_WIDTH] * (_SENTENCE_WIDTH - 1))]
    for table in tables:
        for place, column in enumerate(table.columns):
            if place == len(widths):
                widths.append(_NUMBER_WIDTH)
            if column.unit is Unit.TEXT:
                longest = max((breadth(str(row.cells[place] or "")) for row in table.rows), default=0)
                widths[place] = max(widths[place], min(longest + 2, _WIDEST))
    return widths


def _lines(row: Row, widths: Sequence[int]) -> int:
    """Answer on how many lines the longest text of a row is set."""
    texts = (
        breadth(cell) // max(width - 1, 1)
        for cell, width in zip(row.cells, widths, strict=False)
        if isinstance(cell, str)
    )
    return 1 + max(texts, default=0)


def _look(unit: Unit) -> dict[str, Any]:
    if unit is Unit.TEXT:
        return {"quote_prefix": True, "text_wrap": True}
    return {"num_format": FORMATS[unit], "align": "right"}


def _number(cell: str | int, unit: Unit) -> float:
    """Answer a cell as a spreadsheet's number; amounts in 万元."""
    return float(Decimal(fen_from_yuan(cell)) / FEN_PER_WAN) if unit is Unit.YUAN else float(cell)
