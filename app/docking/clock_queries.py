"""Rows of clocks: written when an entry changes, read in the order of urgency."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, not_, or_, select
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.tables import Assignment, EntryHandler
from app.docking.kinds import LEVELS
from app.docking.party_notices import HandedOver, Moved
from app.docking.schemas import ClockFilter
from app.docking.tables import EntryClock
from app.docking.working_time import Step
from app.enterprises.tables import Enterprise
from app.institutions.rules import digits_of
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, put_rows
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

CLOCKS: Final = cast("Table", EntryClock.__table__)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock with the codes by which people know its entry and institution, and the last day of its roster."""

    clock: EntryClock
    entry: str
    region: str
    institution: str | None
    edition_until: date


async def put_clocks(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store clocks, each in the place of its entry's former one."""
    await put_rows(session, CLOCKS, rows, key=["entry_id"])


async def drop_clocks(session: AsyncSession, entry_ids: Collection[int]) -> None:
    """Remove the clocks of entries that are not on the roster any more."""
    for batch in in_batches(sorted(entry_ids)):
        await session.execute(
            delete(EntryClock)
            .where(EntryClock.entry_id.in_(batch))
            .execution_options(synchronize_session=False)
        )


async def clock_rows(
    session: AsyncSession,
    viewer: Viewer,
    edition_id: int,
    wanted: ClockFilter,
    *,
    today: date,
    after: tuple[date, int] | None,
    limit: int | None,
) -> list[ClockRow]:
    """Answer an edition's clocks that the viewer may see, the most urgent first; all of them without a limit."""
    columns = (
        WhitelistEntry.code,
        WhitelistEntry.region_code,
        Institution.code,
        WhitelistEdition.in_force_until,
    )
    statement = _listed(viewer, EntryClock, *columns)
    statement = statement.where(EntryClock.edition_id == edition_id, *_conditions(wanted, today))
    if after is not None:
        day, entry_id = after
        later = and_(EntryClock.urgent_on == day, EntryClock.entry_id > entry_id)
        statement = statement.where((EntryClock.urgent_on > day) | later)
    ordered = statement.order_by(EntryClock.urgent_on, EntryClock.entry_id).limit(limit)
    return [ClockRow(*row) for row in await session.execute(ordered)]


async def late_counts(
    session: AsyncSession, viewer: Viewer, edition_id: int, today: date
) -> Sequence[tuple[str | None, str | None, str, str, str, int, date]]:
    """Answer what is late by (institution code, its name, turn, region, step): how many, and the earliest due day.

    Only those rows are counted that the viewer may see; the whole roster's inside `unrestricted`.
    """
    keys = (
        Institution.code,
        Institution.short_name,
        EntryClock.turn,
        WhitelistEntry.region_code,
        EntryClock.step,
    )
    statement = (
        _listed(viewer, *keys, func.count(EntryClock.entry_id), func.min(EntryClock.due_on))
        .where(EntryClock.edition_id == edition_id, *late(today))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [tuple(row) for row in await session.execute(statement)]


async def entries_due(
    session: AsyncSession, viewer: Viewer, today: date, *, after: int, limit: int
) -> list[EntryClock]:
    """Answer clocks that may owe a reminder or an escalation today, by entry id, after one.

    Those of editions in force: what an ended roster left open comes back on the next one. Who was reminded is
    left in peace until the day has passed, and nobody stands above the last level.
    """
    is_due = and_(EntryClock.remind_on <= today, EntryClock.step != Step.REFRESH.value)
    may_ring = or_(
        and_(EntryClock.due_on >= today, not_(EntryClock.is_reminded)),
        and_(EntryClock.due_on < today, func.coalesce(EntryClock.level, "") != LEVELS[-1].value),
    )
    statement = (
        select(EntryClock)
        .join(WhitelistEdition, WhitelistEdition.id == EntryClock.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.in_force_until >= today,
            is_due,
            may_ring,
            EntryClock.entry_id > after,
        )
        .order_by(EntryClock.entry_id)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def entries_without_clock(session: AsyncSession, viewer: Viewer, limit: int) -> list[int]:
    """Answer some entries (ids) on the roster for which no clock is stored."""
    statement = (
        select(WhitelistEntry.id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .outerjoin(EntryClock, EntryClock.entry_id == WhitelistEntry.id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.admitted_at.is_not(None),
            WhitelistEntry.withdrawn_at.is_(None),
            EntryClock.entry_id.is_(None),
        )
        .order_by(WhitelistEntry.id)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def handlers_of(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, list[int]]:
    """Answer the persons who handle entries (ids, at most IDS_PER_STATEMENT) within their responsible institution."""
    statement = (
        select(Assignment.entry_id, EntryHandler.person_id)
        .join(EntryHandler, EntryHandler.assignment_id == Assignment.id)
        .where(
            Assignment.entry_id.in_(sorted(entry_ids)),
            Assignment.ended_at.is_(None),
            EntryHandler.ended_at.is_(None),
            EntryHandler.institution_id == Assignment.institution_id,
        )
        .order_by(Assignment.entry_id, EntryHandler.id)
    )
    found: dict[int, list[int]] = {}
    for entry_id, person in await session.execute(statement):
        found.setdefault(entry_id, []).append(person)
    return found


async def institutions_given(session: AsyncSession, entry_ids: Collection[int], at: datetime) -> list[int]:
    """Answer the institution (id) to which each of some entries was given at an instant, once an entry."""
    found: list[int] = []
    for batch in in_batches(sorted(entry_ids)):
        statement = select(Assignment.institution_id).where(
            Assignment.entry_id.in_(batch),
            Assignment.assigned_at == at,
            Assignment.ended_at.is_(None),
            Assignment.institution_id.is_not(None),
        )
        found += [one for one in (await session.execute(statement)).scalars() if one is not None]
    return found


async def entries_moved(session: AsyncSession, entry_ids: Collection[int], at: datetime) -> list[Moved]:
    """Answer those of some entries whose party was replaced by another at an instant, by id."""
    former, found = aliased(Assignment), dict[int, Moved]()
    for batch in in_batches(sorted(entry_ids)):
        statement = (
            select(
                Assignment.id,
                WhitelistEntry.id,
                WhitelistEntry.code,
                Enterprise.uscc,
                former.end_reason,
                former.institution_id,
                former.responsible_body,
                Assignment.institution_id,
                Assignment.responsible_body,
            )
            .join(former, and_(former.entry_id == Assignment.entry_id, former.ended_at == at))
            .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
            .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
            .where(
                Assignment.entry_id.in_(batch), Assignment.assigned_at == at, Assignment.ended_at.is_(None)
            )
            .order_by(Assignment.entry_id, former.id.desc())
        )
        # Of several that ended at that instant the first was what stood before it.
        found |= {row[1]: Moved(*row) for row in await session.execute(statement)}
    return list(found.values())


async def handed_at(session: AsyncSession, entry_ids: Collection[int], at: datetime) -> list[HandedOver]:
    """Answer how many of some entries each person was given at an instant, and still has."""
    found: Counter[tuple[int, str, str]] = Counter()
    for batch in in_batches(sorted(entry_ids)):
        statement = (
            select(Person.id, Person.name, EntryHandler.given_by, func.count())
            .join(EntryHandler, EntryHandler.person_id == Person.id)
            .join(Assignment, Assignment.id == EntryHandler.assignment_id)
            .where(
                Assignment.entry_id.in_(batch),
                Assignment.ended_at.is_(None),
                EntryHandler.since == at,
                EntryHandler.ended_at.is_(None),
            )
            .group_by(Person.id, Person.name, EntryHandler.given_by)
        )
        for person, name, given_by, count in await session.execute(statement):
            found[person, name, given_by] += count
    return [HandedOver(*key, count) for key, count in sorted(found.items())]


async def edition_batches(session: AsyncSession, edition_id: int, size: int) -> AsyncIterator[list[int]]:
    """Answer the ids of an edition's entries in batches, in order."""
    after = 0
    while True:
        statement = (
            select(WhitelistEntry.id)
            .where(WhitelistEntry.edition_id == edition_id, WhitelistEntry.id > after)
            .order_by(WhitelistEntry.id)
            .limit(size)
        )
        batch = list((await session.execute(statement)).scalars())
        if not batch:
            return
        yield batch
        after = batch[-1]


def _listed(viewer: Viewer, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(EntryClock)
        .join(WhitelistEntry, WhitelistEntry.id == EntryClock.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .outerjoin(Institution, Institution.id == EntryClock.institution_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    )


def late(today: date) -> tuple[ColumnElement[bool], ...]:
    """Answer what makes a clock late on a day; that a financed need waits for the next roster does not."""
    return (EntryClock.due_on < today, EntryClock.step != Step.REFRESH.value)


def _conditions(wanted: ClockFilter, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.lineage is not None:
        found.append(Institution.lineage.startswith(wanted.lineage, autoescape=True))
    if wanted.is_overdue:
        found += late(today)
    if wanted.chain is not None:
        found.append(WhitelistEntry.chain_code == wanted.chain)
    if wanted.region is not None:
        found.append(WhitelistEntry.region_code.startswith(digits_of(wanted.region), autoescape=True))
    if wanted.turn is not None:
        found.append(EntryClock.turn == wanted.turn.value)
    if wanted.step is not None:
        found.append(EntryClock.step == wanted.step.value)
    if wanted.level is not None:
        found.append(EntryClock.level == wanted.level.value)
    return found
