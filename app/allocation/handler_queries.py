"""Rows of who handles which assignment. Handling ends with its assignment: both are asked whether they are open."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, exists, func, select, update

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.handler_schemas import Handling
from app.allocation.tables import Assignment, AssignmentSupport, EntryHandler
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct, given, given_each
from app.whitelist.entry_queries import Within
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

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


_PARTIES: Final = Direct(
    select(Assignment.id, Assignment.institution_id, AssignmentSupport.institution_id.label("supporting"))
    .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
    .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
    .outerjoin(AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id)
    .where(
        WhitelistEntry.code == given("code"),
        WhitelistEdition.jurisdiction == given("jurisdiction"),
        Assignment.ended_at.is_(None),
    )
    .order_by(AssignmentSupport.rank)
)
_HANDLINGS: Final = Direct(
    select(*_HANDLING)
    .join(Institution, Institution.id == EntryHandler.institution_id)
    .join(Person, Person.id == EntryHandler.person_id)
    .where(EntryHandler.assignment_id == given("assignment", BigInteger), EntryHandler.ended_at.is_(None))
    .order_by(EntryHandler.institution_id)
)
_COUNTS: Final = Direct(
    select(EntryHandler.person_id, func.count().label("entries"))
    .join(Assignment, Assignment.id == EntryHandler.assignment_id)
    .where(
        EntryHandler.institution_id == given("institution", BigInteger),
        EntryHandler.person_id.in_(given_each("persons")),
        EntryHandler.ended_at.is_(None),
        Assignment.ended_at.is_(None),
    )
    .group_by(EntryHandler.person_id)
)


async def parties_now(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, is_for_change: bool = False
) -> tuple[int, list[int]] | None:
    """Answer an entry's current assignment and its institutions, the responsible one first, then the best supporting.

    None where no institution is responsible. For a change of its handler the entry is held until the end.
    """
    if is_for_change:  # before its party is looked up, which another may replace while we wait
        held = select(WhitelistEntry.id).where(WhitelistEntry.code == entry_code)
        await session.execute(held.with_for_update(key_share=True))
    rows = await _PARTIES.rows(session, jurisdiction=viewer.jurisdiction, code=entry_code)
    if not rows or rows[0].institution_id is None:
        return None
    supporting = [row.supporting for row in rows if row.supporting is not None]
    return rows[0].id, [rows[0].institution_id, *supporting]


async def handlings_of(session: AsyncSession, assignment_id: int) -> list[Handling]:
    """Answer who handles an assignment now, by institution."""
    return [Handling(*row) for row in await _HANDLINGS.rows(session, assignment=assignment_id)]


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
    for batch in in_batches(sorted(set(codes))):
        rows = await session.execute(statement.where(WhitelistEntry.code.in_(batch)))
        found |= {row[0]: row[1] for row in rows}
    return found


async def entries_of_assignments(session: AsyncSession, assignment_ids: Iterable[int]) -> list[int]:
    """Answer the entries (ids) of assignments, each once."""
    found: set[int] = set()
    for batch in in_batches(sorted(set(assignment_ids))):
        found |= set(await session.scalars(select(Assignment.entry_id).where(Assignment.id.in_(batch))))
    return sorted(found)


async def counts_by_person(
    session: AsyncSession, institution_id: int, person_ids: Iterable[int]
) -> dict[int, int]:
    """Answer how many entries of an institution each of some people handles now; who handles none is left out."""
    rows = await _COUNTS.rows(session, institution=institution_id, persons=sorted(set(person_ids)))
    return {row.person_id: row.entries for row in rows}


async def end(session: AsyncSession, ids: Iterable[int], now: datetime) -> None:
    """End handlings."""
    for batch in in_batches(sorted(ids)):
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
        EntryHandler.person_id == given("handler", BigInteger),
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
_UNHANDLED_AT: Final = _UNHANDLED.where(Assignment.institution_id.in_(given_each("unhandled_at")))


def handled_by(person_id: int) -> Within:
    """Answer the entries that a person handles now, as a selection of their ids."""
    return Within("handled", _HANDLED, {"handler": person_id})


def unhandled(institution_ids: Collection[int] | None) -> Within:
    """Answer the entries whose responsible institution (of some; None: any) has nobody who handles them, as ids."""
    if institution_ids is None:
        return Within("unhandled", _UNHANDLED)
    return Within("unhandled at", _UNHANDLED_AT, {"unhandled_at": sorted(institution_ids)})
