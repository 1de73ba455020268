"""Matches, explanations and match runs as JSON."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.schemas import CODE_PATTERN, LibraryCode

EDITION_PATTERN = r"^[0-9]{4}H[12]$"
MOST_SHOWN = 50
VerdictWord = Literal["pass", "fail", "unknown"]
ScoreOut = Annotated[float, Field(ge=0, le=100, description="匹配度，0–100，四位小数", examples=[78.25])]
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST, description="判定所依据的日期", examples=["2023-11-15"])]


class AskOut(BaseModel):
    """Something to ask the firm for: a field of its need that is unknown so far."""

    fact: str = Field(description="Name of the field in JSON", examples=["tax_grade"])
    name: str = Field(description="事项名称", examples=["纳税等级"])


class WantedOut(AskOut):
    """Something to ask for, with how many products hang on it."""

    products: int = Field(description="与之相关的待判定产品数", examples=[12])


class FindingOut(BaseModel):
    """One criterion, of a product or of a rule, against the need."""

    facts: list[str] = Field(description="Facts that decide it", examples=[["amount"]])
    asked: str = Field(description="条件", examples=["融资金额介于10万元至1,000万元"])
    found: str = Field(description="需求所载", examples=["融资金额：500万元"])
    verdict: VerdictWord = Field(description="判定")
    source: str = Field(description="出处：条款或产品条款", examples=["产品条款"])


class PartOut(BaseModel):
    """One part of a score: value × weight adds to the points."""

    part: str = Field(description="Name of the part", examples=["amount_fit"])
    name: str = Field(description="评分项", examples=["额度匹配"])
    value: int = Field(ge=0, le=1000, description="该项得分，0–1000", examples=[1000])
    weight: int = Field(ge=0, le=1000, description="权重，千分之一", examples=[150])
    points: float = Field(description="计入匹配度的分值", examples=[15.0])
    reason: str = Field(description="理由", examples=["申请500万元，产品10万元至1,000万元"])
    citations: list[str] = Field(description="所依据的一链一策及条款；不涉及为空")


class ProductRef(BaseModel):
    """A product as a match names it."""

    product: str = Field(description="产品编码", examples=["SJYH-KCED"])
    product_name: str = Field(description="产品名称", examples=["科创e贷"])
    revision: int = Field(description="产品版本", examples=[1])
    institution: str = Field(description="提供机构编码", examples=["SJYH"])
    institution_name: str = Field(description="提供机构", examples=["松江银行"])


class ProductMatchOut(ProductRef):
    """A product for which the need qualifies."""

    rank: int = Field(description="名次", examples=[1])
    score: ScoreOut
    parts: list[PartOut] = Field(description="评分构成")
    unserved_purposes: list[str] = Field(description="该产品不覆盖的资金用途；全覆盖为空")


class NearMissOut(ProductRef):
    """A product for which exactly one group of criteria fails, and what would change that."""

    score: ScoreOut
    fails: list[FindingOut] = Field(description="未满足的条件")
    changes: list[str] = Field(
        description="如何满足", examples=[["将融资金额由2,500万元调整为不超过2,000万元"]]
    )


class UndecidedOut(ProductRef):
    """A product of which it is not known whether the need qualifies, and what to ask."""

    score: ScoreOut
    asks: list[AskOut] = Field(description="须补充的事项")


class MatchesOut(BaseModel):
    """What a need qualifies for on a day, best first; the bank decides on its own (金发〔2024〕5号 十四)."""

    on: date = Field(description="判定日期")
    library: str | None = Field(description="产品库版次；空为当日有效的全部产品")
    products: int = Field(description="参与匹配的产品数", examples=[64])
    eligible: int = Field(description="符合条件的产品数", examples=[7])
    unknown: int = Field(description="尚不能判定的产品数", examples=[3])
    near_missed: int = Field(description="仅一组条件不符的产品数", examples=[9])
    matches: list[ProductMatchOut] = Field(description="符合条件的产品，按匹配度")
    near_misses: list[NearMissOut] = Field(description="仅一组条件不符的产品，按匹配度")
    undecided: list[UndecidedOut] = Field(description="尚不能判定的产品，按匹配度")
    asks: list[WantedOut] = Field(description="最值得补充的事项：能判定的产品多者在前")
    withheld: list[str] = Field(
        default=[], description="企业未授权披露的事项（不论是否已知）；判定时一律视为未知"
    )


class ExplanationOut(ProductRef):
    """One need against one product, criterion by criterion."""

    need: str = Field(description="融资需求编码", examples=["91230199MA1BQXYE20"])
    on: date = Field(description="判定日期")
    verdict: VerdictWord = Field(description="判定：全部满足为 pass，任一不符为 fail，其余 unknown")
    score: ScoreOut
    findings: list[FindingOut] = Field(description="逐项条件")
    parts: list[PartOut] = Field(description="评分构成")
    plan: str = Field(
        default="", description="一链一策的影响：加多少分、放宽哪些条件、依据哪一条款；空为没有影响"
    )
    changes: list[str] = Field(description="如何满足未满足的条件")
    asks: list[AskOut] = Field(description="须补充的事项")
    withheld: list[str] = Field(
        default=[], description="企业未授权披露的事项（不论是否已知）；判定时一律视为未知"
    )


class MatchRunIn(BaseModel):
    """A run to make over an edition."""

    model_config = ConfigDict(extra="forbid")

    edition: str = Field(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])
    library: LibraryCode | None = Field(default=None, description="产品库版次；空为当日有效的全部产品")
    on: Day | None = Field(default=None, description="判定日期；空为今日（北京时间）")
    force: bool = Field(default=False, strict=True, description="输入相同时也重新运行")


class RunCounts(BaseModel):
    """What a run came to."""

    entries: int = Field(description="名单条目数", examples=[3000])
    products: int = Field(description="产品数", examples=[64])
    pairs: int = Field(description="需求与产品的组合数", examples=[192000])
    eligible_pairs: int = Field(description="符合条件的组合数", examples=[14800])
    unknown_pairs: int = Field(description="尚不能判定的组合数", examples=[3200])
    without_product: int = Field(description="无匹配产品的条目数", examples=[210])


class MatchRunOut(BaseModel):
    """A match run: equal inputs give an equal result."""

    id: int = Field(description="匹配运行编号", examples=[1])
    edition: str = Field(description="名单版次", examples=["2023H2"])
    library: str | None = Field(description="产品库版次")
    on: date = Field(description="判定日期")
    engine_version: str = Field(description="Version of the engine", examples=["1"])
    inputs_hash: str = Field(description="SHA-256 of all inputs")
    result_hash: str = Field(description="SHA-256 of the result")
    counts: RunCounts
    reused: bool = Field(description="输入与既有运行相同，因此直接采用其结果")
    run_by: str = Field(description="操作人")
    created_at: datetime = Field(description="运行时间")


class StoredMatchOut(BaseModel):
    """One of the best products of an entry, as the run stored it."""

    rank: int = Field(description="名次", examples=[1])
    product: str = Field(pattern=CODE_PATTERN, description="产品编码", examples=["SJYH-KCED"])
    product_name: str = Field(description="产品名称")
    revision: int = Field(description="产品版本")
    score: ScoreOut


class EntryMatchesOut(BaseModel):
    """How one entry came out of a run."""

    entry: str = Field(description="名单条目编码", examples=["2023H2-91230199MA1BQXYE20"])
    enterprise: str = Field(description="企业名称")
    eligible: int = Field(description="符合条件的产品数")
    unknown: int = Field(description="尚不能判定的产品数")
    best: list[StoredMatchOut] = Field(description="最佳产品，名次在前者优先")
