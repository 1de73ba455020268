"""Awards as JSON."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.awards.rules import PLACES, AwardAct, AwardSide, AwardState
from app.awards.scoring import Part, Why, weight_faults
from app.catalogue.schemas import Day, LibraryCode, ProductCode
from app.enterprises.need_facts import PRINTABLE
from app.kernel.money import Yuan

MOST_TEXT = 2_000
MOST_CANDIDATES = 500
FIRST_YEAR, LAST_YEAR = 2000, 2999
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT, pattern=PRINTABLE)
]
Maybe = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_TEXT, pattern=PRINTABLE)]
Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR, description="评选年度", examples=[2023])]
Weight = Annotated[int, Field(ge=0, le=100, strict=True)]
Count = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]


class WeightsIn(BaseModel):
    """What counts how much, in percent; together 100."""

    model_config = ConfigDict(extra="forbid")

    reach: Weight = Field(default=25, description="惠及企业（%）")
    approval: Weight = Field(default=10, description="授信通过（%）")
    promise: Weight = Field(default=20, description="兑现承诺（%）")
    satisfaction: Weight = Field(default=20, description="企业评价（%）")
    jury: Weight = Field(default=25, description="评委评分（%）")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for fault in weight_faults(self.by_part()):
            raise ValueError(fault)
        return self

    def by_part(self) -> dict[Part, int]:
        """Answer the weights by part."""
        return {part: int(getattr(self, part.value)) for part in Part}


class CriteriaIn(BaseModel):
    """The criteria, published before anybody is nominated."""

    model_config = ConfigDict(extra="forbid")

    weights: WeightsIn = Field(default_factory=WeightsIn, description="权重")
    places: int = Field(default=PLACES, ge=1, le=100, strict=True, description="评选名额")
    shortlist: int = Field(
        default=20, ge=1, le=MOST_CANDIDATES, strict=True, description="入围数（并列的一并入围）"
    )
    least_credits: Count = Field(default=5, description="最低授信笔数")
    least_answers: Count = Field(default=5, description="最低答复次数")
    least_ratings: Count = Field(default=3, description="最低企业评价份数")
    least_ballots: int = Field(default=3, ge=1, le=1_000, strict=True, description="最低有效评审票数")
    most_per_bank: int = Field(
        default=0, ge=0, le=100, strict=True, description="同一机构（含下辖）入选上限；0 为不限"
    )


class AwardIn(BaseModel):
    """An award to announce; what it says never changes afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "year": 2024,
                    "name": "2024年度制造业特色信贷产品“十佳”",
                    "nominations_until": "2024-12-20",
                    "votes_until": "2025-01-20",
                }
            ]
        },
    )

    year: int = Field(ge=FIRST_YEAR, le=LAST_YEAR, strict=True, description="评选年度", examples=[2024])
    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=PRINTABLE)
    ] = Field(description="评选名称", examples=["2024年度制造业特色信贷产品“十佳”"])
    statement: Maybe = Field(default="", description="评选说明")
    quarter: LibraryCode | None = Field(
        default=None,
        description="使用情况统计截至季度（含此前三个季度）；不填为该年四季度",
        examples=["2024Q4"],
    )
    nominations_until: Day = Field(description="提名截止日（含）", examples=["2024-12-20"])
    votes_until: Day = Field(description="评审截止日（含）", examples=["2025-01-20"])
    appeal_days: int = Field(default=5, ge=1, le=60, strict=True, description="公示异议期（工作日）")
    criteria: CriteriaIn = Field(default_factory=CriteriaIn, description="评选标准")


class CriteriaOut(BaseModel):
    """The published criteria."""

    weights: dict[Part, int] = Field(description="权重（%）")
    formulas: dict[Part, str] = Field(description="各项计算办法")
    tie_rule: str = Field(description="总分相同时的比较次序")
    places: int = Field(description="评选名额")
    shortlist: int = Field(description="入围数")
    least_credits: int = Field(description="最低授信笔数")
    least_answers: int = Field(description="最低答复次数")
    least_ratings: int = Field(description="最低企业评价份数")
    least_ballots: int = Field(description="最低有效评审票数")
    most_per_bank: int = Field(description="同一机构入选上限；0 为不限")


