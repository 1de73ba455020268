"""Makes `templates/bulletin.docx`, which docxtpl fills: `python -m app.bulletins.template_maker`.

The page is that of official documents (GB/T 9704-2012): A4, margins 37, 35, 28, 26 mm, title in size 二号, text in
三号 仿宋, headings in 黑体, tables smaller, page numbers as — 1 —. Fonts are named for East Asian text too, or
word processors would set Chinese in whatever they like. An issuer may edit the template instead.
"""

from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from app.kernel.official_documents import (
    BODY,
    HEAD,
    TITLE,
    add_filled_table,
    set_fonts,
    set_language,
    set_page,
    space_lines,
)

TEMPLATE: Final = Path(__file__).parent / "templates" / "bulletin.docx"
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


def make() -> Any:
    """Answer the template as a document."""
    document = Document()
    set_language(document)
    set_page(document, "{{ mark }}")
    for name, (font, points) in SIZES.items():
        _set_style(document, name, font, points)
    _write_head(document)
    _write_sections(document)
    _write_last_page(document)
    return document


def _set_style(document: Any, name: str, font: str, points: float) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, 1)
    style.font.size, style.font.bold = Pt(points), name in BOLD
    set_fonts(style.element.get_or_add_rPr(), font)
    layout = style.paragraph_format
    layout.space_before = layout.space_after = Pt(0)
    if name in CENTRED:
        layout.alignment = WD_ALIGN_PARAGRAPH.CENTER
    match name:
        case "BulletinBody":
            layout.first_line_indent = Pt(2 * points)
            space_lines(layout, Pt(28))
        case "BulletinMethod":
            space_lines(layout, Pt(16))
        case "BulletinHeading":
            layout.first_line_indent, layout.keep_with_next = Pt(2 * points), True
            layout.space_before = Pt(6)
            space_lines(layout, Pt(28))
        case "BulletinCaption":
            layout.keep_with_next, layout.space_before, layout.space_after = True, Pt(8), Pt(3)
        case "BulletinCell":
            layout.space_before = layout.space_after = Pt(1.5)
        case "BulletinTitle":
            space_lines(layout, Pt(34))


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
    add_filled_table(document, "BulletinCell", "table.columns", "row in table.rows", "cell in row")
    document.add_paragraph("{{ table.note }}", "BulletinNote")
    document.add_paragraph("{%p endfor %}", "BulletinBody")
    document.add_paragraph("{%p endfor %}", "BulletinBody")


def _write_last_page(document: Any) -> None:
    heading = document.add_paragraph("{{ last_heading }}", "BulletinHeading")
    heading.paragraph_format.page_break_before = True
    for name in ("method", "verification"):
        document.add_paragraph(f"{{%p for line in {name} %}}", "BulletinMethod")
        document.add_paragraph("{{ line }}", "BulletinMethod")
        document.add_paragraph("{%p endfor %}", "BulletinMethod")
        if name == "method":
            document.add_paragraph("{{ particulars.caption }}", "BulletinCaption")
            add_filled_table(
                document, "BulletinCell", "particulars.columns", "row in particulars.rows", "cell in row"
            )
            document.add_paragraph("", "BulletinNote")


if __name__ == "__main__":
    TEMPLATE.parent.mkdir(exist_ok=True)
    make().save(str(TEMPLATE))
