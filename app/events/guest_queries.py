"""Rows of guests and meetings, narrowed to what the viewer may see, and statements that change them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import aliased

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.allocation.tables import Assignment
from app.enterprises.tables import Enterprise
from app.events.states import EventState, GuestState
from app.events.tables import EventGuest, EventMeeting, HostedEvent
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession

_Firm = aliased(EventGuest)
_Own = aliased(Institution)


@dataclass(frozen=True, slots=True)
class SeenGuest:
    """A guest with its event; `uscc` is None where the viewer does not see the firm itself."""

    guest: EventGuest
    event: HostedEvent
    uscc: str | None
    bank: str | None


@dataclass(frozen=True, slots=True)
class SeenMeeting:
    """A meeting with its guests; `firm` is None where the viewer does not see it."""

    meeting: EventMeeting
    firm: EventGuest | None
    bank: str
    bank_name: str


def _guests(viewer: Viewer) -> Any:
    return (
        select(EventGuest, HostedEvent, Enterprise.uscc, Institution.code)
        .join(HostedEvent, HostedEvent.id == EventGuest.event_id)
        .outerjoin(Enterprise, Enterprise.id == EventGuest.enterprise_id)
        .outerjoin(Institution, Institution.id == EventGuest.institution_id)
        .where(HostedEvent.jurisdiction == viewer.jurisdiction)
    )


async def page_of_guests(
    session: AsyncSession, viewer: Viewer, event_id: int, *, after: int, limit: int
) -> list[SeenGuest]:
    """Answer an event's guests that the viewer sees, by number, after one of them."""
    statement = _guests(viewer).where(EventGuest.event_id == event_id, EventGuest.id > after)
    rows = await session.execute(statement.order_by(EventGuest.id).limit(limit))
    return [SeenGuest(*row) for row in rows]


def own_guests(viewer: Viewer) -> ColumnElement[bool]:
    """Tell which guests are the viewer's own firms or banks, and know that they are invited."""
    firms, banks = viewer.scopes(Role.ENTERPRISE), viewer.scopes(*INSTITUTION_ROLES)
    roots = select(_Own.root_id).where(_Own.code.in_(sorted(banks)))
    is_own = or_(Enterprise.uscc.in_(sorted(firms)), EventGuest.institution_id.in_(roots))
    return and_(is_own, EventGuest.state != GuestState.PROPOSED.value)


async def page_of_own(
    session: AsyncSession, viewer: Viewer, *, before: int | None, limit: int
) -> list[SeenGuest]:
    """Answer the invitations of the viewer's own firms and banks, the newest first."""
    statement = _guests(viewer).where(own_guests(viewer), HostedEvent.state != EventState.CANCELLED.value)
    if before is not None:
        statement = statement.where(EventGuest.id < before)
    rows = await session.execute(statement.order_by(EventGuest.id.desc()).limit(limit))
    return [SeenGuest(*row) for row in rows]


async def guest(
    session: AsyncSession, viewer: Viewer, event_id: int, number: int, *, is_locked: bool = False
) -> SeenGuest | None:
    """Answer a guest that the viewer sees; locked until the transaction ends if it is to be changed."""
    statement = _guests(viewer).where(EventGuest.event_id == event_id, EventGuest.id == number)
    if is_locked:
        statement = statement.with_for_update(of=EventGuest, key_share=True)
        statement = statement.execution_options(populate_existing=True)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else SeenGuest(*row)


async def guests_of(session: AsyncSession, event_id: int) -> Sequence[EventGuest]:
    """Answer all guests of an event that the viewer sees, by number."""
    statement = select(EventGuest).where(EventGuest.event_id == event_id).order_by(EventGuest.id)
    return (await session.scalars(statement)).all()


