"""Memberships 归链, questions, objections and runs as JSON."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.chains.fields import CODE_PATTERN, Closed, Code, Day
from app.enterprises.need_facts import PRINTABLE, RegionCode
from app.kernel.paging import Page
from app.membership.rules import CONFIDENCES, ROLES, Doubt
from app.policy.fields import OneOf

MOST_TEXT = 1_000
MOST_CHOSEN = 500
MOST_AT_ONCE = 5_000
MOST_NUMBER = 2**63 - 1
STATE_PATTERN = "^(proposed|confirmed|declined|over)$"

Why = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT, pattern=PRINTABLE)
]
LinkCode = Annotated[str, Field(pattern=CODE_PATTERN, description="环节编码", examples=["zj"])]
RoleWord = Annotated[str, OneOf(ROLES)]
Number = Annotated[int, Field(ge=1, le=MOST_NUMBER)]


class MembershipFilter(BaseModel):
    """Which memberships are asked for; null asks nothing."""

    model_config = ConfigDict(frozen=True)

    chain: str | None = None
    state: str | None = None
    role: str | None = None
    link: str | None = None
    confidence: str | None = None
    region: str | None = None
    uscc: str | None = None
    q: str | None = None


class QuestionFilter(BaseModel):
    """Which questions are asked for."""

    number: int | None = None
    chain: str | None = None
    kind: Doubt | None = None
    state: str | None = None


class MembershipOut(BaseModel):
    """A firm's place in a chain 归链."""

    id: int = Field(description="编号", examples=[1])
    uscc: str = Field(description="统一社会信用代码")
    enterprise: str = Field(description="企业名称")
    region: str = Field(description="行政区划代码")
    industry: str | None = Field(description="行业代码；空为未知")
    chain: str = Field(description="产业链编码", examples=["HLJ-GDZB"])
    chain_name: str = Field(description="产业链名称")
    link: str | None = Field(description="环节编码；空为未定环节")
    link_name: str | None = Field(description="环节名称")
    role: str = Field(description="链上角色: core 链主, upstream 上游, downstream 下游, supporting 配套")
    role_name: str = Field(description="链上角色（中文）")
    state: str = Field(
        description="proposed 待确认, confirmed 已确认, declined 已否定, withdrawn 已撤回的提议"
    )
    state_name: str = Field(description="状态（中文）")
    is_over: bool = Field(description="是否已结束（截止日已过或已撤回）")
    confidence: str | None = Field(
        description="提议的依据: core_list, industry_and_scope, industry_narrow, …"
    )
    confidence_name: str | None = Field(description="提议的依据（中文）")
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")
    reason: str = Field(description="理由")
    word: str | None = Field(description="确认或否定时写明的意见")
    said_by: str = Field(description="由谁确认或否定；空为尚无人；企业看到的是“统筹部门或链办”")
    said_at: datetime = Field(description="何时提出，或何时确认、否定（UTC）")
    version: int = Field(description="版本，即 ETag")


class MembershipActOut(BaseModel):
    """Something that was done with a membership."""

    kind: str = Field(description="confirmed, declined, handed_over, ended, objected, answered, dismissed")
    kind_name: str = Field(description="办理（中文）")
    by: str = Field(description="由谁；企业看到的是“统筹部门或链办”，自己的异议除外")
    at: datetime = Field(description="何时（UTC）")
    reason: str = Field(description="理由")


class MembershipQuestionOut(BaseModel):
    """Something that speaks against a confirmed membership: for people to decide."""

    id: int = Field(description="编号")
    membership: MembershipOut = Field(description="所问的归链")
    kind: str = Field(description="evidence 与现有依据不一致, statement 与需求填报不一致")
    kind_name: str = Field(description="类别（中文）")
    text: str = Field(description="问题")
    state: str = Field(description="open 待处理, dismissed 不采纳")
    asked_at: datetime = Field(description="何时发现（UTC）")
    decided_by: str | None = Field(description="由谁处理")
    decided_at: datetime | None = Field(description="何时处理（UTC）")
    decision: str | None = Field(description="处理理由")
    version: int = Field(description="版本，即 ETag")


class MembershipObjectionOut(BaseModel):
    """What a firm says against its own membership, and what was answered."""

    id: int = Field(description="编号")
    membership: MembershipOut = Field(description="所异议的归链")
    text: str = Field(description="异议内容")
    state: str = Field(description="open 待答复, upheld 成立, rejected 不成立")
    raised_by: str = Field(description="由谁提出")
    raised_at: datetime = Field(description="何时提出（UTC）")
    answer: str | None = Field(description="答复")
    answered_by: str | None = Field(description="由谁答复；企业看到的是“统筹部门或链办”")
    answered_at: datetime | None = Field(description="何时答复（UTC）")
    version: int = Field(description="版本，即 ETag")


class MembershipDetailOut(MembershipOut):
    """A membership with what was done, asked and objected."""

    acts: list[MembershipActOut] = Field(description="办理经过")
    open_questions: int = Field(description="待处理的差异数")
    open_objection: int | None = Field(description="待答复的异议编号；空为没有")


class MembershipPage(Page[MembershipOut]):
    """Memberships with how many there are in each state by the same filters."""

    counts: dict[str, int] = Field(
        description="各状态数: proposed, confirmed, declined, over（已结束）", examples=[{"proposed": 12}]
    )


class ConfirmIn(Closed):
    """A proposal is right, as it is or corrected."""

    reason: Why | None = Field(default=None, description="意见；更正环节或角色时必填", examples=["实地核实"])
    link: LinkCode | None = Field(default=None, description="更正为的环节；空为不更正")
    role: RoleWord | None = Field(default=None, description="更正为的角色；空为不更正", examples=["core"])
    since: Day | None = Field(default=None, description="起始日；空为今日", examples=["2024-01-02"])
    until: Day | None = Field(default=None, description="截止日（含）；空为持续")


