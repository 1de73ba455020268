"""What pages of plans call states, parts and changes."""

from collections.abc import Mapping
from typing import Final

from app.allocation.plan_difference import Change
from app.chains.plan_changes import PLAN_PARTS
from app.chains.schemas import PlanContent
from app.chains.targets import AMOUNTS, BASES, BOUNDS, IN_BASIS_POINTS, MEASURES, SupportTarget
from app.desks.texts import Text
from app.kernel.money import fen_from_yuan, wan_text
from app.plans.rules import DraftState, Effect

DRAFT_TONES: Final[Mapping[DraftState, str]] = {
    DraftState.DRAFT: "wait",
    DraftState.COMPARED: "good",
    DraftState.PUBLISHED: "good",
    DraftState.GIVEN_UP: "",
}
STATES: Final[Mapping[DraftState, Text]] = {
    DraftState.DRAFT: Text("草案，尚未比较"),
    DraftState.COMPARED: Text("已比较"),
    DraftState.PUBLISHED: Text("已发布"),
    DraftState.GIVEN_UP: Text("已放弃"),
}
PARTS: Final[Mapping[str, Text]] = {part: Text(name) for part, name in PLAN_PARTS.items()}
# What a plan's own rules name (PLAN_PARTS above, MEASURES, BOUNDS and BASES below) is written out once more for the
# catalogue of English texts, which finds only what stands in a `Text`.
PART_TEXTS: Final = (
    Text("签约银行"),
    Text("优先用途"),
    Text("优先环节"),
    Text("链上产品"),
    Text("支持措施"),
    Text("支持目标"),
    Text("责任单位"),
)
EFFECTS: Final[Mapping[str, Text]] = {
    "": Text("全部有变化的"),
    Effect.GAINS: Text("增加产品"),
    Effect.LOSES: Text("失去产品"),
    Effect.BETTER: Text("匹配度升高"),
    Effect.WORSE: Text("匹配度降低"),
}
INPUTS: Final[Mapping[str, Text]] = {
    "content": Text("草案内容"),
    "against": Text("今日有效的版本"),
    "edition": Text("名单版次"),
    "needs": Text("名单上的需求"),
    "products": Text("产品或价格"),
    "rules": Text("政策规则"),
    "plan": Text("本链现行方案"),
    "grants": Text("其他产业链的支持措施"),
    "engine": Text("匹配程序"),
    "kept": Text("保留产品数"),
    "weights": Text("评分权重"),
    "price_range": Text("价格区间"),
    "lpr": Text("贷款市场报价利率（缺今日数据）"),
}
CHANGES: Final[Mapping[Change, Text]] = {
    Change.SERVED: Text("新有机构承接"),
    Change.UNSERVED: Text("不再有机构承接"),
    Change.MOVED: Text("换责任机构"),
    Change.FITTED: Text("同一机构，产品或匹配度不同"),
}
MEASURE_TEXTS: Final = (
    Text("授信金额"),
    Text("放款金额"),
    Text("贷款余额"),
    Text("中长期贷款占比"),
    Text("信用贷款占比"),
    Text("加权平均利率"),
    Text("获贷企业数"),
    Text("首贷户数"),
    Text("已对接条目数"),
    Text("不低于"),
    Text("不高于"),
    Text("上年"),
    Text("上年同期"),
    Text("上季度"),
    Text("定值"),
)
STEP_TEXTS: Final = (
    Text("签约银行"),
    Text("链上产品"),
    Text("优先用途"),
    Text("放宽条件"),
    Text("不再放宽条件"),
)
MEASURES_SHOWN: Final = [(key, Text(name)) for key, name in MEASURES.items()]
BOUNDS_SHOWN: Final = [(key, Text(name)) for key, name in BOUNDS.items()]
BASES_SHOWN: Final = [(key, Text(name)) for key, name in BASES.items()]
BODY_ROLES: Final = [("responsible", Text("责任单位")), ("lead", Text("牵头单位"))]


def part(name: str) -> Text:
    """Answer what a part of a plan is called."""
    return PARTS[name]


def input_name(name: str) -> Text | str:
    """Answer what an input of a comparison is called."""
    return INPUTS.get(name, name)


def targets_of(plan: PlanContent) -> list[str]:
    """Answer the support targets of a plan in words, with the clause of each."""
    return [
        SupportTarget(one.measure, one.bound, one.base, one.clause, one.change_bp or 0, one.value).text
        for one in plan.targets
    ]


def figure(measure: str, value: str | None) -> Text | str:
    """Answer a figure with its unit, as tables show it."""
    if value is None:
        return "—"
    if measure in AMOUNTS:
        return Text("%(amount)s 万元", amount=wan_text(fen_from_yuan(value)))
    return f"{value}%" if measure in IN_BASIS_POINTS else value
