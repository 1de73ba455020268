"""Coordination cases and their comments as JSON."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.coordination.rules import CODE_PATTERN, CaseAct, CaseKind, CaseState
from app.enterprises.need_facts import PRINTABLE
from app.institutions.schemas import CODE_PATTERN as INSTITUTION_PATTERN
from app.kernel.paging import Page
from app.whitelist.schemas import ENTRY_CODE_PATTERN

MOST_TEXT = 2_000
CaseCode = Annotated[str, Path(pattern=CODE_PATTERN, description="协调事项编号", examples=["XT-000123"])]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT, pattern=PRINTABLE)
]
InstitutionCode = Annotated[str, StringConstraints(pattern=INSTITUTION_PATTERN)]
EntryCodeText = Annotated[str, StringConstraints(pattern=ENTRY_CODE_PATTERN)]


class CaseIn(BaseModel):
    """A case to raise."""

    model_config = ConfigDict(extra="forbid")

    entry: EntryCodeText = Field(description="名单条目编码", examples=["2023H2-91230199MA1BQXYE20"])
    kind: CaseKind = Field(
        description="事项类别: land 土地, environment 环评, construction 施工许可, public_guarantee 政府性担保, "
        "guarantee 担保对接, facts 情况核实, policy_gap 政策空缺, other 其他；facts 和 policy_gap 由统筹部门提出",
        examples=["land"],
    )
    question: Text = Field(
        description="请求协调的问题；企业、统筹部门、责任单位及提出机构均可读到",
        examples=["二期用地指标未落实，请协调"],
    )
    body: InstitutionCode | None = Field(
        default=None,
        description="责任单位的机构编码，限统筹部门指定；不填按条款确定",
        examples=["XTJZ"],
    )
    institution: InstitutionCode | None = Field(
        default=None,
        description="代表提出的机构编码：该条目的责任或协办机构；银行人员不填即为本人所属的一家",
        examples=["SJYH-HRB"],
    )


class OutcomeIn(BaseModel):
    """How a case ends, and why."""

    model_config = ConfigDict(extra="forbid")

    outcome: Text = Field(description="处理结果及理由", examples=["用地指标已于11月下达"])
    body: InstitutionCode | None = Field(
        default=None, description="作出答复的单位的机构编码；不填即为责任单位", examples=["XTJZ"]
    )


class CommentIn(BaseModel):
    """Something to add to a case."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(description="内容；凡能看到该事项的人均可读到", examples=["已函告自然资源部门"])


class CoordinationCaseOut(BaseModel):
    """One coordination case of an entry 协调事项."""

    code: str = Field(description="协调事项编号", examples=["XT-000123"])
    entry: str = Field(description="名单条目编码")
    edition: str = Field(description="名单版次", examples=["2023H2"])
    enterprise: str = Field(description="企业名称")
    region: str = Field(description="行政区划代码")
    kind: CaseKind = Field(description="事项类别")
    kind_label: str = Field(description="类别名称", examples=["土地要素保障"])
    clause: str = Field(description="依据条款")
    state: CaseState = Field(description="状态")
    state_label: str = Field(description="状态名称", examples=["协调中"])
    body: str = Field(description="责任单位")
    body_institution: str | None = Field(description="责任单位的机构编码；为空即地区统筹部门或未登记的单位")
    question: str = Field(description="请求协调的问题")
    raised_by: str = Field(description="提出人")
    raised_at: datetime = Field(description="提出时间")
    raised_for: str | None = Field(description="代表提出的机构编码")
    working_days: int = Field(description="办理时限（工作日）")
    due_on: date | None = Field(description="办理期限；工作日历尚未公布时为空")
    is_overdue: bool = Field(description="是否逾期未办结")
    closed_at: datetime | None = Field(description="办结时间")
    closed_by: str | None = Field(description="登记办结的人")
    answered_by: str | None = Field(description="作出答复的单位")
    outcome: str | None = Field(description="处理结果及理由")
    possible: list[CaseAct] = Field(description="现在可以做的：comment 留言, resolve 解决, refuse 不予解决")
    version: int = Field(description="版本号，即 ETag")


class CaseCounts(BaseModel):
    """How many cases there are."""

    states: dict[str, int] = Field(description="各状态事项数（不计状态和逾期筛选）")
    kinds: dict[str, int] = Field(description="各类别事项数（不计类别筛选）")
    overdue: int = Field(description="逾期事项数（不计状态和逾期筛选）")


class CoordinationCasePage(Page[CoordinationCaseOut]):
    """Cases, the most urgent first, with counts under the same filters."""

    counts: CaseCounts = Field(description="事项数")


class CommentOut(BaseModel):
    """What somebody added to a case 留言."""

    id: int = Field(description="留言编号")
    written_by: str = Field(description="留言人")
    text: str = Field(description="内容")
    created_at: datetime = Field(description="时间")


class CaseFilter(BaseModel):
    """Which cases to list; None is any."""

    model_config = ConfigDict(frozen=True)

    edition: str | None = None
    entry: str | None = None
    region: str | None = None
    chain: str | None = None
    kind: CaseKind | None = None
    state: CaseState | None = None
    body: str | None = None
    is_overdue: bool = False