class DeclineIn(Closed):
    """A proposal is wrong: the firm does not belong to the chain."""

    reason: Why = Field(description="理由", examples=["只销售不生产"])
    since: Day | None = Field(default=None, description="起始日；空为今日")
    until: Day | None = Field(default=None, description="截止日（含），此后可再提议；空为持续")


class MembershipHandOverIn(Closed):
    """A confirmed membership goes over to another link, role or chain."""

    on: Day = Field(description="新归链的起始日；原归链至前一日止", examples=["2024-01-02"])
    chain: Code | None = Field(default=None, description="移交到的产业链；空为本链", examples=["HLJ-NJZB"])
    link: LinkCode | None = Field(default=None, description="新环节；空为未定环节")
    role: RoleWord = Field(description="新角色", examples=["supporting"])
    gap_until: Day | None = Field(default=None, description="有意空缺时，新归链的起始日")
    reason: Why = Field(description="理由", examples=["主业转为农机零部件"])


class MembershipEndIn(Closed):
    """The last day of a confirmed or declined membership."""

    until: Day | None = Field(description="截止日（含）；null 为持续", examples=["2023-12-31"])
    reason: Why = Field(description="理由", examples=["企业已停产"])


def _each_once(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))


class ChosenIn(Closed):
    """Which proposals of a chain: some by number, or all that filters leave."""

    chain: Code = Field(description="产业链编码", examples=["HLJ-GDZB"])
    memberships: Annotated[tuple[Number, ...], Field(max_length=MOST_CHOSEN), AfterValidator(_each_once)] = (
        Field(default=(), description="逐个选定的归链编号；空为按筛选条件", examples=[[1, 2]])
    )
    role: RoleWord | None = Field(default=None, description="按角色筛选")
    link: LinkCode | None = Field(default=None, description="按环节筛选")
    confidence: Annotated[str, OneOf(CONFIDENCES)] | None = Field(default=None, description="按依据筛选")
    region: RegionCode | None = Field(default=None, description="按地区（含下辖）筛选")
    decision: Literal["confirmed", "declined"] = Field(description="confirmed 确认, declined 否定")
    reason: Why | None = Field(default=None, description="意见；否定时必填", examples=["行业与经营范围一致"])
    since: Day | None = Field(default=None, description="起始日；空为今日")

    @model_validator(mode="after")
    def _says_why_not(self) -> Self:
        if self.decision == "declined" and self.reason is None:
            msg = "reason: say why the proposals are declined"
            raise ValueError(msg)
        return self


class DecisionsIn(ChosenIn):
    """What a preview showed is to be done."""

    seen: str = Field(pattern="^[0-9a-f]{64}$", description="试算所示的 `seen`：其后有变则不办理")


class DecisionsPreview(BaseModel):
    """What deciding on many proposals would do."""

    chain: str = Field(description="产业链编码")
    decision: str = Field(description="confirmed 确认, declined 否定")
    count: int = Field(description="户数")
    roles: dict[str, int] = Field(description="按角色")
    links: dict[str, int] = Field(description="按环节（名称）")
    confidences: dict[str, int] = Field(description="按依据")
    first: list[MembershipOut] = Field(description="前若干户")
    seen: str = Field(description="所示内容的 SHA-256，办理时原样送回")


class DecisionsOut(BaseModel):
    """What deciding on many proposals did."""

    chain: str = Field(description="产业链编码")
    decision: str = Field(description="confirmed 确认, declined 否定")
    count: int = Field(description="户数")


class MembershipObjectionIn(Closed):
    """What a firm says against a membership of its own."""

    membership: Number = Field(description="归链编号", examples=[1])
    text: Why = Field(description="异议内容", examples=["我司已不生产该产品"])


class MembershipAnswerIn(Closed):
    """A coordinator's answer."""

    outcome: Literal["upheld", "rejected"] = Field(
        description="upheld 成立（须先否定、移交或终止该归链）, rejected 不成立"
    )
    answer: Why = Field(description="答复，企业可见", examples=["已更正为配套"])


class DismissIn(Closed):
    """Why a question is not followed."""

    reason: Why = Field(description="理由", examples=["经核实，主业未变"])


class MembershipRunIn(Closed):
    """Propose memberships for all firms."""


class MembershipRunOut(BaseModel):
    """What a run over all firms came to."""

    id: int | None = Field(description="编号；空为试运行")
    firms: int = Field(description="企业数")
    with_proposal: int = Field(description="有提议的企业数")
    added: int = Field(description="新增提议")
    withdrawn: int = Field(description="撤回提议")
    kept: int = Field(description="不变的待确认提议")
    questions: int = Field(description="待处理的差异")
    chains: dict[str, int] = Field(description="各链提议数")
    confidences: dict[str, int] = Field(description="各类依据的提议数")
    input_hash: str = Field(description="全部输入的 SHA-256：相同输入得相同提议")
    started_by: str = Field(description="由谁运行")
    started_at: datetime = Field(description="何时运行（UTC）")


class ChainStanding(BaseModel):
    """How membership stands on one chain."""

    chain: str = Field(description="产业链编码")
    chain_name: str = Field(description="产业链名称")
    proposed: int = Field(description="待确认")
    confirmed: int = Field(description="已确认")
    declined: int = Field(description="已否定")
    questions: int = Field(description="待处理的差异")
    objections: int = Field(description="待答复的异议")
