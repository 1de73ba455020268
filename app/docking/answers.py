"""A decline, answered to the enterprise in plain Chinese (pure).

What blocked the need, by which clause it is handled on, who has it now and until when, and what the enterprise itself
can do. What the institution gives as evidence is its own record and no part of the answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.bottlenecks.rules import ASK, POLICY_GAP, ROUTE_NAMES, ClassFinding
from app.docking.advice import AdviceLine
from app.docking.clock import Clock, Turn
from app.docking.kinds import LEVEL_LABELS, PAUSE_LABELS
from app.docking.reasons import REASONS, DeclineReason
from app.docking.working_time import STEP_LABELS, Step
from app.kernel.shanghai import day_text, shanghai_date

TAKES_UP: Final = {
    Turn.INSTITUTION: "接手",
    Turn.COORDINATOR: "负责",
    Turn.BODY: "负责",
}


@dataclass(frozen=True, slots=True)
class Decline:
    """A decline as it was logged, without its evidence; `is_voided`: a later correction took it back."""

    sequence: int
    entry: str
    institution: str
    institution_name: str
    occurred_at: datetime
    recorded_at: datetime
    reason: DeclineReason
    is_voided: bool = False


@dataclass(frozen=True, slots=True)
class Handling:
    """How what blocks the need is handled since the decline: by a class, by asking, or as a gap of the policy.

    `route` is the class's code, `ask` or `policy_gap`; `rule_route` where the class's rule sends the need. `asks` names
    the fields of the need that would decide open classes.
    """

    route: str
    rule_route: str
    name: str
    receiver: str = ""
    citation: str = ""
    adopted: str = ""
    asks: tuple[str, ...] = ()

    @classmethod
    def of(cls, route: str, leading: ClassFinding | None, asks: Sequence[str]) -> "Handling":
        """Read it from a classification: its route, the class that leads, and what is to be asked."""
        if leading is None:
            return cls(route, route, ROUTE_NAMES.get(route, route), asks=tuple(asks))
        return cls(
            route,
            leading.route,
            leading.name,
            leading.receiver,
            leading.citation,
            leading.adopted,
            tuple(asks),
        )


@dataclass(frozen=True, slots=True)
class DeclineAnswer:
    """The answer: what was declined, how it is handled, who has it now, what to do; `sentences` say it all.

    `handling` is None where nothing was classified or the reader is not shown it. `clock` is None where the reader is not
    shown what is due, then `owner` alone says who has it; both are None for an entry that is off the roster.
    """

    decline: Decline
    handling: Handling | None
    clock: Clock | None
    owner: str | None
    advice: tuple[AdviceLine, ...]
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """Answer all of it as one text."""
        return "".join(self.sentences)


def answer_of(
    decline: Decline,
    handling: Handling | None,
    clock: Clock | None,
    advice: Sequence[AdviceLine],
    today: date,
    *,
    owner: str | None = None,
) -> DeclineAnswer:
    """Answer a decline as of a day in Asia/Shanghai; of one that was taken back, no more than that."""
    if decline.is_voided:
        sentences = (_blocked(decline), "该记录已经更正，不作数。", *_present(clock, owner, today))
        return DeclineAnswer(decline, None, clock, owner, (), sentences)
    told = (_blocked(decline), *_handled(handling), *_present(clock, owner, today), *_to_do(advice))
    return DeclineAnswer(decline, handling, clock, owner, tuple(advice), told)


def _blocked(decline: Decline) -> str:
    when, why = day_text(shanghai_date(decline.occurred_at)), REASONS[decline.reason].chinese
    return f"您的融资需求（{decline.entry}）被{decline.institution_name}于{when}婉拒，原因：{why}。"


def _handled(handling: Handling | None) -> Iterator[str]:
    if handling is None:
        return
    if handling.route == ASK:
        yield "属于哪类堵点，须补充信息后判定。"
    elif handling.route == POLICY_GAP:
        yield "现行政策没有规定这种情形的去向，由统筹部门研究。"
    else:
        adopted = f"（{handling.adopted}）" if handling.adopted else ""
        yield f"按{handling.citation}“{handling.name}”办理{adopted}，推送对象为{handling.receiver}。"


def _present(clock: Clock | None, owner: str | None, today: date) -> Iterator[str]:
    """Say who has the entry now, for what and until when, and what holds it up."""
    if clock is None:
        yield f"现由{owner}负责。" if owner else "该条目已不在名单上，不再推送。"
        return
    if clock.step is Step.REFRESH:
        until = f"，名单于{day_text(clock.due_on)}后更新" if clock.due_on else ""
        yield f"本条目已有机构放款，由{clock.owner}跟踪{until}。"
        return
    yield f"现由{clock.owner}{TAKES_UP[clock.turn]}，{_until(clock, today)}。"
    if clock.pause_reason is not None:
        yield f"目前暂停计时：{PAUSE_LABELS[clock.pause_reason]}。"
    if clock.level is not None:
        yield f"该步骤已升级至{LEVEL_LABELS[clock.level]}督办。"


def _until(clock: Clock, today: date) -> str:
    step = STEP_LABELS[clock.step]
    if clock.due_on is None:
        since = day_text(shanghai_date(clock.runs_since))
        return f"应自{since}起{clock.days}个工作日内{step}（其间的工作日安排尚未公布）"
    late = "，现已逾期" if today > clock.due_on else ""
    return f"应于{day_text(clock.due_on)}（含当日）前{step}{late}"


def _to_do(advice: Sequence[AdviceLine]) -> Iterator[str]:
    if not advice:
        return
    lines = (f"{line.text}（{line.citation}）" if line.citation else line.text for line in advice)
    numbered = "；".join(f"{number}．{line}" for number, line in enumerate(lines, start=1))
    yield f"您可以：{numbered}。"
