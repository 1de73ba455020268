"""Bad workbooks: each kind of damage is named by sheet, row and column, all of it in one pass."""

import re
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from app.kernel import workbook_archive, workbooks
from app.kernel.errors import Refused
from app.kernel.workbooks import open_sheet
from tests.whitelist.rosters import (
    HEADINGS,
    check,
    credit_code,
    faults_of,
    good_row,
    rows_of,
    saved,
    workbook,
)


def refusal_of(file: BytesIO) -> str:
    with pytest.raises(Refused) as refusal:
        check(file)
    [fault] = refusal.value.faults
    return f"{fault.where} {fault.message} {fault.remedy}"


def rewritten(
    file: BytesIO, change: Callable[[bytes], bytes], part: str = "xl/worksheets/sheet1.xml"
) -> BytesIO:
    """Copy a workbook with one part changed."""
    target = BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copied:
        for name in source.namelist():
            content = source.read(name)
            copied.writestr(name, change(content) if name == part else content)
    target.seek(0)
    return target


def test_a_good_roster_has_no_faults_in_any_order_of_columns() -> None:
    rows = [good_row(number) for number in range(1, 5)]
    assert faults_of(workbook(rows)) == {}
    assert faults_of(workbook(rows, sorted(HEADINGS))) == {}
    kept = rows_of(workbook(rows, sorted(HEADINGS)))
    assert [row.number for row in kept] == [2, 3, 4, 5]
    assert kept[0].facts.amount == 500 * 10**6


def test_a_title_above_the_header_is_passed_over_even_if_merged() -> None:
    book = openpyxl.load_workbook(workbook([good_row()]))
    page = book["名单"]
    page.insert_rows(1)
    page["A1"] = "2023年下半年黑龙江省制造业重点企业（项目）名单"
    page.merge_cells("A1:F1")
    assert faults_of(saved(book)) == {}


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 no archive", b"\xd0\xcf\x11\xe0" + b"\0" * 600]
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    assert "不是 .xlsx 工作簿" in refusal_of(BytesIO(content))


def test_a_truncated_or_foreign_archive_is_refused() -> None:
    assert "不是 .xlsx 工作簿" in refusal_of(BytesIO(workbook([good_row()]).getvalue()[:2000]))
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("readme.txt", "hello")
    assert "不是 .xlsx 工作簿" in refusal_of(archive)


def test_a_damaged_part_is_refused() -> None:
    broken = rewritten(workbook([good_row()]), lambda content: content[: len(content) // 2])
    with pytest.raises(Refused):
        check(broken)


def test_a_wrong_sheet_is_refused_with_those_that_there_are() -> None:
    book = openpyxl.load_workbook(workbook([good_row()], sheet="企业"))
    book.create_sheet("汇总")
    said = refusal_of(saved(book))
    assert "没有工作表“名单”" in said
    assert "企业、汇总" in said
    assert check(saved(book), sheet="企业").rows == 1


def test_a_single_sheet_of_another_name_is_read() -> None:
    assert check(workbook([good_row()], sheet="Sheet1")).sheet == "Sheet1"


def test_missing_and_doubled_columns_are_named_together() -> None:
    headings = [heading for heading in HEADINGS if heading not in {"企业名称", "融资金额（万元）"}]
    found = check(workbook([good_row()], [*headings, "融资金额", "期限（月）", "备注"]))
    said = [fault.message + fault.remedy for fault in found.faults]
    assert len(said) == 3
    assert any("缺少必填列“企业名称”" in text for text in said)
    assert any("缺少必填列“融资金额（万元）”" in text and "“融资金额”是否就是这一列" in text for text in said)
    assert any("“期限（月）”列重复" in text for text in said)
    assert found.unknown_columns == ("融资金额", "备注")


def test_cells_under_a_faulty_header_are_checked_in_the_same_pass() -> None:
    headings = [heading for heading in HEADINGS if heading != "资金用途"]
    rows = [good_row(1, 成立日期="2015-02-30"), good_row(2), good_row(2)]
    found = check(workbook(rows, headings))
    assert [fault.where("名单") for fault in found.faults] == ["名单!1", "名单!K2", "名单!B4"]
    assert found.rows == 3
    assert rows_of(workbook(rows, headings)) == []


def test_a_faulty_row_that_repeats_another_is_told_both_at_once() -> None:
    rows = [good_row(1, 首贷户="?"), good_row(1, 成立日期="昨天"), good_row(1, 企业名称="大庆另一家有限公司")]
    found = faults_of(workbook(rows))
    assert set(found) == {"名单!S2", "名单!K3", "名单!B3", "名单!B4", "名单!C4"}
    assert "第2行已有" in found["名单!B3"]
    assert faults_of(workbook([good_row(1), good_row(1, 项目名称="长" * 300)])).keys() == {"名单!D3"}


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("融资金额（元）", "若以元计，把数值除以 10000"),
        ("融资金额(万)", "是否就是这一列"),
        ("申请融资金额 (万元)", "是否就是这一列"),
    ],
)
def test_a_column_in_yuan_is_not_simply_renamed(heading: str, said: str) -> None:
    headings = [heading if one == "融资金额（万元）" else one for one in HEADINGS]
    assert said in faults_of(workbook([good_row()], headings))["名单!1"]


