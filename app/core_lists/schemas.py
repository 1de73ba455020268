"""Core firms' lists as JSON."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core_lists.differences import RowChange
from app.core_lists.kinds import ProductKind
from app.core_lists.rules import (
    MOST_REASON,
    Answer,
    Choice,
    ListAct,
    ListState,
    Outcome,
    Relation,
    VersionState,
)
from app.enterprises.need_facts import PRINTABLE
from app.kernel.problems import FaultOut

USCC_PATTERN: Final = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
MOST_ID: Final = 2**63 - 1
CoreUscc = Annotated[
    str,
    Path(pattern=USCC_PATTERN, description="核心企业的统一社会信用代码", examples=["91230199MA1BQXYE20"]),
]
RowNumber = Annotated[int, Path(ge=1, le=MOST_ID, description="名单行编号", examples=[1])]
ListingId = Annotated[int, Path(ge=1, le=MOST_ID, description="列入编号", examples=[1])]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_REASON, pattern=PRINTABLE)
]
Yearly = Annotated[str | None, Field(description="年交易额（元），核心企业所填", examples=["8600000.00"])]


class Figure(BaseModel):
    """One count of a list; null where it would tell of a single firm."""

    name: str = Field(description="事项", examples=["consented"])
    label: str = Field(description="事项名称", examples=["已同意"])
    count: int | None = Field(description="户数；为空即户数过少或接近全部，不予公布")


class Figures(BaseModel):
    """What the core firm is told: counts as of a day, with small ones withheld."""

    as_of: datetime | None = Field(description="数字截至")
    version: int | None = Field(description="按第几版名单统计")
    listed: int = Field(description="名单户数（行）", examples=[120])
    fewest: int = Field(description="少于此数不公布", examples=[5])
    counts: list[Figure] = Field(description="各项汇总户数；只有户数，没有任何一户的情况")


class CoreListOut(BaseModel):
    """A core firm's list 核心企业上下游名单."""

    uscc: str = Field(description="核心企业的统一社会信用代码")
    name: str = Field(description="核心企业名称")
    region: str = Field(description="核心企业所在地区")
    chain: str | None = Field(description="产业链编码")
    state: ListState = Field(description="状态")
    state_label: str = Field(description="状态名称", examples=["已受理"])
    listed: int = Field(description="现行版（没有则为待确认版）的行数")
    current: int | None = Field(description="现行版本号")
    draft: int | None = Field(description="待确认的版本号")
    evidence: str | None = Field(description="统筹部门代为录入时，核心企业书面同意的出处")
    decided_by: str | None = Field(description="受理或不予受理的人")
    decided_at: datetime | None = Field(description="受理或不予受理的时间；尚未决定为空")
    reason: str | None = Field(description="不予受理或撤回的原因")
    figures: Figures = Field(description="公布给核心企业的数字")
    possible: list[ListAct] = Field(description="现在可以做的事")
    is_demo: bool = Field(description="演示数据")
    version: int = Field(description="Version for If-Match.")
    created_at: datetime = Field(description="首次提供名单的时间")
    updated_at: datetime = Field(description="名单最近一次变动的时间")


class VersionOut(BaseModel):
    """One version of a list."""

    number: int = Field(description="版本号", examples=[1])
    state: VersionState = Field(
        description="版本状态：draft 待确认，current 现行，replaced 已替换，discarded 已放弃"
    )
    state_label: str = Field(description="版本状态名称", examples=["现行"])
    file_name: str = Field(description="文件名")
    listed: int = Field(description="行数")
    given_by: str = Field(description="提交人")
    is_on_behalf: bool = Field(description="统筹部门代为录入")
    created_at: datetime = Field(description="提交工作簿的时间")
    confirmed_at: datetime | None = Field(description="确认提交的时间；待确认或已放弃的为空")
    ended_at: datetime | None = Field(description="被替换、放弃或随名单撤回的时间；仍有效为空")


class OutcomeCount(BaseModel):
    """How many rows came out one way."""

    outcome: Outcome = Field(description="企业确认结果")
    label: str = Field(description="确认结果名称", examples=["按信用代码确认"])
    count: int = Field(description="得此结果的名单行数", examples=[96])


class PreviewOut(BaseModel):
    """What would come of a workbook; nothing is stored.

    `outcomes` and `questions` are for coordinators alone: a core firm is told nothing of any firm but what it wrote.
    """

    file_name: str = Field(description="试读的工作簿文件名", examples=["上下游名单.xlsx"])
    rows: int = Field(description="没有错误的行数")
    suppliers: int = Field(description="供应商行数")
    dealers: int = Field(description="经销商行数")
    unknown_columns: list[str] = Field(description="不认识、因而不读取的列")
    faults: list[FaultOut] = Field(description="错误：工作表、行、列和改法")
    outcomes: list[OutcomeCount] | None = Field(default=None, description="企业确认结果，仅统筹部门")
    questions: list["RowOut"] | None = Field(default=None, description="待核对的行（前200），仅统筹部门")


