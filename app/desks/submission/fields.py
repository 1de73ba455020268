"""The steps in which a need is stated, and the fields of each: what they are called, how they are typed, what they fill. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.desks.texts import Text
from app.enterprises.need_facts import MOST_STAFF, MOST_TERM_MONTHS, OWNERSHIPS
from app.policy.facts import (
    CHAIN_ROLES,
    COLLATERAL,
    MISSING_ELEMENTS,
    PURPOSES,
    QUALIFICATIONS,
    SOURCE_CLASSES,
    TAX_GRADES,
)

Options = Mapping[str, Text | str]
NONE_OF_THEM: Final = "none"
"""The box that says: none of these. Nothing ticked at all is unknown."""
PICKED: Final = "_picked"
"""Behind a field's name: which of several places of that name is meant."""


class Kind(StrEnum):
    """How a field is typed."""

    AMOUNT = "amount"
    WHOLE = "whole"
    NAME = "name"
    NAMES = "names"
    PHONE = "phone"
    LONG = "long"
    DAY = "day"
    ONE = "one"
    ANY = "any"
    YES_NO = "yes_no"
    REGION = "region"
    INDUSTRY = "industry"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `name` is the fact that it fills, if it is one; `why` is said where no clause asks."""

    name: str
    kind: Kind
    label: Text
    hint: Text | None = None
    options: Options = field(default_factory=dict)
    is_required: bool = False
    unit: Text | None = None
    bounds: tuple[int, int] = (0, 0)
    none: Text | None = None
    why: Text | None = None

    @property
    def boxes(self) -> list[tuple[str, Text | str, None]]:
        """Answer the boxes to tick, the one that says none of them last; none has a hint of its own."""
        none = [] if self.none is None else [(NONE_OF_THEM, self.none, None)]
        return [(value, shown, None) for value, shown in self.options.items()] + none


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the form."""

    slug: str
    name: Text
    lead: Text
    fields: tuple[Asked, ...]


YES_NO: Final[Options] = {"yes": Text("是"), "no": Text("否"), "": Text("暂不清楚")}
SUBJECTS: Final[Options] = {"enterprise": Text("本企业"), "project": Text("本企业的一个项目")}
CONSENTS: Final[Options] = {
    "yes": Text("同意：向负责对接的银行和担保机构披露"),
    "no": Text("暂不同意：以后可以随时在需求页上授权"),
}
GROUPS: Final[Options] = {
    "contact": Text("联系人和电话"),
    "financial": Text("财务信息：营业收入、抵质押物、贷款、纳税等级"),
    "judicial": Text("涉诉和征信信息"),
}
GRADES: Final[Options] = {grade: Text("%(grade)s 级", grade=grade) for grade in TAX_GRADES}


def _amount(name: str, label: Text, hint: Text, *, is_required: bool = False) -> Asked:
    return Asked(name, Kind.AMOUNT, label, hint, is_required=is_required, unit=Text("万元"))


def _yes_no(name: str, label: Text, hint: Text | None = None) -> Asked:
    return Asked(name, Kind.YES_NO, label, hint, YES_NO)


def _several(
    name: str,
    label: Text,
    hint: Text,
    options: Options,
    *,
    none: Text | None = None,
    is_required: bool = False,
) -> Asked:
    return Asked(name, Kind.ANY, label, hint, options, is_required, none=none)