async def meetings(
    session: AsyncSession, event_id: int, *, of_guests: Collection[int] | None = None
) -> list[SeenMeeting]:
    """Answer an event's meetings (of some guests) that the viewer sees, by slot, bank and table."""
    statement = (
        select(EventMeeting, _Firm, Institution.code, Institution.short_name)
        .outerjoin(_Firm, _Firm.id == EventMeeting.firm_guest_id)
        .join(Institution, Institution.id == EventMeeting.institution_id)
        .where(EventMeeting.event_id == event_id)
        .order_by(
            func.coalesce(EventMeeting.slot, 10_000), Institution.code, EventMeeting.place, EventMeeting.id
        )
    )
    if of_guests is not None:
        ids = sorted(of_guests)
        statement = statement.where(
            or_(EventMeeting.firm_guest_id.in_(ids), EventMeeting.bank_guest_id.in_(ids))
        )
    return [SeenMeeting(*row) for row in await session.execute(statement)]


async def meetings_by_id(session: AsyncSession, event_id: int, ids: Iterable[int]) -> Sequence[EventMeeting]:
    """Answer some meetings of an event, by number."""
    statement = select(EventMeeting).where(
        EventMeeting.event_id == event_id, EventMeeting.id.in_(sorted(set(ids)))
    )
    return (await session.scalars(statement.order_by(EventMeeting.id))).all()


async def add_guests(session: AsyncSession, rows: Sequence[EventGuest | EventMeeting]) -> None:
    """Store new guests or meetings, so that they have their numbers."""
    session.add_all(rows)
    await session.flush()


async def drop(session: AsyncSession, guests: Collection[int], meetings_: Collection[int]) -> None:
    """Take away guests who were not told yet, and meetings that are no longer planned."""
    if meetings_:
        gone = delete(EventMeeting).where(EventMeeting.id.in_(sorted(meetings_)))
        await session.execute(gone.execution_options(synchronize_session="fetch"))
    if guests:
        left = delete(EventGuest).where(EventGuest.id.in_(sorted(guests)))
        await session.execute(left.execution_options(synchronize_session="fetch"))


async def mark_invited(session: AsyncSession, event_id: int, now: datetime) -> list[int]:
    """Mark an event's proposed guests as invited; answer their numbers."""
    statement = (
        update(EventGuest)
        .where(EventGuest.event_id == event_id, EventGuest.state == GuestState.PROPOSED.value)
        .values(state=GuestState.INVITED.value, invited_at=now, version=EventGuest.version + 1)
        .returning(EventGuest.id)
        .execution_options(synchronize_session="fetch")
    )
    return sorted((await session.scalars(statement)).all())


async def firm_codes(session: AsyncSession, guests: Collection[int]) -> dict[int, str]:
    """Answer the credit codes of guests that are firms."""
    statement = (
        select(EventGuest.id, Enterprise.uscc)
        .join(Enterprise, Enterprise.id == EventGuest.enterprise_id)
        .where(EventGuest.id.in_(sorted(guests)))
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def holders(session: AsyncSession, entries: Collection[int]) -> dict[int, set[int]]:
    """Answer which institutions are responsible for entries now, by entry, as far as the viewer sees it."""
    statement = select(Assignment.entry_id, Assignment.institution_id).where(
        Assignment.entry_id.in_(sorted(entries)), Assignment.ended_at.is_(None)
    )
    found: dict[int, set[int]] = {}
    for entry, holder in await session.execute(statement) if entries else ():
        if holder is not None:
            found.setdefault(entry, set()).add(holder)
    return found


async def held_rows(session: AsyncSession, event_ids: Sequence[int]) -> Sequence[Any]:
    """Answer (event, firm guest's entries, bank's institution) of meetings that took place."""
    statement = (
        select(EventMeeting.event_id, _Firm.entry_ids, EventMeeting.institution_id)
        .join(_Firm, _Firm.id == EventMeeting.firm_guest_id)
        .where(EventMeeting.event_id.in_(event_ids), EventMeeting.met_at.is_not(None))
    )
    return (await session.execute(statement)).all()
