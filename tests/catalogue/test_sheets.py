"""The product sheet: what is written reads back the same, and faults are named by cell."""

import io
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.catalogue import service
from app.catalogue.columns import COLUMNS, SHEET
from app.catalogue.planning import PlannedProduct
from app.catalogue.revisions import ProductContent
from app.catalogue.rules import ProductTerms
from app.catalogue.sheets import read_sheet, write_workbook
from app.kernel.errors import Fault, Refused

ROW: dict[str, Any] = {
    "产品编码": "SJ-1", "机构编码": "SJ", "产品名称": "科创e贷", "融资形式": "贷款", "资金用途": "设备更新、技术改造",
    "最低金额（万元）": 10, "最高金额（万元）": "1，000.5", "最短期限（月）": 3, "最长期限（月）": 36,
    "利率基准": "LPR（1年期）", "最低利率（基点）": -10, "最高利率（基点）": 55, "增信方式": "信用;设备",
    "服务区域": "230000", "生效日期": "2023年10月1日", "失效日期": date(2024, 12, 31), "仅限首贷户": "否",
    "依据": "金额：洛阳（征求意见稿）（四）；产品：黑银发〔2023〕25号（六）",
}  # fmt: skip


def workbook(*rows: dict[str, Any], sheet: str = SHEET, headings: list[str] | None = None) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.title = sheet
    columns = headings or [column.heading for column in COLUMNS]
    book.active.append(columns)
    for row in rows:
        book.active.append([row.get(heading) for heading in columns])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def faults_of(content: bytes) -> dict[str, str]:
    faults: list[Fault] = []
    read_sheet(content, "p.xlsx", faults)
    return {fault.where: fault.message for fault in faults}


def test_a_row_is_read_as_people_write_it() -> None:
    faults: list[Fault] = []
    (placed,) = read_sheet(workbook({}, ROW, {}), "p.xlsx", faults)
    assert faults == []
    terms = placed.record.terms
    assert (terms.amount.least, terms.amount.most) == (100_000_00, 10_005_000_00)
    assert (terms.purposes, terms.guarantee_modes) == (
        ("equipment", "technical_upgrade"),
        ("credit", "equipment"),
    )
    assert terms.citation("amount") == "洛阳（征求意见稿）（四）"
    assert terms.citation("product") == "黑银发〔2023〕25号（六）"
    assert (placed.record.valid_from, placed.record.valid_until) == (date(2023, 10, 1), date(2024, 12, 31))


@pytest.mark.parametrize(
    ("heading", "value", "cell", "message"),
    [
        ("资金用途", "设备更新、炒股", "产品!E2", "不认识“炒股”"),
        ("最低金额（万元）", "十", "产品!F2", "不是数字"),
        ("最低金额（万元）", "0.00000001", "产品!F2", "不是以万元计的金额"),
        ("最低金额（万元）", 5000, "产品!F2", "least is above most"),
        ("最短期限（月）", "3.5", "产品!H2", "不是整数"),
        ("最长期限（月）", 6000, "产品!I2", "less than or equal"),
        ("服务区域", "", "产品!N2", "服务区域必填"),
        ("行业", "3412", "产品!O2", "pattern"),
        ("生效日期", "2023-02-30", "产品!Y2", "不是日期"),
        ("失效日期", "2020-01-01", "产品!2", "lies after"),
        ("依据", "洛阳（四）", "产品!AA2", "没有写明部分"),
        ("依据", "颜色：洛阳（四）", "产品!AA2", "不认识“颜色”"),
        ("补充条件", "{", "产品!AB2", "不是 JSON"),
        ("补充条件", '[{"fact": "ownership", "in": ["state"]}]', "产品!AB2", "公平授信"),
        ("演示数据", "也许", "产品!AD2", "既非是也非否"),
    ],
)
def test_a_bad_cell_is_named(heading: str, value: Any, cell: str, message: str) -> None:
    found = faults_of(workbook(ROW | {heading: value}))
    assert list(found) == [cell]
    assert message in found[cell]


def test_every_fault_of_every_row_is_named_in_one_pass() -> None:
    bad = ROW | {"最低金额（万元）": "x", "利率基准": "HIBOR", "产品编码": ""}
    assert set(faults_of(workbook(ROW, bad, bad))) == {
        "产品!F3", "产品!J3", "产品!A3", "产品!F4", "产品!J4", "产品!A4",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (b"not a workbook", "p.xlsx", "不是 .xlsx 工作簿"),
        (workbook(ROW, sheet="Sheet1"), "p.xlsx", "没有工作表"),
        (workbook(ROW, headings=["产品编码", "机构编码"]), "产品!1", "缺少列"),
        (workbook(ROW, headings=[*ROW, "产品编码"]), "产品!S1", "出现两次"),
        (workbook(ROW, headings=[*ROW, "颜色"]), "产品!S1", "不认识的列"),
    ],
)
def test_a_workbook_of_another_shape_is_refused(content: bytes, where: str, message: str) -> None:
    assert message in faults_of(content)[where]


