"""Anonymised cards as JSON."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

from app.allocation.schemas import EDITION_PATTERN

CARD_PATTERN = r"^[A-Z2-7]{26}$"
Standing = Literal["none", "supporting", "responsible"]
CardCode = Annotated[
    str, Path(pattern=CARD_PATTERN, description="匿名卡片编码", examples=["ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
]
EditionQuery = Annotated[
    str | None, Query(pattern=EDITION_PATTERN, description="名单版次；空为最新版次", examples=["2023H2"])
]


@dataclass(frozen=True, slots=True)
class CardFilter:
    """Which cards to list; None is any. Held: one of the institutions is responsible for the need or supports it."""

    is_held: bool | None = None
    is_consented: bool | None = None


class CardOut(BaseModel):
    """A need without its enterprise: at least five cards of the listing show the same, unless consent holds."""

    card: str = Field(
        description="卡片编码：对本机构（及其下属）固定，不能由此得知企业", pattern=CARD_PATTERN
    )
    edition: str = Field(description="名单版次", examples=["2023H2"])
    city: str | None = Field(description="所在市（或省）区划代码；空为不宜显示", examples=["230100"])
    industry: str | None = Field(description="行业门类及大类；空为不宜显示或未知", examples=["C34"])
    size_class: str | None = Field(description="企业规模；空为不宜显示或未知", examples=["small"])
    amount: str | None = Field(
        description="融资金额区间；空为不宜显示", examples=["超过500万元，不超过1,000万元"]
    )
    term: str | None = Field(description="期限区间；空为不宜显示", examples=["超过12个月，不超过36个月"])
    purposes: list[str] | None = Field(description="资金用途；空为不宜显示", examples=[["equipment"]])
    secured: bool | None = Field(description="有无担保或抵质押物；空为不宜显示或未知")
    chain: str | None = Field(description="产业链名称；空为不宜显示或不在链上")
    standing: Standing = Field(description="本机构：responsible 责任机构，supporting 协办机构，none 均不是")
    consent: Literal["none", "live"] = Field(description="企业授权：live 有效，none 尚无（或未到本机构）")
    missing: str = Field(description="查看企业情况尚缺的条件；不缺为空")
