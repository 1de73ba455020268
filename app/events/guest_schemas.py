"""Guests, invitations, timetables, attendance and contacts in and out, shared by JSON, pages and the command line."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.chains.fields import PLAIN_TEXT
from app.events.invitations import NotInvited
from app.events.slots import MOST_SLOTS
from app.events.states import GuestSide, GuestState
from app.institutions.schemas import CODE_PATTERN as BANK_PATTERN

MOST_NOTE: Final = 500
MOST_BANKS: Final = 400
MOST_CONTACTS: Final = 200
MOST_ID: Final = 2**63 - 1
GuestId = Annotated[int, Path(ge=1, le=MOST_ID, description="来宾编号")]
Note = Annotated[str, Field(max_length=MOST_NOTE, pattern=PLAIN_TEXT)]


class BankIn(BaseModel):
    """A bank (head office) that may come, and with how many tables."""

    model_config = ConfigDict(extra="forbid")

    institution: str = Field(pattern=BANK_PATTERN, description="银行（总行）机构编码", examples=["SJYH"])
    tables: int = Field(ge=1, le=20, strict=True, description="桌数", examples=[2])


class GuestsIn(BaseModel):
    """From what an invite list is computed."""

    model_config = ConfigDict(extra="forbid")

    tables: int = Field(
        default=1, ge=1, le=20, strict=True, description="未另写的银行各几张桌；一桌一段见一家企业"
    )
    banks: list[BankIn] | None = Field(
        default=None, max_length=MOST_BANKS, description="只邀请这些银行；空为所有有适配产品的银行"
    )
    expected_hash: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="试算结果的 SHA-256；与现在不同则不保存"
    )


class MeetOut(BaseModel):
    """A meeting that is proposed."""

    bank: str = Field(description="银行机构编码")
    bank_name: str = Field(description="银行")
    points: str = Field(description="匹配度（0—100）", examples=["86.5"])
    is_responsible: bool = Field(description="是否责任银行")
    reason: str = Field(description="理由")


class ProposedFirm(BaseModel):
    """A firm with its answer: whom it would meet, or why nobody."""

    uscc: str = Field(description="统一社会信用代码")
    name: str = Field(description="企业名称")
    open_needs: int = Field(description="未解决的需求数")
    meets: list[MeetOut] = Field(description="安排的洽谈，责任银行在前")
    reason: str = Field(description="理由")
    why_not: NotInvited | None = Field(description="不邀请的原因类别；邀请的为空")


class ProposedBank(BaseModel):
    """A bank with what it would hold."""

    institution: str = Field(description="机构编码")
    name: str = Field(description="银行")
    tables: int = Field(description="桌数")
    meetings: int = Field(description="安排的洽谈场数")
    reason: str = Field(description="理由")


class GuestPlanOut(BaseModel):
    """An invite list, computed and not kept."""

    event: str = Field(description="活动编号")
    edition: str | None = Field(description="所依据的名单版次；没有名单时为空")
    firms: list[ProposedFirm] = Field(description="企业，按编码；未邀请的也在内，各有原因")
    banks: list[ProposedBank] = Field(description="银行")
    invited_firms: int = Field(description="邀请的企业数")
    invited_banks: int = Field(description="邀请的银行数")
    meetings: int = Field(description="洽谈场数")
    stays: int = Field(description="已发出邀请、照旧保留的来宾数")
    left_out: dict[str, int] = Field(description="不邀请的企业数，按原因")
    content_hash: str = Field(description="以上内容的 SHA-256")


class SendingIn(BaseModel):
    """Invitations to send to all guests who have not had theirs."""

    model_config = ConfigDict(extra="forbid")

    answer_by: date = Field(description="请于哪天前答复", examples=["2027-03-10"])


class SentOut(BaseModel):
    """What sending came to."""

    event: str = Field(description="活动编号")
    sent: int = Field(description="新发出的邀请数")
    told: int = Field(description="收到通知的人数")
    version: int = Field(description="活动的版本号")


class MeetingOut(BaseModel):
    """One meeting as the viewer may see it."""

    id: int = Field(description="洽谈编号")
    firm: str | None = Field(description="企业；对方接受邀请之前，银行看不到")
    firm_guest: int | None = Field(description="企业来宾编号；同上")
    bank: str = Field(description="银行")
    bank_code: str = Field(description="银行机构编码")
    points: str = Field(description="匹配度（0—100）")
    is_responsible: bool = Field(description="是否责任银行")
    reason: str = Field(description="理由")
    slot: int | None = Field(description="时段序号，从1起；未排为空")
    starts: str | None = Field(description="开始")
    ends: str | None = Field(description="结束")
    table: int | None = Field(description="银行的第几张桌")
    met_at: datetime | None = Field(description="已洽谈，登记的时间")
    note: str | None = Field(description="洽谈备注")
    outcome: list[str] = Field(description="登记的结果：对接记录，或记为意向的原因")


class GuestOut(BaseModel):
    """A guest as the viewer may see it."""

    id: int = Field(description="来宾编号")
    event: str = Field(description="活动编号")
    event_name: str = Field(description="活动名称")
    day: date = Field(description="日期")
    side: GuestSide = Field(description="firm 企业, bank 银行")
    name: str = Field(description="名称")
    code: str | None = Field(description="企业的统一社会信用代码或银行机构编码；看不到该企业的为空")
    tables: int = Field(description="桌数；企业为0")
    state: GuestState = Field(description="邀请状态")
    state_label: str = Field(description="状态名称")
    reason: str | None = Field(description="为何邀请；只给主办方和来宾自己")
    absent: list[int] = Field(description="不在场的时段序号")
    answered_at: datetime | None = Field(description="答复时间")
    answered_for: str | None = Field(
        description="代表银行答复的机构，答复由它、其上级和主办方更改；企业的、主办方代填的为空；只给主办方和来宾自己"
    )
    note: str | None = Field(description="答复时的说明；只给主办方和来宾自己")
    arrived_at: datetime | None = Field(description="签到时间")
    attendance_code: str | None = Field(description="签到码；只给主办方和来宾自己", examples=["7K3M-9QZT"])
    can_answer: bool = Field(description="现在能否答复；本行另一机构答复过的，不能")
    meetings: list[MeetingOut] = Field(description="洽谈，按时间")
    version: int = Field(description="版本号，即 ETag")


class InvitationAnswerIn(BaseModel):
    """A guest's answer to its invitation."""

    model_config = ConfigDict(extra="forbid")

    accepts: bool = Field(strict=True, description="是否参加；企业接受即同意向安排洽谈的银行告知企业名称")
    absent: list[Annotated[int, Field(ge=1, le=MOST_SLOTS, strict=True)]] = Field(
        default_factory=list, max_length=MOST_SLOTS, description="不在场的时段序号，从1起"
    )
    note: Note = Field(default="", description="说明")