def test_one_cell_in_the_last_corner_is_refused_before_it_is_laid_out() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = SHEET
    book.active.cell(1_048_576, 16_384, "x")
    target = io.BytesIO()
    book.save(target)
    assert "第 1048576 行" in faults_of(target.getvalue())["p.xlsx 产品"]


def test_text_that_looks_like_a_formula_stays_text_and_reads_back() -> None:
    name = '=HYPERLINK("http://example.org","科创")'
    terms = ProductTerms.model_validate(
        {
            "form": "loan",
            "purposes": ["equipment"],
            "amount": {"least": "0.01", "most": "1234567.89"},
            "term": {"least": 1, "most": 2},
            "rate": {"base": "fixed", "least": 0, "most": 1},
            "guarantee_modes": ["credit"],
            "areas": ["230000"],
            "cites": [{"part": "amount", "clause": "甲；乙：丙"}, {"part": "rate", "clause": "丁；戊"}],
            "criteria": [{"fact": "exporter", "is_true": True, "source": "全角，（）"}],
            "years_least": 0,
            "note": "=1+1；ＡＢＣ",
        }
    )
    content = ProductContent(name, terms, date(2023, 1, 1), None, is_demo=True)
    written = write_workbook([PlannedProduct("A", "SJ", content)])
    sheet = load_workbook(io.BytesIO(written))[SHEET]
    assert sheet["C2"].data_type == "s"
    faults: list[Fault] = []
    (placed,) = read_sheet(written, "p.xlsx", faults)
    assert faults == []
    assert placed.record.content() == content


def test_the_template_offers_lists_and_explains_every_column() -> None:
    book = load_workbook(io.BytesIO(write_workbook([])))
    assert book.sheetnames == [SHEET, "说明"]
    validated = {str(one.sqref).split("2")[0] for one in book[SHEET].data_validations.dataValidation}
    assert {"D", "J", "U", "AD"} == validated
    explained = [row[0].value for row in book["说明"].iter_rows(min_row=2)]
    assert explained == [column.heading for column in COLUMNS]


def test_merged_cells_formulas_and_blank_rows_are_named() -> None:
    book = load_workbook(io.BytesIO(workbook(ROW, ROW | {"产品编码": "SJ-2"})))
    sheet = book[SHEET]
    sheet["G2"] = "=10*100"
    sheet.merge_cells("O2:O3")
    for row in range(4, 1_200):
        sheet.row_dimensions[row].height = 30
    book.save(target := io.BytesIO())
    found = faults_of(target.getvalue())
    assert ["合并单元格" in found[place] for place in ("产品!O2", "产品!O3")] == [True, True]
    assert "空白行" in found["产品!4"]
    faults: list[Fault] = []
    read_sheet(target.getvalue(), "p.xlsx", faults)
    assert [fault.where for fault in faults if fault.message == "是公式"] == ["产品!G2"]


def test_cells_under_a_faulty_header_are_checked_in_the_same_pass() -> None:
    headings = [heading for heading in ROW if heading != "增信方式"]
    found = faults_of(workbook(ROW | {"生效日期": "昨天"}, headings=[*headings, "颜色"]))
    assert found.keys() == {"产品!1", "产品!R1", "产品!N2"}


async def test_unreadable_cells_and_unknown_codes_are_named_in_one_pass(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    bad = workbook(ROW | {"最高金额（万元）": "很多"}, ROW | {"产品编码": "SJ-2", "机构编码": "NOBODY"})
    with pytest.raises(Refused) as caught:
        await service.import_product_sheet(world, viewer, bad, "p.xlsx", now=now)
    assert [fault.where for fault in caught.value.faults] == ["产品!G2", "产品!B3"]


async def test_a_refused_workbook_writes_nothing_and_a_good_one_is_taken_whole(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    bad = workbook(ROW, ROW | {"产品编码": "SJ-2", "机构编码": "NOBODY"})
    with pytest.raises(Refused) as caught:
        await service.import_product_sheet(world, viewer, bad, "p.xlsx", now=now)
    assert [fault.where for fault in caught.value.faults] == ["产品!B3"]
    assert await service.product_codes(world, viewer) == frozenset()
    good = workbook(ROW, ROW | {"产品编码": "SJ-2"})
    done = await service.import_product_sheet(world, viewer, good, "p.xlsx", now=now)
    assert done.new == ["SJ-1", "SJ-2"]
    exported = await service.product_sheet(world, viewer)
    again = await service.import_product_sheet(world, viewer, exported, "p.xlsx", now=now)
    assert (again.new, again.revised, again.same) == ([], [], 2)
