"""How a need's docking is told to its firm: one line for each thing that befell it, who is a party, what to do now. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.desks.enterprise.tasks import ratable
from app.desks.texts import Text
from app.docking.clock import Turn
from app.docking.kinds import PAUSE_LABELS, EventKind
from app.docking.life import LIFE_LABELS
from app.docking.schemas import ClockOut, DockingOut, EventOut, LifeEventOut, PartyOut
from app.docking.working_time import Step

NameOf = Callable[[str], str]
"""Answers the name of an institution for its code."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that befell the entry; `event` holds the figures of what docking logged."""

    at: datetime
    label: str
    who: str
    text: str
    event: EventOut | None
    is_voided: bool


@dataclass(frozen=True, slots=True)
class Party:
    """A party of the entry with its name, and the firm's rating that counts."""

    party: PartyOut
    name: str
    rating: EventOut | None
    is_ratable: bool


def lines_of(life: Iterable[LifeEventOut], events: Iterable[EventOut], name_of: NameOf) -> list[Line]:
    """Answer an entry's life with the figures of its events, the newest first."""
    by_sequence = {one.sequence: one for one in events}
    return [
        Line(
            one.at,
            LIFE_LABELS[one.kind],
            name_of(one.who) if one.who else "",
            one.text or "",
            by_sequence.get(one.sequence or 0),
            one.is_voided,
        )
        for one in reversed(list(life))
    ]


def parties_of(docking: DockingOut, events: Sequence[EventOut], name_of: NameOf) -> list[Party]:
    """Answer the parties, who is in office and responsible first, each once."""
    latest: dict[str, PartyOut] = {}
    for one in sorted(docking.parties, key=lambda party: party.since):
        latest[one.institution] = one
    ratings = ratings_of(events)
    ordered = sorted(
        latest.values(), key=lambda one: (one.until is not None, not one.is_responsible, one.since)
    )
    return [
        Party(one, name_of(one.institution), ratings.get(one.institution), ratable(one)) for one in ordered
    ]


def ratings_of(events: Iterable[EventOut]) -> Mapping[str, EventOut]:
    """Answer the rating of each institution that counts: the last that no correction voids."""
    found: dict[str, EventOut] = {}
    given = (one for one in events if one.kind is EventKind.RATED and one.corrected_by is None)
    for one in sorted(given, key=lambda event: (event.occurred_at, event.sequence)):
        found[one.institution or ""] = one
    return found


def to_do(
    clock: ClockOut | None, parties: Sequence[Party], *, consent_path: str, unknown: int
) -> list[tuple[Text, str]]:
    """Answer what the firm itself can do now, the most urgent first, each with where it is done ("": nowhere here).

    `consent_path` is where a consent is given; "" when there is one.
    """
    found = []
    if consent_path:
        found.append((Text("授权机构查看信息：没有授权，机构看不到您的名称，不能与您联系"), consent_path))
    if clock is not None and clock.pause_reason is not None:
        reason = Text(PAUSE_LABELS[clock.pause_reason])
        found.append((Text("机构在等您：%(reason)s。办妥后告知机构，恢复计时", reason=reason), ""))
    if unknown:
        found.append((Text("补充资料：还有 %(count)s 款产品因资料不全不能判定", count=unknown), "#asks"))
    if any(one.is_ratable and one.rating is None for one in parties):
        found.append((Text("评价已答复的机构"), "#rating"))
    if clock is not None and clock.is_overdue:
        told = Text("机构已逾期：系统已逐级提醒，您不必重复提交；急需的，请联系当地统筹部门")
        found.append((told, "#progress"))
    return found or [(Text("暂时不需要您做什么；有进展会通知您"), "")]


def next_step(clock: ClockOut | None) -> Text | None:
    """Answer in a sentence what happens next, without the day."""
    if clock is None:
        return None
    told: dict[Step, Text] = {
        Step.ALLOCATE: Text("统筹部门为您落实一家责任机构"),
        Step.ACCEPT: Text("责任机构接单"),
        Step.CONTACT: Text("责任机构首次联系您"),
        Step.ANSWER: Text("责任机构给出答复：同意授信，或说明理由后婉拒"),
        Step.DISBURSE: Text("机构按授信放款"),
        Step.RESOLVE: Text("责任单位协调解决堵点"),
        Step.REFRESH: Text("本期已有结果；名单更新时再核对一次"),
    }
    return told[clock.step]


def waits_for(clock: ClockOut) -> Text:
    """Answer which side has to act."""
    if clock.step is Step.REFRESH:
        return Text("跟踪机构")
    return {
        Turn.INSTITUTION: Text("轮到机构"),
        Turn.COORDINATOR: Text("轮到统筹部门"),
        Turn.BODY: Text("轮到责任单位"),
    }[clock.turn]


def until_when(clock: ClockOut) -> Text:
    """Answer what the clock's day is: the last one for a step, or the roster's own last day."""
    return Text("名单有效至") if clock.step is Step.REFRESH else Text("最迟")
