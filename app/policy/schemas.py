"""Models in and out of policy packs, rule books and adoptions; shared by JSON and CLI."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from app.policy.criteria import condition_text
from app.policy.matrix import Carrier, MatrixRow
from app.policy.packs import Pack, PackStatus, RuleKind, Source
from app.policy.parameter_types import value_as_json, value_text
from app.policy.parsing import condition_as_data
from app.policy.rulebook import BOTTLENECK_ORDER, AppliedParameter, AppliedRule, RuleBook

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

RegionCode = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{6}$"), Field(description="Six-digit region code 行政区划代码.")
]
PackCode = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$"), Field(description="Code of a pack 政策包.")
]
ItemKey = Annotated[
    str,
    StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)+)$", max_length=120),
    Field(description="Key of a rule or parameter, or `*` for the whole pack 条目."),
]


def _written_day(value: Any) -> Any:
    # pydantic would also take a number as seconds since 1970: a day is written YYYY-MM-DD.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    msg = "write the day as YYYY-MM-DD"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_written_day)]


class PackOut(BaseModel):
    """One policy document 政策包."""

    code: str = Field(description="Code of the pack 政策包编码.", examples=["heilongjiang-2023-25"])
    name: str = Field(description="What people call it 简称.")
    title: str = Field(description="Title as printed 标题.")
    number: str = Field(
        description="Document number 文号; empty if it has none.", examples=["黑银发〔2023〕25号"]
    )
    issuers: list[str] = Field(description="Issuing bodies 发文机关.")
    jurisdiction: str = Field(description="Region for which it is made 适用地区.", examples=["230000"])
    status: PackStatus = Field(description="in_force 有效, draft 征求意见稿, expired 失效.")
    source: Source = Field(description="document 政策文件, operator 经办方设定.")
    issued_on: date | None = Field(description="Day printed on it 成文日期.")
    effective_on: date | None = Field(description="First day in force 生效日期.")
    effective_until: date | None = Field(description="First day no longer in force 失效日期.")
    is_in_force: bool = Field(description="In force on the asked day by its issuers 当日有效.")
    source_file: str = Field(description="File name of the text that the pack was made from 来源文件.")
    source_sha256: str = Field(description="SHA-256 of the text that the pack was made from.")
    notes: list[str] = Field(description="What is kept as printed, what is open 注.")
    clauses: int = Field(description="Number of clauses 条款数.")
    parameters: int = Field(description="Number of parameters 参数数.")
    rules: int = Field(description="Number of rules 规则数.")

    @classmethod
    def of(cls, pack: Pack, on: date) -> "PackOut":
        """Describe a pack as it stands on a day."""
        return cls(
            code=pack.code,
            name=pack.name,
            title=pack.title,
            number=pack.number,
            issuers=list(pack.issuers),
            jurisdiction=pack.jurisdiction,
            status=pack.status,
            source=pack.source,
            issued_on=pack.issued_on,
            effective_on=pack.effective_on,
            effective_until=pack.effective_until,
            is_in_force=pack.is_in_force(on),
            source_file=pack.source_file,
            source_sha256=pack.source_sha256,
            notes=list(pack.notes),
            clauses=len(pack.clauses),
            parameters=len(pack.parameters),
            rules=len(pack.rules),
        )


class CarrierOut(BaseModel):
    """What carries a clause 承载."""

    kind: Literal["parameter", "rule", "feature"] = Field(description="What kind of carrier it is 类别.")
    key: str = Field(description="Key in the pack, or of the feature 键.", examples=["bottleneck.a"])
    name: str = Field(description="What people call it 名称.")
    text: str = Field(description="The value, what the rule asks, or where the feature is reached.")

    @classmethod
    def of(cls, carrier: Carrier) -> "CarrierOut":
        """Describe a carrier."""
        return cls.model_validate(carrier, from_attributes=True)


class ClauseOut(BaseModel):
    """One numbered provision 条款."""

    pack: str = Field(description="Code of the pack 政策包.", examples=["heilongjiang-2023-25"])
    number: str = Field(description="Number as printed 条款号.", examples=["十六"])
    heading: str = Field(description="Heading as printed 标题.")
    summary: str = Field(description="Short summary, faithful to the text 摘要.")
    lead: list[str] = Field(description="牵头单位, where the text tells them apart.")
    responsible: list[str] = Field(description="责任单位 as the text names them.")
    carried_by: list[CarrierOut] = Field(description="What of the software carries it 承载.")
    reason: str = Field(description="What software leaves to people, or why it carries nothing 说明.")

    @classmethod
    def of(cls, row: MatrixRow) -> "ClauseOut":
        """Describe a clause with its carriers."""
        return cls(
            pack=row.pack,
            number=row.clause.number,
            heading=row.clause.heading,
            summary=row.clause.summary,
            lead=list(row.clause.lead),
            responsible=list(row.clause.responsible),
            carried_by=[CarrierOut.of(carrier) for carrier in row.carriers],
            reason=row.clause.reason,
        )


class AppliedOut(BaseModel):
    """What every applied item says of its origin."""

    key: str = Field(description="Key of the rule or parameter 键.")
    name: str = Field(description="What people call it 名称.")
    pack: str = Field(description="Code of the pack 政策包.")
    clause: str = Field(description="Number of the clause that it is written in 条款号.")
    citation: str = Field(
        description="The clause as one cites it 引文.", examples=["黑银发〔2023〕25号（十三）"]
    )
    jurisdiction: str = Field(description="Region whose rule it is here 规则所属地区.")
    source: Source = Field(description="document 政策文件, operator 经办方设定.")
    adopted: str = Field(
        description="How it was adopted from elsewhere 采用说明; empty if it is the region's own."
    )


class AppliedRuleOut(AppliedOut):
    """A rule as it applies 适用规则."""

    kind: RuleKind = Field(description="What it decides when its condition passes 规则类别.")
    condition: dict[str, Any] = Field(description="In the criteria vocabulary 条件.")
    text: str = Field(description="The condition in words 条件说明.")
    data: dict[str, str] = Field(description="What follows when it passes.")

    @classmethod
    def of(cls, rule: AppliedRule) -> "AppliedRuleOut":
        """Describe a rule."""
        return cls(
            **_origin(rule),
            kind=rule.kind,
            condition=condition_as_data(rule.condition),
            text=condition_text(rule.condition),
            data=dict(rule.data),
        )


class AppliedParameterOut(AppliedOut):
    """A value as it applies on a day 适用数值."""

    type: str = Field(description="Type of the value 类型.", examples=["count"])
    unit: str = Field(description="Unit of the value 单位; empty if it has none.")
    value: Any = Field(description="Amounts are yuan strings, percentages decimal strings.", examples=[3000])
    text: str = Field(description="The value in words 数值说明.", examples=["3000户（个）"])
    since: date = Field(description="First day on which it applies 起始日期.")

    @classmethod
    def of(cls, parameter: AppliedParameter) -> "AppliedParameterOut":
        """Describe a value."""
        return cls(
            **_origin(parameter),
            type=parameter.type,
            unit=parameter.unit,
            value=value_as_json(parameter.value, parameter.type),
            text=value_text(parameter.value, parameter.type, parameter.unit),
            since=parameter.since,
        )


def _origin(item: AppliedRule | AppliedParameter) -> dict[str, Any]:
    return {name: getattr(item, name) for name in AppliedOut.model_fields}


class RuleBookOut(BaseModel):
    """Everything that applies to a jurisdiction on a day 适用规则汇编."""

    jurisdiction: str = Field(description="Region code 地区代码.")
    on: date = Field(description="The asked day 日期.")
    sha256: str = Field(description="Hash of all that applies; equal content has an equal hash.")
    bottleneck_order: list[str] = Field(
        description="Which class routes first 堵点先后; empty before anybody decided on it."
    )
    rules: list[AppliedRuleOut] = Field(description="Rules that apply, by key 适用规则.")
    parameters: list[AppliedParameterOut] = Field(description="Values that apply, by key 适用数值.")

    @classmethod
    def of(cls, book: RuleBook) -> "RuleBookOut":
        """Describe a rule book."""
        return cls(
            jurisdiction=book.jurisdiction,
            on=book.on,
            sha256=book.sha256,
            bottleneck_order=list(book.bottleneck_order) if book.sets(BOTTLENECK_ORDER) else [],
            rules=[AppliedRuleOut.of(rule) for rule in book.rules],
            parameters=[AppliedParameterOut.of(parameter) for parameter in book.parameters],
        )


class AdoptionIn(BaseModel):
    """Put an item of a pack in force for a jurisdiction that lacks its own 采用."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pack": "luoyang-draft",
                    "item": "talent_loan.most",
                    "jurisdiction": "230000",
                    "since": "2023-11-01",
                    "reason": "先行先试人才贷",
                }
            ]
        },
    )

    pack: PackCode
    item: ItemKey = "*"
    jurisdiction: RegionCode | None = Field(default=None, description="Default: the viewer's own 地区.")
    since: Day | None = Field(default=None, description="First day; default today in Shanghai 起始日期.")
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    ] = Field(description="Why, for the record 理由.")


