"""Allocation runs, their proof and assignments as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

EDITION_PATTERN = r"^[0-9]{4}H[12]$"
RunId = Annotated[int, Path(ge=1, le=2**31 - 1, description="分配运行编号", examples=[1])]
EntryCode = Annotated[
    str,
    Path(pattern=r"^[0-9A-Za-z-]{1,60}$", description="名单条目编码", examples=["2023H2-91230199MA1BQXYE20"]),
]


class AllocationIn(BaseModel):
    """What to allocate."""

    model_config = ConfigDict(extra="forbid")

    edition: str = Field(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])
    keep_settled: bool = Field(
        default=True, strict=True, description="保留已有责任机构的条目；false 为全部重新分配"
    )


class CountsOut(BaseModel):
    """How many entries of a run have which kind of responsible party."""

    entries: int = Field(description="条目总数")
    matched: int = Field(description="由合适产品的机构负责")
    routed: int = Field(description="按堵点类别推送的机构负责")
    coordinator: int = Field(description="由统筹部门负责（政策空缺、待询问、无余量等）")
    kept: int = Field(description="沿用原责任机构")
    made: int = Field(description="新作出的分配")
    ended: int = Field(description="结束的原分配")
    reasons: dict[str, int] = Field(description="新作出的分配按原因计数")


class ObjectiveOut(BaseModel):
    """What the solved problem achieves; fits in points."""

    served: int = Field(description="有责任机构的条目数（含沿用）")
    mean_fit: str | None = Field(description="平均匹配度（分），不含按堵点推送的条目", examples=["78.31"])
    total_fit: int = Field(description="匹配度合计（万分之一分）")
    load_cost: int = Field(description="负荷计价合计")
    optimality_gap: float | None = Field(description="与最优解上界的相对差距；0 为已证明最优")
    overfull: list[str] = Field(description="沿用的分配已超过的上限")


class AllocationRunOut(BaseModel):
    """One allocation run."""

    id: int = Field(description="分配运行编号")
    edition: str = Field(description="名单版次", examples=["2023H2"])
    match_run: int = Field(description="所依据的匹配运行编号")
    counts: CountsOut = Field(description="条目数")
    objective: ObjectiveOut = Field(description="目标值")
    settings: dict[str, Any] = Field(description="所用设定及出处")
    inputs_hash: str = Field(description="SHA-256 of everything that the run decided on")
    result_hash: str = Field(description="SHA-256 of who is responsible for each entry")
    reused: bool = Field(default=False, description="没有可变更的，沿用此次既有运行")
    run_by: str = Field(description="操作人")
    created_at: datetime = Field(description="运行时间")


class RunChangeOut(BaseModel):
    """One entry that a run gives a responsible party."""

    entry: str = Field(description="名单条目编码")
    name: str = Field(description="企业名称")
    before: str | None = Field(description="原责任单位；此前没有为空")
    after: str = Field(description="责任单位")
    kind: Literal["matched", "routed", "coordinator"] = Field(description="责任方类型")
    why: list[str] = Field(description="分配理由")


class AllocationPreviewOut(BaseModel):
    """What a run would come to; nothing of it was kept."""

    edition: str = Field(description="名单版次", examples=["2023H2"])
    match_run: int = Field(description="所依据的匹配运行编号")
    keep_settled: bool = Field(description="是否保留已有责任机构的条目")
    counts: CountsOut = Field(description="条目数")
    objective: ObjectiveOut = Field(description="目标值")
    changes: list[RunChangeOut] = Field(description="责任单位会变的条目，至多列出500个")


class BreachOut(BaseModel):
    """One condition that the stored answer breaks."""

    code: str = Field(description="Which condition", examples=["over_capacity"])
    place: str = Field(description="entry, branch, group, quota or solution")
    name: str = Field(description="条目或机构编码，额度为产业链和银行编码；整体性问题为空")
    found: int = Field(description="实际值")
    limit: int = Field(description="应为或上限")
    more: int = Field(description="同类未列出的个数")


class CheckOut(BaseModel):
    """What the independent checker says of a stored run."""

    run: int = Field(description="分配运行编号")
    feasible: bool = Field(description="满足全部约束（承接能力、集中度、产业链签约额度、候选、沿用）")
    optimal: bool = Field(description="可行且已证明没有更优解")
    optimality_gap: float | None = Field(description="与对偶上界的相对差距；0 为最优")
    value: int = Field(description="目标值（整数）")
    bound: int | None = Field(description="对偶上界（整数）；无法证明时为空")
    served: int = Field(description="有责任机构的条目数")
    total_fit: int = Field(description="匹配度合计（万分之一分）")
    load_cost: int = Field(description="负荷计价合计")
    breaches: list[BreachOut] = Field(description="违反的约束")
    hashes_hold: bool = Field(description="存档与运行时记录的哈希一致")
    rows_differing: list[str] = Field(description="分配记录与存档不一致的条目编码（最多列出100个）")
    is_sound: bool = Field(description="可行、哈希一致且分配记录一致")


class SupportOut(BaseModel):
    """A supporting institution."""

    institution: str = Field(description="机构编码")
    institution_name: str = Field(description="机构名称")
    product: str = Field(description="产品编码")
    product_name: str = Field(description="产品名称")
    score: str = Field(description="匹配度（分）", examples=["76.20"])


class FormerOut(BaseModel):
    """A former responsible party."""

    kind: Literal["matched", "routed", "coordinator"] = Field(description="责任方类型")
    institution: str | None = Field(description="机构编码")
    responsible_body: str = Field(description="责任单位")
    assigned_at: datetime = Field(description="开始时间")
    ended_at: datetime | None = Field(description="结束时间")
    end_reason: str | None = Field(
        description="结束原因：replaced、declined、withdrawn、resolved、rematched、rerouted；对机构不显示"
    )


class HandledBy(BaseModel):
    """Who handles an entry within one of its institutions."""

    institution: str = Field(description="机构编码")
    person: int = Field(description="人员编号")
    name: str = Field(description="经办客户经理姓名")
    since: datetime = Field(description="自何时起经办")


class AssignmentOut(BaseModel):
    """Who is responsible for an entry, and why."""

    entry: str = Field(description="名单条目编码")
    edition: str = Field(description="名单版次")
    kind: Literal["matched", "routed", "coordinator"] = Field(
        description="责任方类型：合适产品的机构、按堵点推送的机构、统筹部门"
    )
    institution: str | None = Field(description="责任机构编码；由统筹部门负责时为空")
    institution_name: str | None = Field(description="责任机构名称")
    responsible_body: str = Field(description="责任单位名称")
    product: str | None = Field(description="产品编码")
    product_name: str | None = Field(description="产品名称")
    score: str | None = Field(description="匹配度（分）", examples=["82.35"])
    supports: list[SupportOut] = Field(description="协办机构，至多两家")
    handlers: list[HandledBy] = Field(description="经办客户经理，责任机构和协办机构各至多一人；未分派时为空")
    why: list[str] = Field(description="分配理由")
    explanation: dict[str, Any] = Field(description="分配理由的结构化数据")
    run: int | None = Field(description="分配运行编号；两次分配之间改派的为空")
    assigned_at: datetime = Field(description="分配时间")
    former: list[FormerOut] = Field(description="以往的责任方，新的在前")
