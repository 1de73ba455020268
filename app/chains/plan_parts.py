"""The parts of a plan as they are written: banks, links, granted terms, targets, bodies, clauses."""

from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from app.chains.fields import MOST_ITEMS, PLAIN_TEXT, Clause, Closed, Code, Industry, Sorted
from app.chains.targets import BASES, BOUNDS, MEASURES
from app.kernel.money import Yuan
from app.policy.facts import CHAIN_ROLES
from app.policy.fields import OneOf

MOST_QUOTA: Final = 1_000_000
MOST_MONTHS: Final = 600
LONGEST_FIGURE: Final = 10**15
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN_TEXT)]
Percent = Annotated[Decimal, Field(ge=0, le=1_000, max_digits=8, decimal_places=4)]


class ContractedBankIn(Closed):
    """A bank that a plan contracts."""

    institution: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$", description="签约银行编码", examples=["SJYH"])
    ]
    quota: int | None = Field(
        default=None, ge=1, le=MOST_QUOTA, description="承接条目数上限；空为不限", examples=[20]
    )


class GrantedTermIn(Closed):
    """Something that a plan grants to the chain's firms; with a product, that product's bounds for them.

    A bound reaches further than the product's own for firms of the chain, and never beyond what the pack's
    `parameter` (else the caps of the cited clause) allows.
    """

    text: str = Field(
        min_length=1,
        max_length=300,
        pattern=PLAIN_TEXT,
        description="支持内容",
        examples=["核心企业承担付款责任的，简化上下游企业评级准入"],
    )
    clause: Clause
    product: Code | None = Field(default=None, description="适用的链上产品编码；空为一般措施")
    amount_most: Yuan | None = Field(default=None, description="链上企业最高额度", examples=["20000000.00"])
    term_most: int | None = Field(default=None, ge=1, le=MOST_MONTHS, description="链上企业最长期限（月）")
    percent_most: Percent | None = Field(default=None, description="费率或比例上限（%）", examples=["1"])
    parameter: str | None = Field(
        default=None, max_length=120, description="所依据的政策参数", examples=["talent_loan.most"]
    )

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.product is not None and self.amount_most is None and self.term_most is None:
            msg = "product: neither amount_most nor term_most is granted for it"
            raise ValueError(msg)
        if self.parameter is not None and not self.has_bound:
            msg = "parameter: no amount_most, term_most or percent_most is granted under it"
            raise ValueError(msg)
        return self

    @property
    def has_bound(self) -> bool:
        """Whether it grants up to a figure."""
        return (self.amount_most, self.term_most, self.percent_most) != (None, None, None)


class PlanLinkIn(Closed):
    """A link of the chain (环节) whose firms the plan's priorities are for."""

    name: Name = Field(description="环节", examples=["航空零部件"])
    roles: Annotated[tuple[Annotated[str, OneOf(CHAIN_ROLES)], ...], Sorted] = Field(
        default=(), description="链上角色；空为不限", examples=[["upstream"]]
    )
    industries: Annotated[tuple[Industry, ...], Field(max_length=MOST_ITEMS), Sorted] = Field(
        default=(), description="行业；空为不限", examples=[["C3741"]]
    )

    @model_validator(mode="after")
    def _tells_firms_apart(self) -> Self:
        if not self.roles and not self.industries:
            msg = "a link names roles or industries"
            raise ValueError(msg)
        return self


class SupportTargetIn(Closed):
    """What support for the chain is held to, such as "not lower than last year" (黔江金融办发〔2023〕30号 8)."""

    measure: Annotated[str, OneOf(MEASURES)] = Field(description="指标", examples=["granted"])
    bound: Annotated[str, OneOf(BOUNDS)] = Field(
        default="at_least", description="方向", examples=["at_least"]
    )
    base: Annotated[str, OneOf(BASES)] = Field(description="基期；fixed 为定值", examples=["last_year"])
    change_bp: int | None = Field(
        default=None, ge=-10_000, le=1_000_000, description="较基期变化（基点）；空为持平", examples=[1000]
    )
    value: int | None = Field(
        default=None, ge=0, le=LONGEST_FIGURE, description="定值（金额为分，占比、利率为基点，其余为个数）"
    )
    clause: Clause

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        if (self.base == "fixed") != (self.value is not None):
            msg = "value: a fixed target states its value, one on a base period does not"
            raise ValueError(msg)
        if self.base == "fixed" and self.change_bp is not None:
            msg = "change_bp: a fixed target has no base period to change from"
            raise ValueError(msg)
        return self


class ResponsibleBodyIn(Closed):
    """A body that answers for a part of the plan."""

    name: Name = Field(description="单位", examples=["市工信局"])
    role: Literal["lead", "responsible"] = Field(default="responsible", description="牵头或责任单位")
    task: str = Field(default="", max_length=200, pattern=PLAIN_TEXT, description="事项")


class PlanClauses(Closed):
    """The clause that each part of a plan rests on; granted terms and targets cite their own."""

    contracted: Clause | None = Field(default=None, description="签约银行的依据")
    priority_purposes: Clause | None = Field(default=None, description="优先用途的依据")
    products: Clause | None = Field(default=None, description="链上产品的依据")
    links: Clause | None = Field(default=None, description="优先环节的依据")
    bodies: Clause | None = Field(default=None, description="责任单位的依据")
