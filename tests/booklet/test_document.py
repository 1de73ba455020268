"""The booklet as a document, opened and read back."""

import io
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from app.booklet.booklet import Booklet
from app.booklet.composition import compose
from app.booklet.document import DEMO_NOTICE, document
from app.booklet.template_maker import CHAPTER, CONTENTS, CONTENTS_BELOW, ENTRY, LINK, SECTION, TEMPLATE, make
from tests.booklet.materials import january


@pytest.fixture(scope="module")
def made() -> Booklet:
    return compose(january())


@pytest.fixture(scope="module")
def opened(made: Booklet) -> Any:
    return docx.Document(io.BytesIO(document(made)))


def said(opened: Any, *styles: str) -> list[str]:
    return [one.text for one in opened.paragraphs if one.style.name in styles]


def test_it_says_what_the_booklet_says_in_its_order(made: Booklet, opened: Any) -> None:
    headings = []
    for chapter in made.chapters:
        headings.append(chapter.heading)
        for section in chapter.sections:
            headings += [section.heading, *(entry.title for entry in section.entries)]
    assert said(opened, CHAPTER, SECTION, ENTRY) == headings
    assert said(opened, "BookletTitle") == ["黑龙江省制造业金融政策产品一本通"]
    assert said(opened, "BookletEdition") == ["产品库2024Q1　政策截至2024-01-02"]
    facts = [fact for c in made.chapters for s in c.sections for e in s.entries for fact in e.facts]
    written = said(opened, "BookletFact")
    assert len(written) == len(facts)
    assert "政策工具：再贷款（依据：黑银发〔2023〕25号（四））" in written


def test_every_table_is_there_with_its_cells(made: Booklet, opened: Any) -> None:
    tables = [table for chapter in made.chapters for section in chapter.sections for table in section.tables]
    for drawn, table in zip(opened.tables, tables, strict=True):
        rows = [[cell.text for cell in row.cells] for row in drawn.rows]
        assert rows == [[column.label for column in table.columns], *table.rows]


def test_contents_and_pointers_lead_to_bookmarks_that_are_there(made: Booklet, opened: Any) -> None:
    body = opened.element.body
    marks = [one.get(qn("w:name")) for one in body.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks)) == len(said(opened, CHAPTER, SECTION, ENTRY))
    anchors = [one.get(qn("w:anchor")) for one in body.iter(qn("w:hyperlink"))]
    links = sum(len(section.links) for chapter in made.chapters for section in chapter.sections)
    assert len(anchors) == links + len(said(opened, CONTENTS, CONTENTS_BELOW))
    assert set(anchors) <= set(marks)
    [pointer] = [
        p
        for p in opened.paragraphs
        if p.style.name == LINK and p.text.startswith("· 续贷通") and "北方" in p.text
    ][:1]
    anchor = pointer._p.find(qn("w:hyperlink")).get(qn("w:anchor"))
    [start] = [one for one in body.iter(qn("w:bookmarkStart")) if one.get(qn("w:name")) == anchor]
    assert "".join(text.text for text in start.getparent().iter(qn("w:t"))) == "续贷通"


def test_equal_booklets_give_equal_bytes_without_dates_of_their_own(made: Booklet) -> None:
    data = document(made)
    assert document(compose(january())) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_markup_in_a_name_stays_a_name_and_demonstration_data_is_marked_on_every_page(made: Booklet) -> None:
    marked = made.model_copy(update={"title": "<w:p> & {{ 7 }}", "is_demo": True})
    opened = docx.Document(io.BytesIO(document(marked)))
    assert said(opened, "BookletTitle") == ["<w:p> & {{ 7 }}"]
    assert opened.sections[0].header.paragraphs[0].text == DEMO_NOTICE


def test_the_template_is_what_its_maker_makes() -> None:
    kept, fresh = docx.Document(str(TEMPLATE)), make()
    assert kept.element.xml == fresh.element.xml
    assert kept.styles.element.xml == fresh.styles.element.xml
