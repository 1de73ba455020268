"""What the pages of the library and its awards call things."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.accounts.permissions import Action, may_try
from app.accounts.rules import Viewer
from app.awards.observed import Off
from app.awards.rules import AwardAct, AwardState
from app.awards.schemas import AwardOut
from app.awards.scoring import Part, Why
from app.desks.texts import Text

LIBRARY, OBSERVED, CONFIRMATIONS, AWARDS = (
    "/products",
    "/library/observed",
    "/library/confirmations",
    "/awards",
)
OFF_SAID: Final[Mapping[Off, Text]] = {
    Off.RATE_ABOVE: Text("超出申报利率上限的授信金额占比超过一成"),
    Off.RATE_BELOW: Text("低于申报利率下限的授信金额占比超过一成"),
    Off.LATE: Text("超过申报时限的答复占比超过一成"),
    Off.FEW_APPROVED: Text("授信通过率不足全部产品的一半"),
}
OFF_TONES: Final[Mapping[Off, str]] = {
    Off.RATE_ABOVE: "bad",
    Off.RATE_BELOW: "",
    Off.LATE: "bad",
    Off.FEW_APPROVED: "wait",
}
FORMULAS: Final[Mapping[Part, Text]] = {
    Part.REACH: Text("获授信企业（项目）数÷入围产品中的最高数"),
    Part.APPROVAL: Text("首次答复为授信的次数÷首次答复次数"),
    Part.PROMISE: Text("利率不高于申报上限的授信金额占比，与申报时限内答复占比，两者平均"),
    Part.SATISFACTION: Text("（企业评价平均分－1）÷4"),
    Part.JURY: Text("有效评审票平均分÷10，回避和弃权不计"),
}
STEPS: Final = (
    (AwardState.ANNOUNCED, Text("征集提名")),
    (AwardState.SHORTLISTED, Text("评委评审")),
    (AwardState.DECIDED, Text("评定")),
    (AwardState.PUBLISHED, Text("公布结果")),
)
STATE_TONES: Final[Mapping[AwardState, str]] = {
    AwardState.ANNOUNCED: "wait",
    AwardState.SHORTLISTED: "wait",
    AwardState.DECIDED: "wait",
    AwardState.PUBLISHED: "good",
}
WHY_TONES: Final[Mapping[Why, str]] = {Why.AWARDED: "good", Why.SHORTLISTED: "wait", Why.STRUCK: "bad"}
WHY_SAID: Final[Mapping[Why, Text]] = {
    Why.AWARDED: Text("入选"),
    Why.BELOW: Text("未入选"),
    Why.FEW_CREDITS: Text("授信笔数不足"),
    Why.FEW_ANSWERS: Text("答复次数不足"),
    Why.FEW_RATINGS: Text("评价份数不足"),
    Why.NOT_SHORTLISTED: Text("未入围"),
    Why.SHORTLISTED: Text("入围"),
    Why.FEW_BALLOTS: Text("有效票不足"),
    Why.BANK_FULL: Text("同一机构已满"),
    Why.STRUCK: Text("异议成立"),
}
ACTS: Final[Mapping[AwardAct, Text]] = {
    AwardAct.SHORTLIST: Text("产生入围名单"),
    AwardAct.DECIDE: Text("开启评审票，评定结果"),
    AwardAct.PUBLISH: Text("公布结果"),
}
ACTS_MEAN: Final[Mapping[AwardAct, Text]] = {
    AwardAct.SHORTLIST: Text("提名结束，使用情况就此冻结；评委会收到通知。此后不能再提名。"),
    AwardAct.DECIDE: Text("评审票此时才开启计分；此后评委不能再改。"),
    AwardAct.PUBLISH: Text("结果和全部理由向所有登录用户公布，异议期自今日起算。公布后不能撤回。"),
}
APPEAL_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "open": (Text("待答复"), "wait"),
    "upheld": (Text("异议成立"), "bad"),
    "dismissed": (Text("异议不成立"), ""),
}


def library_tabs(viewer: Viewer) -> Sequence[tuple[str, Text]]:
    """Answer the parts of the library that a viewer may open."""
    found = [(LIBRARY, Text("在库产品"))]
    if may_try(viewer, Action.READ_OBSERVED):
        found.append((OBSERVED, Text("申报与实际")))
    if may_try(viewer, Action.MANAGE_PRODUCTS):
        found.append((CONFIRMATIONS, Text("季度确认")))
    return [*found, (AWARDS, Text("十佳评选"))]


def steps_of(award: AwardOut) -> list[tuple[Text, str, str]]:
    """Answer the course of an award as steps: done, now, later."""
    at = [state for state, _name in STEPS].index(award.state)
    return [
        (name, "", "done" if place < at or award.is_final else "now" if place == at else "later")
        for place, (_state, name) in enumerate(STEPS)
    ]
