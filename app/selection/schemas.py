"""Rounds of two-sided selection 双向选择 as JSON: what is sent, and rounds, participants, lists and objections as shown."""

from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import Field, StringConstraints

from app.chains.fields import PLAIN_TEXT, Closed, Day
from app.enterprises.need_facts import PRINTABLE
from app.selection.deferred_acceptance import TieRule
from app.selection.market import MOST_PLACES, Side
from app.selection.preferences import MOST_WEIGHT
from app.selection.round_states import Act, RoundState
from app.selection.statements import Rest
from app.whitelist.rules import EDITION_PATTERN

ROUND_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
PARTICIPANT_PATTERN: Final = r"^[A-Za-z0-9._-]{1,60}$"
MOST_CHAINS: Final = 500
MOST_BANKS: Final = 2_000
MOST_TEXT: Final = 2_000
MOST_OBJECTION_DAYS: Final = 60
MOST_ABSENT: Final = 1_000
MOST_NUMBER: Final = 2**31 - 1
MOST_SOUGHT: Final = 80
SOUGHT_PATTERN: Final = PLAIN_TEXT

RoundCode = Annotated[str, Path(pattern=ROUND_PATTERN, description="轮次编码", examples=["2024Q2"])]
ParticipantPath = Annotated[
    str, Path(pattern=PARTICIPANT_PATTERN, description="参加方编码：产业链或银行", examples=["HLJ-GDZB"])
]
ObjectionNumber = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="异议序号", examples=[1])]
Code = Annotated[str, StringConstraints(pattern=PARTICIPANT_PATTERN)]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=4, max_length=MOST_TEXT, pattern=PRINTABLE)
]
Weight = Annotated[int, Field(ge=0, le=MOST_WEIGHT)]


class RulesIn(Closed):
    """How computed preferences count; what is left out has the default."""

    least_contacts: int = Field(
        default=5, ge=1, le=10_000, description="首次联系记录满几次才计响应速度", examples=[5]
    )
    least_fitting: int = Field(
        default=1, ge=0, le=10_000, description="产品适配满几笔才视为可接受", examples=[1]
    )
    weights: dict[Annotated[str, StringConstraints(max_length=20)], Weight] = Field(
        default_factory=dict,
        max_length=20,
        description="各分项权重：链选行 fit, presence, response, rate, capacity；行选链 amount, needs, nearness, held",
        examples=[{"fit": 40, "rate": 30}],
    )


class RoundIn(Closed):
    """A round to open; the terms are fixed then and published with the call."""

    code: Annotated[str, StringConstraints(pattern=ROUND_PATTERN)] = Field(
        description="轮次编码", examples=["2024Q2"]
    )
    name: str = Field(
        min_length=1,
        max_length=80,
        pattern=PLAIN_TEXT,
        description="名称",
        examples=["2024年第二季度银链双选"],
    )
    edition: Annotated[str, StringConstraints(pattern=EDITION_PATTERN)] = Field(
        description="据以测算的名单版次", examples=["2024H1"]
    )
    chains: list[Code] | None = Field(
        default=None,
        max_length=MOST_CHAINS,
        description="参加的产业链编码；不填为本地区全部",
        examples=[["HLJ-GDZB"]],
    )
    banks: list[Code] | None = Field(
        default=None,
        max_length=MOST_BANKS,
        description="参加的银行编码（机构树任一层）；不填为各行在本地区的最高一级",
        examples=[["SJYH", "JHYH"]],
    )
    proposing: Side = Field(
        default=Side.CHAINS,
        description="先提名的一方，结果对其最有利：chains 产业链, banks 银行",
        examples=["chains"],
    )
    tie_rule: TieRule = Field(
        default=TieRule.CODE, description="并列次序：code 按编码, lottery 按公开来源抽签", examples=["code"]
    )
    lottery_source: str = Field(
        default="",
        max_length=200,
        pattern=PLAIN_TEXT,
        description="抽签种子的公开来源，抽签时必填",
        examples=["2024年4月23日双色球开奖号码"],
    )
    submit_until: Day = Field(description="名单截止日（含）", examples=["2099-04-22"])
    objection_days: int = Field(
        default=5, ge=1, le=MOST_OBJECTION_DAYS, description="公示期（工作日）", examples=[5]
    )
    absent_places: int = Field(
        default=0,
        ge=0,
        le=MOST_ABSENT,
        description="未提交名单者按测算偏好参加的新增名额；0 为不参加",
        examples=[0],
    )
    rules: RulesIn = Field(default_factory=RulesIn, description="测算偏好的规则")


class ListIn(Closed):
    """A participant's list."""

    quota: int = Field(ge=0, le=MOST_PLACES, description="名额：同时最多几家，已有签约计算在内", examples=[2])
    tiers: list[Annotated[list[Code], Field(max_length=MOST_BANKS)]] = Field(
        default=[],
        max_length=MOST_BANKS,
        description="依次排列的各组，最愿意的在前，同组为并列",
        examples=[[["SJYH"], ["JHYH", "YTYH"]]],
    )
    refuses: list[Code] = Field(
        default=[], max_length=MOST_BANKS, description="无论如何不接受的", examples=[[]]
    )
    rest: Rest = Field(
        default=Rest.COMPUTED,
        description="未列出的：computed 按测算偏好排在所列之后, nobody 一律不接受",
        examples=["computed"],
    )


class LockIn(Closed):
    """What the announced source has drawn."""

    seed: str = Field(
        default="",
        max_length=200,
        pattern=PLAIN_TEXT,
        description="抽签种子；按编码排并列时不填",
        examples=[""],
    )


