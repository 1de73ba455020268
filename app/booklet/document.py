"""The booklet as a document (docx): docxtpl fills the template; contents and pointers become links within it.

All texts are escaped, so a name stays a name. Equal booklets give equal bytes: dates are those of the library's
publication, and the archive holds none of its own.
"""

import io
from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docxtpl import DocxTemplate

from app.booklet.booklet import Booklet, BookletFact, BookletSection, BookletTable, Chapter, Entry, Link
from app.booklet.template_maker import (
    CHAPTER,
    CONTENTS,
    CONTENTS_BELOW,
    ENTRY,
    LINK,
    SECTION,
    TEMPLATE,
    TEXT_WIDTH,
)
from app.kernel.official_documents import undated
from app.kernel.printing import breadth

_MARKED: Final = frozenset({CHAPTER, SECTION, ENTRY})
_NOT_COUNTED: Final = "–"
DEMO_NOTICE: Final = "本册含演示数据，标明之处均为虚构"
_TWIPS_PER_MM: Final = 1440 / 25.4
_MM_PER_SIGN: Final = 1.6
_PADDING: Final = 2.4
_BROADEST: Final = 44
"""Signs beyond which a column is not made broader: its text takes more lines."""
_NARROWEST: Final = 8


def document(booklet: Booklet) -> bytes:
    """Answer the document."""
    template = DocxTemplate(TEMPLATE)
    template.init_docx()
    template.render(_context(booklet), autoescape=True)
    filled = template.docx
    tables = [table for section in _sections(booklet) for table in section.tables]
    for drawn, table in zip(filled.tables, tables, strict=True):
        _lay_out(drawn, table)
    _weave(filled, booklet)
    _set_properties(filled.core_properties, booklet)
    target = io.BytesIO()
    filled.save(target)
    return undated(target.getvalue())


def _sections(booklet: Booklet) -> Iterator[BookletSection]:
    return (section for chapter in booklet.chapters for section in chapter.sections)


def _context(booklet: Booklet) -> dict[str, Any]:
    contents = []
    for chapter in booklet.chapters:
        contents.append({"heading": chapter.heading, "is_below": False})
        contents += [{"heading": section.heading, "is_below": True} for section in chapter.sections]
    return {
        "mark": DEMO_NOTICE if booklet.is_demo else "",
        "title": booklet.title,
        "library": booklet.library,
        "on": booklet.on.isoformat(),
        "notices": [DEMO_NOTICE] if booklet.is_demo else [],
        "contents": contents,
        "chapters": [
            {
                "heading": chapter.heading,
                "sentences": chapter.sentences,
                "sections": [_section(section) for section in chapter.sections],
            }
            for chapter in booklet.chapters
        ],
    }


def _section(section: BookletSection) -> dict[str, Any]:
    return {
        "heading": section.heading,
        "sentences": section.sentences,
        "links": [_pointer(link) for link in section.links],
        "entries": [_entry(entry) for entry in section.entries],
        "tables": [
            {
                "title": table.title,
                "columns": [column.label for column in table.columns],
                "rows": table.rows,
            }
            for table in section.tables
        ],
    }


def _pointer(link: Link) -> str:
    return f"· {link.text}（{link.note}）" if link.note else f"· {link.text}"


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "title": entry.title,
        "origin": [entry.subtitle] if entry.subtitle else [],
        "sentences": entry.sentences,
        "facts": [{"label": fact.label, "value": _told(fact)} for fact in entry.facts],
    }


def _told(fact: BookletFact) -> str:
    return f"{fact.value}（依据：{fact.clause}）" if fact.clause else fact.value


