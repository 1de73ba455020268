"""Word documents as Chinese offices issue them, for those who make templates and those who fill them.

The page is that of official documents (GB/T 9704-2012): A4, margins 37, 35, 28, 26 mm, page numbers as — 1 —. Fonts are
named for East Asian text too, or word processors would set Chinese in whatever they like. An archive holds no dates of
its own, so that equal contents give equal bytes.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BODY, HEAD, TITLE, LATIN = "仿宋", "黑体", "宋体", "Times New Roman"
RULE: Final = "808080"
GROUND: Final = "E8EDF3"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def set_language(document: Any) -> None:
    """Say that the text is Chinese as on the mainland: other languages draw the same characters otherwise."""
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def set_page(document: Any, mark: str) -> None:
    """Set size and margins; `mark` is what stands in red above every page, its number below."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    above = section.header.paragraphs[0]
    above.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = add_run(above, mark, HEAD, 18)
    run.font.color.rgb = RGBColor(0xC0, 0x10, 0x10)
    number = section.footer.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    add_run(number, "— ", TITLE, 14)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    number._p.append(field)  # noqa: SLF001 - python-docx has no fields
    field.append(add_run(number, "1", TITLE, 14)._r)  # noqa: SLF001 - python-docx has no fields
    add_run(number, " —", TITLE, 14)


def space_lines(layout: Any, height: Length) -> None:
    """Set lines a fixed height apart."""
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, height


def set_fonts(properties: Any, font: str) -> None:
    """Name the fonts of Latin and of East Asian text; themes would override both."""
    fonts = properties.get_or_add_rFonts()
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(key), LATIN)
    fonts.set(qn("w:eastAsia"), font)


def add_run(paragraph: Any, text: str, font: str, points: float) -> Any:
    """Add text in a font and size of its own."""
    run = paragraph.add_run(text)
    run.font.size = Pt(points)
    set_fonts(run._r.get_or_add_rPr(), font)  # noqa: SLF001 - python-docx names Latin fonts only
    return run


def add_filled_table(document: Any, style: str, columns: str, rows: str, cells: str) -> None:
    """Add a table whose columns and rows are told by what fills it; its first row is repeated on each page."""
    table = document.add_table(4, 3)
    _frame(table)
    texts = (
        (f"{{%tc for column in {columns} %}}", "{{ column }}", "{%tc endfor %}"),
        (f"{{%tr for {rows} %}}", "", ""),
        (f"{{%tc for {cells} %}}", "{{ cell }}", "{%tc endfor %}"),
        ("{%tr endfor %}", "", ""),
    )
    for place, row in enumerate(texts):
        for cell, text in zip(table.rows[place].cells, row, strict=True):
            cell.paragraphs[0].style = document.styles[style]
            cell.paragraphs[0].add_run(text)
            if place == 0:
                add_part(cell._tc.get_or_add_tcPr(), "w:shd", val="clear", color="auto", fill=GROUND)  # noqa: SLF001
            cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
        add_part(table.rows[place]._tr.get_or_add_trPr(), "w:cantSplit")  # noqa: SLF001 - no API for it
    add_part(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001 - no API for it


def add_part(properties: Any, name: str, **attributes: str) -> Any:
    """Append a part that python-docx does not know."""
    part = OxmlElement(name)
    for key, value in attributes.items():
        part.set(qn(f"w:{key}"), value)
    properties.append(part)
    return part


def _frame(table: Any) -> None:
    """Draw thin lines; the order of the parts is the schema's."""
    properties = table._tbl.tblPr  # noqa: SLF001 - python-docx has no borders
    look = properties.find(qn("w:tblLook"))
    properties.remove(look)
    borders = add_part(properties, "w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        add_part(borders, f"w:{side}", val="single", sz="4", space="0", color=RULE)
    add_part(properties, "w:tblLayout", type="fixed")
    margins = add_part(properties, "w:tblCellMar")
    for side in ("left", "right"):
        add_part(margins, f"w:{side}", w="50", type="dxa")
    properties.append(look)


def undated(archive: bytes) -> bytes:
    """Answer the same archive with the same date on every file in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(target, "w") as copy:
        for name, data in _members(source):
            copy.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _members(source: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for name in source.namelist():
        yield name, source.read(name)
