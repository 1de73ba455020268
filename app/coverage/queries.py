"""Reads and writes of coverage: the facts of a month in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment
from app.chains.tables import Chain
from app.coverage.facts import Place
from app.coverage.levels import Happening, Spell
from app.coverage.tables import CoverageSnapshot
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.institutions.tables import Institution
from app.kernel.errors import Conflict, Fault
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

INSTITUTION_LEVELS = ("head_office", "branch", "sub_branch")


@dataclass(slots=True)
class EntryRow:
    """An entry on the roster at the end of a month, with its assignments and events before it."""

    id: int
    code: str
    region: str
    chain: str | None
    source_class: str
    size_class: str | None
    amount_fen: int
    first_loan: bool | None
    admitted_at: datetime
    spells: list[Spell] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    is_simulated: bool = False


async def edition_in_force(session: AsyncSession, viewer: Viewer, day: date) -> WhitelistEdition | None:
    """Answer the viewer's edition that is in force on a day; of several the one that began last."""
    statement = (
        select(WhitelistEdition)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.in_force_from <= day,
            WhitelistEdition.in_force_until >= day,
        )
        .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEdition.code.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def newest_edition(session: AsyncSession, viewer: Viewer, day: date) -> WhitelistEdition | None:
    """Answer the viewer's edition that came into force last, of those that have by a day."""
    statement = (
        select(WhitelistEdition)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEdition.in_force_from <= day)
        .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEdition.code.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def edition_by_code(session: AsyncSession, viewer: Viewer, code: str) -> WhitelistEdition | None:
    """Answer the viewer's edition of a code, or None."""
    statement = select(WhitelistEdition).where(
        WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEdition.code == code
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def entry_rows(session: AsyncSession, edition_id: int, until: datetime) -> list[EntryRow]:
    """Answer the entries that were on the roster at an instant, by code, with what happened before it."""
    statement = select(
        WhitelistEntry.id,
        WhitelistEntry.code,
        WhitelistEntry.region_code,
        WhitelistEntry.chain_code,
        WhitelistEntry.source_class,
        WhitelistEntry.size_class,
        WhitelistEntry.amount_fen,
        NeedRevision.facts["first_loan"].as_boolean(),
        WhitelistEntry.admitted_at,
    ).join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
    ordered = statement.where(*_on_roster(edition_id, until)).order_by(WhitelistEntry.code)
    rows = {row[0]: EntryRow(*row) for row in await session.execute(ordered)}
    await _add_spells(session, edition_id, until, rows)
    await _add_happenings(session, edition_id, until, rows)
    return list(rows.values())


def _on_roster(edition_id: int, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        WhitelistEntry.edition_id == edition_id,
        WhitelistEntry.status == "admitted",
        WhitelistEntry.admitted_at < until,
        or_(WhitelistEntry.withdrawn_at.is_(None), WhitelistEntry.withdrawn_at >= until),
    )


async def _add_spells(
    session: AsyncSession, edition_id: int, until: datetime, rows: dict[int, EntryRow]
) -> None:
    statement = (
        select(Assignment.entry_id, Institution.code, Assignment.assigned_at, Assignment.ended_at)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .where(Assignment.assigned_at < until)
    )
    for entry_id, code, since, ended in await session.execute(
        statement.where(*_on_roster(edition_id, until))
    ):
        end = ended if ended is not None and ended < until else None
        rows[entry_id].spells.append(Spell(code, since, end))


async def _add_happenings(
    session: AsyncSession, edition_id: int, until: datetime, rows: dict[int, EntryRow]
) -> None:
    statement = (
        select(
            DockingEvent.entry_id,
            DockingEvent.is_simulated,
            DockingEvent.kind,
            Institution.code,
            DockingEvent.occurred_at,
            DockingEvent.amount_fen,
            DockingEvent.rate_bp,
            DockingEvent.term_months,
            DockingEvent.is_credit_loan,
        )
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .join(Institution, Institution.id == DockingEvent.institution_id)
        .where(DockingEvent.occurred_at < until)
        .order_by(DockingEvent.entry_id, DockingEvent.occurred_at, DockingEvent.sequence)
    )
    for row in await session.execute(statement.where(*_on_roster(edition_id, until))):
        entry = rows[row[0]]
        entry.is_simulated |= row[1]
        entry.happenings.append(_happening(row))


def _happening(row: Any) -> Happening:
    kind, code, at, *amounts = row[2:]
    amount, rate, months, is_credit_loan = amounts
    return Happening(kind, code, at, amount or 0, rate or 0, months or 0, bool(is_credit_loan))


async def institution_places(session: AsyncSession) -> dict[str, Place]:
    """Answer all institutions with the code of the one above and their level, by code."""
    columns = (
        Institution.id,
        Institution.code,
        Institution.short_name,
        Institution.parent_id,
        Institution.lineage,
    )
    rows = (await session.execute(select(*columns))).all()
    codes = {row.id: row.code for row in rows}
    return {row.code: Place(row.short_name, codes.get(row.parent_id), _level(row.lineage)) for row in rows}


def _level(lineage: str) -> str:
    depth = len(lineage.strip("/").split("/"))
    return INSTITUTION_LEVELS[min(depth, len(INSTITUTION_LEVELS)) - 1]


async def chain_names(session: AsyncSession) -> dict[str, str]:
    """Answer the names of chains by code."""
    return {row.code: row.name for row in await session.execute(select(Chain.code, Chain.name))}


async def snapshot(session: AsyncSession, viewer: Viewer, month: str) -> tuple[CoverageSnapshot, str] | None:
    """Answer a closed month of the viewer's jurisdiction with its edition's code, or None."""
    statement = (
        select(CoverageSnapshot, WhitelistEdition.code)
        .join(WhitelistEdition, WhitelistEdition.id == CoverageSnapshot.edition_id)
        .where(CoverageSnapshot.jurisdiction == viewer.jurisdiction, CoverageSnapshot.month == month)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def keep_snapshot(session: AsyncSession, closed: CoverageSnapshot) -> None:
    """Store a closed month.

    Raises:
        Conflict: somebody closed it at the same time.
    """
    session.add(closed)
    try:
        await session.flush()
    except IntegrityError as error:
        fault = Fault("month", "is closed", "Read it.", closed.month)
        raise Conflict(f"{closed.month} was closed by somebody else at the same time.", [fault]) from error


async def closed_months(session: AsyncSession, viewer: Viewer) -> Sequence[str]:
    """Answer the closed months of the viewer's jurisdiction, oldest first."""
    statement = (
        select(CoverageSnapshot.month)
        .where(CoverageSnapshot.jurisdiction == viewer.jurisdiction)
        .order_by(CoverageSnapshot.month)
    )
    return (await session.execute(statement)).scalars().all()
