"""Reads and writes of docking: entries with their parties and events, in few statements.

Entries are always reached through their edition's jurisdiction, which is the viewer's.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, Table, and_, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment, AssignmentSupport
from app.docking.dossiers import EntryDossier, InstitutionKey
from app.docking.legality import Standing
from app.docking.reasons import DeclineReason
from app.docking.rules import Event, EventKind
from app.docking.simulation_plan import LoggedMoment
from app.docking.tables import DockingEvent
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import insert_rows, unrestricted
from app.kernel.errors import Conflict, Fault
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

IDS_PER_STATEMENT: Final = 5_000


def _visible(viewer: Viewer) -> ColumnElement[bool]:
    return WhitelistEdition.jurisdiction == viewer.jurisdiction


def _entries(viewer: Viewer, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join_from(WhitelistEntry, WhitelistEdition, WhitelistEntry.edition_id == WhitelistEdition.id)
        .where(_visible(viewer))
    )


async def edition_id(session: AsyncSession, viewer: Viewer, code: str) -> int | None:
    """Answer the id of the viewer's edition of this code, or None."""
    statement = select(WhitelistEdition.id).where(_visible(viewer), WhitelistEdition.code == code)
    return (await session.execute(statement)).scalar_one_or_none()


async def hold_edition(session: AsyncSession, edition: int) -> None:
    """Keep allocations of an edition waiting until this transaction ends; before any of its entries is locked."""
    statement = select(WhitelistEdition.id).where(WhitelistEdition.id == edition)
    await session.execute(statement.with_for_update())


async def hold_edition_of(session: AsyncSession, viewer: Viewer, entry_code: str) -> None:
    """Hold the edition of an entry likewise."""
    statement = _entries(viewer, WhitelistEdition.id).where(WhitelistEntry.code == entry_code)
    await session.execute(statement.with_for_update(of=WhitelistEdition))


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


async def _dossiers(
    session: AsyncSession, viewer: Viewer, which: ColumnElement[bool], *, lock: bool
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
    )
    is_current = and_(Assignment.entry_id == WhitelistEntry.id, Assignment.ended_at.is_(None))
    statement = (
        _entries(viewer, *columns)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
    )
    statement = statement.outerjoin(Assignment, is_current).where(which).order_by(WhitelistEntry.code)
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out. Rows that
    # refer to the entry may still be written meanwhile: it keeps its key.
    statement = statement.with_for_update(of=WhitelistEntry, key_share=True) if lock else statement
    found = {row.id: EntryDossier(*row) for row in await session.execute(statement)}
    if found:
        # What may be logged and what is due rests on all parties and events of an entry that is seen,
        # whoever they are; docking/onlookers.py leaves out of answers what the viewer is not shown.
        with unrestricted(session):
            if len(found) <= IDS_PER_STATEMENT:
                which = WhitelistEntry.id.in_(found)
            await _add_standings(session, viewer, which, found)
            await _add_events(session, viewer, which, found)
    return list(found.values())


