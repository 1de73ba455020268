"""Rosters that the tests make: good rows by heading, and workbooks of any shape."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any

import openpyxl
from stdnum.cn import uscc as stdnum_uscc

from app.chains.rules import ChainInForce
from app.kernel.settings import get_settings
from app.reference.book import ReferenceBook, load_reference_book
from app.whitelist.roster_check import RosterCheck, check_roster
from app.whitelist.roster_columns import COLUMNS
from app.whitelist.roster_memory import RosterMemory
from app.whitelist.roster_rows import RosterContext, RosterRow
from app.whitelist.workbook_reading import open_roster

HEADINGS = [column.heading for column in COLUMNS]
Row = Mapping[str, Any]
# Brands that no resolution of names takes for each other.
BRANDS = ("北辰", "鸿图", "金桥", "沃土", "雪松", "凯旋", "天工", "远帆", "春晖", "砺剑")


def credit_code(number: int) -> str:
    """Answer a credit code of the Heilongjiang registry with a right check digit."""
    body = f"91230100MA{number:07d}"
    return body + str(stdnum_uscc.calc_check_digit(body))


def good_row(number: int = 1, **cells: Any) -> dict[str, Any]:
    """Answer a faultless row of a 专精特新 firm; `cells` replaces by heading."""
    return {
        "名单类别": "专精特新中小企业",
        "统一社会信用代码": credit_code(number),
        "企业名称": f"哈尔滨{BRANDS[number % len(BRANDS)]}{number}号机械制造有限公司",
        "行政区划代码": "230110",
        "行业代码": "C3421",
        "从业人员": "180",
        "营业收入（万元）": "8600",
        "成立日期": "2015-03-01",
        "资质": "专精特新中小企业、高新技术企业",
        "融资金额（万元）": "500",
        "期限（月）": "36",
        "资金用途": "技术改造",
        "联系人": "张三",
        "联系电话": "0451-12345678",
    } | cells


def workbook(rows: Iterable[Row], headings: Sequence[str] | None = None, sheet: str = "名单") -> BytesIO:
    """Make a workbook with a header row; cells stand under their headings."""
    heads = HEADINGS if headings is None else headings
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    page.append(list(heads))
    for row in rows:
        page.append([row.get(heading) for heading in heads])
    return saved(book)


def saved(book: openpyxl.Workbook) -> BytesIO:
    """Answer a workbook as a file."""
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file


def cells_of(file: BytesIO, sheet: str = "名单") -> list[list[Any]]:
    """Read a written workbook by another reader than ours."""
    file.seek(0)
    page = openpyxl.load_workbook(file)[sheet]
    return [[cell.value for cell in row] for row in page.iter_rows()]


@lru_cache(maxsize=1)
def reference_book() -> ReferenceBook:
    """Answer the shipped reference book."""
    return load_reference_book(get_settings().seed_dir)


def context(chains: tuple[ChainInForce, ...] = ()) -> RosterContext:
    """Answer what cells are checked against: Heilongjiang, 15 November 2023, 1万元 to 100亿元."""
    return RosterContext(reference_book(), "230000", date(2023, 11, 15), chains, (10**6, 10**12))


def check(file: BytesIO, sheet: str | None = None) -> RosterCheck:
    """Check a workbook as an import does."""
    with RosterMemory() as memory:
        return check_roster(open_roster(file, "名单.xlsx", sheet), context(), memory)


def rows_of(file: BytesIO) -> list[RosterRow]:
    """Answer the faultless rows of a workbook as an import takes them."""
    with RosterMemory() as memory:
        check_roster(open_roster(file, "名单.xlsx"), context(), memory)
        return [row for batch in memory.rows() for row in batch]


def faults_of(file: BytesIO) -> dict[str, str]:
    """Answer place → message and remedy of every fault."""
    found = check(file)
    return {fault.where(found.sheet): f"{fault.message} {fault.remedy}" for fault in found.faults}