def _lay_out(drawn: Any, table: BookletTable) -> None:
    """Set widths by what the columns hold, and numbers to the right."""
    twips = [str(round(width * _TWIPS_PER_MM)) for width in _widths(table)]
    properties = drawn._tbl  # noqa: SLF001 - python-docx looks every cell up anew
    for grid, width in zip(properties.tblGrid.gridCol_lst, twips, strict=True):
        grid.set(qn("w:w"), width)
    for place, row in enumerate(properties.tr_lst):
        for cell, width, column in zip(row.tc_lst, twips, table.columns, strict=True):
            cell.get_or_add_tcPr().get_or_add_tcW().set(qn("w:w"), width)
            cell.tcPr.tcW.set(qn("w:type"), "dxa")
            for paragraph in cell.p_lst:
                if column.is_number:
                    paragraph.get_or_add_pPr().jc_val = WD_ALIGN_PARAGRAPH.RIGHT
                for run in paragraph.r_lst if place == 0 else ():
                    run.get_or_add_rPr().get_or_add_b()


def _widths(table: BookletTable) -> list[float]:
    """Answer the millimetres of columns: short texts stay on one line, long ones share what is left."""
    signs = []
    for place, column in enumerate(table.columns):
        longest = max((breadth(row[place]) for row in table.rows), default=0)
        signs.append(min(max(longest, breadth(column.label), _NARROWEST), _BROADEST))
    natural = [_MM_PER_SIGN * one + _PADDING for one in signs]
    return [width * TEXT_WIDTH / sum(natural) for width in natural]


def _weave(filled: Any, booklet: Booklet) -> None:
    """Give headings bookmarks and make contents and pointers lead to them; paragraphs stand in the booklet's order."""
    headings = list(_headings(booklet))
    names = {key: f"p{place:05}" for place, key in enumerate(headings, 1)}
    marks = iter(names.values())
    contents = (names[key] for chapter in booklet.chapters for key in _listed(chapter))
    links = (names[link.target] for section in _sections(booklet) for link in section.links)
    styles = {filled.styles[name].style_id: name for name in (*_MARKED, CONTENTS, CONTENTS_BELOW, LINK)}
    for paragraph in filled.element.body.iterchildren(qn("w:p")):
        layout = paragraph.pPr
        style = None if layout is None or layout.pStyle is None else styles.get(layout.pStyle.val)
        if style in _MARKED:
            _mark(paragraph, next(marks))
        elif style == LINK:
            _lead(paragraph, next(links))
        elif style is not None:
            name = next(contents)
            _lead(paragraph, name)
            _add_page_number(paragraph, name)


def _headings(booklet: Booklet) -> Iterator[str]:
    for chapter in booklet.chapters:
        yield chapter.key
        for section in chapter.sections:
            yield section.key
            yield from (entry.key for entry in section.entries)


def _listed(chapter: Chapter) -> list[str]:
    return [chapter.key, *(section.key for section in chapter.sections)]


def _mark(paragraph: Any, name: str) -> None:
    number = name.removeprefix("p").lstrip("0")
    begin, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    begin.set(qn("w:id"), number)
    begin.set(qn("w:name"), name)
    end.set(qn("w:id"), number)
    paragraph.r_lst[0].addprevious(begin)
    paragraph.append(end)


def _lead(paragraph: Any, name: str) -> None:
    """Make the paragraph's text lead to a bookmark."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), name)
    link.set(qn("w:history"), "1")
    for run in paragraph.r_lst:
        link.append(run)
    paragraph.append(link)


def _add_page_number(paragraph: Any, name: str) -> None:
    """Add the number of a bookmark's page, which the word processor works out when it opens the document."""
    tab = OxmlElement("w:r")
    tab.append(OxmlElement("w:tab"))
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f"PAGEREF {name} \\h")
    field.set(qn("w:dirty"), "true")
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = _NOT_COUNTED
    run.append(text)
    field.append(run)
    paragraph.append(tab)
    paragraph.append(field)


def _set_properties(properties: Any, booklet: Booklet) -> None:
    dated = booklet.published_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.created = properties.modified = dated
    properties.title = f"{booklet.title}（产品库{booklet.library}）"
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.revision, properties.language = 1, "zh-CN"
