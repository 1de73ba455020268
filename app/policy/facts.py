"""The declared facts of a need: the only things that a criterion may speak of.

A fact that is absent (None) is *unknown*. Ownership is deliberately not here: it is recorded with
the enterprise and no criterion may use it (公平授信, 金发〔2024〕5号 九).

Shapes of values, by kind:

    money     int, fen
    number    int, in the fact's unit
    choice    str, one of `values`
    choices   Members: the known members, and whether there may be more
    flag      bool
    region    str, six digits
    industry  str, section letter and digits of GB/T 4754-2017, such as "C3412"
    name      str, free code of a jurisdiction (a chain)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from app.kernel.money import wan_text

Kind = Literal["money", "number", "choice", "choices", "flag", "region", "industry", "name"]


@dataclass(frozen=True, slots=True)
class Members:
    """A set of which some members are known; when not complete, there may be others."""

    known: frozenset[str]
    is_complete: bool = True

    @classmethod
    def of(cls, *members: str) -> "Members":
        """Make a complete set."""
        return cls(frozenset(members))

    @classmethod
    def at_least(cls, members: Iterable[str]) -> "Members":
        """Make a set that may have further members."""
        return cls(frozenset(members), is_complete=False)


FactValue = int | str | bool | Members
Facts = Mapping[str, FactValue | None]


@dataclass(frozen=True, slots=True)
class Fact:
    """One declared fact: its name in code and JSON, its Chinese name, its kind and vocabulary."""

    name: str
    chinese: str
    kind: Kind
    description: str
    unit: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    is_derived: bool = False


SOURCE_CLASSES: Final = {
    "key_industry_project": "重点产业项目",
    "mlt_project": "制造业中长期项目",
    "above_scale": "规上制造业企业",
    "srdi": "专精特新中小企业",
    "single_champion": "制造业单项冠军企业",
}
SIZE_CLASSES: Final = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
CHAIN_ROLES: Final = {
    "core": "链主",
    "upstream": "上游",
    "downstream": "下游",
    "supporting": "配套",
}
QUALIFICATIONS: Final = {
    "high_tech": "高新技术企业",
    "tech_sme": "科技型中小企业",
    "innovative_sme": "创新型中小企业",
    "srdi": "专精特新中小企业",
    "little_giant": "专精特新小巨人",
    "single_champion": "制造业单项冠军",
    "above_scale": "规上企业",
    "tech_center": "企业技术中心",
    "national_tech_project": "承担国家科技重大项目",
    "unicorn": "独角兽",
    "gazelle": "瞪羚",
    "talent": "人才认定",
    "listed": "上市挂牌",
    "gov_supplier": "政府采购供应商",
    "job_stabiliser": "稳企稳岗",
    "filed_project": "项目备案批复",
}
PURPOSES: Final = {
    "working_capital": "流动资金",
    "equipment": "设备更新",
    "technical_upgrade": "技术改造",
    "construction": "项目建设",
    "preliminary": "项目前期",
    "research": "研发投入",
    "green": "绿色转型",
    "supply_chain": "供应链结算",
    "foreign_trade": "外贸",
    "renewal": "续贷",
    "merger": "并购重组",
    "bill_discount": "票据贴现",
}
COLLATERAL: Final = {
    "real_estate": "房产",
    "land": "土地",
    "equipment": "设备",
    "inventory": "存货",
    "receivables": "应收账款",
    "orders": "订单",
    "intellectual_property": "知识产权",
    "warehouse_receipts": "仓单",
    "bills": "票据",
    "equity": "股权",
    "deposit": "存单",
}
SECURITY: Final = {"credit": "信用", "guarantee": "担保"} | COLLATERAL
TAX_GRADES: Final = {grade: f"{grade}级" for grade in "ABMCD"}
MISSING_ELEMENTS: Final = {
    "land": "土地",
    "environment": "环评",
    "construction": "施工许可",
    "public_guarantee": "政府性担保",
}

_DECLARED = (
    Fact("source_class", "名单类别", "choice", "Roster class of 黑银发〔2023〕25号 (十三).", values=SOURCE_CLASSES),
    Fact("subject", "融资主体", "choice", "Whether an enterprise or one project asks.",
         values={"enterprise": "企业", "project": "项目"}),
    Fact("region", "行政区划", "region", "County (else city, province) of the subject."),
    Fact("industry", "行业", "industry", "GB/T 4754-2017 industry."),
    Fact("chain", "产业链", "name", "Code of the jurisdiction's chain that the firm belongs to."),
    Fact("chain_role", "链上角色", "choice", "Role on that chain.", values=CHAIN_ROLES),
    Fact("staff", "从业人员", "number", "People employed.", unit="人"),
    Fact("revenue", "营业收入", "money", "Revenue of the last full year."),
    Fact("years_established", "成立年限", "number", "Full years since establishment.", unit="年", is_derived=True),
    Fact("size_class", "企业规模", "choice", "国统字〔2017〕213号, from industry, revenue, staff.",
         values=SIZE_CLASSES, is_derived=True),
    Fact("qualifications", "资质", "choices", "Recognitions held.", values=QUALIFICATIONS),
    Fact("amount", "融资金额", "money", "Amount asked for."),
    Fact("term_months", "期限", "number", "Term asked for.", unit="个月"),
    Fact("purposes", "资金用途", "choices", "What the money is for.", values=PURPOSES),
    Fact("collateral", "抵质押物", "choices", "What can be mortgaged or pledged; empty: nothing.", values=COLLATERAL),
    Fact("guarantee_available", "可否担保", "flag", "Whether a guarantor can be brought."),
    Fact("security", "增信方式", "choices", "Credit, guarantee and each collateral that the need can rest on.",
         values=SECURITY, is_derived=True),
    Fact("tax_grade", "纳税等级", "choice", "Tax credit grade.", values=TAX_GRADES),
    Fact("first_loan", "首贷户", "flag", "Never had a bank loan."),
    Fact("litigation", "涉诉", "flag", "Party to a case that is not closed."),
    Fact("adverse_credit", "征信不良", "flag", "Adverse entry in the credit register."),
    Fact("exporter", "出口", "flag", "Exports goods."),
    Fact("existing_loans", "现有贷款余额", "money", "Loans outstanding with all banks."),
    Fact("single_bank_limit_reached", "已达单户限额", "flag", "A present bank's limit for one borrower is used up."),
    Fact("missing_elements", "缺失要素", "choices", "Permits or public guarantee that the project still lacks.",
         values=MISSING_ELEMENTS),
    Fact("light_assets", "轻资产", "flag", "Few fixed assets; stated, else derived by the operator's rule."),
    Fact("credit_eligible", "信用贷款资格", "flag", "Whether banks found it eligible for a loan on credit alone."),
)  # fmt: skip

FACTS: Final[Mapping[str, Fact]] = {fact.name: fact for fact in _DECLARED}
UNUSABLE: Final[Mapping[str, str]] = {
    "ownership": "ownership is recorded but no criterion may use it (公平授信, 金发〔2024〕5号 九)"
}


def fact_as_json(value: FactValue | None) -> Any:
    """Answer a fact's value as JSON: a set as its sorted list, money as integer fen."""
    return sorted(value.known) if isinstance(value, Members) else value


def fact_text(fact: Fact, value: FactValue | None) -> str:
    """Answer a fact's value in words for people, in Chinese."""
    match value:
        case None:
            return "未知"
        case Members(known=known, is_complete=is_complete):
            words = [fact.values.get(member, member) for member in sorted(known)]
            return "、".join(words + ([] if is_complete else ["其余未知"])) or "无"
        case bool():
            return "是" if value else "否"
        case int() if fact.kind == "money":
            return f"{wan_text(value)}万元"
        case int():
            return f"{value}{fact.unit}"
        case _:
            return fact.values.get(value, value)