class SuspectOut(BaseModel):
    """A firm that a row may mean."""

    uscc: str | None = Field(description="信用代码；不在您的地区时为空")
    name: str | None = Field(description="企业名称；不在您的地区时为空")
    region: str | None = Field(description="企业所在地区的行政区划代码；不在您的地区时为空")
    likeness: int = Field(description="名称相似度，千分之一", examples=[870])
    reasons: list[str] = Field(description="相像和不同之处")


class RowOut(BaseModel):
    """One row of a version, as written; whom it means is shown to coordinators and auditors alone."""

    id: int = Field(description="名单行编号")
    number: int = Field(description="工作表中的行号")
    uscc: str | None = Field(description="名单所写的统一社会信用代码；未写为空")
    name: str = Field(description="名单所写的企业名称")
    relation: Relation = Field(description="与核心企业的关系：supplier 供应商，dealer 经销商")
    relation_label: str = Field(description="关系名称", examples=["供应商"])
    yearly: Yearly = None
    since_year: int | None = Field(description="合作起始年，核心企业所填", examples=[2018])
    outcome: Outcome | None = Field(default=None, description="企业确认结果，仅统筹部门和审计可见")
    outcome_label: str | None = Field(default=None, description="确认结果名称", examples=["待核对"])
    firm: str | None = Field(default=None, description="确认的企业：信用代码")
    firm_name: str | None = Field(default=None, description="确认的企业：名称")
    likeness: int | None = Field(
        default=None,
        description="名单所写与系统确认的企业名称的相似度，千分之一；非系统确认为空",
        examples=[960],
    )
    suspects: list[SuspectOut] | None = Field(
        default=None, description="可能所指的企业，最多3家，仅统筹部门和审计可见"
    )
    decided_by: str | None = Field(default=None, description="核对这一行的人；未经人工核对为空")
    reason: str | None = Field(default=None, description="核对的理由")
    version: int = Field(description="名单行的版本号，核对时用于 If-Match")


class DifferenceOut(BaseModel):
    """One firm that two versions say something else of."""

    change: RowChange = Field(description="变化：added 新增，removed 移出，changed 变更")
    change_label: str = Field(description="变化名称", examples=["新增"])
    name: str = Field(description="名单所写的企业名称；移出的为前一版所写")
    relation_label: str = Field(description="与核心企业的关系名称", examples=["供应商"])
    uscc: str | None = Field(description="名单所写的统一社会信用代码；未写为空")
    yearly_before: str | None = Field(
        description="前一版所填年交易额（元）；新增或未填为空", examples=["8000000.00"]
    )
    yearly_after: str | None = Field(
        description="本版所填年交易额（元）；移出或未填为空", examples=["8600000.00"]
    )
    since_before: int | None = Field(description="前一版所填合作起始年；新增或未填为空", examples=[2018])
    since_after: int | None = Field(description="本版所填合作起始年；移出或未填为空", examples=[2017])


class DifferencesOut(BaseModel):
    """What a version says otherwise than the one before it."""

    items: list[DifferenceOut] = Field(description="逐户的变化：先新增，再移出，后变更")


class DecisionIn(BaseModel):
    """Whether a list is taken up, and for which chain."""

    model_config = ConfigDict(extra="forbid")

    accept: bool = Field(description="受理 true，不予受理 false", strict=True)
    reason: Reason | None = Field(default=None, description="不予受理的原因")
    chain: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9._-]*$")] | None = Field(
        default=None, description="核心企业所在产业链的编码", examples=["HLJ-GDZB"]
    )