class AwardOut(BaseModel):
    """The award of a year 十佳评选."""

    year: int = Field(description="评选年度")
    name: str = Field(description="评选名称")
    statement: str = Field(description="评选说明")
    clause: str = Field(description="依据条款", examples=["黑银发〔2023〕25号（六）"])
    state: AwardState = Field(description="状态")
    state_label: str = Field(description="状态名称", examples=["征集提名"])
    quarter: str = Field(description="使用情况统计截至季度")
    criteria: CriteriaOut = Field(description="评选标准，公告后不变")
    nominations_until: date = Field(description="提名截止日")
    votes_until: date = Field(description="评审截止日")
    appeal_days: int = Field(description="公示异议期（工作日）")
    appeals_until: date | None = Field(description="异议截止日；公布前为空")
    nominations: int = Field(description="有效提名数")
    products: int = Field(description="被提名产品数")
    jurors: int = Field(description="评委人数")
    ballots: int = Field(description="已投票的评委人数（内容在评审结束前只有本人可见）")
    candidates: int = Field(description="参评产品数")
    open_appeals: int = Field(description="未答复的异议数")
    is_final: bool = Field(description="公示期满且异议均已答复")
    possible: list[AwardAct] = Field(description="今天可以做的")
    announced_at: datetime = Field(description="公告时间")
    announced_by: str = Field(description="公告人")
    shortlisted_at: datetime | None = Field(description="入围名单产生时间")
    decided_at: datetime | None = Field(description="评定时间")
    published_at: datetime | None = Field(description="公布时间")
    inputs_hash: str | None = Field(description="评定依据的 SHA-256；公布前为空")
    result_hash: str | None = Field(description="结果的 SHA-256；公布前为空")
    version: int = Field(description="版本号，即 ETag")


class NominationIn(BaseModel):
    """A product to put forward."""

    model_config = ConfigDict(extra="forbid")

    product: ProductCode
    reason: Text = Field(description="提名理由", examples=["放款快，凭订单即可授信"])


class NominationOut(BaseModel):
    """A nomination 提名, as its own side and the coordinators of the whole see it."""

    id: int = Field(description="编号")
    product: str = Field(description="产品编码")
    product_name: str = Field(description="产品名称")
    institution_name: str = Field(description="提供机构名称")
    side: AwardSide = Field(description="提名方类别")
    side_label: str = Field(description="类别名称", examples=["企业"])
    party: str = Field(description="提名方：机构编码、统一社会信用代码或行政区划代码")
    nominated_by: str = Field(description="提名人")
    reason: str = Field(description="提名理由")
    created_at: datetime = Field(description="提名时间")
    withdrawn_at: datetime | None = Field(description="撤回时间")


class JurorIn(BaseModel):
    """Somebody to appoint to the jury."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=PRINTABLE)
    ] = Field(description="登录名", examples=["li.na"])
    affiliation: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)
    ] = Field(description="单位及职务", examples=["哈尔滨工业大学 教授"])
    recused: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]], Field(max_length=50)
    ] = Field(default_factory=list, description="另须回避的机构编码；任职机构自动回避", examples=[["SJYH"]])


class JurorOut(BaseModel):
    """A juror 评委; that one has voted is told, not how."""

    person: int = Field(description="人员编号")
    name: str = Field(description="姓名")
    affiliation: str = Field(description="单位及职务")
    recused: list[str] = Field(description="回避的机构编码（含其下辖机构的产品）")
    has_voted: bool = Field(description="是否已投票")
    appointed_at: datetime = Field(description="聘任时间")


class PointsIn(BaseModel):
    """Points for one product."""

    model_config = ConfigDict(extra="forbid")

    product: ProductCode
    points: int = Field(ge=0, le=10, strict=True, description="0 至 10 分", examples=[9])


class BallotIn(BaseModel):
    """Points for products; whom it leaves out it abstains from."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[list[PointsIn], Field(min_length=1, max_length=MOST_CANDIDATES)] = Field(
        description="各产品得分；不打分即为弃权"
    )
    comment: Maybe = Field(default="", description="评语")


