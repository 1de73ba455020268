"""The entries behind a figure, and counts by region and chain, as JSON."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from app.coverage.listing import Which
from app.coverage.schemas import SumYuan
from app.kernel.paging import Page

_CODE = r"^[A-Za-z0-9._-]{0,60}$"
WhichQuery = Annotated[
    Which,
    Query(alias="level", description="Which entries of the group (层级或存疑类别).", examples=["contacted"]),
]
InRegion = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="行政区划（含其下辖）", examples=["230100"])
]
OnChain = Annotated[str | None, Query(pattern=_CODE, description="产业链编码; empty: on none.")]
OfInstitution = Annotated[
    str | None,
    Query(
        pattern=_CODE, description="机构编码 of who is or was responsible, with all below it; empty: nobody."
    ),
]
OfSource = Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$", description="名单类别", examples=["srdi"])]
OfSize = Annotated[str | None, Query(pattern=r"^[a-z_]{0,40}$", description="企业规模; empty: not known.")]
OwnOnly = Annotated[
    bool, Query(alias="own", description="Of the region itself alone, without what lies in it.")
]


class BehindOut(BaseModel):
    """One entry of a figure, as it stood at the end of the month."""

    code: str = Field(description="名单条目编码.")
    name: str = Field(description="企业名称.")
    region: str = Field(description="行政区划代码.")
    region_name: str = Field(description="行政区划名称.")
    chain: str | None = Field(description="产业链编码.")
    amount: SumYuan = Field(description="融资金额, yuan.")
    institution: str | None = Field(description="机构编码 of who was responsible last; null: nobody.")
    institution_name: str = Field(description="Its short name; empty: nobody.")
    assigned_at: datetime | None = Field(description="Since when (落实).")
    contacted_at: datetime | None = Field(description="First contact by a responsible institution (对接).")
    answered_at: datetime | None = Field(description="First answer after it (答复).")
    credited_at: datetime | None = Field(description="First approval after it (授信).")
    disbursed_at: datetime | None = Field(description="First payment after that (放款).")


class BehindPage(Page[BehindOut]):
    """Entries of a figure by code."""

    month: str = Field(description="The month, in Asia/Shanghai.")
    edition: str = Field(description="Edition of the roster (名单版次).")
    is_closed: bool = Field(description="These are the frozen facts of a closed month.")
    count: int = Field(description="The figure: how many entries it counts.")
    shown: int = Field(description="How many of them the viewer may see; the list holds these.")


class HeatRow(BaseModel):
    """A region with its cells, in the order of the chains."""

    region: str = Field(description="行政区划代码.")
    name: str = Field(description="行政区划名称.")
    is_own: bool = Field(description="The jurisdiction's own entries, which lie in no division below it.")
    entries: list[int] = Field(description="Entries on the roster.")
    reached: list[int] = Field(description="Those that reached the level.")


class HeatOut(BaseModel):
    """Entries by region and chain (热力图)."""

    month: str = Field(description="The month, in Asia/Shanghai.")
    level: Which = Field(description="Which entries are counted.")
    chains: list[tuple[str, str]] = Field(description="Code and name, the one with most entries first.")
    rows: list[HeatRow] = Field(description="Regions by code.")
