"""The roster's columns, in the order of the template, and the reading of a header row."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from rapidfuzz import fuzz, process

from app.enterprises.need_facts import OWNERSHIPS
from app.policy.facts import (
    CHAIN_ROLES,
    COLLATERAL,
    MISSING_ELEMENTS,
    PURPOSES,
    QUALIFICATIONS,
    SOURCE_CLASSES,
    TAX_GRADES,
)
from app.whitelist.roster_faults import RosterFault, column_letters

SHEET_NAME: Final = "名单"
FAULT_HEADING: Final = "校验错误"
"""Heading of the column that an error workbook adds; an import passes over it."""

CellKind = Literal[
    "uscc", "text", "region", "industry", "chain", "phone",
    "integer", "months", "money", "asked_money", "date", "flag", "choice", "choices", "names",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class RosterColumn:
    """One column: heading, the fact it states, how its cells are read, and what its user is told."""

    heading: str
    fact: str
    kind: CellKind
    note: str
    example: str
    is_required: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    longest: int = 200


_SET_NOTE = "可多选，用“、”“；”或“，”隔开；没有填“无”，空白表示未知。"
_FLAG_NOTE = "填“是”或“否”；空白表示未知。"

COLUMNS: Final = (
    RosterColumn("名单类别", "source_class", "choice", "名单来源类别（黑银发〔2023〕25号 十三），从下拉列表选择。",
                 "专精特新中小企业", is_required=True, values=SOURCE_CLASSES),
    RosterColumn("统一社会信用代码", "uscc", "uscc", "18位（GB 32100-2015），以文本格式填写，校验位须正确。",
                 "91230199MA1BQXYE20", is_required=True),
    RosterColumn("企业名称", "name", "text", "营业执照上的全称。", "哈尔滨示例机械有限公司", is_required=True),
    RosterColumn("项目名称", "project_name", "text", "以项目申报时填写；同一企业的多个项目各占一行。", "年产五千台套扩建项目"),
    RosterColumn("行政区划代码", "region", "region", "6位，尽量到县（市、区）；旧代码会换成现行代码并提示。", "230110",
                 is_required=True),
    RosterColumn("行业代码", "industry", "industry", "GB/T 4754-2017，门类字母加数字，尽量到小类。", "C3421"),
    RosterColumn("产业链", "chain", "chain", "本地区产业链的名称或代码。", ""),
    RosterColumn("链上角色", "chain_role", "choice", "从下拉列表选择。", "配套", values=CHAIN_ROLES),
    RosterColumn("从业人员", "staff", "integer", "人，整数。", "180"),
    RosterColumn("营业收入（万元）", "revenue", "money", "上一完整年度，单位万元。", "8600"),
    RosterColumn("成立日期", "established_on", "date", "如 2015-03-01、2015/3/1、20150301、2015年3月1日，或日期格式。", "2015-03-01"),
    RosterColumn("资质", "qualifications", "choices", _SET_NOTE, "专精特新中小企业、高新技术企业", values=QUALIFICATIONS),
    RosterColumn("融资金额（万元）", "amount", "asked_money", "单位万元（不是元），大于零。", "500", is_required=True),
    RosterColumn("期限（月）", "term_months", "months", "整数，1 至 600 个月。", "36", is_required=True),
    RosterColumn("资金用途", "purposes", "choices", "可多选，用“、”“；”或“，”隔开；至少一项。", "技术改造、设备更新",
                 is_required=True, values=PURPOSES),
    RosterColumn("抵质押物", "collateral", "choices", _SET_NOTE, "设备、应收账款", values=COLLATERAL),
    RosterColumn("可否担保", "guarantee_available", "flag", f"能否提供第三方担保。{_FLAG_NOTE}", "是"),
    RosterColumn("纳税等级", "tax_grade", "choice", "纳税信用等级，从下拉列表选择。", "A", values=TAX_GRADES),
    RosterColumn("首贷户", "first_loan", "flag", f"从未在银行贷过款。{_FLAG_NOTE}", "否"),
    RosterColumn("涉诉", "litigation", "flag", f"有未结案件。{_FLAG_NOTE}", "否"),
    RosterColumn("征信不良", "adverse_credit", "flag", f"征信有不良记录。{_FLAG_NOTE}", "否"),
    RosterColumn("出口", "exporter", "flag", f"有出口业务。{_FLAG_NOTE}", "否"),
    RosterColumn("所有制", "ownership", "choice", "只作记录，任何条件不得使用（公平授信，金发〔2024〕5号 九）。", "民营",
                 values=OWNERSHIPS),
    RosterColumn("现有贷款银行", "existing_banks", "names", "银行名称，可多家，用“、”“；”或“，”隔开；没有填“无”。",
                 "示例银行哈尔滨分行"),
    RosterColumn("现有贷款余额（万元）", "existing_loans", "money", "全部银行，单位万元；没有填 0。", "1200"),
    RosterColumn("已达单户限额", "single_bank_limit_reached", "flag", f"现有银行对本户的额度已用满。{_FLAG_NOTE}", "否"),
    RosterColumn("缺失要素", "missing_elements", "choices", _SET_NOTE, "无", values=MISSING_ELEMENTS),
    RosterColumn("联系人", "contact_name", "text", "单独保存，不随名单公开。", "张三", longest=80),
    RosterColumn("联系电话", "contact_phone", "phone", "单独保存，不随名单公开；以文本格式填写。", "0451-12345678", longest=40),
    RosterColumn("经营范围", "business_scope", "text", "营业执照上的经营范围；据以提议所属产业链，可不填。", "机械零部件制造、销售",
                 longest=4_000),
)  # fmt: skip
BY_FACT: Final = {column.fact: column for column in COLUMNS}
_HEADER_IS_RECOGNISED_BY = 3
_LEAST_LIKENESS = 60.0


def heading_key(text: str) -> str:
    """Answer a heading in one width and case, without spaces, line breaks and the star of a required one."""
    return re.sub(r"[\s*]+", "", unicodedata.normalize("NFKC", text)).casefold()


def is_fault_heading(text: str) -> bool:
    """Tell whether a column is the one that an error workbook added."""
    return heading_key(text).startswith(FAULT_HEADING)


_BY_KEY: Final = {heading_key(column.heading): column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class RosterHeader:
    """Which column stands where (0-based), the headings that are not ours, and what is wrong."""

    row: int
    places: tuple[tuple[int, RosterColumn], ...]
    unknown: tuple[tuple[int, str], ...]
    faults: tuple[RosterFault, ...]


def is_header(cells: Sequence[object]) -> bool:
    """Tell a header row from a title above it: at least three cells are headings of ours."""
    found = {heading_key(str(cell)) for cell in cells} & _BY_KEY.keys()
    return len(found) >= _HEADER_IS_RECOGNISED_BY


def read_header(cells: Sequence[object], row: int) -> RosterHeader:
    """Find the columns of a header row (1-based `row`), in any order; doubled and missing ones are faults."""
    places: dict[str, int] = {}
    unknown: list[tuple[int, str]] = []
    faults: list[RosterFault] = []
    for index, cell in enumerate(cells):
        text = str(cell).strip()
        column = _BY_KEY.get(heading_key(text))
        if column is None:
            if not is_fault_heading(text):
                unknown.append((index, text or f"（无标题，{column_letters(index)}列）"))
        elif column.heading in places:
            first = column_letters(places[column.heading])
            faults.append(
                RosterFault(row, index, f"“{column.heading}”列重复，{first}列已有", "只保留一列。", text)
            )
        else:
            places[column.heading] = index
    faults += _missing(places, [heading for _, heading in unknown], row)
    found = tuple((places[column.heading], column) for column in COLUMNS if column.heading in places)
    return RosterHeader(row, found, tuple(unknown), tuple(faults))


def _missing(places: Mapping[str, int], unknown: Sequence[str], row: int) -> list[RosterFault]:
    missing = (column for column in COLUMNS if column.is_required and column.heading not in places)
    return [
        RosterFault(row, None, f"缺少必填列“{column.heading}”", _meant(column.heading, unknown))
        for column in missing
    ]


def _meant(heading: str, unknown: Sequence[str]) -> str:
    """Answer how to get a missing column: by another heading that may mean it, minding its unit."""
    near = process.extractOne(
        heading, unknown, scorer=fuzz.ratio, processor=heading_key, score_cutoff=_LEAST_LIKENESS
    )
    if near is None:
        return f"加上“{heading}”列。"
    if "万元" in heading and "元" in near[0] and "万" not in near[0]:
        return f"“{near[0]}”若以元计，把数值除以 10000 后把标题改成“{heading}”。"
    return f"“{near[0]}”是否就是这一列？请改成“{heading}”。"
