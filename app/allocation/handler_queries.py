"""Rows of who handles which assignment. Handling ends with its assignment: both are asked whether they are open."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import BigInteger, bindparam, exists, func, select, update

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.handler_schemas import Handling
from app.allocation.tables import Assignment, AssignmentSupport, EntryHandler
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.entry_queries import Within
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

IDS_PER_STATEMENT = 5_000
_HANDLING = (
    EntryHandler.id,
    EntryHandler.assignment_id,
    EntryHandler.institution_id,
    Institution.code,
    EntryHandler.person_id,
    Person.name,
    EntryHandler.since,
    EntryHandler.given_by,
)


async def current_assignment(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, is_for_change: bool = False
) -> tuple[int, int | None] | None:
    """Answer (id, institution) of an entry's current assignment, held until the end for a change of its handler."""
    statement = (
        select(Assignment.id, Assignment.institution_id)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEntry.code == entry_code,
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            Assignment.ended_at.is_(None),
        )
    )
    if is_for_change:  # before its party is looked up, which another may replace while we wait
        held = select(WhitelistEntry.id).where(WhitelistEntry.code == entry_code)
        await session.execute(held.with_for_update(key_share=True))
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def supporting(session: AsyncSession, assignment_id: int) -> list[int]:
    """Answer the supporting institutions of an assignment, best first."""
    statement = select(AssignmentSupport.institution_id).where(
        AssignmentSupport.assignment_id == assignment_id
    )
    return list((await session.execute(statement.order_by(AssignmentSupport.rank))).scalars())


async def handlings_of(session: AsyncSession, assignment_id: int) -> list[Handling]:
    """Answer who handles an assignment now, by institution."""
    statement = (
        select(*_HANDLING)
        .join(Institution, Institution.id == EntryHandler.institution_id)
        .join(Person, Person.id == EntryHandler.person_id)
        .where(EntryHandler.assignment_id == assignment_id, EntryHandler.ended_at.is_(None))
        .order_by(EntryHandler.institution_id)
    )
    return [Handling(*row) for row in await session.execute(statement)]


async def hold_handlings_by(session: AsyncSession, person_id: int) -> list[Handling]:
    """Answer what a person handles now, held until the transaction ends."""
    statement = (
        select(*_HANDLING)
        .join(Institution, Institution.id == EntryHandler.institution_id)
        .join(Person, Person.id == EntryHandler.person_id)
        .join(Assignment, Assignment.id == EntryHandler.assignment_id)
        .where(
            EntryHandler.person_id == person_id,
            EntryHandler.ended_at.is_(None),
            Assignment.ended_at.is_(None),
        )
        .order_by(EntryHandler.id)
        .with_for_update(of=EntryHandler)
    )
    return [Handling(*row) for row in await session.execute(statement)]


async def assignments_of_entries(
    session: AsyncSession, viewer: Viewer, codes: Iterable[str]
) -> dict[str, int]:
    """Answer the current assignments of those of some entries that the viewer may see, by entry code."""
    statement = (
        select(WhitelistEntry.code, Assignment.id)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, Assignment.ended_at.is_(None))
    )
    found: dict[str, int] = {}
    source = iter(sorted(set(codes)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        rows = await session.execute(statement.where(WhitelistEntry.code.in_(batch)))
        found |= {row[0]: row[1] for row in rows}
    return found


async def entries_of_assignments(session: AsyncSession, assignment_ids: Iterable[int]) -> list[int]:
    """Answer the entries (ids) of assignments, each once."""
    found: set[int] = set()
    source = iter(sorted(set(assignment_ids)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        found |= set(await session.scalars(select(Assignment.entry_id).where(Assignment.id.in_(batch))))
    return sorted(found)


async def counts_by_person(session: AsyncSession, institution_id: int) -> dict[int, int]:
    """Answer how many entries of an institution each person handles now."""
    statement = (
        select(EntryHandler.person_id, func.count())
        .join(Assignment, Assignment.id == EntryHandler.assignment_id)
        .where(
            EntryHandler.institution_id == institution_id,
            EntryHandler.ended_at.is_(None),
            Assignment.ended_at.is_(None),
        )
        .group_by(EntryHandler.person_id)
    )
    return defaultdict(int, {row[0]: row[1] for row in await session.execute(statement)})


async def end(session: AsyncSession, ids: Iterable[int], now: datetime) -> None:
    """End handlings."""
    source = iter(sorted(ids))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        await session.execute(
            update(EntryHandler)
            .where(EntryHandler.id.in_(batch))
            .values(ended_at=now)
            .execution_options(synchronize_session=False)
        )


async def add(session: AsyncSession, rows: Collection[EntryHandler]) -> None:
    """Store handlings, so that they have ids."""
    session.add_all(rows)
    await session.flush()


_HANDLED: Final = (
    select(Assignment.entry_id)
    .join(EntryHandler, EntryHandler.assignment_id == Assignment.id)
    .where(
        EntryHandler.person_id == bindparam("handler", required=False, type_=BigInteger()),
        EntryHandler.ended_at.is_(None),
        Assignment.ended_at.is_(None),
    )
)
_UNHANDLED: Final = select(Assignment.entry_id).where(
    Assignment.ended_at.is_(None),
    Assignment.institution_id.is_not(None),
    ~exists().where(
        EntryHandler.assignment_id == Assignment.id,
        EntryHandler.institution_id == Assignment.institution_id,
        EntryHandler.ended_at.is_(None),
    ),
)
_UNHANDLED_AT: Final = _UNHANDLED.where(
    Assignment.institution_id.in_(
        bindparam("unhandled_at", required=False, type_=BigInteger(), expanding=True)
    )
)


def handled_by(person_id: int) -> Within:
    """Answer the entries that a person handles now, as a selection of their ids."""
    return Within("handled", _HANDLED, {"handler": person_id})


def unhandled(institution_ids: Collection[int] | None) -> Within:
    """Answer the entries whose responsible institution (of some; None: any) has nobody who handles them, as ids."""
    if institution_ids is None:
        return Within("unhandled", _UNHANDLED)
    return Within("unhandled at", _UNHANDLED_AT, {"unhandled_at": sorted(institution_ids)})
