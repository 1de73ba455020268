"""Entries with their parties, events and cases, as values, in few statements.

Entries are reached through their edition's jurisdiction, which is the viewer's.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, desc, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment, AssignmentSupport
from app.docking.dossiers import EntryDossier
from app.docking.kinds import EventKind, Level, PauseReason
from app.docking.legality import Standing
from app.docking.reasons import DeclineReason
from app.docking.rules import Event
from app.docking.tables import DockingEvent
from app.enterprises.tables import Enterprise, Need
from app.institutions.kinds import InstitutionKind
from app.institutions.tables import Institution
from app.kernel.batches import IDS_PER_STATEMENT
from app.kernel.database import unrestricted
from app.kernel.direct import Direct, given, given_each
from app.whitelist.tables import EntryWithdrawal, WhitelistEdition, WhitelistEntry

BODIES: Final = (InstitutionKind.COORDINATOR_BODY.value, InstitutionKind.REGULATOR.value)
_REOPENED: Final = (
    select(func.max(EntryWithdrawal.reopened_at))
    .where(EntryWithdrawal.entry_id == WhitelistEntry.id)
    .scalar_subquery()
)
_WHICH: Final[Mapping[str, ColumnElement[bool]]] = {
    "code": WhitelistEntry.code == given("code"),
    "codes": WhitelistEntry.code.in_(given_each("codes", String)),
    "ids": WhitelistEntry.id.in_(given_each("ids")),
    "edition": WhitelistEntry.edition_id == given("edition", BigInteger),
}
"""How entries are named to the statements, each by a parameter of the same name."""
_OF_STANDING: Final = 10
"""So many columns of a party are its entry and what makes a `Standing`."""
_OWN: Final = WhitelistEdition.jurisdiction == given("jurisdiction")
_EVENT: Final = (
    DockingEvent.entry_id,
    DockingEvent.sequence,
    DockingEvent.kind,
    DockingEvent.institution_id,
    DockingEvent.occurred_at,
    DockingEvent.amount_fen,
    DockingEvent.rate_bp,
    DockingEvent.term_months,
    DockingEvent.is_credit_loan,
    DockingEvent.detail,
    DockingEvent.reason,
    DockingEvent.fee_bp,
    DockingEvent.corrects,
    DockingEvent.recorded_at,
)


class _Asked(NamedTuple):
    """Entries that are asked for: by which of the ways, and its value; without a viewer the system itself asks."""

    viewer: Viewer | None
    way: str
    value: Any

    @property
    def values(self) -> dict[str, Any]:
        own = {} if self.viewer is None else {"jurisdiction": self.viewer.jurisdiction}
        return {self.way: self.value, **own}

    @property
    def statements(self) -> "_Statements":
        return _statements(self.way, is_own=self.viewer is not None)


class _Statements(NamedTuple):
    """What is read of entries that are named in one way."""

    entries: Direct
    parties: Direct
    events: Direct


@cache
def _statements(way: str, *, is_own: bool) -> _Statements:
    which = (_WHICH[way], *([_OWN] if is_own else []))
    events = _entries(*_EVENT).join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
    return _Statements(
        entries=Direct(_found().where(*which).order_by(WhitelistEntry.code)),
        parties=Direct(
            union_all(*(_parties(is_responsible).where(*which) for is_responsible in (True, False))).order_by(
                desc("is_responsible"), "since", "assignment", "code"
            )
        ),
        events=Direct(events.where(*which).order_by(DockingEvent.entry_id, DockingEvent.sequence)),
    )


def _entries(*columns: Any) -> Select[Any]:
    return select(*columns).join_from(
        WhitelistEntry, WhitelistEdition, WhitelistEntry.edition_id == WhitelistEdition.id
    )


def _found() -> Select[Any]:
    """Select what an EntryDossier begins with."""
    is_current = and_(Assignment.entry_id == WhitelistEntry.id, Assignment.ended_at.is_(None))
    return (
        _entries(
            WhitelistEntry.id,
            WhitelistEntry.code,
            WhitelistEntry.status,
            WhitelistEntry.amount_fen,
            WhitelistEntry.withdrawn_at,
            WhitelistEntry.region_code,
            Need.project_id.is_not(None),
            Assignment.responsible_body,
            WhitelistEntry.chain_code,
            Enterprise.uscc,
            WhitelistEntry.edition_id,
            WhitelistEdition.in_force_until,
            func.coalesce(_REOPENED, WhitelistEntry.admitted_at),
            Assignment.kind,
            Assignment.assigned_at,
        )
        .join(Need, Need.id == WhitelistEntry.need_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .outerjoin(Assignment, is_current)
    )


def _parties(is_responsible: bool) -> Select[Any]:  # noqa: FBT001 - the one thing that it is asked
    """Select who is or was responsible for entries, bodies that are no institutions too, or who supports them."""
    statement = _entries(
        WhitelistEntry.id.label("entry"),
        Institution.id.label("institution"),
        Institution.code.label("code"),
        Institution.lineage.label("lineage"),
        literal(is_responsible).label("is_responsible"),
        Assignment.assigned_at.label("since"),
        Assignment.ended_at.label("until"),
        Institution.short_name.label("name"),
        (Institution.kind == InstitutionKind.GUARANTOR.value).label("is_guarantor"),
        Institution.kind.in_(BODIES).label("is_body"),
        Assignment.id.label("assignment"),
        Assignment.responsible_body.label("body"),
        Assignment.kind.label("kind"),
    ).join(Assignment, Assignment.entry_id == WhitelistEntry.id)
    if is_responsible:
        return statement.outerjoin(Institution, Institution.id == Assignment.institution_id)
    return statement.join(AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id).join(
        Institution, Institution.id == AssignmentSupport.institution_id
    )


async def dossier(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, lock: bool = False
) -> EntryDossier | None:
    """Answer one entry with its parties and events, or None; `lock` keeps other writers out."""
    found = await _dossiers(session, _Asked(viewer, "code", entry_code), lock=lock)
    return next(iter(found), None)


async def dossiers(
    session: AsyncSession, viewer: Viewer, edition: int, *, lock: bool = False
) -> list[EntryDossier]:
    """Answer all entries of an edition likewise, by code, in three statements whatever their number."""
    return await _dossiers(session, _Asked(viewer, "edition", edition), lock=lock)


async def dossiers_by_code(
    session: AsyncSession, viewer: Viewer, codes: Collection[str]
) -> list[EntryDossier]:
    """Answer entries (codes, at most IDS_PER_STATEMENT) likewise."""
    return await _dossiers(session, _Asked(viewer, "codes", sorted(codes)), lock=False)


async def dossiers_of(
    session: AsyncSession, viewer: Viewer | None, entry_ids: Collection[int], *, lock: bool = False
) -> list[EntryDossier]:
    """Answer entries (ids, at most IDS_PER_STATEMENT) likewise; without a viewer the system itself asks."""
    return await _dossiers(session, _Asked(viewer, "ids", sorted(entry_ids)), lock=lock)


async def histories_of(
    session: AsyncSession, entry_ids: Collection[int], *, lock: bool = False
) -> dict[int, list[Event]]:
    """Answer the events of entries (ids, at most IDS_PER_STATEMENT) that have some, in order, by entry."""
    asked = _Asked(None, "ids", sorted(entry_ids))
    if lock:
        await _hold(session, asked)
    found: dict[int, list[Event]] = defaultdict(list)
    for row in await asked.statements.events.rows(session, **asked.values):
        found[row.entry_id].append(_event_of(row))
    return found


async def _dossiers(session: AsyncSession, asked: _Asked, *, lock: bool) -> list[EntryDossier]:
    if lock:
        await _hold(session, asked)
    rows = await asked.statements.entries.rows(session, **asked.values)
    found = {row.id: EntryDossier(*row) for row in rows}
    if found:
        # What may be logged and what is due rests on all parties and events of an entry that is seen,
        # whoever they are; docking/onlookers.py leaves out of answers what the viewer is not shown.
        with unrestricted(session):
            if len(found) <= IDS_PER_STATEMENT:
                asked = _Asked(asked.viewer, "ids", sorted(found))
            await _add_parties(session, asked, found)
            await _add_events(session, asked, found)
    return list(found.values())


async def _hold(session: AsyncSession, asked: _Asked) -> None:
    """Hold entries until the transaction ends, before anything of them is read."""
    # What is joined to a row that was waited for would be read as it was before the wait.
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out. Rows that
    # refer to the entry may still be written meanwhile: it keeps its key.
    own = [] if asked.viewer is None else [_OWN]
    statement = _entries(WhitelistEntry.id).where(_WHICH[asked.way], *own).order_by(WhitelistEntry.id)
    await session.execute(statement.with_for_update(of=WhitelistEntry, key_share=True), asked.values)


async def _add_parties(session: AsyncSession, asked: _Asked, found: Mapping[int, EntryDossier]) -> None:
    rows = [row for row in await asked.statements.parties.rows(session, **asked.values) if row.entry in found]
    for row in rows:
        if row.institution is not None:
            found[row.entry].standings.append(Standing(*row[1:_OF_STANDING]))
    _date_bodies([row for row in rows if row.institution is None], found)


def _date_bodies(rows: Sequence[Any], found: Mapping[int, EntryDossier]) -> None:
    """Date the owners that are no institutions from when they first got the entry.

    A run that gives it to the same coordinator again for another reason gives no new days.
    """
    for row in reversed(rows):
        dossier = found[row.entry]
        if (row.body, row.kind) != (dossier.owner, dossier.owner_kind):
            continue
        if row.until is not None and row.until == dossier.owned_since and dossier.holder is None:
            dossier.owned_since = row.since


async def _add_events(session: AsyncSession, asked: _Asked, found: Mapping[int, EntryDossier]) -> None:
    for row in await asked.statements.events.rows(session, **asked.values):
        dossier = found.get(row.entry_id)
        if dossier is not None:
            dossier.events.append(_event_of(row))
            dossier.last_recorded_at = max(row.recorded_at, dossier.last_recorded_at or row.recorded_at)


def _event_of(row: Any) -> Event:
    kind, detail = EventKind(row.kind), row.detail
    level = detail.get("level")
    return Event(
        sequence=row.sequence,
        kind=kind,
        institution_id=row.institution_id,
        occurred_at=row.occurred_at,
        amount_fen=row.amount_fen or 0,
        rate_bp=row.rate_bp,
        term_months=row.term_months,
        is_credit_loan=row.is_credit_loan,
        exceeds_need=bool(detail.get("exceeds_need")),
        reason=DeclineReason(row.reason) if kind is EventKind.DECLINED else None,
        fee_bp=row.fee_bp,
        pause_reason=PauseReason(row.reason) if kind is EventKind.PAUSED and row.reason else None,
        level=Level(level) if level else None,
        score=detail.get("score"),
        corrects=row.corrects,
    )