class ReopenIn(Closed):
    """Until when lists are taken again, and why."""

    submit_until: Day = Field(description="新的截止日（含）", examples=["2099-04-30"])
    reason: Words = Field(description="原因", examples=["两家银行误填名额"])


class ComputeIn(Closed):
    """Whether what preferences are computed from is measured anew before."""

    measure_anew: bool = Field(
        default=False, description="是否重新测算；不填用锁定时的测算数据", examples=[False]
    )


class ObjectionIn(Closed):
    """An objection to the published result."""

    participant: Code = Field(description="以谁的名义：参加方编码", examples=["HLJ-GDZB"])
    text: Words = Field(description="异议内容；与结果一并公开", examples=["网点少计两处，请复核"])


class ObjectionAnswerIn(Closed):
    """The answer to an objection."""

    is_upheld: bool = Field(description="是否成立；成立即结果作废，回到已锁定", examples=[False])
    reason: Words = Field(description="理由；与异议一并公开", examples=["以锁定当日登记的网点为准"])


class RoundOut(Closed):
    """A round as it stands 双向选择轮次."""

    code: str = Field(description="轮次编码", examples=["2024Q2"])
    name: str = Field(description="名称")
    edition: str = Field(description="据以测算的名单版次")
    state: RoundState = Field(
        description="状态：open 征集中, locked 已锁定, computed 已计算, published 公示中, closed 已办结"
    )
    state_label: str = Field(description="状态名称")
    proposing: Side = Field(description="先提名的一方")
    tie_rule: TieRule = Field(description="并列次序")
    lottery_source: str = Field(description="抽签种子的公开来源")
    lottery_seed: str | None = Field(description="锁定后所用的抽签种子")
    submit_until: date = Field(description="名单截止日（含）")
    first_until: date = Field(description="开启时公布的截止日")
    objection_days: int = Field(description="公示期（工作日）")
    objection_until: date | None = Field(description="公示截止日（含）")
    absent_places: int = Field(description="未提交名单者的新增名额")
    rules: dict[str, Any] = Field(description="测算偏好的规则")
    chains: int = Field(description="参加的产业链数")
    banks: int = Field(description="参加的银行数")
    chains_submitted: int = Field(description="已提交名单的产业链数")
    banks_submitted: int = Field(description="已提交名单的银行数")
    open_objections: int = Field(description="待答复的异议数")
    opened_by: str = Field(description="开启人")
    opened_at: datetime = Field(description="开启时间")
    possible: list[Act] = Field(description="今日状态允许的操作")
    version: int = Field(description="版本号，即 ETag")


class ParticipantOut(Closed):
    """A chain or bank of a round 参加方."""

    code: str = Field(description="参加方编码")
    name: str = Field(description="名称")
    side: Side = Field(description="chains 产业链, banks 银行")
    submitted_at: datetime | None = Field(description="名单提交时间；为空即未提交")
    is_own: bool = Field(description="是否可由您代表")


class PreferencePartOut(Closed):
    """A part of a computed preference."""

    part: str = Field(description="分项", examples=["fit"])
    name: str = Field(description="分项名称", examples=["产品适配"])
    points: int = Field(description="得分（0–100）")
    weight: int = Field(description="权重")
    reason: str = Field(description="理由")


class SelectionCandidateOut(Closed):
    """Somebody whom a participant may rank, with the computed preference and why 候选方."""

    code: str = Field(description="编码")
    name: str = Field(description="名称")
    place: int = Field(description="按测算偏好的位次，并列同位")
    points: str = Field(description="测算总分（0–100，两位小数）", examples=["71.25"])
    is_acceptable: bool = Field(description="测算是否可接受（产品适配满规定笔数）")
    is_contracted: bool = Field(description="是否已签约；签约有效的不参加本轮")
    parts: list[PreferencePartOut] = Field(description="各分项")


class ListOut(Closed):
    """A participant's list as it was handed in last 名单."""

    round: str = Field(description="轮次编码")
    participant: str = Field(description="参加方编码")
    name: str = Field(description="参加方名称")
    side: Side = Field(description="chains 产业链, banks 银行")
    is_handed_in: bool = Field(description="是否有已提交的名单")
    quota: int | None = Field(description="名额")
    tiers: list[list[str]] = Field(description="依次排列的各组")
    refuses: list[str] = Field(description="不接受的")
    rest: Rest = Field(description="未列出的")
    contracts: list[str] = Field(description="现有签约的对方编码，占用名额")
    submitted_by: str | None = Field(description="提交人")
    submitted_at: datetime | None = Field(description="提交时间")
    version: int = Field(description="提交和撤回的次数，即 ETag")


class ObjectionOut(Closed):
    """An objection with its answer 异议."""

    number: int = Field(description="异议序号", examples=[1])
    participant: str = Field(description="参加方编码")
    name: str = Field(description="参加方名称")
    text: str = Field(description="异议内容")
    objected_by: str = Field(description="提出人")
    objected_at: datetime = Field(description="提出时间")
    is_upheld: bool | None = Field(description="是否成立；为空即待答复")
    answer: str = Field(description="答复理由")
    answered_by: str | None = Field(description="答复人")
    answered_at: datetime | None = Field(description="答复时间")
    version: int = Field(description="版本号，即 ETag")


class StepOut(Closed):
    """Something done with a round 经过."""

    act: Act = Field(description="操作")
    name: str = Field(description="操作名称", examples=["锁定"])
    by: str = Field(description="操作人")
    at: datetime = Field(description="时间")
    note: str = Field(description="备注：参加方、种子、原因或哈希")
