"""Drafts of plans, their comparisons and published versions as JSON."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from app.allocation.plan_difference import Change
from app.chains.fields import PLAIN_TEXT, Closed
from app.chains.plan_states import PlanState
from app.chains.schemas import PlanContent, PlanIn
from app.plans.rules import DraftState, Effect

MOST_NUMBER = 2**31 - 1
DraftNumber = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="草案编号", examples=[1])]
ComparisonNumber = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="比较编号", examples=[1])]
VersionNumber = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="一链一策版本", examples=[1])]
Units = Annotated[str, Field(description="分（两位小数）", examples=["12.50"])]


class DraftIn(PlanIn):
    """A draft of a chain's next plan, whole: what is left out is empty."""

    replaces: int | None = Field(
        default=None, ge=1, le=MOST_NUMBER, description="接替的已发布版本；空为最新一版", examples=[1]
    )


class PlanChangeOut(BaseModel):
    """A line of a part that is added, dropped or says something else."""

    part: str = Field(description="部分", examples=["contracted"])
    part_name: str = Field(description="部分（中文）", examples=["签约银行"])
    what: str = Field(description="所指：编码或内容", examples=["SJYH"])
    product: str | None = Field(description="支持措施所针对的产品编码；空为不针对产品")
    before: str = Field(description="现行方案；空为没有")
    after: str = Field(description="草案；空为去掉")
    clause: str = Field(description="依据条款")


class DraftSummary(BaseModel):
    """A draft as lists show it."""

    chain: str = Field(description="产业链编码")
    number: int = Field(description="草案编号（本链内）")
    state: DraftState = Field(description="状态")
    state_name: str = Field(description="状态（中文）", examples=["草案"])
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")
    replaces: int | None = Field(description="接替的已发布版本；空为首版")
    content_hash: str = Field(description="日期与内容的 SHA-256")
    drafted_by: str = Field(description="起草人")
    created_at: datetime = Field(description="起草时间（UTC）")
    changed_at: datetime = Field(description="最近修改时间（UTC）")
    ended_by: str | None = Field(description="发布或放弃的人")
    ended_at: datetime | None = Field(description="发布或放弃的时间（UTC）")
    published_version: int | None = Field(description="发布成的版本")
    version: int = Field(description="版本，即 ETag")


class DraftOut(DraftSummary):
    """A draft with all that it says, and how it differs from the plan in force."""

    plan: PlanContent = Field(description="方案内容")
    in_force: int | None = Field(description="今日有效的版本；空为没有")
    changes: list[PlanChangeOut] = Field(description="与今日有效版本的差别")
    comparison: int | None = Field(description="现内容的最近一次比较；空为尚未比较")


class GainsOut(BaseModel):
    """A product or bank, and the needs for which it comes and goes."""

    code: str = Field(description="编码")
    name: str = Field(description="名称")
    gained: int = Field(description="增加它的需求数")
    lost: int = Field(description="失去它的需求数")


class CountyEffect(BaseModel):
    """Changed needs of a county."""

    region: str = Field(description="行政区划")
    changed: int = Field(description="有变化的需求数")
    gains: int = Field(description="增加产品的需求数")
    loses: int = Field(description="失去产品的需求数")
    better: int = Field(description="最佳匹配度升高的需求数")
    worse: int = Field(description="最佳匹配度降低的需求数")


class ComparisonCounts(BaseModel):
    """A comparison in figures: needs, unless it says pairs of need and product."""

    entries: int = Field(description="版次在册条目")
    judged: int = Field(description="本链条目（逐户重新判断）")
    changed: int = Field(description="有任何变化")
    gaining: int = Field(description="增加产品")
    losing: int = Field(description="失去产品")
    gained_pairs: int = Field(description="新增的需求与产品组合")
    lost_pairs: int = Field(description="失去的需求与产品组合")
    rescored_pairs: int = Field(description="匹配度改变的组合")
    unserved_before: int = Field(description="之前没有合适产品")
    unserved_after: int = Field(description="之后没有合适产品")
    another_best: int = Field(description="最佳产品改变")
    better: int = Field(description="最佳匹配度升高")
    worse: int = Field(description="最佳匹配度降低")
    reordered: int = Field(description="前列产品或其次序改变")
    to_ask: int = Field(description="未填产业链、填了可能不同的需求")
    products_total: int = Field(description="有需求增加或失去的产品数")
    banks_total: int = Field(description="有需求增加或失去的机构数")


class ComparisonSummary(BaseModel):
    """A comparison as lists show it."""

    chain: str = Field(description="产业链编码")
    draft: int = Field(description="草案编号")
    number: int = Field(description="比较编号（本草案内）")
    edition: str | None = Field(description="名单版次；空为没有版次")
    against: int | None = Field(description="当时有效的版本；空为没有")
    on: date = Field(description="比较日")
    content_hash: str = Field(description="所比较内容的 SHA-256")
    inputs_hash: str = Field(description="全部依据的 SHA-256")
    result_hash: str = Field(description="结果的 SHA-256")
    counts: ComparisonCounts = Field(description="汇总")
    compared_by: str = Field(description="操作人")
    created_at: datetime = Field(description="比较时间（UTC）")


