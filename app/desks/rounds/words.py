"""What the pages of matching and allocation call things, and figures before and after. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from app.desks.roster import words as roster
from app.desks.texts import Text

INPUTS: Final[Mapping[str, Text]] = {
    "needs": Text("名单条目及其需求"),
    "products": Text("产品库"),
    "chains": Text("一链一策"),
    "rules": Text("政策规则和参数"),
    "weights": Text("评分权重"),
    "price_range": Text("利率评分区间"),
    "lpr": Text("贷款市场报价利率（LPR）"),
    "kept": Text("每户保留的产品数"),
    "engine": Text("匹配引擎"),
}
MATCH_FIGURES: Final[Mapping[str, Text]] = {
    "entries": Text("条目"),
    "products": Text("产品"),
    "eligible_pairs": Text("符合的组合"),
    "unknown_pairs": Text("待补充的组合"),
    "without_product": Text("没有合适产品的条目"),
}
ALLOCATION_FIGURES: Final[Mapping[str, Text]] = {
    "entries": Text("条目"),
    "matched": Text("合适产品的机构负责"),
    "routed": Text("按堵点推送"),
    "coordinator": Text("统筹部门负责"),
    "kept": Text("沿用"),
    "made": Text("新分派"),
    "ended": Text("结束的原分派"),
}
PARTY_KINDS: Final = roster.PARTY_KINDS


def input_name(key: str) -> Text:
    """Answer what people call an input of a run."""
    return INPUTS.get(key, Text("匹配所依据的其他内容"))


def beside(
    names: Mapping[str, Text], after: BaseModel, before: BaseModel | None
) -> Sequence[tuple[Text, int | None, int, int | None]]:
    """Answer (name, before, after, difference) of each figure; None where there is no run before."""
    rows = []
    for key, name in names.items():
        new: int = getattr(after, key)
        old: int | None = getattr(before, key) if before is not None else None
        rows.append((name, old, new, None if old is None else new - old))
    return rows