async def _add_standings(
    session: AsyncSession, viewer: Viewer, which: ColumnElement[bool], found: Mapping[int, EntryDossier]
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


async def _add_events(
    session: AsyncSession, viewer: Viewer, which: ColumnElement[bool], found: Mapping[int, EntryDossier]
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
    )
    statement = _entries(viewer, *columns).join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
    ordered = statement.where(which).order_by(DockingEvent.entry_id, DockingEvent.sequence)
    for row in await session.execute(ordered):
        if row.entry_id in found:
            found[row.entry_id].events.append(_event_of(row))


def _event_of(row: Any) -> Event:
    return Event(
        sequence=row.sequence,
        kind=EventKind(row.kind),
        institution_id=row.institution_id,
        occurred_at=row.occurred_at,
        amount_fen=row.amount_fen or 0,
        rate_bp=row.rate_bp,
        term_months=row.term_months,
        is_credit_loan=row.is_credit_loan,
        exceeds_need=bool(row.detail.get("exceeds_need")),
        reason=DeclineReason(row.reason) if row.reason else None,
    )


async def append_event(session: AsyncSession, row: Mapping[str, Any]) -> DockingEvent:
    """Store one event.

    Raises:
        Conflict: somebody took its place in the entry's history at the same time.
    """
    stored = DockingEvent(**row)
    session.add(stored)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(
            "Somebody logged on this entry at the same time; read it again.",
            [Fault("entry", "has a newer event", "Read the events, then send this one again.")],
        ) from error
    return stored


async def append_events(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store many events; answer how many."""
    return await insert_rows(session, cast("Table", DockingEvent.__table__), rows)


async def event_rows(
    session: AsyncSession, viewer: Viewer, entry_code: str, after: int, limit: int
) -> Sequence[tuple[DockingEvent, str]]:
    """Answer an entry's events after a sequence number with their institution's code, in order."""
    statement = (
        _entries(viewer, DockingEvent, Institution.code)
        .join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
        .join(Institution, Institution.id == DockingEvent.institution_id)
        .where(WhitelistEntry.code == entry_code, DockingEvent.sequence > after)
        .order_by(DockingEvent.sequence)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def institution_keys(
    session: AsyncSession, codes: Sequence[str] | None = None
) -> dict[str, InstitutionKey]:
    """Answer institutions by code; all of them when no codes are named."""
    columns = (Institution.id, Institution.code, Institution.short_name, Institution.lineage)
    statement = select(*columns)
    if codes is not None:
        statement = statement.where(Institution.code.in_(codes))
    return {row.code: InstitutionKey(*row) for row in await session.execute(statement)}


async def institution_lines(session: AsyncSession, lineages: Mapping[int, str]) -> dict[int, tuple[str, ...]]:
    """Answer the codes from the root down of institutions that are given as id → lineage."""
    paths = {id_: [int(step) for step in lineage.split("/") if step] for id_, lineage in lineages.items()}
    codes: dict[int, str] = {}
    source = iter(sorted({step for path in paths.values() for step in path}))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        statement = select(Institution.id, Institution.code).where(Institution.id.in_(batch))
        codes |= {row.id: row.code for row in await session.execute(statement)}
    return {id_: tuple(codes[step] for step in path) for id_, path in paths.items()}


async def institution_names(session: AsyncSession, ids: Sequence[int]) -> dict[int, InstitutionKey]:
    """Answer institutions by id."""
    columns = (Institution.id, Institution.code, Institution.short_name, Institution.lineage)
    statement = select(*columns).where(Institution.id.in_(ids))
    return {row.id: InstitutionKey(*row) for row in await session.execute(statement)}


async def stated_facts(session: AsyncSession, viewer: Viewer, edition: int) -> dict[str, dict[str, Any]]:
    """Answer the stated facts of each entry's need on an edition, by entry code."""
    statement = (
        _entries(viewer, WhitelistEntry.code, NeedRevision.facts)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(WhitelistEntry.edition_id == edition)
    )
    return {row.code: row.facts for row in await session.execute(statement)}


async def logged_moments(
    session: AsyncSession, viewer: Viewer, edition: int
) -> tuple[set[LoggedMoment], set[int]]:
    """Answer what is logged on an edition, and the ids of the entries with events that are not simulated."""
    columns = (
        DockingEvent.entry_id,
        DockingEvent.institution_id,
        DockingEvent.kind,
        DockingEvent.occurred_at,
        DockingEvent.is_simulated,
    )
    statement = _entries(viewer, *columns).join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
    rows = (await session.execute(statement.where(WhitelistEntry.edition_id == edition))).all()
    moments = {(row.entry_id, row.institution_id, row.kind, row.occurred_at) for row in rows}
    return moments, {row.entry_id for row in rows if not row.is_simulated}
