"""The template: the design's columns, lists to choose from, notes, and our own import reads it."""

from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from app.whitelist.roster_columns import COLUMNS
from app.whitelist.roster_faults import column_letters
from app.whitelist.workbook_template import TemplateLists, write_template
from tests.whitelist.rosters import HEADINGS, check, good_row, saved

DESIGNED = (
    "名单类别 · 统一社会信用代码 · 企业名称 · 项目名称 · 行政区划代码 · 行业代码 · 产业链 · 链上角色 · 从业人员 · 营业收入（万元） · "
    "成立日期 · 资质 · 融资金额（万元） · 期限（月） · 资金用途 · 抵质押物 · 可否担保 · 纳税等级 · 首贷户 · 涉诉 · 征信不良 · 出口 · 所有制 · "
    "现有贷款银行 · 现有贷款余额（万元） · 已达单户限额 · 缺失要素 · 联系人 · 联系电话 · 经营范围"
)


@pytest.fixture(scope="module")
def template() -> BytesIO:
    file = BytesIO()
    write_template(
        file,
        TemplateLists([("230110", "黑龙江省哈尔滨市香坊区")], [("C3421", "金属切削机床制造")], ["装备制造"]),
    )
    return file


def test_the_template_has_exactly_the_designed_columns_in_order(template: BytesIO) -> None:
    page = openpyxl.load_workbook(template)["名单"]
    assert [cell.value for cell in page[1]] == DESIGNED.split(" · ")
    required = {column.heading for column in COLUMNS if column.is_required}
    assert required == {
        "名单类别", "统一社会信用代码", "企业名称", "行政区划代码", "融资金额（万元）", "期限（月）", "资金用途",
    }  # fmt: skip


def test_columns_with_a_vocabulary_have_a_drop_down_of_exactly_its_words(template: BytesIO) -> None:
    book = openpyxl.load_workbook(template)
    lists = {
        str(rule.sqref).split(":")[0]: rule.formula1 for rule in book["名单"].data_validations.dataValidation
        if rule.type == "list"
    }  # fmt: skip
    for index, column in enumerate(COLUMNS):
        place = f"{column_letters(index)}2"
        words = list(column.values.values()) or {"flag": ["是", "否"], "chain": ["装备制造"]}.get(column.kind)
        assert (place in lists) == (words is not None), column.heading
        if words is not None:
            sheet, area = lists[place].replace("'", "").split("!")
            cells = [cell.value for row in book[sheet][area.replace("$", "")] for cell in row]
            assert cells == words


def test_the_notes_explain_every_column_with_unit_and_example(template: BytesIO) -> None:
    notes = openpyxl.load_workbook(template)["说明"]
    rows = {
        row[0].value: [cell.value for cell in row]
        for row in notes.iter_rows(min_row=2, max_row=len(COLUMNS) + 1)
    }
    assert list(rows) == HEADINGS
    assert rows["融资金额（万元）"][3] == "万元"
    assert all(row[4] for row in rows.values())
    codes = [cell.value for row in openpyxl.load_workbook(template)["代码表"].iter_rows() for cell in row]
    assert {"230110", "C3421"} <= set(codes)


def test_our_import_reads_a_filled_in_template(template: BytesIO) -> None:
    book = openpyxl.load_workbook(template)
    page = book["名单"]
    for number in (1, 2):
        for column, heading in enumerate(HEADINGS, start=1):
            page.cell(number + 1, column).value = good_row(number).get(heading)
    found = check(saved(book))
    assert (found.faults, found.rows, found.unknown_columns) == ([], 2, ())


def test_the_examples_of_the_notes_are_themselves_readable() -> None:
    example = {column.heading: column.example for column in COLUMNS}
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "名单"
    page.append(HEADINGS)
    page.append([example[heading] for heading in HEADINGS])
    assert check(saved(book)).faults == []


def test_an_empty_template_can_be_written_to_a_path(tmp_path: Path) -> None:
    write_template(str(tmp_path / "名单.xlsx"), TemplateLists())
    with (tmp_path / "名单.xlsx").open("rb") as file:
        assert "没有数据行" in check(BytesIO(file.read())).faults[0].message