STEPS: Final = (
    Step(
        "use",
        Text("用途与金额"),
        Text("先说要多少钱、用来做什么。所有步骤都会保存，可以随时离开，换一台设备接着填。"),
        (
            Asked("subject", Kind.ONE, Text("为谁融资"), options=SUBJECTS, is_required=True),
            Asked(
                "project_name",
                Kind.NAME,
                Text("项目名称"),
                Text("为项目融资时填写，与立项或备案文件一致，例如 年产五千台套扩建项目"),
                why=Text("一个企业可以为自己和每个项目各提一份需求，项目名称把它们分开。"),
                bounds=(1, 200),
            ),
            Asked(
                "project_region",
                Kind.REGION,
                Text("项目所在地"),
                Text("与企业所在地相同时不必填"),
                why=Text("项目由所在地的统筹部门和银行对接。"),
            ),
            _several("purposes", Text("资金用途"), Text("可以选多项"), PURPOSES, is_required=True),
            _amount("amount", Text("融资金额"), Text("单位为万元。例如要五百万元，填 500"), is_required=True),
        ),
    ),
    Step(
        "terms",
        Text("期限与担保"),
        Text("用多久，拿什么作保。没有抵押也可以申请：有的产品只看信用。"),
        (
            Asked(
                "term_months",
                Kind.WHOLE,
                Text("期限"),
                Text("单位为月。一年填 12，三年填 36"),
                is_required=True,
                unit=Text("个月"),
                bounds=(1, MOST_TERM_MONTHS),
            ),
            _several(
                "collateral",
                Text("可以提供的抵质押物"),
                Text("可以选多项；不清楚就都不选"),
                COLLATERAL,
                none=Text("没有抵质押物"),
            ),
            _yes_no(
                "guarantee_available",
                Text("能否提供担保"),
                Text("担保公司、母公司或其他企业愿意为这笔融资担保"),
            ),
        ),
    ),
    Step(
        "firm",
        Text("企业情况"),
        Text("与营业执照和上年度报表一致。行业、人数和营业收入决定企业规模，许多产品按规模设条件。"),
        (
            Asked(
                "name",
                Kind.NAME,
                Text("企业名称"),
                Text("与营业执照一致，例如 哈尔滨示例机械有限公司"),
                is_required=True,
                bounds=(1, 200),
                why=Text("银行按企业名称和统一社会信用代码核对企业。"),
            ),
            Asked(
                "region",
                Kind.REGION,
                Text("企业所在地"),
                Text("填到县、区：可以输入名称、拼音、拼音首字母或六位代码，例如 道里、daoli、dl、230102"),
                is_required=True,
            ),
            Asked(
                "industry",
                Kind.INDUSTRY,
                Text("行业"),
                Text("国民经济行业分类：可以输入名称、拼音、首字母或代码，例如 机床、jichuang、C3421"),
            ),
            Asked("established_on", Kind.DAY, Text("成立日期"), Text("例如 2015-03-01 或 2015年3月1日")),
            Asked(
                "staff",
                Kind.WHOLE,
                Text("从业人员"),
                Text("上年末在册人数，例如 180"),
                unit=Text("人"),
                bounds=(0, MOST_STAFF),
            ),
            _amount("revenue", Text("上年度营业收入"), Text("单位为万元。例如八千六百万元，填 8600")),
            Asked(
                "ownership",
                Kind.ONE,
                Text("所有制"),
                options=OWNERSHIPS,
                why=Text("只作记录：任何准入条件都不得使用所有制（公平授信，金发〔2024〕5号 九）。"),
            ),
        ),
    ),
    Step(
        "credit",
        Text("经营与信用"),
        Text("都是选填。多答一项，就少一项“待核实”；不清楚的留空，以后可以补。"),
        (
            _several(
                "qualifications",
                Text("企业资质"),
                Text("可以选多项"),
                QUALIFICATIONS,
                none=Text("以上都没有"),
            ),
            Asked("tax_grade", Kind.ONE, Text("纳税信用等级"), Text("上年度税务机关评定"), GRADES),
            _yes_no("first_loan", Text("是否从未有过银行贷款（首贷户）")),
            _amount("existing_loans", Text("现有贷款余额"), Text("所有银行合计，单位为万元；没有填 0")),
            Asked(
                "existing_banks",
                Kind.NAMES,
                Text("现有贷款银行"),
                Text("每行一家；没有就留空"),
                bounds=(0, 30),
                why=Text("已有往来的银行更了解企业，分派时予以考虑。"),
            ),
            _yes_no("single_bank_limit_reached", Text("现有银行的单户授信额度是否已用完")),
            _yes_no(
                "credit_eligible",
                Text("银行是否认定符合信用贷款条件"),
                Text("银行答复过才填；没有申请过选“暂不清楚”"),
            ),
            _yes_no("litigation", Text("是否有未结诉讼")),
            _yes_no("adverse_credit", Text("征信是否有不良记录")),
            _yes_no("exporter", Text("是否有出口业务")),
            _yes_no("light_assets", Text("是否为轻资产企业"), Text("厂房、设备等固定资产很少")),
        ),
    ),
    Step(
        "chain",
        Text("产业链与要素"),
        Text("都是选填。在重点产业链上的企业，按“一链一策”对接。"),
        (
            Asked("chain", Kind.ONE, Text("所属产业链")),
            Asked("chain_role", Kind.ONE, Text("在链上的角色"), None, CHAIN_ROLES),
            Asked(
                "source_class",
                Kind.ONE,
                Text("名单类别"),
                Text("企业或项目属于哪一类，不清楚就不选"),
                SOURCE_CLASSES,
            ),
            _several(
                "missing_elements",
                Text("项目还缺哪些要素"),
                Text("缺要素的，由相应部门协调解决"),
                MISSING_ELEMENTS,
                none=Text("都不缺"),
            ),
        ),
    ),
    Step(
        "consent",
        Text("联系与授权"),
        Text("没有您的授权，银行只看得到不含企业名称的卡片。授权随时可以撤回，谁看过什么都有记录。"),
        (
            Asked("contact_name", Kind.NAME, Text("联系人"), Text("银行找谁谈，例如 张三"), bounds=(1, 80)),
            Asked("contact_phone", Kind.PHONE, Text("联系电话"), Text("例如 0451-12345678 或 13800000000")),
            Asked("consent", Kind.ONE, Text("是否授权披露"), None, CONSENTS, is_required=True),
            _several(
                "groups",
                Text("同意时，除企业名称和需求外还披露"),
                Text("可以选多项；同时持有联系方式的机构最多三家"),
                GROUPS,
            ),
            Asked(
                "evidence",
                Kind.LONG,
                Text("授权书"),
                Text("代企业登记授权时填写：书面授权书的编号、日期和存放处"),
                bounds=(1, 1_000),
            ),
        ),
    ),
)
CHECK: Final = "check"
CHECK_NAME: Final = Text("核对并提交")
