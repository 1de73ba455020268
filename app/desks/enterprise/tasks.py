"""What a firm has done of its way to finance and what comes next, as a list of tasks. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.desks.texts import Text
from app.docking.kinds import EventKind
from app.docking.rules import STAGE_LABELS, Stage
from app.docking.schemas import DockingOut, PartyOut
from app.enterprises.schemas import NeedOut
from app.whitelist.schemas import EntrySummary

_ANSWERED: Final = frozenset({Stage.CREDITED, Stage.DISBURSED, Stage.DECLINED})


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what it is about, where it is done ("" where nothing is to be done), and its state in words and tone."""

    name: Text
    path: str
    state: Text | str
    tone: str = ""
    hint: Text | None = None


@dataclass(frozen=True, slots=True)
class NeedLine:
    """A need of the firm with its newest entry, where that stands, and how many consents hold."""

    need: NeedOut
    entry: EntrySummary | None = None
    docking: DockingOut | None = None
    consents: int = 0

    @property
    def path(self) -> str:
        """Answer the address of the need's page."""
        return f"/enterprise/needs/{self.need.code}"

    @property
    def state(self) -> tuple[Text | str, str]:
        """Answer how far it has come, in words and tone."""
        return state_of(self.entry, self.docking)


def state_of(entry: EntrySummary | None, docking: DockingOut | None) -> tuple[Text | str, str]:
    """Answer how far a need has come, in words and tone: on the roster or not, and what its parties did."""
    if entry is None:
        return Text("已提交，尚未列入名单"), "wait"
    if entry.withdrawn_at is not None:
        return Text("已退出名单"), ""
    if entry.status == "review":
        return Text("名单待复核"), "wait"
    if entry.status == "refused":
        return Text("未获准入"), "bad"
    if docking is None or docking.owner is None:
        return Text("已入选，待落实责任机构"), "wait"
    tone = {Stage.CREDITED: "good", Stage.DISBURSED: "good", Stage.DECLINED: "bad"}
    return STAGE_LABELS[docking.stage], tone.get(docking.stage, "wait")


def ratable(party: PartyOut) -> bool:
    """Tell whether a party has answered, so that the firm may rate it, in office or not."""
    return EventKind.RATED in party.possible or (party.until is not None and party.stage in _ANSWERED)


def to_rate(docking: DockingOut | None) -> list[PartyOut]:
    """Answer the parties that the firm may rate and has not rated."""
    return [one for one in docking.parties if ratable(one) and one.score is None] if docking else []


def tasks_of(lines: Sequence[NeedLine], *, has_draft: bool, draft_path: str) -> list[Task]:
    """Answer the tasks of a confirmed firm; of several needs the one that was revised last is followed."""
    line = max(lines, key=lambda one: one.need.revised_at, default=None)
    return [
        Task(Text("登记确认"), "", Text("已完成"), "good"),
        _stating(line, has_draft=has_draft, path=draft_path),
        *([] if line is None else _following(line)),
        *(_later() if line is None else []),
    ]


def _stating(line: NeedLine | None, *, has_draft: bool, path: str) -> Task:
    name = Text("填写融资需求")
    if has_draft:
        return Task(name, path, Text("有未提交的草稿"), "wait")
    if line is None:
        return Task(name, path, Text("未开始"), "", Text("约需 10 分钟；填到哪里就保存到哪里"))
    return Task(name, f"{line.path}/edit", Text("已提交"), "good")


def _following(line: NeedLine) -> list[Task]:
    state, tone = line.state
    due = to_rate(line.docking)
    rated = line.docking is not None and any(one.score for one in line.docking.parties)
    consent = (Text("已授权"), "good") if line.consents else (Text("未授权"), "wait")
    rating: tuple[Text, str] = (Text("待评价"), "wait") if due else (Text("机构答复后再评价"), "")
    if rated and not due:
        rating = Text("已评价"), "good"
    return [
        Task(Text("看匹配的产品"), f"{line.path}#matches", Text("可查看"), "good"),
        Task(
            Text("授权机构查看信息"),
            f"/enterprise/consents?need={line.need.code}",
            *consent,
            hint=None if line.consents else Text("未授权之前，机构看不到企业名称，也不能对接"),
        ),
        Task(Text("对接进展"), f"{line.path}#progress", state, tone),
        Task(Text("评价机构"), f"{line.path}#rating" if due or rated else "", *rating),
    ]


def _later() -> list[Task]:
    names = (Text("看匹配的产品"), Text("授权机构查看信息"), Text("对接进展"), Text("评价机构"))
    return [Task(name, "", Text("填写需求后开始")) for name in names]
