"""Rows of what institutions have to do: entries in their hands in the order of urgency, and how many of each kind."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.tables import Assignment, EntryHandler
from app.docking.clock import Turn
from app.docking.clock_queries import late
from app.docking.queries import RUNG
from app.docking.tables import DockingEvent, EntryClock
from app.docking.working_time import Step
from app.docking.worklist import Cell, Pile, Whose, WorkFilter
from app.enterprises.tables import Enterprise, NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

_LINE: Final = (
    EntryClock,
    WhitelistEntry.id,
    WhitelistEntry.code,
    WhitelistEntry.need_id,
    WhitelistEntry.region_code,
    WhitelistEntry.chain_code,
    WhitelistEntry.amount_fen,
    Enterprise.uscc,
    Enterprise.name,
    Enterprise.region_code.label("firm_region"),
    NeedRevision.term_months,
    NeedRevision.facts,
    Institution.code.label("institution"),
    Institution.short_name.label("institution_name"),
    WhitelistEdition.in_force_until,
    Person.id.label("handler"),
    Person.name.label("handler_name"),
)


async def work_rows(
    session: AsyncSession,
    viewer: Viewer,
    edition_id: int,
    wanted: WorkFilter,
    *,
    today: date,
    after: tuple[date, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Answer an edition's entries in the viewer's hands with their clocks, the most urgent first."""
    statement = _in_hand(viewer, *_LINE).where(
        EntryClock.edition_id == edition_id, *_conditions(viewer, wanted, today)
    )
    if after is not None:
        day, entry_id = after
        later = and_(EntryClock.urgent_on == day, EntryClock.entry_id > entry_id)
        statement = statement.where(or_(EntryClock.urgent_on > day, later))
    ordered = statement.order_by(EntryClock.urgent_on, EntryClock.entry_id).limit(limit)
    return list(await session.execute(ordered))


async def edition_codes(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Answer the editions of the viewer's jurisdiction, the newest first."""
    statement = select(WhitelistEdition.code).where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    return list(await session.scalars(statement.order_by(WhitelistEdition.code.desc())))


async def rows_of(session: AsyncSession, viewer: Viewer, codes: Collection[str]) -> Sequence[Any]:
    """Answer those of some entries (codes) that are in the viewer's hands, the most urgent first."""
    statement = _in_hand(viewer, *_LINE).where(WhitelistEntry.code.in_(sorted(codes)))
    ordered = statement.order_by(EntryClock.urgent_on, EntryClock.entry_id)
    return list(await session.execute(ordered))


async def cells(
    session: AsyncSession, viewer: Viewer, edition_id: int, wanted: WorkFilter, *, today: date
) -> list[Cell]:
    """Count an edition's entries in the viewer's hands by all that lists are filtered by; of `wanted` only amounts hold."""
    is_late = case((and_(*late(today)), 1), else_=0)
    keys = (
        EntryClock.turn,
        EntryClock.step,
        is_late.label("is_late"),
        WhitelistEntry.region_code,
        WhitelistEntry.chain_code,
        _whose(viewer).label("whose"),
    )
    statement = (
        _handled(
            select(*keys, func.count(EntryClock.entry_id))
            .select_from(EntryClock)
            .join(WhitelistEntry, WhitelistEntry.id == EntryClock.entry_id)
        )
        .where(EntryClock.edition_id == edition_id, *_amounts(wanted))
        .group_by("turn", "step", "is_late", "region_code", "chain_code", "whose")
    )
    return [
        Cell(Turn(turn), Step(step), bool(late), region, chain, Whose(whose), count)
        for turn, step, late, region, chain, whose, count in await session.execute(statement)
    ]


async def assigned(session: AsyncSession, edition_id: int, institutions: Collection[int]) -> int:
    """Count the entries on an edition's roster that some institutions (ids) are responsible for, of those that are seen."""
    statement = (
        select(func.count(Assignment.id))
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.withdrawn_at.is_(None),
            Assignment.institution_id.in_(sorted(institutions)),
            Assignment.ended_at.is_(None),
        )
    )
    return (await session.execute(statement)).scalar_one()


async def last_events(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, tuple[str, datetime]]:
    """Answer of each of some entries what was logged last, by people and seen by the viewer: its kind, and when it was."""
    statement = (
        select(DockingEvent.entry_id, DockingEvent.kind, DockingEvent.occurred_at)
        .where(DockingEvent.entry_id.in_(sorted(entry_ids)), DockingEvent.kind.not_in(RUNG))
        .order_by(DockingEvent.entry_id, DockingEvent.sequence)
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(statement)}


def _in_hand(viewer: Viewer, *columns: Any) -> Select[Any]:
    return _handled(
        select(*columns)
        .select_from(EntryClock)
        .join(WhitelistEntry, WhitelistEntry.id == EntryClock.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .outerjoin(Institution, Institution.id == EntryClock.institution_id)
    ).where(WhitelistEdition.jurisdiction == viewer.jurisdiction)


def _handled(statement: Select[Any]) -> Select[Any]:
    """Join who handles an entry now within the institution in whose hands it is."""
    is_current = and_(Assignment.entry_id == EntryClock.entry_id, Assignment.ended_at.is_(None))
    is_theirs = and_(
        EntryHandler.assignment_id == Assignment.id,
        EntryHandler.institution_id == EntryClock.institution_id,
        EntryHandler.ended_at.is_(None),
    )
    return (
        statement.outerjoin(Assignment, is_current)
        .outerjoin(EntryHandler, is_theirs)
        .outerjoin(Person, Person.id == EntryHandler.person_id)
    )


def _whose(viewer: Viewer) -> ColumnElement[str]:
    return case(
        (EntryHandler.person_id.is_(None), literal(Whose.UNCLAIMED.value)),
        (EntryHandler.person_id == (viewer.person or 0), literal(Whose.MINE.value)),
        else_=literal(Whose.COLLEAGUES.value),
    )


def _amounts(wanted: WorkFilter) -> list[ColumnElement[bool]]:
    bounds = []
    if wanted.least_fen is not None:
        bounds.append(WhitelistEntry.amount_fen >= wanted.least_fen)
    if wanted.most_fen is not None:
        bounds.append(WhitelistEntry.amount_fen <= wanted.most_fen)
    return bounds


def _conditions(viewer: Viewer, wanted: WorkFilter, today: date) -> list[ColumnElement[bool]]:
    found = _amounts(wanted)
    is_financed = EntryClock.step == Step.REFRESH.value
    is_ours = EntryClock.turn == Turn.INSTITUTION.value
    match wanted.pile:
        case Pile.TODO:
            found += [is_ours, ~is_financed]
        case Pile.WAITING:
            found += [~is_ours, ~is_financed]
        case Pile.FINANCED:
            found.append(is_financed)
        case Pile.ALL:
            pass
    if wanted.step is not None:
        found.append(EntryClock.step == wanted.step.value)
    if wanted.region is not None:
        found.append(WhitelistEntry.region_code == wanted.region)
    if wanted.chain is not None:
        found.append(WhitelistEntry.chain_code == wanted.chain)
    if wanted.whose is not None:
        found.append(_whose(viewer) == wanted.whose.value)
    if wanted.is_late:
        found += late(today)
    return found
