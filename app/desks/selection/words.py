"""What the pages of two-sided selection call things. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.desks.texts import Text
from app.selection.deferred_acceptance import TieRule
from app.selection.market import Side
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
DONE: Final[Mapping[str, Text]] = {
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
