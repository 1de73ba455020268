"""Rows of an entry's life from the rooms that own them, by one statement; the viewer's session narrows each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, cast, literal, null, select, union_all

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.tables import Assignment, EntryHandler
from app.bottlenecks.rules import ROUTE_NAMES
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.coordination.rules import KINDS, CaseKind, CaseState
from app.coordination.tables import CoordinationCase
from app.docking.life import LifeEvent, LifeKind
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, UtcDateTime
from app.kernel.direct import Direct, given
from app.whitelist.tables import EntryWithdrawal, WhitelistEdition, WhitelistEntry

_COLUMNS: Final[Mapping[str, Any]] = {
    "fact": String(),
    "number": BigInteger(),
    "at": UtcDateTime(),
    "who": String(),
    "text": String(),
    "ended_at": UtcDateTime(),
    "ended_by": String(),
    "outcome": String(),
}
"""One row for each fact; what a kind of fact has not is null."""


def _rows(fact: str, **stated: ColumnElement[Any] | Any) -> Select[Any]:
    told: dict[str, Any] = {"fact": literal(fact), **stated}
    columns = (
        told[name].label(name) if name in told else cast(null(), type_).label(name)
        for name, type_ in _COLUMNS.items()
    )
    return (
        select(*columns)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(WhitelistEdition.jurisdiction == given("jurisdiction"), WhitelistEntry.code == given("code"))
    )


_ENTRY: Final = _rows("entry", number=WhitelistEntry.id, at=WhitelistEntry.admitted_at)
_WITHDRAWALS: Final = _rows(
    "withdrawal",
    number=EntryWithdrawal.id,
    at=EntryWithdrawal.withdrawn_at,
    who=EntryWithdrawal.withdrawn_by,
    text=EntryWithdrawal.reason,
    ended_at=EntryWithdrawal.reopened_at,
    ended_by=EntryWithdrawal.reopened_by,
    outcome=EntryWithdrawal.reopen_reason,
).join(EntryWithdrawal, EntryWithdrawal.entry_id == WhitelistEntry.id)
_PARTIES: Final = (
    _rows(
        "party",
        number=Assignment.id,
        at=Assignment.assigned_at,
        who=Institution.short_name,
        text=Assignment.responsible_body,
    )
    .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
    .outerjoin(Institution, Institution.id == Assignment.institution_id)
)
_HANDLERS: Final = (
    _rows(
        "handler",
        number=EntryHandler.id,
        at=EntryHandler.since,
        who=Person.name,
        text=EntryHandler.reason,
    )
    .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
    .join(EntryHandler, EntryHandler.assignment_id == Assignment.id)
    .join(Person, Person.id == EntryHandler.person_id)
)
_CLASSIFICATIONS: Final = (
    _rows(
        "classification",
        number=BottleneckCase.id,
        at=BottleneckCase.created_at,
        who=BottleneckCase.route,
        text=BottleneckFinding.detail["name"].as_string(),
    )
    .join(BottleneckCase, BottleneckCase.entry_id == WhitelistEntry.id)
    .outerjoin(
        BottleneckFinding,
        and_(
            BottleneckFinding.case_id == BottleneckCase.id,
            BottleneckFinding.class_code == BottleneckCase.route,
        ),
    )
    .where(BottleneckCase.cause == "declined")
)
_CASES: Final = _rows(
    "case",
    number=CoordinationCase.id,
    at=CoordinationCase.raised_at,
    who=CoordinationCase.body,
    text=CoordinationCase.kind,
    ended_at=CoordinationCase.closed_at,
    outcome=CoordinationCase.state,
).join(CoordinationCase, CoordinationCase.entry_id == WhitelistEntry.id)
_FACTS: Final = union_all(_ENTRY, _WITHDRAWALS, _PARTIES, _HANDLERS, _CLASSIFICATIONS, _CASES).subquery(
    "facts"
)
_LIFE: Final = Direct(select(*_FACTS.c).order_by(_FACTS.c.number))


async def life(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent] | None:
    """Answer what befell an entry beside what docking logs, as far as the viewer sees it; None: no such entry."""
    rows = await _LIFE.rows(session, jurisdiction=viewer.jurisdiction, code=code)
    if not any(row.fact == "entry" for row in rows):
        return None
    return [event for fact, told in _TOLD.items() for event in told(row for row in rows if row.fact == fact)]


def _admission(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    return (LifeEvent(row.at, LifeKind.ADMITTED) for row in rows if row.at is not None)


def _withdrawals(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    for row in rows:
        yield LifeEvent(row.at, LifeKind.WITHDRAWN, row.who, row.text)
        if row.ended_at is not None:
            yield LifeEvent(row.ended_at, LifeKind.REOPENED, row.ended_by or "", row.outcome or "")


def _parties(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    """Answer who became responsible when; of the assignments that are seen, each after the first is a reroute."""
    before: str | None = None
    for row in sorted(rows, key=lambda row: (row.at, row.number)):
        who: str = row.who or row.text
        if who != before:  # else a run that gave it to the same party again
            yield LifeEvent(row.at, LifeKind.ASSIGNED if before is None else LifeKind.REROUTED, who)
            before = who


def _handlers(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    return (LifeEvent(row.at, LifeKind.HANDED_OVER, row.who, row.text or "") for row in rows)


def _classifications(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    """Answer when what blocks it was classified after a decline, and which class led."""
    for row in rows:
        yield LifeEvent(row.at, LifeKind.CLASSIFIED, text=row.text or ROUTE_NAMES.get(row.who, row.who))


def _cases(rows: Iterable[Any]) -> Iterator[LifeEvent]:
    for row in rows:
        label = KINDS[CaseKind(row.text)].chinese
        yield LifeEvent(row.at, LifeKind.CASE_RAISED, row.who, label)
        if row.ended_at is not None:
            is_settled = CaseState(row.outcome) is CaseState.RESOLVED
            kind = LifeKind.CASE_RESOLVED if is_settled else LifeKind.CASE_REFUSED
            yield LifeEvent(row.ended_at, kind, row.who, label)


_TOLD: Final[Mapping[str, Callable[[Iterable[Any]], Iterator[LifeEvent]]]] = {
    "entry": _admission,
    "withdrawal": _withdrawals,
    "party": _parties,
    "handler": _handlers,
    "classification": _classifications,
    "case": _cases,
}
"""What each kind of fact tells; of one instant in this order."""