def test_unknown_columns_are_reported_and_their_cells_kept() -> None:
    file = workbook([good_row(备注="重点关注", 期次="一")], [*HEADINGS, "备注", "期次"])
    assert check(file).unknown_columns == ("备注", "期次")
    assert dict(rows_of(file)[0].extra) == {"备注": "重点关注", "期次": "一"}


def test_merged_cells_are_named_row_by_row() -> None:
    book = openpyxl.load_workbook(workbook([good_row(number) for number in range(1, 5)]))
    book["名单"].merge_cells("E3:E4")
    found = faults_of(saved(book))
    assert {place for place, said in found.items() if "合并" in said} == {"名单!E3", "名单!E4"}


def test_formulas_and_error_values_are_named() -> None:
    book = openpyxl.load_workbook(workbook([good_row(1), good_row(2)]))
    page = book["名单"]
    amount = HEADINGS.index("融资金额（万元）") + 1
    page.cell(2, amount).value = "=100*5"
    staff = page.cell(3, HEADINGS.index("从业人员") + 1)
    staff.value, staff.data_type = "#N/A", "e"
    found = faults_of(saved(book))
    assert "公式" in found["名单!M2"]
    assert "错误值" in found["名单!I3"]


def test_every_bad_cell_of_every_row_is_named_in_one_pass() -> None:
    code = credit_code(7)
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    rows = [
        good_row(1, 统一社会信用代码=wrong, 行政区划代码="哈尔滨市呼兰区"),
        good_row(2, **{"行业代码": "C9999", "融资金额（万元）": "5000000"}),
        good_row(3, 名单类别="专精特新中小", 首贷户="可能", 资金用途=""),
        good_row(4, 行政区划代码="410102", 成立日期="2030-01-01"),
        good_row(5),
    ]
    found = faults_of(workbook(rows))
    assert set(found) == {
        "名单!B2", "名单!E2", "名单!F3", "名单!M3", "名单!A4", "名单!S4", "名单!O4", "名单!E5", "名单!K5",
    }  # fmt: skip
    assert f"应为 {code[-1]}" in found["名单!B2"]
    assert "230111" in found["名单!E2"]
    assert "是否按元填写？若是，应为 500" in found["名单!M3"]
    assert "是否指“专精特新中小企业”" in found["名单!A4"]
    assert "不在黑龙江省" in found["名单!E5"]


def test_full_width_separators_units_and_number_cells_are_read() -> None:
    rows = [
        good_row(1, **{"融资金额（万元）": "１，５００", "营业收入（万元）": "8,600万元", "从业人员": 180.0}),
        good_row(2, 统一社会信用代码=credit_code(2).lower(), 行政区划代码=230110, 成立日期=date(2015, 3, 1)),
    ]
    first, second = rows_of(workbook(rows))
    assert first.facts.amount == 1_500 * 10**6
    assert second.facts.established_on == date(2015, 3, 1)


def test_a_faulty_contact_is_named_and_not_repeated() -> None:
    [fault] = check(workbook([good_row(联系电话="secret-0451")])).faults
    assert (fault.message, fault.value) == ("不像电话号码", "")


def test_an_industry_given_by_name_is_answered_with_its_code() -> None:
    found = faults_of(workbook([good_row(1, 行业代码="通用设备制造业"), good_row(2, 行业代码="卖菜")]))
    assert "可能是 C34 通用设备制造业" in found["名单!F2"]
    assert "可能是" not in found["名单!F3"]


def test_an_old_region_code_is_resolved_and_said() -> None:
    file = workbook([good_row(1, 行政区划代码="230121")])
    [row] = rows_of(file)
    assert row.facts.region == "230111"
    assert "230121 已停用" in check(file).notes[0]


