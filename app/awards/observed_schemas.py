"""Observed figures beside declared ones, as JSON."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.awards.observed import Off
from app.catalogue.schemas import LibraryCode
from app.docking.rates import Rate
from app.kernel.money import Yuan
from app.kernel.paging import Page


class ObservationIn(BaseModel):
    """The quarter up to which figures are to be computed."""

    model_config = ConfigDict(extra="forbid")

    quarter: LibraryCode


class ObservationRunOut(BaseModel):
    """What came of all products in four quarters, computed once."""

    quarter: str = Field(description="Quarter with which the four end (统计截至季度).", examples=["2023Q4"])
    since: date = Field(description="First day of the period.")
    until: date = Field(description="Last day of the period.")
    dealings: int = Field(description="Times in which an institution had an entry with a product in view.")
    answers: int = Field(description="First answers among them (首次答复).")
    approvals: int = Field(description="Of them approvals (授信或承保).")
    least_credits: int = Field(description="Rates are shown from so many credits on (最低授信笔数).")
    least_answers: int = Field(description="Days and shares from so many answers on (最低答复次数).")
    least_ratings: int = Field(description="Ratings from so many on (最低评价份数).")
    inputs_hash: str = Field(description="SHA-256 of what it was computed from.")
    result_hash: str = Field(description="SHA-256 of the figures.")
    computed_at: datetime = Field(description="When (统计时间).")
    computed_by: str = Field(description="Who had it computed.")
    version: int = Field(description="How often it was computed; the ETag.")


class FlagOut(BaseModel):
    """In what a product leaves what it declares, or what others do."""

    off: Off = Field(description="In what.")
    label: str = Field(description="In Chinese.", examples=["慢于申报时限"])
    part: int = Field(description="So many answers, or fen of credits.")
    whole: int = Field(description="Of so many.")
    percent: str = Field(description="The share in percent.", examples=["12.5"])
    sentence: str = Field(description="One sentence in Chinese, with the rule.")


class ObservedOut(BaseModel):
    """A product's declared terms beside what was observed; null: fewer than the least count, so not shown."""

    product: str = Field(description="产品编码", examples=["SJYH-KCED"])
    name: str = Field(description="产品名称")
    institution: str = Field(description="提供机构编码")
    institution_name: str = Field(description="提供机构名称")
    quarter: str = Field(description="统计截至季度", examples=["2023Q4"])
    declared_rate_least: Rate | None = Field(description="申报利率下限（期末LPR折算；年利率，%）")
    declared_rate_most: Rate | None = Field(description="申报利率上限（年利率，%）")
    declared_days: int | None = Field(description="申报办结时限（工作日）")
    answers: int | None = Field(description="首次答复次数")
    approvals: int | None = Field(description="其中授信或承保")
    approval_share: str | None = Field(description="授信通过率（%）", examples=["72.5"])
    days_p10: int | None = Field(description="一成答复不超过的工作日（自首次联系起，不含暂停）")
    days_p50: int | None = Field(description="五成答复不超过的工作日")
    days_p90: int | None = Field(description="九成答复不超过的工作日")
    timed: int | None = Field(description="有申报时限可比的答复次数")
    in_time: int | None = Field(description="其中在申报时限内")
    credits: int | None = Field(description="授信笔数")
    credited_entries: int | None = Field(description="获授信企业（项目）数")
    credited: Yuan | None = Field(description="授信金额（元）")
    rate_p10: Rate | None = Field(description="按金额加权的十分位利率（%）")
    rate_p50: Rate | None = Field(description="按金额加权的中位利率（%）")
    rate_p90: Rate | None = Field(description="按金额加权的九十分位利率（%）")
    ratings: int | None = Field(description="企业评价份数")
    rating: str | None = Field(description="企业评价平均分（1至5）", examples=["4.3"])
    flags: list[FlagOut] = Field(description="与申报或总体偏离之处，每处一句，注明规则")


class ObservedPage(Page[ObservedOut]):
    """Products by code, and the run that told of them."""

    run: ObservationRunOut = Field(description="The run.")
    flagged: int = Field(description="Products of this list that are off in something.")
