import io
import re
import zipfile
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from app.bulletins.bulletin import Bulletin, Section, texts_of
from app.bulletins.charts import png
from app.bulletins.composition import DRAFT_MARK, compose
from app.bulletins.document import LAST, NO_PICTURE, document
from app.bulletins.template_maker import TEMPLATE, make
from tests.bulletins.materials import HASH, november

FONT = "Noto Sans CJK SC"


@pytest.fixture(scope="module")
def made() -> Bulletin:
    return compose(november())


@pytest.fixture(scope="module")
def pictures(made: Bulletin) -> dict[str, bytes]:
    return {chart.key: png(chart, FONT) for section in made.sections for chart in section.charts}


@pytest.fixture(scope="module")
def opened(made: Bulletin, pictures: dict[str, bytes]) -> Any:
    return docx.Document(io.BytesIO(document(made, pictures)))


def paragraphs(opened: Any) -> list[str]:
    return [paragraph.text for paragraph in opened.paragraphs if paragraph.text]


def test_the_document_says_what_the_bulletin_says_in_its_order(made: Bulletin, opened: Any) -> None:
    said = paragraphs(opened)
    expected = [made.title, f"（{made.month_name}）", "〔　　　　〕　　　号"]
    for section in made.sections:
        expected += [section.heading, *section.sentences]
    assert [line for line in said if line in expected] == expected
    assert said.index(LAST) > said.index(made.sections[-1].heading)


def test_every_table_is_there_with_its_cells_and_repeats_its_heading(made: Bulletin, opened: Any) -> None:
    *drawn, particulars = opened.tables
    tables = [table for section in made.sections for table in section.tables]
    for found, table in zip(drawn, tables, strict=True):
        rows = [[cell.text for cell in row.cells] for row in found.rows]
        assert rows[0] == [column.label for column in table.columns]
        assert rows[1:] == [
            [text.replace("\x0b", " ") for text in texts_of(table, row)] for row in table.rows
        ]
        assert found.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [cell.text for cell in particulars.rows[-1].cells] == ["事实文件 SHA-256", HASH]


def test_the_last_page_holds_method_and_verification(made: Bulletin, opened: Any) -> None:
    [heading] = [one for one in opened.paragraphs if one.text == LAST]
    assert heading.paragraph_format.page_break_before
    said = paragraphs(opened)
    assert f"1. {made.method[0]}" in said
    assert f"核验1. {made.verification[0]}" in said


def test_every_chart_is_a_picture_that_is_described(made: Bulletin, opened: Any) -> None:
    charts = [chart for section in made.sections for chart in section.charts]
    shapes = list(opened.inline_shapes)
    assert len(shapes) == len(charts) >= 4
    assert charts[0].points[0].text in shapes[0]._inline.docPr.get("descr")


def test_a_chart_that_cannot_be_drawn_says_why(made: Bulletin) -> None:
    opened = docx.Document(io.BytesIO(document(made, {})))
    charts = sum(len(section.charts) for section in made.sections)
    assert (len(opened.inline_shapes), paragraphs(opened).count(NO_PICTURE)) == (0, charts)


def test_only_a_draft_is_marked_on_every_page(opened: Any) -> None:
    draft = docx.Document(io.BytesIO(document(compose(november(closing=None)), {})))
    assert [part.header.paragraphs[0].text for part in draft.sections] == [DRAFT_MARK]
    assert [part.header.paragraphs[0].text for part in opened.sections] == [""]


def test_names_stay_names(opened: Any) -> None:
    cells = {cell.text for table in opened.tables for row in table.rows for cell in row.cells}
    assert {"<b>&{{ 7*7 }} ", "=SUM(A1)银行"} <= cells
    assert "49" not in "".join(paragraphs(opened))


def test_equal_bulletins_give_equal_bytes_dated_by_the_close(
    made: Bulletin, pictures: dict[str, bytes], opened: Any
) -> None:
    assert document(made, pictures) == document(made.model_copy(deep=True), pictures)
    assert opened.core_properties.created.isoformat() == "2023-12-01T01:00:00+00:00"
    assert opened.core_properties.author == ""


def test_chinese_text_is_set_in_named_fonts(opened: Any) -> None:
    fonts = {
        name: opened.styles[name].element.rPr.rFonts.get(qn("w:eastAsia"))
        for name in ("BulletinTitle", "BulletinHeading", "BulletinBody")
    }
    assert fonts == {"BulletinTitle": "宋体", "BulletinHeading": "黑体", "BulletinBody": "仿宋"}


def test_the_template_is_the_one_that_its_maker_makes() -> None:
    target = io.BytesIO()
    make().save(target)
    with zipfile.ZipFile(target) as new, zipfile.ZipFile(TEMPLATE) as kept:
        assert new.namelist() == kept.namelist()
        assert [name for name in kept.namelist() if new.read(name) != kept.read(name)] == []


def test_sections_without_tables_need_none(made: Bulletin) -> None:
    bare = [Section(key="a", heading="一、甲", title="甲", sentences=["无。"], tables=[], charts=[])]
    opened = docx.Document(io.BytesIO(document(made.model_copy(update={"sections": bare}), {})))
    assert len(opened.tables) == 1
    assert not re.search(r"[{}%]", "".join(paragraphs(opened)).replace("%2F", ""))
