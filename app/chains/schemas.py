"""Chains, their managers and plans as JSON and as records of an import file."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from app.chains.fields import CODE_PATTERN, MOST_ITEMS, PLAIN_TEXT, Closed, Code, Day, Industry, Sorted
from app.chains.plan_parts import (
    ContractedBankIn,
    GrantedTermIn,
    PlanClauses,
    PlanLinkIn,
    ResponsibleBodyIn,
    SupportTargetIn,
)
from app.chains.rules import MANAGER_ROLES
from app.policy.facts import PURPOSES
from app.policy.fields import OneOf

ChainCode = Annotated[str, Field(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])]
Role = Annotated[str, OneOf(MANAGER_ROLES)]


class _Dated(Closed):
    since: Day = Field(description="起始日", examples=["2023-10-01"])
    until: Day | None = Field(default=None, description="截止日（含）；空为持续")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.until is not None and self.since > self.until:
            msg = f"since {self.since} lies after until {self.until}"
            raise ValueError(msg)
        return self


def _each_bank_once(banks: tuple[ContractedBankIn, ...]) -> tuple[ContractedBankIn, ...]:
    codes = [bank.institution for bank in banks]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        msg = f"contracted twice: {'、'.join(doubled)}"
        raise ValueError(msg)
    return tuple(sorted(banks, key=lambda bank: bank.institution))


class PlanContent(Closed):
    """What a plan says; stored as it is, never changed once published."""

    contracted: Annotated[
        tuple[ContractedBankIn, ...], Field(max_length=MOST_ITEMS), AfterValidator(_each_bank_once)
    ] = Field(default=(), description="签约银行")
    priority_purposes: Annotated[tuple[Annotated[str, OneOf(PURPOSES)], ...], Sorted] = Field(
        default=(), description="优先支持的资金用途", examples=[["equipment"]]
    )
    products: Annotated[tuple[Code, ...], Field(max_length=MOST_ITEMS), Sorted] = Field(
        default=(), description="链上专属产品编码", examples=[["SJYH-KCED"]]
    )
    granted: tuple[GrantedTermIn, ...] = Field(default=(), max_length=MOST_ITEMS, description="支持措施")
    clauses: PlanClauses = Field(default_factory=PlanClauses, description="各部分的依据")
    links: tuple[PlanLinkIn, ...] = Field(default=(), max_length=MOST_ITEMS, description="优先环节")
    targets: tuple[SupportTargetIn, ...] = Field(
        default=(), max_length=MOST_ITEMS, description="支持目标，如不低于上年"
    )
    bodies: tuple[ResponsibleBodyIn, ...] = Field(default=(), max_length=MOST_ITEMS, description="责任单位")

    @model_validator(mode="after")
    def _cites_what_it_says(self) -> Self:
        parts = PlanClauses.model_fields
        bare = [part for part in parts if getattr(self, part) and not getattr(self.clauses, part)]
        if bare:
            msg = f"clauses: no clause is cited for {'、'.join(bare)}"
            raise ValueError(msg)
        return self


class PlanIn(PlanContent, _Dated):
    """A version of a chain's plan to publish."""


class PlanRecord(PlanIn):
    """A plan in an import file."""

    chain: ChainCode


class PlanOut(PlanIn):
    """A published version of a chain's plan."""

    chain: str = Field(description="产业链编码")
    version: int = Field(description="版本；最新版本号即 ETag")
    content_hash: str = Field(description="内容 SHA-256")
    created_at: datetime = Field(description="发布时间（UTC）")


class ChainIn(Closed):
    """A chain to create."""

    code: ChainCode
    name: str = Field(
        min_length=1, max_length=80, pattern=PLAIN_TEXT, description="产业链名称", examples=["高端装备产业链"]
    )
    jurisdiction: Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["230000"])] | None = Field(
        default=None, description="所属行政区划；空为本系统所在区划"
    )
    industries: Annotated[tuple[Industry, ...], Field(min_length=1, max_length=MOST_ITEMS), Sorted] = Field(
        description="据以建议成员的行业（GB/T 4754-2017，带门类字母）", examples=[["C34", "C35"]]
    )
    source: str = Field(
        default="",
        max_length=200,
        pattern=PLAIN_TEXT,
        description="出处",
        examples=["黑银发〔2023〕25号（二）"],
    )
    profile: Annotated[str, Field(pattern=CODE_PATTERN, examples=["JXZB"])] | None = Field(
        default=None, description="据以提议成员的产业链画像；空为只按行业"
    )
    is_demo: bool = Field(default=False, description="是否演示数据")


class ChainOut(BaseModel):
    """A chain as it stands."""

    code: str = Field(description="产业链编码")
    name: str = Field(description="产业链名称")
    jurisdiction: str = Field(description="所属行政区划")
    industries: tuple[str, ...] = Field(description="行业")
    source: str = Field(description="出处")
    profile: str | None = Field(description="据以提议成员的产业链画像；空为只按行业")
    is_demo: bool = Field(description="是否演示数据")
    plan_version: int = Field(description="最新的一链一策版本；0 为尚无，亦即 `/plan` 的 ETag")
    version: int = Field(description="版本，即 ETag")


class ManagerIn(_Dated):
    """Somebody who is to answer for a chain."""

    role: Role = Field(description="职责", examples=["leader"])
    name: str = Field(
        min_length=1, max_length=80, pattern=PLAIN_TEXT, description="姓名", examples=["演示甲"]
    )
    body: str = Field(
        default="", max_length=120, pattern=PLAIN_TEXT, description="单位", examples=["省工业和信息化厅"]
    )


class ManagerRecord(ManagerIn):
    """A chain manager in an import file."""

    chain: ChainCode


class ManagerEnd(Closed):
    """The last day of a chain manager's period."""

    until: Day | None = Field(description="截止日（含）；null 为持续", examples=["2023-12-31"])


class ManagerOut(BaseModel):
    """A chain manager's period; role and first day name it."""

    role: Role = Field(description="职责", examples=["leader"])
    role_name: str = Field(description="职责（中文）", examples=["链长"])
    name: str = Field(description="姓名")
    body: str = Field(description="单位")
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")


class ChainImportPreview(BaseModel):
    """What an import did, or with a dry run would do."""

    new: list[str] = Field(description="新增产业链")
    changed: list[str] = Field(description="变更产业链")
    same: int = Field(description="未变产业链")
    managers: int = Field(description="新增链长等任职")
    plans: list[str] = Field(description="发布新版一链一策的产业链")
    is_dry_run: bool = Field(description="是否试运行（未写入）")
