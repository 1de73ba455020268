"""Makes `templates/booklet.docx`, which docxtpl fills: `python -m app.booklet.template_maker`.

Headings are those that word processors list beside the text; an issuer may edit the template instead.
"""

from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.shared import Mm, Pt, RGBColor

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

TEMPLATE: Final = Path(__file__).parent / "templates" / "booklet.docx"
CHAPTER, SECTION, ENTRY = "Heading 1", "Heading 2", "Heading 3"
CONTENTS, CONTENTS_BELOW, LINK, CELL = "BookletContents", "BookletContentsBelow", "BookletLink", "BookletCell"
SIZES: Final = {
    "Normal": (BODY, 12.0),
    CHAPTER: (HEAD, 18.0),
    SECTION: (HEAD, 14.0),
    ENTRY: (HEAD, 12.0),
    "BookletTitle": (TITLE, 24.0),
    "BookletEdition": (BODY, 14.0),
    "BookletContentsHead": (HEAD, 16.0),
    CONTENTS: (HEAD, 12.0),
    CONTENTS_BELOW: (BODY, 10.5),
    "BookletBody": (BODY, 12.0),
    LINK: (BODY, 10.5),
    "BookletOrigin": (TITLE, 9.0),
    "BookletFact": (BODY, 10.5),
    "BookletCaption": (HEAD, 10.5),
    CELL: (TITLE, 9.0),
    "BookletNote": (TITLE, 9.0),
}
TEXT_WIDTH: Final = 156.0
"""Millimetres between the margins."""
_CENTRED: Final = frozenset({"BookletTitle", "BookletEdition", "BookletContentsHead", "BookletCaption"})
_HEADINGS: Final = frozenset({CHAPTER, SECTION, ENTRY})
_SPACE: Final = {
    CHAPTER: (0, 10),
    SECTION: (14, 6),
    ENTRY: (8, 1),
    "BookletTitle": (120, 24),
    CELL: (1.5, 1.5),
}


def make() -> Any:
    """Answer the template as a document."""
    document = Document()
    set_language(document)
    set_page(document, "{{ mark }}")
    for name, (font, points) in SIZES.items():
        _set_style(document, name, font, points)
    _write_front(document)
    _write_chapters(document)
    return document


def _set_style(document: Any, name: str, font: str, points: float) -> None:
    styles = document.styles
    style = styles[name] if name in styles else styles.add_style(name, 1)
    style.font.size, style.font.bold = Pt(points), name == "BookletTitle"
    style.font.color.rgb = RGBColor(0, 0, 0)
    set_fonts(style.element.get_or_add_rPr(), font)
    layout = style.paragraph_format
    before, after = _SPACE.get(name, (0, 0))
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    if name in _CENTRED:
        layout.alignment = 1
    if name in _HEADINGS or name == "BookletCaption":
        layout.keep_with_next = True
    match name:
        case "Heading 1":
            layout.page_break_before = True
        case "BookletBody":
            layout.first_line_indent = Pt(2 * points)
            space_lines(layout, Pt(20))
        case "BookletFact" | "BookletLink":
            layout.left_indent = Pt(2 * points)
            layout.first_line_indent = Pt(-points)
            space_lines(layout, Pt(16))
        case "BookletContents" | "BookletContentsBelow":
            layout.tab_stops.add_tab_stop(Mm(TEXT_WIDTH), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
            layout.left_indent = Pt(0 if name == CONTENTS else 2 * points)
            layout.space_before = Pt(4 if name == CONTENTS else 0)


def _write_front(document: Any) -> None:
    document.add_paragraph("{{ title }}", "BookletTitle")
    document.add_paragraph("产品库{{ library }}　政策截至{{ on }}", "BookletEdition")
    _loop(document, "line in notices", (("{{ line }}", "BookletEdition"),))
    head = document.add_paragraph("目　录", "BookletContentsHead")
    head.paragraph_format.page_break_before = True
    _loop(
        document,
        "line in contents",
        (
            ("{%p if line.is_below %}", CONTENTS_BELOW),
            ("{{ line.heading }}", CONTENTS_BELOW),
            ("{%p else %}", CONTENTS),
            ("{{ line.heading }}", CONTENTS),
            ("{%p endif %}", CONTENTS),
        ),
    )


def _write_chapters(document: Any) -> None:
    _begin(document, "chapter in chapters")
    document.add_paragraph("{{ chapter.heading }}", CHAPTER)
    _loop(document, "line in chapter.sentences", (("{{ line }}", "BookletBody"),))
    _begin(document, "section in chapter.sections")
    document.add_paragraph("{{ section.heading }}", SECTION)
    _loop(document, "line in section.sentences", (("{{ line }}", "BookletBody"),))
    _loop(document, "link in section.links", (("{{ link }}", LINK),))
    _begin(document, "entry in section.entries")
    document.add_paragraph("{{ entry.title }}", ENTRY)
    _loop(document, "line in entry.origin", (("{{ line }}", "BookletOrigin"),))
    _loop(document, "line in entry.sentences", (("{{ line }}", "BookletBody"),))
    _begin(document, "fact in entry.facts")
    fact = document.add_paragraph("", "BookletFact")
    fact.add_run("{{ fact.label }}：").bold = True
    fact.add_run("{{ fact.value }}")
    _end(document)
    _end(document)
    _begin(document, "table in section.tables")
    document.add_paragraph("{{ table.title }}", "BookletCaption")
    add_filled_table(document, CELL, "table.columns", "row in table.rows", "cell in row")
    document.add_paragraph("", "BookletNote")
    _end(document)
    _end(document)
    _end(document)


def _loop(document: Any, over: str, lines: tuple[tuple[str, str], ...]) -> None:
    _begin(document, over)
    for text, style in lines:
        document.add_paragraph(text, style)
    _end(document)


def _begin(document: Any, over: str) -> None:
    document.add_paragraph(f"{{%p for {over} %}}", "BookletBody")


def _end(document: Any) -> None:
    document.add_paragraph("{%p endfor %}", "BookletBody")


if __name__ == "__main__":
    TEMPLATE.parent.mkdir(exist_ok=True)
    make().save(str(TEMPLATE))
