"""The bulletin as an official document (docx): docxtpl fills the template, widths and alignment follow the data.

All texts are escaped, so a name stays a name. Equal bulletins give equal bytes: dates are
those of the month's close, and the archive holds none of its own.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage

from app.bulletins.bulletin import Bulletin, Chart, Section, Table, Unit, texts_of
from app.bulletins.charts import SCALE
from app.bulletins.template_maker import TEMPLATE
from app.kernel.official_documents import undated
from app.kernel.printing import breadth

TEXT_WIDTH: Final = 156.0
"""Millimetres between the margins of the template."""
NO_PICTURE: Final = "（生成本文件的服务器未安装中文字体，图略；各数见本节各表。）"
BEFORE: Final = "竖线为上月末"
LAST: Final = "附　统计口径与核验"
_MM_PER_PIXEL: Final = 0.25
_TWIPS_PER_MM: Final = 1440 / 25.4
_PARTICULARS: Final = (34.0, 122.0)
_MM_PER_SIGN: Final = 1.6
_PADDING: Final = 2.4
_NARROWEST: Final = 5


def document(bulletin: Bulletin, pictures: Mapping[str, bytes]) -> bytes:
    """Answer the document; a chart without a picture (PNG by the chart's key) says why it is left out."""
    template = DocxTemplate(TEMPLATE)
    template.init_docx()
    template.render(_context(template, bulletin, pictures), autoescape=True)
    filled = template.docx
    tables = [table for section in bulletin.sections for table in section.tables]
    for drawn, table in zip(filled.tables, tables, strict=False):
        _lay_out(drawn, _widths(table), [column.unit for column in table.columns], table)
    _lay_out(filled.tables[-1], _PARTICULARS, (Unit.TEXT, Unit.TEXT), None)
    _describe_pictures(filled, bulletin, pictures)
    _set_properties(filled.core_properties, bulletin)
    target = io.BytesIO()
    filled.save(target)
    return undated(target.getvalue())


def _context(template: Any, bulletin: Bulletin, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    rows = [[fact.label, fact.value] for fact in bulletin.particulars]
    return {
        "mark": bulletin.mark,
        "title": bulletin.title,
        "month_name": bulletin.month_name,
        "sections": [_section(template, section, pictures) for section in bulletin.sections],
        "last_heading": LAST,
        "method": [f"{place}. {line}" for place, line in enumerate(bulletin.method, 1)],
        "particulars": {"caption": "本通报所据", "columns": ["项目", "内容"], "rows": rows},
        "verification": [f"核验{place}. {line}" for place, line in enumerate(bulletin.verification, 1)],
    }


def _section(template: Any, section: Section, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "heading": section.heading,
        "sentences": list(section.sentences),
        "charts": [_chart(template, chart, pictures.get(chart.key)) for chart in section.charts],
        "tables": [_table(table) for table in section.tables],
    }


def _chart(template: Any, chart: Chart, picture: bytes | None) -> dict[str, Any]:
    caption = f"图{chart.number}　{chart.title}"
    if picture is None:
        return {"caption": caption, "picture": NO_PICTURE, "note": ""}
    pixels: int = struct.unpack(">I", picture[16:20])[0]  # the width in a PNG's first chunk
    width = Mm(min(pixels / SCALE * _MM_PER_PIXEL, TEXT_WIDTH))
    has_before = any(point.before is not None for point in chart.points)
    image = InlineImage(template, io.BytesIO(picture), width=width)
    return {"caption": caption, "picture": image, "note": BEFORE if has_before else ""}


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": f"表{table.number}　{table.title}",
        "columns": [column.label for column in table.columns],
        "rows": [list(texts_of(table, row)) for row in table.rows],
        "note": table.note,
    }


def _widths(table: Table) -> list[float]:
    """Answer the millimetres of columns: numbers stay on one line, texts share what is left."""
    texts = [texts_of(table, row) for row in table.rows]
    natural, is_text = [], [column.unit is Unit.TEXT for column in table.columns]
    for place, column in enumerate(table.columns):
        longest = max((breadth(row[place]) for row in texts), default=0)
        signs = max(longest, _NARROWEST, (breadth(column.label) + 1) // 2)
        natural.append(_MM_PER_SIGN * signs + _PADDING)
    room = TEXT_WIDTH - sum(width for width, text in zip(natural, is_text, strict=True) if not text)
    wanted = sum(width for width, text in zip(natural, is_text, strict=True) if text)
    if wanted <= room:
        return [width * TEXT_WIDTH / sum(natural) for width in natural]
    return [width * room / wanted if text else width for width, text in zip(natural, is_text, strict=True)]


def _lay_out(drawn: Any, widths: Sequence[float], units: Sequence[Unit], table: Table | None) -> None:
    """Set widths, put numbers to the right, and print totals bold."""
    twips = [str(round(width * _TWIPS_PER_MM)) for width in widths]
    properties = drawn._tbl  # noqa: SLF001 - python-docx looks every cell up anew
    for grid, width in zip(properties.tblGrid.gridCol_lst, twips, strict=True):
        grid.set(qn("w:w"), width)
    for place, row in enumerate(properties.tr_lst):
        is_noted = table is not None and bool(table.note) and place == len(table.rows)
        is_total = place > 0 and table is not None and table.rows[place - 1].is_total
        for cell, width, unit in zip(row.tc_lst, twips, units, strict=True):
            cell.get_or_add_tcPr().get_or_add_tcW().set(qn("w:w"), width)
            cell.tcPr.tcW.set(qn("w:type"), "dxa")
            for paragraph in cell.p_lst:
                _align(paragraph, unit, is_head=place == 0, is_total=is_total)
                if is_noted:
                    paragraph.get_or_add_pPr().get_or_add_keepNext()


def _align(paragraph: Any, unit: Unit, *, is_head: bool, is_total: bool) -> None:
    layout = paragraph.get_or_add_pPr()
    if is_head:
        layout.jc_val = WD_ALIGN_PARAGRAPH.CENTER
    elif unit is not Unit.TEXT:
        layout.jc_val = WD_ALIGN_PARAGRAPH.RIGHT
    if is_head or is_total:
        for run in paragraph.r_lst:
            run.get_or_add_rPr().get_or_add_b()


def _describe_pictures(filled: Any, bulletin: Bulletin, pictures: Mapping[str, bytes]) -> None:
    """Say in words what each picture shows, for those who do not see it."""
    drawn = (chart for section in bulletin.sections for chart in section.charts if chart.key in pictures)
    for shape, chart in zip(filled.inline_shapes, drawn, strict=True):
        bars = "；".join(f"{point.label} {point.text}" for point in chart.points)
        shape._inline.docPr.set("descr", f"{chart.title}：{bars}")  # noqa: SLF001 - no API for it


def _set_properties(properties: Any, bulletin: Bulletin) -> None:
    dated = bulletin.dated.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.created = properties.modified = dated
    properties.title = f"{bulletin.title}（{bulletin.month_name}）"
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.revision, properties.language = 1, "zh-CN"