class ToJudge(BaseModel):
    """A candidate as a juror finds it."""

    product: str = Field(description="产品编码")
    name: str = Field(description="产品名称")
    institution_name: str = Field(description="提供机构名称")
    is_recused: bool = Field(description="是否须回避")
    points: int | None = Field(description="所打分数；为空即尚未打分或弃权")
    measured: str = Field(description="使用情况得分（不含评委评分）")


class BallotOut(BaseModel):
    """The own ballot 评审票."""

    year: int = Field(description="评选年度")
    candidates: list[ToJudge] = Field(description="入围产品，按编码")
    comment: str = Field(description="评语")
    cast_at: datetime | None = Field(description="投票时间；为空即尚未投票")
    seal: str | None = Field(description="封签：评审票加随机数的 SHA-256，记入审计")
    votes_until: date = Field(description="评审截止日")
    version: int = Field(description="版本号，即 ETag；尚未投票为 0")


class AwardCandidateOut(BaseModel):
    """A candidate with what was observed of it and, once that is published, what became of it."""

    product: str = Field(description="产品编码")
    name: str = Field(description="产品名称")
    institution: str = Field(description="提供机构编码")
    institution_name: str = Field(description="提供机构名称")
    nominations: int = Field(description="提名数")
    why: Why = Field(description="结果类别")
    is_awarded: bool = Field(description="是否入选")
    place: int | None = Field(description="名次")
    total: str | None = Field(description="总分（公布前为不含评委评分的得分）", examples=["83.25"])
    total_exact: str | None = Field(description="总分的精确分数，名次以此为准", examples=["333/4"])
    parts: dict[Part, str] = Field(description="各项得分（已乘权重）")
    ballots: int = Field(description="有效评审票数")
    credited_entries: int | None = Field(description="获授信企业（项目）数；少于最低数的各项不公布")
    credits: int | None = Field(description="授信笔数")
    credited: Yuan | None = Field(description="授信金额（元）")
    approvals: int | None = Field(description="首次答复为授信的次数")
    answers: int | None = Field(description="首次答复次数")
    ratings: int | None = Field(description="企业评价份数")
    rating_sum: int | None = Field(description="企业评价总分")
    reason: str = Field(description="理由")


class AppealIn(BaseModel):
    """An objection to a published result."""

    model_config = ConfigDict(extra="forbid")

    product: ProductCode | None = Field(default=None, description="所涉产品编码；不填即针对评选本身")
    grounds: Text = Field(description="异议理由", examples=["该产品实际收取的利率高于申报"])


class AppealAnswerIn(BaseModel):
    """How an appeal is answered; upheld, the product that it names is struck and the next one moves up."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["upheld", "dismissed"] = Field(description="upheld 成立, dismissed 不成立")
    answer: Text = Field(description="答复及理由", examples=["经查，申报利率与实际一致"])


class AppealOut(BaseModel):
    """An appeal 异议, as its own side and the coordinators of the whole see it."""

    id: int = Field(description="编号")
    product: str | None = Field(description="所涉产品编码")
    product_name: str | None = Field(description="产品名称")
    state: Literal["open", "upheld", "dismissed"] = Field(
        description="open 待答复, upheld 成立, dismissed 不成立"
    )
    side: AwardSide = Field(description="提出方类别")
    party: str = Field(description="提出方")
    raised_by: str = Field(description="提出人")
    grounds: str = Field(description="异议理由")
    raised_at: datetime = Field(description="提出时间")
    answer: str | None = Field(description="答复及理由")
    answered_by: str | None = Field(description="答复人")
    answered_at: datetime | None = Field(description="答复时间")
    version: int = Field(description="版本号，即 ETag")


class AwardVerification(BaseModel):
    """Whether a result follows from what it was made from."""

    year: int = Field(description="评选年度")
    is_same: bool = Field(description="重算结果与所存结果是否一致")
    stored_hash: str | None = Field(description="所存结果的 SHA-256")
    computed_hash: str = Field(description="重算结果的 SHA-256")
    stored_inputs_hash: str | None = Field(description="所存依据的 SHA-256")
    computed_inputs_hash: str = Field(description="现有依据的 SHA-256")
    broken_seals: list[int] = Field(description="封签不符的评委（人员编号）")
    differences: list[str] = Field(description="重算后名次或结果不同的产品编码")
    restated: list[str] = Field(description="评定之后使用情况有追补的产品编码；不影响结果")
