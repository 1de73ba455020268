"""Years, events and their hours in and out, shared by JSON, pages and the command line."""

from datetime import date, datetime
from typing import Annotated, Final, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.chains.fields import CODE_PATTERN as CHAIN_PATTERN
from app.chains.fields import PLAIN_TEXT, Day
from app.events.states import CODE_PATTERN, EventState
from app.events.year import Rhythm
from app.policy.facts import SOURCE_CLASSES
from app.policy.fields import OneOf

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_EACH: Final = 12
MOST_REASON: Final = 500
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
EventCode = Annotated[str, Path(pattern=CODE_PATTERN, description="活动编号", examples=["HD-000012"])]
YearNumber = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR, description="年份", examples=[2024])]
Clock = Annotated[str, Field(pattern=CLOCK, examples=["09:00"])]
Count = Annotated[int, Field(ge=0, le=MOST_EACH, strict=True)]
Reason = Annotated[str, Field(max_length=MOST_REASON, pattern=PLAIN_TEXT)]
Region = Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["230100"])]


class BreakIn(BaseModel):
    """A pause without meetings."""

    model_config = ConfigDict(extra="forbid")

    starts: Clock = Field(description="开始")
    ends: Clock = Field(description="结束")


class HoursIn(BaseModel):
    """When meetings take place on the event's day, Shanghai time."""

    model_config = ConfigDict(extra="forbid")

    opens: Clock = Field(default="09:00", description="洽谈开始")
    closes: Clock = Field(default="16:30", description="洽谈结束")
    slot_minutes: int = Field(default=20, ge=5, le=240, strict=True, description="每段时长（分钟）")
    change_minutes: int = Field(default=5, ge=0, le=60, strict=True, description="换桌时间（分钟）")
    breaks: list[BreakIn] = Field(
        default_factory=lambda: [BreakIn(starts="12:00", ends="13:30")], max_length=6, description="休息"
    )
    most_a_firm: int = Field(default=3, ge=1, le=8, strict=True, description="每家企业最多见几家银行")


class YearIn(BaseModel):
    """What a year's calendar is to hold; counts left out are those of the policy packs in force."""

    model_config = ConfigDict(extra="forbid")

    year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR, strict=True, description="年份", examples=[2027])
    first_day: Day | None = Field(default=None, description="从哪天起排；空为年初，当年为今天")
    conferences: Count | None = Field(default=None, description="年度大会场数；空为政策包所定")
    field_events_per_quarter: Count | None = Field(default=None, description="每季度一领域一地市场数")
    chain_events_per_month: Count | None = Field(default=None, description="每月一链场数")
    conference_month: int | None = Field(
        default=None, ge=1, le=12, strict=True, description="年度大会宜在几月；空为年中"
    )
    expected_hash: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="试排结果的 SHA-256；与现在不同则不保存"
    )

    @model_validator(mode="after")
    def _begins_in_its_year(self) -> Self:
        if self.first_day is not None and self.first_day.year != self.year:
            msg = f"first_day {self.first_day} does not lie in {self.year}"
            raise ValueError(msg)
        return self


class SeriesOut(BaseModel):
    """One rhythm of a year, and what asks for it."""

    rhythm: Rhythm = Field(description="频次：yearly 年度, quarterly 每季度, monthly 每月")
    label: str = Field(description="名称", examples=["一月一链对接活动"])
    per_period: int = Field(description="每期场数")
    clause: str = Field(description="依据条款，或运营方设定")
    subjects: int = Field(description="可作主题的产业链、领域数")


class PlannedOut(BaseModel):
    """One event of a plan."""

    code: str | None = Field(default=None, description="活动编号；试排时为空")
    rhythm: Rhythm = Field(description="频次")
    name: str = Field(description="名称")
    subject_code: str = Field(description="主题编码")
    subject_name: str = Field(description="主题名称")
    theme: str = Field(description="领域（名单类别）；产业链活动为空")
    place_code: str = Field(description="地点（行政区划代码）")
    place_name: str = Field(description="地点")
    people: list[str] = Field(description="须出席的人员和签约银行")
    period: date = Field(description="所属一期的第一天")
    day: date = Field(description="日期")
    reasons: list[str] = Field(description="为何是它、这一天")


