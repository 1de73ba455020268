"""What the pages of policies call things. Pure."""

from collections.abc import Mapping
from typing import Final

from app.desks.texts import Text

STATUSES: Final[Mapping[str, Text]] = {
    "in_force": Text("有效"),
    "draft": Text("征求意见稿"),
    "expired": Text("失效"),
}
TONES: Final[Mapping[str, str]] = {"in_force": "good", "draft": "wait", "expired": ""}
SOURCES: Final[Mapping[str, Text]] = {"document": Text("政策文件"), "operator": Text("经办方设定")}
CARRIERS: Final[Mapping[str, Text]] = {
    "parameter": Text("参数"),
    "rule": Text("规则"),
    "feature": Text("功能"),
}
DECISIONS: Final[Mapping[str, Text]] = {
    "admission": Text("名单准入"),
    "bottleneck": Text("现有堵点"),
    "assignment": Text("按堵点推送的分派"),
}
WHOLE: Final = Text("整个文件")