class ComparisonOut(ComparisonSummary):
    """A comparison with its tables, and whether what it rests on is still so."""

    products: list[GainsOut] = Field(description="按产品（变化多的在前）")
    banks: list[GainsOut] = Field(description="按机构（变化多的在前）")
    counties: list[CountyEffect] = Field(description="按区县")
    changed_since: list[str] = Field(
        description="比较之后变化了的依据；空为仍然有效", examples=[["products"]]
    )
    holds: bool = Field(description="是否仍可据以发布")


class NamedOut(BaseModel):
    """The first of some products or banks, and how many there are."""

    total: int = Field(description="总数")
    codes: list[str] = Field(description="编码（至多十个）")


class BestOut(BaseModel):
    """The product that stands first."""

    product: str = Field(description="产品编码")
    score: Units


class EffectStepOut(BaseModel):
    """A part of the plans that moved a product, by how much and by which clause."""

    product: str = Field(description="产品编码")
    text: str = Field(description="部分", examples=["签约银行"])
    before: Units
    after: Units
    citation: str = Field(description="依据：方案版本与条款")
    sentence: str = Field(description="说明")


class NeedEffectOut(BaseModel):
    """What a draft would do to one need, with the reason."""

    entry: str = Field(description="条目编码")
    enterprise: str = Field(description="企业名称")
    region: str = Field(description="行政区划")
    gained: NamedOut = Field(description="增加的产品")
    lost: NamedOut = Field(description="失去的产品")
    banks_gained: NamedOut = Field(description="增加的机构")
    banks_lost: NamedOut = Field(description="失去的机构")
    rescored: int = Field(description="匹配度改变的产品数")
    moved: Units = Field(description="最佳匹配度的变化（分）")
    before: BestOut | None = Field(description="之前的最佳产品；空为没有")
    after: BestOut | None = Field(description="之后的最佳产品；空为没有")
    steps: list[EffectStepOut] = Field(description="方案的哪一部分改变了它")
    sentence: str = Field(description="说明：变化多少、依据哪一条款")


class BankLoad(BaseModel):
    """How many entries a head office would answer for, with the plan in force and with the draft."""

    institution: str = Field(description="法人机构编码")
    name: str = Field(description="名称")
    before: int = Field(description="按现行方案负责的条目")
    after: int = Field(description="按草案负责的条目")


class ReallocationOut(BaseModel):
    """The edition allocated anew, with the plan in force and with the draft."""

    chain: str = Field(description="产业链编码")
    draft: int = Field(description="草案编号")
    comparison: int = Field(description="比较编号")
    edition: str = Field(description="名单版次")
    match_run: int = Field(description="所据匹配运行")
    entries: int = Field(description="条目数")
    served_before: int = Field(description="按现行方案有机构承接")
    served_after: int = Field(description="按草案有机构承接")
    fit_before: str = Field(description="按现行方案的匹配度合计（分）")
    fit_after: str = Field(description="按草案的匹配度合计（分）")
    changes: dict[Change, int] = Field(description="责任机构、产品或匹配度改变的条目数，按变化")
    by_clause: dict[str, int] = Field(description="改变的条目数，按依据条款")
    banks: list[BankLoad] = Field(description="负责条目数改变的法人机构")
    result_hash: str = Field(description="结果的 SHA-256")
    run_by: str = Field(description="操作人")
    created_at: datetime = Field(description="计算时间（UTC）")


class ReallocatedOut(BaseModel):
    """An entry whose responsible institution, product or fit would be another."""

    entry: str = Field(description="条目编码")
    enterprise: str = Field(description="企业名称")
    change: Change = Field(description="变化")
    before: str = Field(description="按现行方案")
    after: str = Field(description="按草案")
    sentence: str = Field(description="说明：变化多少、依据哪一条款")


class PlanVersionOut(BaseModel):
    """A published version of a chain's plan, and where it stands."""

    chain: str = Field(description="产业链编码")
    version: int = Field(description="版本号")
    state: PlanState = Field(description="状态：已发布或已归档")
    state_name: str = Field(description="状态（中文）", examples=["已发布"])
    is_in_force: bool = Field(description="今日是否有效")
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")
    content_hash: str = Field(description="日期与内容的 SHA-256")
    published_at: datetime = Field(description="发布时间（UTC）")
    draft: int | None = Field(description="来自哪个草案；空为导入或接口直接发布")
    archived_at: datetime | None = Field(description="归档时间（UTC）")
    archived_by: str | None = Field(description="归档人")
    archive_reason: str | None = Field(description="归档理由")


class ArchiveIn(Closed):
    """Why a version is archived."""

    reason: str = Field(
        min_length=1, max_length=300, pattern=PLAIN_TEXT, description="理由", examples=["已由第2版接替"]
    )


class EffectFilter(BaseModel):
    """Which changed needs to list."""

    effect: Effect | None = None
    region: str | None = None
