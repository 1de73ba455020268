import io
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from app.bulletins.bulletin import Bulletin
from app.bulletins.composition import DRAFT_MARK, compose
from app.bulletins.workbook import CHART_SHEET, METHOD_SHEET, workbook
from tests.bulletins.materials import HASH, november


@pytest.fixture(scope="module")
def made() -> Bulletin:
    return compose(november())


@pytest.fixture(scope="module")
def book(made: Bulletin) -> Workbook:
    return opened_again(made)


def opened_again(made: Bulletin) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook(made)))


def sheet_of(book: Workbook, name: str) -> Any:
    """Answer a sheet; openpyxl's types know none of what was read from a file."""
    return book[name]


def test_there_is_a_sheet_for_each_section_then_method_and_charts(made: Bulletin, book: Workbook) -> None:
    assert book.sheetnames == [*(section.title for section in made.sections), METHOD_SHEET, CHART_SHEET]
    charts = {section.title: len(section.charts) for section in made.sections}
    assert {name: len(sheet_of(book, name)._charts) for name in charts} == charts


def test_every_sentence_caption_and_number_is_there(made: Bulletin, book: Workbook) -> None:
    for section in made.sections:
        cells = [cell.value for row in book[section.title].iter_rows() for cell in row]
        for table in section.tables:
            assert f"表{table.number}　{table.title}" in cells
        assert set(section.sentences) <= set(cells)
    [row] = [row for row in book["按机构"].iter_rows(values_only=True) if row[0] == "=SUM(A1)银行"]
    assert row[1:12] == (36, 36, 32, 88.89, 26.39, 25, 15, "*", 15, "*", 1)


def test_what_would_tell_of_a_single_firm_is_withheld(book: Workbook) -> None:
    rows = [
        [str(cell) for cell in row if cell is not None] for row in book["按机构"].iter_rows(values_only=True)
    ]
    assert not [row for row in rows if "微银行" in row]
    assert any("不单列" in text for row in rows for text in row)


def test_no_text_is_a_formula(book: Workbook) -> None:
    kinds = {
        cell.data_type
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }
    assert kinds == {"s", "n"}


def test_the_last_page_holds_the_hash(book: Workbook) -> None:
    facts = {row[0]: row[1] for row in book[METHOD_SHEET].iter_rows(values_only=True)}
    assert facts["事实文件 SHA-256"] == HASH
    assert "口径一。" in facts


def test_only_a_draft_is_marked_on_every_sheet_and_in_print(made: Bulletin, book: Workbook) -> None:
    draft = opened_again(compose(november(closing=None)))
    for name in draft.sheetnames:
        sheet = sheet_of(draft, name)
        assert DRAFT_MARK in (sheet["A1"].value, sheet["A2"].value)
        assert DRAFT_MARK in sheet.oddHeader.center.text
    assert not [1 for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == DRAFT_MARK]


@pytest.mark.parametrize("closing", [None, november().closing])
def test_charts_are_drawn_of_the_numbers_that_the_last_sheet_lists(closing: object) -> None:
    made = compose(november(closing=closing))
    opened = opened_again(made)
    for section in made.sections:
        for chart, drawn in zip(section.charts, sheet_of(opened, section.title)._charts, strict=True):
            series = drawn.series[-1]
            for reference, expected in (
                (series.cat.strRef.f, [point.label for point in chart.points]),
                (series.val.numRef.f, [float(point.value) for point in chart.points]),
            ):
                sheet, cells = reference.replace("$", "").replace("'", "").split("!")
                first, last = (cells.split(":") * 2)[:2]
                found = [row[0].value for row in sheet_of(opened, sheet)[f"{first}:{last}"]]
                assert found == expected


def test_equal_bulletins_give_equal_bytes(made: Bulletin) -> None:
    assert workbook(made) == workbook(made.model_copy(deep=True))
