"""The columns of the product sheet 产品, in the order of the template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.catalogue import cells
from app.catalogue.terms import EXCLUSIONS, FORMS, POLICY_TOOLS, RATE_BASES
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES, TAX_GRADES

SHEET: Final = "产品"
YES_NO: Final = {"yes": "是", "no": "否"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the key of the product record that it holds, how to read and write it.

    `choices` are offered as a drop-down list: the words that a cell may hold, where it holds one.
    `keeps_width` says that the text stays as typed, full-width punctuation included.
    """

    heading: str
    key: str
    note: str
    read: Callable[[str], Any] = cells.read_text
    write: Callable[[Any], Any] = str
    is_required: bool = False
    choices: Mapping[str, str] | None = None
    keeps_width: bool = False


def _one(heading: str, key: str, note: str, words: Mapping[str, str]) -> Column:
    return Column(
        heading, key, note, cells.read_word(words), words.__getitem__, is_required=True, choices=words
    )


def _many(
    heading: str, key: str, note: str, words: Mapping[str, str], *, is_required: bool = False
) -> Column:
    listed = f"{note}可填：{'、'.join(words.values())}。多个以、分隔。"
    return Column(
        heading, key, listed, cells.read_words(words), cells.write_words(words), is_required=is_required
    )


def _codes(heading: str, key: str, note: str, *, is_required: bool = False) -> Column:
    return Column(heading, key, note, cells.read_codes, cells.write_codes, is_required=is_required)


def _number(heading: str, key: str, note: str, *, is_required: bool = True) -> Column:
    return Column(heading, key, note, cells.read_integer, int, is_required=is_required)


def _amount(heading: str, key: str, note: str) -> Column:
    return Column(heading, key, note, cells.read_amount, cells.write_amount, is_required=True)


def _flag(heading: str, key: str, note: str) -> Column:
    return Column(heading, key, note, cells.read_flag, cells.write_flag, choices=YES_NO)


COLUMNS: Final = (
    Column("产品编码", "code", "本行产品的唯一编码，字母、数字及 . _ -。", is_required=True),
    Column("机构编码", "institution", "提供机构在系统中的编码。", is_required=True),
    Column("产品名称", "name", "对外发布的名称。", is_required=True, keeps_width=True),
    _one("融资形式", "terms.form", "一种。", FORMS),
    _many("资金用途", "terms.purposes", "任一用途相符即可。", PURPOSES, is_required=True),
    _amount("最低金额（万元）", "terms.amount.least", "单户最低金额，万元。"),
    _amount("最高金额（万元）", "terms.amount.most", "单户最高金额，万元。"),
    _number("最短期限（月）", "terms.term.least", "整月。"),
    _number("最长期限（月）", "terms.term.most", "整月。"),
    _one("利率基准", "terms.rate.base", "LPR 加点或固定利率；担保填固定利率，即年担保费率。", RATE_BASES),
    _number(
        "最低利率（基点）", "terms.rate.least", "相对 LPR 的加点（可为负），或固定利率；1 基点 = 0.01%。"
    ),
    _number("最高利率（基点）", "terms.rate.most", "同上。"),
    _many("增信方式", "terms.guarantee_modes", "可接受的任一方式。", SECURITY, is_required=True),
    _codes("服务区域", "terms.areas", "六位行政区划代码，多个以、分隔；000000 为全国。", is_required=True),
    _codes("行业", "terms.industries", "GB/T 4754-2017，带门类字母，如 C34；空为不限。"),
    _codes("产业链", "terms.chains", "产业链编码；空为不限。"),
    _many("企业规模", "terms.sizes", "空为不限。", SIZE_CLASSES),
    _many("资质", "terms.qualifications", "具备任一即可；空为不限。", QUALIFICATIONS),
    _number("最低成立年限", "terms.years_least", "整年；空为不限。", is_required=False),
    _many("纳税等级", "terms.tax_grades", "空为不限。", TAX_GRADES),
    _flag("仅限首贷户", "terms.first_loan_only", "是或否；空为否。"),
    _many("排除情形", "terms.exclusions", "有此情形者不适用。", EXCLUSIONS),
    _many("政策工具", "terms.policy_tools", "运用的政策工具。", POLICY_TOOLS),
    _number("承诺办结（工作日）", "terms.declared_days", "工作日；空为未承诺。", is_required=False),
    Column("生效日期", "valid_from", "如 2023-10-01。", cells.read_date, is_required=True),
    Column("失效日期", "valid_until", "含当日；空为长期。", cells.read_date),
    Column(
        "依据",
        "terms.cites",
        "部分：依据，多条以；分隔，如 金额：洛阳（征求意见稿）（四）。",
        cells.read_cites,
        cells.write_cites,
        keeps_width=True,
    ),
    Column(
        "补充条件",
        "terms.criteria",
        "JSON 条件列表；一般不填。",
        cells.read_criteria,
        cells.write_criteria,
        keeps_width=True,
    ),
    Column("备注", "terms.note", "说明文字。", keeps_width=True),
    _flag("演示数据", "is_demo", "演示条款填是；空为否。"),
)
BY_HEADING: Final = {column.heading: column for column in COLUMNS}
REQUIRED: Final = tuple(column.heading for column in COLUMNS if column.is_required)
