"""Makes `templates/bulletin.docx`, which docxtpl fills: `python -m app.bulletins.template_maker`.

The page is that of official documents (GB/T 9704-2012): A4, margins 37, 35, 28, 26 mm, title in size 二号, text in
三号 仿宋, headings in 黑体, tables smaller, page numbers as — 1 —. Fonts are named for East Asian text too, or
word processors would set Chinese in whatever they like. An issuer may edit the template instead.
"""

from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor

TEMPLATE: Final = Path(__file__).parent / "templates" / "bulletin.docx"
BODY, HEAD, TITLE, LATIN = "仿宋", "黑体", "宋体", "Times New Roman"
SIZES: Final = {
    "Normal": (BODY, 16.0),
    "BulletinTitle": (TITLE, 22.0),
    "BulletinHeading": (HEAD, 16.0),
    "BulletinBody": (BODY, 16.0),
    "BulletinCaption": (HEAD, 10.5),
    "BulletinCell": (TITLE, 9.0),
    "BulletinNote": (TITLE, 9.0),
    "BulletinMethod": (BODY, 10.5),
}
BOLD: Final = frozenset({"BulletinTitle"})
CENTRED: Final = frozenset({"BulletinTitle", "BulletinCaption"})
RULE: Final = "808080"
GROUND: Final = "E8EDF3"


def make() -> Any:
    """Answer the template as a document."""
    document = Document()
    _set_language(document)
    _set_page(document)
    for name, (font, points) in SIZES.items():
        _set_style(document, name, font, points)
    _write_head(document)
    _write_sections(document)
    _write_last_page(document)
    return document


def _set_language(document: Any) -> None:
    """Say that the text is Chinese as on the mainland: other languages draw the same characters otherwise."""
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def _set_page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    mark = section.header.paragraphs[0]
    mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = _run(mark, "{{ mark }}", HEAD, 18)
    run.font.color.rgb = RGBColor(0xC0, 0x10, 0x10)
    number = section.footer.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(number, "— ", TITLE, 14)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    number._p.append(field)  # noqa: SLF001 - python-docx has no fields
    field.append(_run(number, "1", TITLE, 14)._r)  # noqa: SLF001 - python-docx has no fields
    _run(number, " —", TITLE, 14)


def _set_style(document: Any, name: str, font: str, points: float) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, 1)
    style.font.size, style.font.bold = Pt(points), name in BOLD
    _set_fonts(style.element.get_or_add_rPr(), font)
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    if name in CENTRED:
        layout.alignment = WD_ALIGN_PARAGRAPH.CENTER
    match name:
        case "BulletinBody":
            layout.first_line_indent = Pt(2 * points)
            _space_lines(layout, Pt(28))
        case "BulletinMethod":
            _space_lines(layout, Pt(16))
        case "BulletinHeading":
            layout.first_line_indent, layout.keep_with_next = Pt(2 * points), True
            layout.space_before = Pt(6)
            _space_lines(layout, Pt(28))
        case "BulletinCaption":
            layout.keep_with_next, layout.space_before, layout.space_after = True, Pt(8), Pt(3)
        case "BulletinCell":
            layout.space_before = layout.space_after = Pt(1.5)
        case "BulletinTitle":
            _space_lines(layout, Pt(34))


def _space_lines(layout: Any, height: Length) -> None:
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, height


def _set_fonts(properties: Any, font: str) -> None:
    """Name the fonts of Latin and of East Asian text; themes would override both."""
    fonts = properties.get_or_add_rFonts()
    for key in list(fonts.attrib):
        del fonts.attrib[key]
    for key in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(key), LATIN)
    fonts.set(qn("w:eastAsia"), font)


def _run(paragraph: Any, text: str, font: str, points: float) -> Any:
    run = paragraph.add_run(text)
    run.font.size = Pt(points)
    _set_fonts(run._r.get_or_add_rPr(), font)  # noqa: SLF001 - python-docx names Latin fonts only
    return run


def _write_head(document: Any) -> None:
    document.add_paragraph("{{ title }}", "BulletinTitle")
    document.add_paragraph("（{{ month_name }}）", "BulletinTitle").runs[0].font.size = Pt(16)
    number = document.add_paragraph("〔　　　　〕　　　号", "BulletinBody")
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    number.paragraph_format.first_line_indent = Pt(0)


def _write_sections(document: Any) -> None:
    lines = (
        ("{%p for section in sections %}", "BulletinBody"),
        ("{{ section.heading }}", "BulletinHeading"),
        ("{%p for sentence in section.sentences %}", "BulletinBody"),
        ("{{ sentence }}", "BulletinBody"),
        ("{%p endfor %}", "BulletinBody"),
        ("{%p for chart in section.charts %}", "BulletinBody"),
        ("{{ chart.caption }}", "BulletinCaption"),
        ("{{ chart.picture }}", "BulletinNote"),
        ("{{ chart.note }}", "BulletinNote"),
        ("{%p endfor %}", "BulletinBody"),
        ("{%p for table in section.tables %}", "BulletinBody"),
        ("{{ table.caption }}", "BulletinCaption"),
    )
    for text, style in lines:
        paragraph = document.add_paragraph(text, style)
        if "picture" in text or "chart.note" in text:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if "picture" in text:
            paragraph.paragraph_format.keep_with_next = True
    _add_table(document, "table.columns", "row in table.rows", "cell in row")
    document.add_paragraph("{{ table.note }}", "BulletinNote")
    document.add_paragraph("{%p endfor %}", "BulletinBody")
    document.add_paragraph("{%p endfor %}", "BulletinBody")


def _add_table(document: Any, columns: str, rows: str, cells: str) -> None:
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
            cell.paragraphs[0].style = document.styles["BulletinCell"]
            cell.paragraphs[0].add_run(text)
            if place == 0:
                _add_to(cell._tc.get_or_add_tcPr(), "w:shd", val="clear", color="auto", fill=GROUND)  # noqa: SLF001
            cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
        _add_to(table.rows[place]._tr.get_or_add_trPr(), "w:cantSplit")  # noqa: SLF001 - no API for it
    _add_to(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001 - no API for it


def _add_to(properties: Any, name: str, **attributes: str) -> Any:
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
    borders = _add_to(properties, "w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        _add_to(borders, f"w:{side}", val="single", sz="4", space="0", color=RULE)
    _add_to(properties, "w:tblLayout", type="fixed")
    margins = _add_to(properties, "w:tblCellMar")
    for side in ("left", "right"):
        _add_to(margins, f"w:{side}", w="50", type="dxa")
    properties.append(look)


def _write_last_page(document: Any) -> None:
    heading = document.add_paragraph("{{ last_heading }}", "BulletinHeading")
    heading.paragraph_format.page_break_before = True
    for name in ("method", "verification"):
        document.add_paragraph(f"{{%p for line in {name} %}}", "BulletinMethod")
        document.add_paragraph("{{ line }}", "BulletinMethod")
        document.add_paragraph("{%p endfor %}", "BulletinMethod")
        if name == "method":
            document.add_paragraph("{{ particulars.caption }}", "BulletinCaption")
            _add_table(document, "particulars.columns", "row in particulars.rows", "cell in row")
            document.add_paragraph("", "BulletinNote")


if __name__ == "__main__":
    TEMPLATE.parent.mkdir(exist_ok=True)
    make().save(str(TEMPLATE))
