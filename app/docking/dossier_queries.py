"""Entries with their parties, events and cases, as values, in few statements.

Entries are reached through their edition's jurisdiction, which is the viewer's.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, literal, select
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
from app.kernel.database import unrestricted
from app.whitelist.tables import EntryWithdrawal, WhitelistEdition, WhitelistEntry

IDS_PER_STATEMENT: Final = 5_000
BODIES: Final = (InstitutionKind.COORDINATOR_BODY.value, InstitutionKind.REGULATOR.value)
_REOPENED: Final = (
    select(func.max(EntryWithdrawal.reopened_at))
    .where(EntryWithdrawal.entry_id == WhitelistEntry.id)
    .scalar_subquery()
)


def _entries(viewer: Viewer | None, *columns: Any) -> Select[Any]:
    joined = select(*columns).join_from(
        WhitelistEntry, WhitelistEdition, WhitelistEntry.edition_id == WhitelistEdition.id
    )
    return joined if viewer is None else joined.where(WhitelistEdition.jurisdiction == viewer.jurisdiction)


async def dossier(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, lock: bool = False
) -> EntryDossier | None:
    """Answer one entry with its parties and events, or None; `lock` keeps other writers out."""
    found = await _dossiers(session, viewer, WhitelistEntry.code == entry_code, lock=lock)
    return next(iter(found), None)


async def dossiers(
    session: AsyncSession, viewer: Viewer, edition: int, *, lock: bool = False
) -> list[EntryDossier]:
    """Answer all entries of an edition likewise, by code, in four statements whatever their number."""
    return await _dossiers(session, viewer, WhitelistEntry.edition_id == edition, lock=lock)


async def dossiers_by_code(
    session: AsyncSession, viewer: Viewer, codes: Collection[str]
) -> list[EntryDossier]:
    """Answer entries (codes, at most IDS_PER_STATEMENT) likewise."""
    return await _dossiers(session, viewer, WhitelistEntry.code.in_(sorted(codes)), lock=False)


async def dossiers_of(
    session: AsyncSession, viewer: Viewer | None, entry_ids: Collection[int], *, lock: bool = False
) -> list[EntryDossier]:
    """Answer entries (ids, at most IDS_PER_STATEMENT) likewise; without a viewer the system itself asks."""
    return await _dossiers(session, viewer, WhitelistEntry.id.in_(sorted(entry_ids)), lock=lock)


async def _dossiers(
    session: AsyncSession, viewer: Viewer | None, which: ColumnElement[bool], *, lock: bool
) -> list[EntryDossier]:
    columns = (
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
    is_current = and_(Assignment.entry_id == WhitelistEntry.id, Assignment.ended_at.is_(None))
    statement = (
        _entries(viewer, *columns)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
    )
    statement = statement.outerjoin(Assignment, is_current).where(which).order_by(WhitelistEntry.code)
    if lock:
        await _hold(session, viewer, which)
    found = {row.id: EntryDossier(*row) for row in await session.execute(statement)}
    if found:
        # What may be logged and what is due rests on all parties and events of an entry that is seen,
        # whoever they are; docking/onlookers.py leaves out of answers what the viewer is not shown.
        with unrestricted(session):
            if len(found) <= IDS_PER_STATEMENT:
                which = WhitelistEntry.id.in_(found)
            await _add_standings(session, viewer, which, found)
            await _date_bodies(session, viewer, which, found)
            await _add_events(session, viewer, which, found)
    return list(found.values())


async def _hold(session: AsyncSession, viewer: Viewer | None, which: ColumnElement[bool]) -> None:
    """Hold entries until the transaction ends, before anything of them is read."""
    # What is joined to a row that was waited for would be read as it was before the wait.
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out. Rows that
    # refer to the entry may still be written meanwhile: it keeps its key.
    statement = _entries(viewer, WhitelistEntry.id).where(which).order_by(WhitelistEntry.id)
    await session.execute(statement.with_for_update(of=WhitelistEntry, key_share=True))


async def _add_standings(
    session: AsyncSession,
    viewer: Viewer | None,
    which: ColumnElement[bool],
    found: Mapping[int, EntryDossier],
) -> None:
    for is_responsible in (True, False):
        columns = (
            WhitelistEntry.id,
            Institution.id,
            Institution.code,
            Institution.lineage,
            literal(is_responsible),
            Assignment.assigned_at,
            Assignment.ended_at,
            Institution.short_name,
            Institution.kind == InstitutionKind.GUARANTOR.value,
            Institution.kind.in_(BODIES),
        )
        statement = _entries(viewer, *columns).join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        if is_responsible:
            statement = statement.join(Institution, Institution.id == Assignment.institution_id)
        else:
            statement = statement.join(
                AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id
            ).join(Institution, Institution.id == AssignmentSupport.institution_id)
        ordered = statement.where(which).order_by(Assignment.assigned_at, Assignment.id, Institution.code)
        for entry_id, *standing in await session.execute(ordered):
            if entry_id in found:
                found[entry_id].standings.append(Standing(*standing))


async def _date_bodies(
    session: AsyncSession,
    viewer: Viewer | None,
    which: ColumnElement[bool],
    found: Mapping[int, EntryDossier],
) -> None:
    """Date the owners that are no institutions from when they first got the entry.

    A run that gives it to the same coordinator again for another reason gives no new days.
    """
    columns = (
        Assignment.entry_id,
        Assignment.responsible_body,
        Assignment.kind,
        Assignment.assigned_at,
        Assignment.ended_at,
    )
    statement = _entries(viewer, *columns).join(Assignment, Assignment.entry_id == WhitelistEntry.id)
    ordered = statement.where(which, Assignment.institution_id.is_(None)).order_by(
        Assignment.entry_id, Assignment.assigned_at.desc(), Assignment.id.desc()
    )
    for entry_id, body, kind, since, until in await session.execute(ordered):
        dossier = found.get(entry_id)
        if dossier is None or (body, kind) != (dossier.owner, dossier.owner_kind):
            continue
        if until is not None and until == dossier.owned_since and dossier.holder is None:
            dossier.owned_since = since


async def _add_events(
    session: AsyncSession,
    viewer: Viewer | None,
    which: ColumnElement[bool],
    found: Mapping[int, EntryDossier],
) -> None:
    columns = (
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
    statement = _entries(viewer, *columns).join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
    ordered = statement.where(which).order_by(DockingEvent.entry_id, DockingEvent.sequence)
    for row in await session.execute(ordered):
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
