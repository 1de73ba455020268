"""What the roster's pages call things, and what their filters offer. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.desks.texts import Text
from app.policy.facts import SIZE_CLASSES, SOURCE_CLASSES
from app.reference.regions import Regions

STATUSES: Final[Mapping[str, Text]] = {
    "admitted": Text("准入"),
    "review": Text("待复核"),
    "refused": Text("不予准入"),
    "withdrawn": Text("已退出"),
}
TONES: Final[Mapping[str, str]] = {"admitted": "good", "review": "wait", "refused": "bad", "withdrawn": ""}
CHANGES: Final[Mapping[str, Text]] = {
    "new": Text("新增"),
    "changed": Text("变更"),
    "removed": Text("移出"),
    "kept": Text("未变"),
}
CLASSES: Final = SOURCE_CLASSES
SIZES: Final = SIZE_CLASSES
PARTY_KINDS: Final[Mapping[str, Text]] = {
    "matched": Text("合适产品的机构"),
    "routed": Text("按堵点推送的机构"),
    "coordinator": Text("统筹部门"),
}
END_REASONS: Final[Mapping[str, Text]] = {
    "replaced": Text("重新分派"),
    "declined": Text("机构婉拒"),
    "withdrawn": Text("退出名单"),
    "resolved": Text("堵点已解决"),
    "rematched": Text("按新情况重新匹配"),
    "rerouted": Text("统筹部门改派"),
}
REVIEW_KINDS: Final[Mapping[str, Text]] = {
    "admission_unknown": Text("准入条件未知"),
    "duplicate_name": Text("疑似同一企业"),
}
DECISIONS: Final[Mapping[str, Text]] = {
    "admit": Text("准入"),
    "refuse": Text("不予准入"),
    "same_firm": Text("是同一企业，按重复不予准入"),
    "different_firm": Text("是两家企业"),
    "superseded": Text("名单已更新，按新内容重新判定"),
}
VERDICTS: Final[Mapping[str, Text]] = {"pass": Text("符合"), "fail": Text("不符"), "unknown": Text("未知")}
VERDICT_TONES: Final[Mapping[str, str]] = {"pass": "good", "fail": "bad", "unknown": "wait"}
PREFECTURE: Final = "00"


def region_options(regions: Regions, jurisdiction: str) -> Sequence[tuple[str, str]]:
    """Answer the places of a jurisdiction by code, each city before its counties, those set off by a space."""
    return [
        (code, region.name if code.endswith(PREFECTURE) else f"\u3000{region.name}")
        for code, region in sorted(regions.by_code.items())
        if code != jurisdiction and regions.is_within(code, jurisdiction)
    ]