class WithdrawalIn(BaseModel):
    """Why a list ends."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(description="撤回原因", examples=["名单已过时，另行提供"])


class ResolutionIn(BaseModel):
    """Whom a row means, and why."""

    model_config = ConfigDict(extra="forbid")

    choice: Choice = Field(description="firm 选定企业，nobody 没有登记的企业")
    uscc: Annotated[str, StringConstraints(pattern=USCC_PATTERN)] | None = Field(
        default=None, description="选定企业的信用代码", examples=["91230199MA1BQXYE20"]
    )
    reason: Reason = Field(description="理由", examples=["核对营业执照，简称"])


class MemberOut(BaseModel):
    """A known firm on a list, and what it has answered; never shown to the core firm."""

    id: int = Field(description="列入编号")
    core: str = Field(description="核心企业名称")
    uscc: str = Field(description="列入企业的统一社会信用代码")
    name: str = Field(description="列入企业名称")
    region: str = Field(description="列入企业所在地区的行政区划代码")
    chain: str | None = Field(description="核心企业所在产业链的编码；名单未注明为空")
    relation: Relation = Field(description="与核心企业的关系：supplier 供应商，dealer 经销商，both 兼为二者")
    relation_label: str = Field(description="关系名称", examples=["供应商"])
    yearly: Yearly = None
    since_year: int | None = Field(default=None, description="合作起始年，核心企业所填", examples=[2018])
    answer: Answer = Field(description="企业的答复：asked 待答复，consented 已同意，refused 不同意")
    answer_label: str = Field(description="答复名称", examples=["已同意"])
    shows_trade: bool = Field(description="同意银行看到年交易额和合作年限")
    until: date | None = Field(description="同意的最后一日")
    is_live: bool = Field(description="今日有效")
    answered_at: datetime | None = Field(description="最近一次答复的时间；待答复为空")
    listed_at: datetime = Field(description="最近一次列入名单的时间")
    left_at: datetime | None = Field(description="不再列入的时间")
    matches: list["MatchOut"] = Field(default=[], description="匹配到的产品")
    version: int = Field(description="列入记录的版本号，答复时用于 If-Match")


class AnswerIn(BaseModel):
    """A listed firm's own answer."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer = Field(description="consented 同意，refused 不同意", examples=["consented"])
    until: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))] | None = Field(
        default=None, description="同意的最后一日，最长一年"
    )
    shows_trade: bool = Field(
        default=False, strict=True, description="同意时：银行可看核心企业所填的年交易额和合作年限"
    )


class RunIn(BaseModel):
    """How to match a list: both figures are the operator's choice, no text gives them."""

    model_config = ConfigDict(extra="forbid")

    share_percent: int = Field(
        default=20, ge=1, le=100, strict=True, description="按年交易额的百分之几估算预授信额度"
    )
    term_months: int = Field(default=12, ge=1, le=60, strict=True, description="期限（月）")


class KindCount(BaseModel):
    """How many firms a kind of product fits."""

    kind: ProductKind = Field(description="产品类别")
    label: str = Field(description="产品类别名称", examples=["应收账款融资"])
    rests_on_core: bool = Field(description="依托核心企业；否为脱核")
    fits: int = Field(description="符合的户数")
    asks: int = Field(description="尚待补充信息的户数")


class RunOut(BaseModel):
    """A batch match of a list."""

    number: int = Field(description="本名单第几次匹配", examples=[1])
    on_day: date = Field(description="匹配日期；同意、产品和利率均以当日为准")
    share_percent: int = Field(description="估算预授信额度所用的年交易额百分比", examples=[20])
    term_months: int = Field(description="匹配所用的期限（月）", examples=[12])
    consented: int = Field(description="同意且今日有效的户数")
    without_amount: int = Field(description="既无交易额、又无融资需求，因而无从匹配的户数")
    matched: int = Field(description="至少符合一款产品的户数")
    on_core: int = Field(description="符合依托核心企业产品的户数")
    decoupled: int = Field(description="符合脱核产品的户数")
    kinds: list[KindCount] = Field(description="各类产品的户数")
    run_by: str = Field(description="发起匹配的人")
    created_at: datetime = Field(description="匹配时间")


class MatchOut(BaseModel):
    """A product for a listed firm."""

    firm: str = Field(description="企业名称")
    firm_uscc: str = Field(description="列入企业的统一社会信用代码")
    firm_region: str = Field(description="列入企业所在地区的行政区划代码")
    core: str = Field(description="核心企业名称")
    relation_label: str = Field(description="与核心企业的关系名称", examples=["供应商"])
    yearly: Yearly = None
    since_year: int | None = Field(
        default=None,
        description="合作起始年，核心企业所填；企业不让银行看往来信息的，对银行为空",
        examples=[2018],
    )
    product: str = Field(description="产品编码")
    product_name: str = Field(description="产品名称")
    institution: str = Field(description="提供机构编码")
    institution_name: str = Field(description="提供机构名称")
    kind: ProductKind = Field(description="产品类别")
    kind_label: str = Field(description="产品类别名称", examples=["应收账款融资"])
    rests_on_core: bool = Field(description="依托核心企业；否为脱核")
    fit: str = Field(description="fits 符合，asks 尚待补充信息", examples=["fits"])
    amount: str | None = Field(description="按此额度匹配（元）；企业不让银行看往来信息的，对银行为空")
    score: float = Field(description="匹配度，0–100")


PreviewOut.model_rebuild()
MemberOut.model_rebuild()