def test_the_same_firm_twice_is_named_and_two_projects_of_it_are_not() -> None:
    rows = [good_row(1), good_row(2), good_row(1)]
    assert "第2行已有" in faults_of(workbook(rows))["名单!B4"]
    assert (
        faults_of(workbook([good_row(1), good_row(1, 项目名称="一期"), good_row(1, 项目名称="二期")])) == {}
    )
    renamed = [good_row(1), good_row(1, 项目名称="一期", 企业名称="大庆另一家有限公司")]
    assert "第2行的名称是" in faults_of(workbook(renamed))["名单!C3"]


def test_no_rows_at_all_is_a_fault() -> None:
    assert "没有数据行" in faults_of(workbook([]))["名单!1"]


def blank_rows(count: int) -> BytesIO:
    """Make a workbook with two good rows and many formatted, empty ones."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    page, style = book.add_worksheet("名单"), book.add_format({"bold": True})
    for column, heading in enumerate(HEADINGS):
        page.write_string(0, column, heading)
    for number in (1, 2):
        for column, heading in enumerate(HEADINGS):
            page.write(number, column, good_row(number).get(heading))
    for row in range(3, count + 3):
        page.write_blank(row, 0, None, style)
    book.close()
    file.seek(0)
    return file


def test_a_few_blank_rows_are_passed_over_and_megabytes_of_them_named() -> None:
    assert faults_of(blank_rows(50)) == {}
    found = check(blank_rows(200_000))
    assert found.rows == 2
    [fault] = found.faults
    assert "200000 个空白行" in fault.message
    assert fault.where(found.sheet) == "名单!4"


def test_blank_rows_inside_that_hold_spaces_are_named() -> None:
    found = check(workbook([good_row(1), *[{"名单类别": "  "}] * 1_200, good_row(2)]))
    assert found.rows == 2
    assert ["1200 个空白行" in fault.message for fault in found.faults] == [True]


def test_one_cell_in_the_last_corner_is_refused_before_it_is_laid_out() -> None:
    book = openpyxl.load_workbook(workbook([good_row()]))
    book["名单"]["XFD1048576"] = "x"
    said = refusal_of(saved(book))
    assert "第 1048576 行、第 16384 列" in said


def test_a_sheet_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_SHEET_BYTES", 2 * workbook_archive.MIB)
    bomb = rewritten(
        workbook([good_row()]), lambda content: content.replace(b"<sheetData>", b"<sheetData>" + b" " * 2**22)
    )
    assert "解压后超过 2 MiB" in refusal_of(bomb)


def test_a_part_that_lies_about_its_size_is_counted_as_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_SHEET_BYTES", 2 * workbook_archive.MIB)
    bomb = rewritten(
        workbook([good_row()]), lambda content: content.replace(b"<sheetData>", b"<sheetData>" + b" " * 2**22)
    )
    with zipfile.ZipFile(bomb) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = BytesIO(bomb.getvalue().replace(struct.pack("<L", size), struct.pack("<L", 1_000)))
    with pytest.raises(Refused):
        check(lying)


def test_a_long_text_that_a_sheet_repeats_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_TEXT_BYTES", 100_000)
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:  # texts are stored once and shared by the cells
        page = book.add_worksheet("名单")
        page.write_row(0, 0, [*HEADINGS, "备注"])
        for row in range(1, 30):
            page.write_string(row, len(HEADINGS), "长" * 2_000)
    assert "缩短过长的格" in refusal_of(file)


def test_cells_without_addresses_are_refused_since_they_cannot_be_checked() -> None:
    bare = rewritten(workbook([good_row()]), lambda content: re.sub(rb'<c r="[A-Z]+\d+"', b"<c", content))
    assert "没有地址" in refusal_of(bare)


def test_entities_in_the_workbook_part_are_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]>'
    evil = rewritten(
        workbook([good_row()]),
        lambda content: bomb + content[content.index(b"<workbook") :],
        "xl/workbook.xml",
    )
    assert "不是 .xlsx 工作簿" in refusal_of(evil)


@pytest.mark.parametrize("chunk", [700, 4_096, 2**20])
def test_the_scan_finds_the_same_cells_however_the_file_is_cut(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(workbook_archive, "_CHUNK", chunk)
    book = openpyxl.load_workbook(workbook([good_row(number) for number in range(1, 40)]))
    book["名单"]["M20"] = "=1+1"
    scan = open_sheet(saved(book), "名单.xlsx", "名单").scan
    expected: list[Any] = [(20, 12)]
    assert (scan.last_row, scan.last_column, scan.rows, scan.formulas) == (40, 29, 40, expected)