class AdoptionEndIn(BaseModel):
    """End an adoption 停止采用."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"until": "2024-06-01"}]})

    until: Day | None = Field(
        default=None, description="First day on which it no longer applies; default today in Shanghai."
    )


class AdoptionOut(BaseModel):
    """An operator's recorded decision to apply another's rule 采用记录."""

    id: int = Field(description="Number of the adoption 编号.")
    jurisdiction: str = Field(description="Region code 地区代码.")
    pack: str = Field(description="Code of the pack 政策包.")
    item: str = Field(description="Key of the rule or parameter; `*` for the whole pack.")
    status: PackStatus | None = Field(description="Status of the pack; null if the pack is no longer there.")
    since: date = Field(description="First day on which it applies 起始日期.")
    until: date | None = Field(description="First day on which it no longer applies; null: still in force.")
    reason: str = Field(description="Why it was adopted 理由.")
    adopted_by: str = Field(description="Who adopted it 采用人.")
    created_at: datetime = Field(description="When it was recorded 记录时间.")


class PackCounts(BaseModel):
    """What a check counted in one pack."""

    pack: str = Field(description="Code of the pack 政策包.")
    jurisdiction: str = Field(description="Region code 地区代码.")
    status: PackStatus
    clauses: int
    carried: int = Field(description="Clauses that name a carrier.")
    reasons: int = Field(description="Clauses that only say why there is none.")
    parameters: int = Field(description="Number of parameters 参数数.")
    rules: dict[str, int] = Field(description="Rules by kind.")

    @classmethod
    def of(cls, pack: Pack) -> "PackCounts":
        """Count one pack."""
        kinds = [rule.kind.value for rule in pack.rules]
        carried = sum(bool(clause.carried_by) for clause in pack.clauses)
        return cls(
            pack=pack.code,
            jurisdiction=pack.jurisdiction,
            status=pack.status,
            clauses=len(pack.clauses),
            carried=carried,
            reasons=len(pack.clauses) - carried,
            parameters=len(pack.parameters),
            rules={kind: kinds.count(kind) for kind in sorted(set(kinds))},
        )
