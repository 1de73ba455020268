"""Reads and writes of docking events, editions and institutions.

Entries are always reached through their edition's jurisdiction, which is the viewer's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Integer, Select, Table, and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.docking.dossiers import InstitutionKey
from app.docking.kinds import BY_THE_CLOCK
from app.docking.simulation_plan import LoggedMoment
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import insert_rows
from app.kernel.direct import Direct, given, given_each
from app.kernel.errors import Conflict, Fault
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

RUNG: Final = frozenset(kind.value for kind in BY_THE_CLOCK)
_CORRECTION: Final = aliased(DockingEvent)
_EVENTS: Final = Direct(
    select(
        DockingEvent.sequence,
        DockingEvent.kind,
        DockingEvent.occurred_at,
        DockingEvent.recorded_at,
        DockingEvent.actor,
        DockingEvent.amount_fen,
        DockingEvent.rate_bp,
        DockingEvent.term_months,
        DockingEvent.is_credit_loan,
        DockingEvent.fee_bp,
        DockingEvent.corrects,
        DockingEvent.reason,
        DockingEvent.evidence,
        DockingEvent.detail,
        DockingEvent.is_simulated,
        Institution.code.label("institution"),
        _CORRECTION.sequence.label("corrected_by"),
    )
    .join_from(WhitelistEntry, WhitelistEdition, WhitelistEntry.edition_id == WhitelistEdition.id)
    .join(DockingEvent, DockingEvent.entry_id == WhitelistEntry.id)
    .outerjoin(Institution, Institution.id == DockingEvent.institution_id)
    .outerjoin(
        _CORRECTION,
        and_(_CORRECTION.entry_id == DockingEvent.entry_id, _CORRECTION.corrects == DockingEvent.sequence),
    )
    .where(
        WhitelistEdition.jurisdiction == given("jurisdiction"),
        WhitelistEntry.code == given("code"),
        DockingEvent.sequence > given("after", Integer),
    )
    .order_by(DockingEvent.sequence)
    .limit(given("most", Integer))
)
_CODES: Final = Direct(select(Institution.id, Institution.code).where(Institution.id.in_(given_each("ids"))))


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


async def edition_until(session: AsyncSession, viewer: Viewer, code: str) -> tuple[int, date] | None:
    """Answer the id and last day of the viewer's edition of this code, or None."""
    columns = (WhitelistEdition.id, WhitelistEdition.in_force_until)
    statement = select(*columns).where(_visible(viewer), WhitelistEdition.code == code)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def hold_edition(session: AsyncSession, edition: int) -> None:
    """Keep allocations of an edition waiting until this transaction ends; before any of its entries is locked."""
    statement = select(WhitelistEdition.id).where(WhitelistEdition.id == edition)
    await session.execute(statement.with_for_update(key_share=True))


async def hold_edition_of(session: AsyncSession, viewer: Viewer, entry_code: str) -> None:
    """Hold the edition of an entry likewise."""
    statement = _entries(viewer, WhitelistEdition.id).where(WhitelistEntry.code == entry_code)
    await session.execute(statement.with_for_update(of=WhitelistEdition, key_share=True))


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
) -> Sequence[tuple[Any, str | None, int | None]]:
    """Answer an entry's events (with the columns of the table) after a sequence number, in order.

    Each comes with its institution's code (None: of the entry) and the sequence of the correction that voids it.
    """
    rows = await _EVENTS.rows(
        session, jurisdiction=viewer.jurisdiction, code=entry_code, after=after, most=limit
    )
    return [(row, row.institution, row.corrected_by) for row in rows]


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
    for batch in in_batches(sorted({step for path in paths.values() for step in path})):
        codes |= {row.id: row.code for row in await _CODES.rows(session, ids=batch)}
    return {id_: tuple(codes[step] for step in path) for id_, path in paths.items()}


async def institution_names(session: AsyncSession, ids: Collection[int]) -> dict[int, InstitutionKey]:
    """Answer institutions by id."""
    columns = (Institution.id, Institution.code, Institution.short_name, Institution.lineage)
    statement = select(*columns).where(Institution.id.in_(sorted(ids)))
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
    """Answer what is logged on an edition, and the ids of the entries with events that somebody really logged.

    The clock rings for simulated entries too.
    """
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
    return moments, {row.entry_id for row in rows if not row.is_simulated and row.kind not in RUNG}
