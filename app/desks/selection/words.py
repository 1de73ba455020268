"""What the pages of two-sided selection call things. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.desks.texts import Text
from app.selection.deferred_acceptance import TieRule
from app.selection.market import Side
from app.selection.preferences import Part
from app.selection.round_states import RoundState
from app.selection.schemas import RoundOut
from app.selection.statements import Rest

TONES: Final[Mapping[RoundState, str]] = {
    RoundState.OPEN: "wait",
    RoundState.LOCKED: "",
    RoundState.COMPUTED: "",
    RoundState.PUBLISHED: "wait",
    RoundState.CLOSED: "good",
}
STAGES: Final[Sequence[tuple[RoundState, Text]]] = (
    (RoundState.OPEN, Text("征集名单")),
    (RoundState.LOCKED, Text("锁定")),
    (RoundState.COMPUTED, Text("计算")),
    (RoundState.PUBLISHED, Text("公示")),
    (RoundState.CLOSED, Text("办结")),
)
SIDES: Final[Mapping[Side, Text]] = {Side.CHAINS: Text("产业链"), Side.BANKS: Text("银行")}
FILTERS: Final[Sequence[tuple[str, Text]]] = (
    ("chains", Text("产业链")),
    ("banks", Text("银行")),
    ("missing", Text("未提交名单")),
)
PROPOSING: Final[Sequence[tuple[str, Text, Text]]] = (
    (Side.CHAINS.value, Text("产业链先提名"), Text("在全部稳定结果中对产业链一方最有利。")),
    (Side.BANKS.value, Text("银行先提名"), Text("在全部稳定结果中对银行一方最有利。")),
)
TIES: Final[Sequence[tuple[str, Text, Text]]] = (
    (TieRule.CODE.value, Text("按编码"), Text("并列的按编码先后排定。")),
    (
        TieRule.LOTTERY.value,
        Text("抽签"),
        Text("种子取自事先公布的来源，锁定之后才开出，任何人都能重抽一遍。"),
    ),
)
RESTS: Final[Sequence[tuple[str, Text, Text]]] = (
    (
        Rest.COMPUTED.value,
        Text("按测算偏好排在所列之后"),
        Text("没有填位次的，按测算分数接着排；测算不可接受的除外。"),
    ),
    (Rest.NOBODY.value, Text("一律不接受"), Text("只接受填了位次的。")),
)
WEIGHTS: Final[Mapping[Side, Sequence[tuple[Part, Text, Text]]]] = {
    Side.CHAINS: (
        (Part.FIT, Text("产品适配"), Text("本链未落实的需求中，该行产品适配的比例")),
        (
            Part.PRESENCE,
            Text("网点"),
            Text("该行在本链覆盖地区的网点数，与网点最多的银行相比；未写明覆盖地区的，按产业链所属地区"),
        ),
        (
            Part.RESPONSE,
            Text("响应速度"),
            Text("分配到首次联系的平均用时：当日100分，到期限50分，超过一倍0分"),
        ),
        (Part.RATE, Text("利率"), Text("该行适配产品的最低利率，在本链各行之中最低的100分，最高的0分")),
        (Part.CAPACITY, Text("承接能力"), Text("该行还可承接的户数，够不够本链未落实的需求")),
    ),
    Side.BANKS: (
        (Part.AMOUNT, Text("适配金额"), Text("本行产品适配该链需求的金额，与适配金额最多的链相比")),
        (Part.NEEDS, Text("适配笔数"), Text("本行产品适配该链需求的笔数，与适配笔数最多的链相比")),
        (
            Part.NEARNESS,
            Text("网点远近"),
            Text("离该链最近的网点：覆盖地区内100分，同市70分，同省40分，其他10分"),
        ),
        (Part.HELD, Text("已承接"), Text("本行现在负责的该链条目，与负责最多的链相比")),
    ),
}
WEIGHTS_OF: Final[Mapping[Side, Text]] = {
    Side.CHAINS: Text("产业链选银行的权重"),
    Side.BANKS: Text("银行选产业链的权重"),
}
DONE: Final[Mapping[str, Text]] = {
    "opening": Text("已开启，参加方会收到通知。"),
    "lock": Text("已锁定，并重新测算。"),
    "reopening": Text("已重新征集名单。"),
    "computation": Text("已计算，证明成立。"),
    "publication": Text("已公布，异议期开始。"),
    "closing": Text("已办结，结果生效。"),
}


def stages(one: RoundOut) -> list[tuple[Text, str]]:
    """Answer the steps of a round as the page shows them: name, and whether it is done, now or later."""
    at = next(place for place, (state, _name) in enumerate(STAGES) if state is one.state)
    is_over = one.state is RoundState.CLOSED
    return [
        (name, "done" if place < at or is_over else "now" if place == at else "later")
        for place, (_state, name) in enumerate(STAGES)
    ]


def weights_of(one: RoundOut) -> list[tuple[Text, list[tuple[Text, Text, int, int]]]]:
    """Answer how preferences of each side are weighed: part, what it means, weight, percent of the side's weights."""
    stated = one.rules["weights"]
    return [
        (
            WEIGHTS_OF[side],
            [
                (name, about, stated[part.value], _percent(stated[part.value], whole))
                for part, name, about in parts
            ],
        )
        for side, parts in WEIGHTS.items()
        if (whole := sum(stated[part.value] for part, _name, _about in parts))
    ]


def _percent(of: int, whole: int) -> int:
    """Answer whole percent, halves rounded up."""
    return (200 * of + whole) // (2 * whole)
