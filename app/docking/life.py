"""The whole life of an entry, in the order of time, merged from the rows of the rooms that own its facts (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.docking.kinds import KIND_LABELS, EventKind


class LifeKind(StrEnum):
    """What befalls an entry besides what docking logs."""

    ADMITTED = "admitted"
    ASSIGNED = "assigned"
    REROUTED = "rerouted"
    HANDED_OVER = "handed_over"
    CLASSIFIED = "classified"
    CASE_RAISED = "case_raised"
    CASE_RESOLVED = "case_resolved"
    CASE_REFUSED = "case_refused"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


LIFE_LABELS: Final[Mapping[str, str]] = {
    LifeKind.ADMITTED: "已入选名单",
    LifeKind.ASSIGNED: "已落实责任主体",
    LifeKind.REROUTED: "已改派",
    LifeKind.HANDED_OVER: "已移交经办人",
    LifeKind.CLASSIFIED: "堵点已分类",
    LifeKind.CASE_RAISED: "已提出协调事项",
    LifeKind.CASE_RESOLVED: "协调事项已解决",
    LifeKind.CASE_REFUSED: "协调事项不予解决",
    LifeKind.WITHDRAWN: "已退出名单",
    LifeKind.REOPENED: "已恢复在册",
    **{kind.value: label for kind, label in KIND_LABELS.items()},
}
_BEFORE: Final = (LifeKind.ADMITTED, EventKind.DECLINED, LifeKind.CLASSIFIED)
"""Of what happens at one instant these come first, in this order; the rest follows as logged."""


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One thing that befell an entry: when, what, to or by whom, and a few words; `sequence` for what docking logged.

    `is_voided`: a correction voids it.
    """

    at: datetime
    kind: LifeKind | EventKind
    who: str = ""
    text: str = ""
    sequence: int | None = None
    is_voided: bool = False

    @property
    def label(self) -> str:
        return LIFE_LABELS[self.kind]


def merged(events: Iterable[LifeEvent]) -> list[LifeEvent]:
    """Answer a life in the order of time; of the same instant, causes before what they led to."""
    return sorted(events, key=lambda event: (event.at, _place(event), event.sequence or 0))


def _place(event: LifeEvent) -> int:
    return _BEFORE.index(event.kind) if event.kind in _BEFORE else len(_BEFORE)
