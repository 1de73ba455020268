"""Bottleneck classes, routes and cases as JSON."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.enterprises.schemas import NEED_CODE_PATTERN
from app.kernel.paging import Page
from app.matching.schemas import AskOut, FindingOut, VerdictWord

NeedCode = Annotated[
    str, Path(pattern=NEED_CODE_PATTERN, description="融资需求编码", examples=["91230199MA1BQXYE20"])
]
RouteWord = Annotated[
    str,
    Field(
        description="推送路径：先行的堵点类别，或 ask（待补充信息）、policy_gap（政策空缺）",
        examples=["d"],
    ),
]


class ClassOut(BaseModel):
    """One bottleneck class of a need, with its verdict and why."""

    class_code: str = Field(description="堵点类别", examples=["d"])
    name: str = Field(description="类别名称", examples=["小微、缺少抵押物且不符合信用贷款条件"])
    verdict: VerdictWord = Field(description="判定")
    reasons: list[FindingOut] = Field(description="判定依据：起决定作用的各项")
    asks: list[AskOut] = Field(description="尚不能判定时须询问的事项")
    receiver: str = Field(description="推送对象（原文）", examples=["融资担保机构"])
    responsible_body: str = Field(description="责任单位")
    citation: str = Field(description="依据条款")
    adopted: str = Field(description="采用其他地区规则时的采用说明；本地规则为空")


class ReceiverOut(BaseModel):
    """An institution that receives the need."""

    institution: str = Field(description="机构编码")
    name: str = Field(description="机构简称")
    reasons: list[str] = Field(description="列入原因")


class RoutingOut(BaseModel):
    """Who receives the need by the leading class."""

    receivers: list[ReceiverOut] = Field(description="接收机构，优先者在前")
    receivers_total: int = Field(description="接收机构总数（列出前若干家）")
    body: str = Field(description="没有接收机构时的责任单位；协调机制即其名称")
    through: str = Field(description="经由单位（地方金融监管局）；无则为空")
    note: str = Field(description="没有接收机构的原因；有则为空")


class ClassificationOut(BaseModel):
    """All applicable classes of a need, and the one that routes."""

    route: RouteWord
    route_name: str = Field(description="路径名称")
    classes: list[ClassOut] = Field(description="各类别判定，按经办方设定的先后")
    asks: list[AskOut] = Field(description="须询问的事项（各未决类别合计）")
    gap: str = Field(description="政策空缺的说明；无空缺为空")
    routing: RoutingOut | None = Field(description="接收方；待补充信息和政策空缺时为空，由统筹部门处理")


class CaseOut(BaseModel):
    """The current classification of one entry."""

    entry: str = Field(description="名单条目编码")
    edition: str = Field(description="名单版次", examples=["2023H2"])
    need: str = Field(description="需求编码")
    enterprise: str = Field(description="企业名称")
    region: str = Field(description="行政区划代码")
    cause: Literal["no_product", "declined"] = Field(description="起因：无匹配产品、机构婉拒")
    route: RouteWord
    route_name: str = Field(description="路径名称")
    classes: list[ClassOut] = Field(description="适用和未决的类别")
    asks: list[AskOut] = Field(description="须询问的事项")
    gap: str = Field(description="政策空缺的说明；无空缺为空")
    since: datetime = Field(description="作出本次分类的时间")


class NeedCaseOut(CaseOut):
    """The current classification of one entry with its receivers as they are now."""

    routing: RoutingOut | None = Field(description="接收方；待补充信息和政策空缺时为空，由统筹部门处理")


class CasePage(Page[CaseOut]):
    """Cases by entry code, and how many there are on each route."""

    counts: dict[str, int] = Field(description="各路径条目数（同一筛选条件，不计路径筛选）")


class ClassCount(BaseModel):
    """How many entries a class leads, and whose turn they are."""

    route: RouteWord
    name: str = Field(description="路径名称")
    count: int = Field(description="条目数")
    responsible_body: str = Field(description="责任单位；待补充信息和政策空缺由统筹部门处理，为空")
    receiver: str = Field(description="推送对象（原文）；无则为空")
    citation: str = Field(description="依据条款；无则为空")


class ClassifyRunOut(BaseModel):
    """What a classification of a whole match run did."""

    match_run: int = Field(description="匹配运行编号")
    edition: str = Field(description="名单版次")
    classified: int = Field(description="无匹配产品的条目数")
    changed: int = Field(description="其中新分类或分类有变的条目数")
    ended: int = Field(description="因已有匹配产品而结束的分类数")
    routes: dict[str, int] = Field(description="各路径条目数")


class CaseFilter(BaseModel):
    """Which cases to list."""

    model_config = ConfigDict(frozen=True)

    edition: str | None = None
    route: str | None = None
    region: str | None = None
    chain: str | None = None
