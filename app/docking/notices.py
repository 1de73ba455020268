"""Who is told what when entries come to an institution, and when the clock rings (pure).

A reminder goes to whoever handles the entry, or to the institution's people where nobody does yet; a raised
step goes to its level, to those below it that were passed over, and to who owes it. The words name the entry: notices are shown to those alone who
see it (notifications/service.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.rules import Role
from app.docking.clock import Clock, Turn
from app.docking.kinds import LEVEL_LABELS, EventKind, Level
from app.docking.working_time import STEP_LABELS
from app.notifications.rules import NewNotice, NoticeKind

_MANAGERS: Final = (Role.RELATIONSHIP_MANAGER, Role.GUARANTOR)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the clock that was logged on an entry, whose step it is about, and which levels hear of it first."""

    entry_id: int
    entry: str
    sequence: int
    kind: EventKind
    level: Level | None
    levels: tuple[Level, ...]
    region: str
    clock: Clock


def notice_of(told: Told, line: Sequence[str], handlers: Sequence[int]) -> NewNotice:
    """Answer the notice of a reminder or an escalation.

    `line` are the codes of the party's institution from the root of its tree down, `handlers` the persons
    who handle the entry there.
    """
    clock = told.clock
    due = clock.due_on.isoformat() if clock.due_on else "（工作日历未公布）"
    step = f"条目{told.entry}的“{STEP_LABELS[clock.step]}”由{clock.owner}办理，期限{due}"
    audience = _owners(told, line, handlers)
    if told.kind is EventKind.REMINDED:
        kind, body = NoticeKind.REMINDED, f"{step}，即将到期。"
    else:
        assert told.level is not None, "an escalation has a level"
        kind = NoticeKind.LATE if told.level is Level.MANAGER else NoticeKind.ESCALATED
        body = f"{step}，已逾期，升级至{LEVEL_LABELS[told.level]}。"
        audience += _of_levels(told, line)
    return NewNotice(
        event_key=f"docking:{told.entry_id}:{told.sequence}",
        kind=kind,
        body=body,
        entry_id=told.entry_id,
        link=f"/entries/{told.entry}",
        audience=tuple(dict.fromkeys(audience)),
        persons=tuple(handlers) if clock.turn is Turn.INSTITUTION else (),
        is_urgent=told.level in {Level.CITY, Level.PROVINCE},
    )


def assigned_notice(code: str, name: str, entries: int, at: datetime) -> NewNotice:
    """Answer the notice to an institution that entries came to it; it names none of them."""
    return NewNotice(
        event_key=f"assigned:{code}:{at.isoformat()}",
        kind=NoticeKind.ASSIGNED,
        body=f"{name}新增{entries}个条目，请在接单期限内接单。",
        link="/entries",
        audience=tuple((role, code) for role in (Role.BANK_ADMINISTRATOR, *_MANAGERS)),
    )


def _owners(told: Told, line: Sequence[str], handlers: Sequence[int]) -> list[tuple[Role, str]]:
    """Answer whose step it is, as far as no handler is known."""
    if told.clock.turn is not Turn.INSTITUTION:
        return [(Role.COORDINATOR, region) for region in _regions(told.region)[1:]]
    if handlers:
        return []
    return [(role, code) for code in line[-1:] for role in _MANAGERS]


def _of_levels(told: Told, line: Sequence[str]) -> list[tuple[Role, str]]:
    province, city, county = _regions(told.region)
    by_level: dict[Level, list[tuple[Role, str]]] = {
        Level.MANAGER: [],
        Level.BANK_ADMINISTRATOR: [(Role.BANK_ADMINISTRATOR, code) for code in line],
        Level.COUNTY: [(Role.COORDINATOR, county)],
        Level.CITY: [(Role.COORDINATOR, city)],
        Level.PROVINCE: [(Role.COORDINATOR, province)],
    }
    return [pair for level in told.levels for pair in by_level[level]]


def _regions(region: str) -> tuple[str, str, str]:
    return f"{region[:2]}0000", f"{region[:4]}00", region
