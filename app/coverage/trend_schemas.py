"""The trend over months: closed figures of closed months, today's of open ones, each marked."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from app.coverage.rules import Cut
from app.coverage.schemas import MONTH_PATTERN, FiguresOut, Ratio, SumYuan

FirstMonth = Annotated[
    str | None,
    Query(
        alias="from",
        max_length=7,
        pattern=MONTH_PATTERN,
        description="First month (起始月份); left out: eleven months before the last.",
        examples=["2023-09"],
    ),
]
LastMonth = Annotated[
    str | None,
    Query(
        alias="to",
        max_length=7,
        pattern=MONTH_PATTERN,
        description="Last month (终止月份); left out: the current one in Shanghai.",
        examples=["2023-12"],
    ),
]
TrendCut = Annotated[Cut | None, Query(description="What the rows are grouped by; left out: no rows.")]
TrendKey = Annotated[
    str | None,
    Query(
        max_length=60,
        description=(
            "A row's code: it and the rows right below it; left out: rows that lie in no other, and those "
            "right below them."
        ),
    ),
]
TrendRestated = Annotated[
    bool, Query(description="Compute closed months anew by today's facts too, and show both (重述).")
]


class TrendRow(BaseModel):
    """One row of a cut in one month."""

    key: str = Field(description="Code; empty for entries that belong to none.")
    name: str = Field(description="Name in Chinese.")
    level: str = Field(description="Level in its tree; empty where there is none.")
    parent: str | None = Field(description="Code of what it lies in.")
    coverage: Ratio = Field(description="Contacted out of entries.")
    credited: Ratio = Field(description="With credit out of entries.")
    credited_amount: SumYuan = Field(description="Approved, yuan.")
    disbursed_amount: SumYuan = Field(description="Paid out, yuan.")
    restated: Ratio | None = Field(description="Coverage by today's facts where it differs; null otherwise.")


class TrendMonth(BaseModel):
    """One month of the trend."""

    month: str = Field(description="The month, in Asia/Shanghai.")
    state: Literal["closed", "open", "no_edition"] = Field(
        description="Closed figures; figures by today's facts; or no edition was in force at its end."
    )
    edition: str | None = Field(description="Edition of the roster (名单版次).")
    closed_at: datetime | None = Field(description="When it was closed.")
    facts_sha256: str | None = Field(description="SHA-256 of the facts of a closed month.")
    total: FiguresOut | None = Field(description="All entries.")
    restated: FiguresOut | None = Field(
        description="By today's facts, where asked for and different from the closed total (重述)."
    )
    rows: list[TrendRow] = Field(description="Groups in the order of their tree.")


class TrendOut(BaseModel):
    """Coverage month by month."""

    jurisdiction: str = Field(description="Region code of the government.")
    by: Cut | None = Field(description="What the rows are grouped by.")
    is_restated: bool = Field(description="Closed months were computed anew too.")
    months: list[TrendMonth] = Field(description="Oldest first.")
