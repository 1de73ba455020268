"""The ranking of institutions as it is published: nothing in it tells of a single firm."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from app.coverage.ranking import RankingLevel, Sort
from app.coverage.schemas import SumYuan

LevelQuery = Annotated[
    RankingLevel, Query(description="Which institutions are ranked with each other (机构层级).")
]
SortQuery = Annotated[Sort, Query(description="What they are ranked by (排序指标).")]


class ShareCell(BaseModel):
    """A share of an institution's entries; a number that would tell of a single firm is null."""

    numerator: int | None = Field(description="Entries that have it; null: hidden.")
    denominator: int | None = Field(description="Entries out of which they are counted; null: hidden.")
    percent: str | None = Field(
        description="Rounded half up to two places; null when out of none or when either number is hidden."
    )


class RankedOut(BaseModel):
    """One institution."""

    rank: int | None = Field(
        description="Place; equal ones share it. Null: too few entries, or nothing shown to rank by."
    )
    key: str = Field(description="Code of the institution.")
    name: str = Field(description="Name in Chinese.")
    parent: str | None = Field(description="Code of the institution above.")
    entries: int | None = Field(description="Entries it is or was responsible for; null: hidden.")
    coverage: ShareCell = Field(description="Contacted out of its entries (对接覆盖率).")
    answered: ShareCell = Field(description="Answered out of its entries.")
    credited: ShareCell = Field(description="With credit out of its entries.")
    disbursed: ShareCell = Field(description="Paid out, of its entries.")
    credited_amount: SumYuan | None = Field(description="Approved, yuan; null: hidden.")
    disbursed_amount: SumYuan | None = Field(description="Paid out, yuan; null: hidden.")
    days_to_contact: int | None = Field(description="Median calendar days; null: none, or hidden.")
    days_to_answer: int | None = Field(description="Median calendar days; null: none, or hidden.")
    hidden: list[str] = Field(description="Measures that are hidden in this row.")


class RankingOut(BaseModel):
    """Institutions of one level by a measure, with what the list leaves out and why."""

    jurisdiction: str = Field(description="Region code of the government.")
    month: str = Field(description="The month, in Asia/Shanghai.")
    edition: str = Field(description="Edition of the roster (名单版次).")
    is_closed: bool = Field(description="These are the closed figures, which never change.")
    level: RankingLevel = Field(description="Which institutions are ranked with each other.")
    sort: Sort = Field(description="What they are ranked by.")
    least_entries: int = Field(description="With fewer entries an institution is listed but not ranked.")
    smallest_cell: int = Field(description="A cell that rests on fewer entries is not published.")
    citation: str = Field(description="Clause that sets both.")
    rows: list[RankedOut] = Field(description="By rank, those without one after them by code.")
