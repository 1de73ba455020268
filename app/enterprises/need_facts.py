"""What a need states: the declared facts of app/policy/facts.py as its sender writes them, and a few to record.

A fact that is absent (null) is *unknown*; an empty list is a set known to be empty (无). Derived facts
(size class, years, security) are not accepted: they follow from the stated ones.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from app.kernel.money import MOST_FEN, Yuan, wan_text
from app.policy.facts import (
    CHAIN_ROLES,
    COLLATERAL,
    FACTS,
    MISSING_ELEMENTS,
    PURPOSES,
    QUALIFICATIONS,
    SOURCE_CLASSES,
    TAX_GRADES,
    FactValue,
    Members,
)

SUBJECTS: Final[Mapping[str, str]] = FACTS["subject"].values
OWNERSHIPS: Final = {
    "state": "国有",
    "private": "民营",
    "foreign": "外资",
    "collective": "集体",
    "mixed": "混合所有",
}
MOST_STAFF = 10_000_000
MOST_TERM_MONTHS = 600
MOST_BANKS = 30
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
EARLIEST_ESTABLISHMENT = date(1800, 1, 1)
LATEST_ESTABLISHMENT = date(2200, 1, 1)


def _one_of(values: Mapping[str, str]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in values:
            msg = f"not one of {', '.join(values)}"
            raise ValueError(msg)
        return word

    return check


def _set_of(values: Mapping[str, str]) -> Callable[[list[str]], list[str]]:
    def check(words: list[str]) -> list[str]:
        if unknown := sorted(set(words) - set(values)):
            msg = f"{', '.join(unknown)}: not among {', '.join(values)}"
            raise ValueError(msg)
        return sorted(set(words))

    return check


def _choice(values: Mapping[str, str]) -> tuple[Any, ...]:
    return AfterValidator(_one_of(values)), WithJsonSchema({"type": "string", "enum": list(values)})


def _choices(values: Mapping[str, str], least: int = 0) -> tuple[Any, ...]:
    schema = {"type": "array", "items": {"type": "string", "enum": list(values)}, "maxItems": 50}
    return (
        Field(min_length=least, max_length=50),
        AfterValidator(_set_of(values)),
        WithJsonSchema(schema | ({"minItems": least} if least else {})),
    )


SourceClass = Annotated[str, *_choice(SOURCE_CLASSES)]
Subject = Annotated[str, *_choice(SUBJECTS)]
ChainRole = Annotated[str, *_choice(CHAIN_ROLES)]
TaxGrade = Annotated[str, *_choice(TAX_GRADES)]
Ownership = Annotated[str, *_choice(OWNERSHIPS)]
Qualifications = Annotated[list[str], *_choices(QUALIFICATIONS)]
Purposes = Annotated[list[str], *_choices(PURPOSES, least=1)]
Collateral = Annotated[list[str], *_choices(COLLATERAL)]
MissingElements = Annotated[list[str], *_choices(MISSING_ELEMENTS)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
IndustryCode = Annotated[str, StringConstraints(pattern=r"^[A-T]([0-9]{2,4})?$")]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)
]
ShortName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=PRINTABLE)
]
AskedAmount = Annotated[Yuan, Field(gt=0, le=MOST_FEN)]
EstablishedOn = Annotated[date, Field(ge=EARLIEST_ESTABLISHMENT, le=LATEST_ESTABLISHMENT)]


class NeedFacts(BaseModel):
    """All that a need states of its subject and of the finance asked for; amounts in yuan, exact.

    Lists are sorted and free of repetitions, so that equal statements are equal values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    amount: AskedAmount = Field(description="融资金额, in yuan.", examples=["5000000.00"])
    term_months: int = Field(
        ge=1, le=MOST_TERM_MONTHS, strict=True, description="期限, in months.", examples=[36]
    )
    purposes: Purposes = Field(description="资金用途.", examples=[["technical_upgrade"]])
    region: RegionCode = Field(description="行政区划代码, of today.", examples=["230110"])
    source_class: SourceClass | None = Field(default=None, description="名单类别.", examples=["srdi"])
    subject: Subject | None = Field(
        default=None, description="融资主体; unknown counts as enterprise.", examples=["enterprise"]
    )
    industry: IndustryCode | None = Field(
        default=None, description="行业代码, GB/T 4754-2017 with its section letter.", examples=["C3412"]
    )
    chain: ShortName | None = Field(default=None, description="产业链, by code.")
    chain_role: ChainRole | None = Field(default=None, description="链上角色.", examples=["supporting"])
    staff: int | None = Field(
        default=None, ge=0, le=MOST_STAFF, strict=True, description="从业人员.", examples=[180]
    )
    revenue: Yuan | None = Field(
        default=None, description="营业收入 of the last full year, in yuan.", examples=["86000000.00"]
    )
    established_on: EstablishedOn | None = Field(
        default=None, description="成立日期.", examples=["2015-03-01"]
    )
    qualifications: Qualifications | None = Field(
        default=None, description="资质; null is unknown, [] is none.", examples=[["srdi", "high_tech"]]
    )
    collateral: Collateral | None = Field(
        default=None, description="抵质押物; null is unknown, [] is none.", examples=[["equipment"]]
    )
    guarantee_available: bool | None = Field(default=None, strict=True, description="可否担保.")
    tax_grade: TaxGrade | None = Field(default=None, description="纳税等级.", examples=["A"])
    first_loan: bool | None = Field(default=None, strict=True, description="首贷户.")
    litigation: bool | None = Field(default=None, strict=True, description="涉诉.")
    adverse_credit: bool | None = Field(default=None, strict=True, description="征信不良.")
    exporter: bool | None = Field(default=None, strict=True, description="出口.")
    existing_loans: Yuan | None = Field(
        default=None, description="现有贷款余额, in yuan.", examples=["12000000.00"]
    )
    single_bank_limit_reached: bool | None = Field(default=None, strict=True, description="已达单户限额.")
    missing_elements: MissingElements | None = Field(
        default=None, description="缺失要素; null is unknown, [] is none.", examples=[[]]
    )
    light_assets: bool | None = Field(
        default=None, strict=True, description="轻资产; unknown leaves it to the operator's rule."
    )
    credit_eligible: bool | None = Field(
        default=None, strict=True, description="信用贷款资格, as banks found it."
    )
    ownership: Ownership | None = Field(
        default=None,
        description="所有制; recorded, no criterion may use it (公平授信, 金发〔2024〕5号 九).",
        examples=["private"],
    )
    existing_banks: list[Name] | None = Field(
        default=None, max_length=MOST_BANKS, description="现有贷款银行, by name or code, as given."
    )
    project_name: Name | None = Field(default=None, description="项目名称.")

    def stated(self) -> dict[str, FactValue | None]:
        """Answer the stated facts in the shapes of app/policy/facts.py; unknown ones as None."""
        return {name: self._fact(name) for name in STATED_FACTS}

    def _fact(self, name: str) -> FactValue | None:
        value = getattr(self, name)
        if FACTS[name].kind == "choices" and value is not None:
            return Members(frozenset(value))
        fact: FactValue | None = value
        return fact

    def as_json(self) -> dict[str, Any]:
        """Answer the facts as they are stored: amounts as yuan strings, unknown ones left out."""
        return self.model_dump(mode="json", exclude_none=True)

    def content_hash(self) -> str:
        """Answer a SHA-256 that is equal exactly for equal statements."""
        return hashlib.sha256(self.model_dump_json(exclude_none=True).encode()).hexdigest()

    def summary(self) -> str:
        """Answer amount and term in Chinese, for lists and messages."""
        return f"{wan_text(self.amount)}万元 {self.term_months}个月"


STATED_FACTS: Final = tuple(
    name for name, fact in FACTS.items() if name in NeedFacts.model_fields and not fact.is_derived
)