class LeftOutOut(BaseModel):
    """A chain or field without an event this year."""

    code: str = Field(description="编码")
    name: str = Field(description="名称")
    reason: str = Field(description="原因和建议")


class YearPlanOut(BaseModel):
    """A calendar of events, planned and not kept."""

    year: int = Field(description="年份")
    first_day: date = Field(description="从哪天起排")
    series: list[SeriesOut] = Field(description="各频次及依据")
    events: list[PlannedOut] = Field(description="活动，按日期")
    left_out: list[LeftOutOut] = Field(description="本年轮不到的")
    questions: list[str] = Field(description="要人来定的：日历未知、人员排满")
    content_hash: str = Field(description="以上内容的 SHA-256")


class YearOut(YearPlanOut):
    """A calendar that was kept: as planned, whatever moved since."""

    planned_by: str = Field(description="排定人")
    planned_at: datetime = Field(description="排定时间")


class YearListed(BaseModel):
    """A year that has a calendar."""

    year: int = Field(description="年份")
    events: int = Field(description="排定的场数")
    planned_by: str = Field(description="排定人")
    planned_at: datetime = Field(description="排定时间")


class HostedEventIn(HoursIn):
    """An event beside the year's calendar."""

    rhythm: Rhythm = Field(default=Rhythm.MONTHLY, description="频次")
    chain: Annotated[str, Field(pattern=CHAIN_PATTERN, examples=["HLJ-GDZB"])] | None = Field(
        default=None, description="产业链编码；monthly 必填"
    )
    source_class: Annotated[str, OneOf(SOURCE_CLASSES)] | None = Field(
        default=None, description="领域（名单类别）；quarterly 必填"
    )
    place: Region | None = Field(default=None, description="举办地；quarterly 必填，其余可空")
    day: Day = Field(description="日期", examples=["2027-03-17"])
    reason: Reason = Field(default="", description="日期不宜时仍要办的理由")
    venue: str = Field(default="", max_length=200, pattern=PLAIN_TEXT, description="会场")


class EventChange(BaseModel):
    """What of an event is to be otherwise; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    day: Day | None = Field(default=None, description="改到哪天")
    reason: Reason = Field(default="", description="理由；日期不宜时必须写，会保存")
    venue: str | None = Field(default=None, max_length=200, pattern=PLAIN_TEXT, description="会场")
    hours: HoursIn | None = Field(default=None, description="时段；改后须重排时间表")
    is_cancelled: bool | None = Field(default=None, strict=True, description="取消（true），须写理由")


class SlotOut(BaseModel):
    """One slot of the day."""

    number: int = Field(description="序号，从1起")
    starts: str = Field(description="开始")
    ends: str = Field(description="结束")


class HostedEventOut(BaseModel):
    """A docking event as it stands 对接活动."""

    code: str = Field(description="活动编号", examples=["HD-000012"])
    name: str = Field(description="名称", examples=["一月一链对接活动：高端装备产业链"])
    rhythm: Rhythm = Field(description="频次")
    subject_code: str = Field(description="主题编码")
    subject_name: str = Field(description="主题名称")
    chain: str | None = Field(description="产业链编码；不按产业链办的为空")
    theme: str = Field(description="领域（名单类别）")
    place_code: str = Field(description="举办地")
    place_name: str = Field(description="举办地名称")
    venue: str = Field(description="会场")
    people: list[str] = Field(description="须出席的人员和签约银行")
    period: date = Field(description="所属一期的第一天")
    day: date = Field(description="日期")
    state: EventState = Field(description="状态")
    state_label: str = Field(description="状态名称")
    is_over: bool = Field(description="是否已过")
    clause: str = Field(description="依据")
    reasons: list[str] = Field(description="为何是它、这一天，以及改动")
    hours: HoursIn = Field(description="时段设置")
    slots: list[SlotOut] = Field(description="时段")
    has_timetable: bool = Field(description="是否已排时间表")
    version: int = Field(description="版本号，即 ETag")


class EventFilter(BaseModel):
    """Which events to list; None is any."""

    model_config = ConfigDict(frozen=True)

    year: int | None = None
    chain: str | None = None
    state: EventState | None = None