class TimetableIn(BaseModel):
    """How a timetable is to be made."""

    model_config = ConfigDict(extra="forbid")

    most_at_once: int | None = Field(
        default=None, ge=1, le=1_000, strict=True, description="会场同时容多少场；空为不限"
    )


class ReachedOut(BaseModel):
    """What was reached of one goal."""

    goal: str = Field(description="目标")
    label: str = Field(description="目标名称", examples=["企业空等时段"])
    value: int = Field(description="达到的值")
    bound: int = Field(description="已证明的下界")
    is_proven: bool = Field(description="是否已证最少")


class TimetableOut(BaseModel):
    """An event's timetable, as far as the viewer sees its meetings."""

    event: str = Field(description="活动编号")
    outcome: str | None = Field(description="optimal 已证最优, best_known 已知最好；空为还没有排")
    outcome_label: str | None = Field(description="结论")
    reached: list[ReachedOut] = Field(description="各项目标")
    made_at: datetime | None = Field(description="排定时间")
    is_stale: bool = Field(description="此后来宾或时段有变，须重排")
    meetings: list[MeetingOut] = Field(description="洽谈，按时段和银行")
    version: int = Field(description="活动的版本号，即 ETag")


class AttendanceIn(BaseModel):
    """A code that was shown at the door."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=40, pattern=PLAIN_TEXT, description="签到码")


class AttendanceOut(BaseModel):
    """Whose code it was."""

    guest: int = Field(description="来宾编号")
    name: str = Field(description="名称")
    side: GuestSide = Field(description="firm 企业, bank 银行")
    arrived_at: datetime = Field(description="签到时间")
    was_there: bool = Field(description="此前已签到")
    next_meeting: MeetingOut | None = Field(description="第一场洽谈")


class ContactIn(BaseModel):
    """A meeting that took place."""

    model_config = ConfigDict(extra="forbid")

    meeting: int = Field(ge=1, le=MOST_ID, strict=True, description="洽谈编号")
    note: Note = Field(default="", description="备注；记入对接记录")


class ContactsIn(BaseModel):
    """Meetings that took place."""

    model_config = ConfigDict(extra="forbid")

    meetings: list[ContactIn] = Field(min_length=1, max_length=MOST_CONTACTS, description="已洽谈的场次")


class ContactsOut(BaseModel):
    """What was logged."""

    event: str = Field(description="活动编号")
    met: int = Field(description="新登记的洽谈场数")
    logged: int = Field(description="记入名单条目的对接记录数")
    interests: list[str] = Field(description="记为意向、不计入对接的，各有原因")


class AttributedOut(BaseModel):
    """A docking event that counts for an event."""

    entry: str = Field(description="名单条目编码")
    bank: str = Field(description="银行机构编码")
    kind: str = Field(description="类别")
    kind_label: str = Field(description="类别名称")
    day: date = Field(description="日期")
    amount: str = Field(description="金额（元）")
    on_earlier_credit: bool = Field(description="放款所依据的授信早于活动")


class EventResultOut(BaseModel):
    """What followed an event within a window."""

    days: int = Field(description="活动后天数")
    is_complete: bool = Field(description="期限是否已满")
    invited: int = Field(description="邀请的条目数")
    attended: int = Field(description="到会的条目数")
    met: int = Field(description="洽谈过的条目数")
    contacted: int = Field(description="首次对接的条目数")
    credited: int = Field(description="首笔授信的条目数")
    credited_amount: str = Field(description="首笔授信金额（元）")
    disbursed: int = Field(description="首笔放款的条目数")
    disbursed_amount: str = Field(description="首笔放款金额（元）")
    disbursed_on_earlier_credit: str = Field(description="其中依据活动前授信的（元）")
    rule: str = Field(description="归因规则")
    attributed: list[AttributedOut] = Field(description="归入的对接记录")
    sha256: str | None = Field(description="期满后保存的内容的 SHA-256；未满为空")
    kept_at: datetime | None = Field(description="保存时间")


class ResultsOut(BaseModel):
    """An event's results."""

    event: str = Field(description="活动编号")
    name: str = Field(description="名称")
    day: date = Field(description="日期")
    results: list[EventResultOut] = Field(description="三十日、九十日")


class YearFigures(BaseModel):
    """Sums of a year's events for a window; nothing is counted twice."""

    days: int = Field(description="活动后天数")
    events: int = Field(description="已办的场数")
    complete: int = Field(description="其中期满的场数")
    invited: int = Field(description="邀请（条目·场次）")
    attended: int = Field(description="到会（条目·场次）")
    met: int = Field(description="洽谈（条目·场次）")
    contacted: int = Field(description="首次对接")
    credited: int = Field(description="首笔授信")
    credited_amount: str = Field(description="首笔授信金额（元）")
    disbursed: int = Field(description="首笔放款")
    disbursed_amount: str = Field(description="首笔放款金额（元）")


class YearResultsOut(BaseModel):
    """Results of all events of a year."""

    year: int = Field(description="年份")
    sums: list[YearFigures] = Field(description="合计")
    events: list[ResultsOut] = Field(description="各场")
