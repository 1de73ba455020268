"""Rows of years and events, which everybody in the house reads; and of results that were kept."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from app.accounts.rules import Viewer
from app.events.schemas import EventFilter
from app.events.states import EventState
from app.events.tables import EventYear, HostedEvent, KeptResult
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict


def _events(viewer: Viewer) -> Select[HostedEvent]:
    return select(HostedEvent).where(HostedEvent.jurisdiction == viewer.jurisdiction)


async def event_by_number(
    session: AsyncSession, viewer: Viewer, number: int, *, is_locked: bool = False
) -> HostedEvent | None:
    """Answer an event; locked until the transaction ends if it or its guests are to be changed."""
    statement = _events(viewer).where(HostedEvent.id == number)
    if is_locked:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def page_of_events(
    session: AsyncSession, viewer: Viewer, wanted: EventFilter, *, after: tuple[date, int] | None, limit: int
) -> Sequence[HostedEvent]:
    """Answer events by day and number, after one of them."""
    statement = _events(viewer)
    if wanted.year is not None:
        in_year = HostedEvent.day.between(date(wanted.year, 1, 1), date(wanted.year, 12, 31))
        statement = statement.where(in_year)
    if wanted.chain is not None:
        statement = statement.where(HostedEvent.chain_code == wanted.chain)
    if wanted.state is not None:
        statement = statement.where(HostedEvent.state == wanted.state.value)
    if after is not None:
        day, number = after
        later = and_(HostedEvent.day == day, HostedEvent.id > number)
        statement = statement.where(or_(HostedEvent.day > day, later))
    ordered = statement.order_by(HostedEvent.day, HostedEvent.id).limit(limit)
    return (await session.scalars(ordered)).all()


async def standing_events(
    session: AsyncSession, viewer: Viewer, first: date, last: date
) -> Sequence[HostedEvent]:
    """Answer events from one day to another that are not cancelled, by day."""
    statement = _events(viewer).where(
        HostedEvent.day.between(first, last), HostedEvent.state != EventState.CANCELLED.value
    )
    return (await session.scalars(statement.order_by(HostedEvent.day, HostedEvent.id))).all()


async def last_days(session: AsyncSession, viewer: Viewer, before: date) -> dict[str, date]:
    """Answer for each subject the day of its last event before a day."""
    statement = (
        select(HostedEvent.subject_code, func.max(HostedEvent.day))
        .where(
            HostedEvent.jurisdiction == viewer.jurisdiction,
            HostedEvent.day < before,
            HostedEvent.state != EventState.CANCELLED.value,
        )
        .group_by(HostedEvent.subject_code)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def year_row(session: AsyncSession, viewer: Viewer, year: int) -> EventYear | None:
    """Answer the calendar of a year, as it was planned."""
    statement = select(EventYear).where(EventYear.jurisdiction == viewer.jurisdiction, EventYear.year == year)
    return (await session.scalars(statement)).one_or_none()


async def page_of_years(
    session: AsyncSession, viewer: Viewer, *, before: int | None, limit: int
) -> Sequence[EventYear]:
    """Answer calendars, the newest year first, before one of them."""
    statement = select(EventYear).where(EventYear.jurisdiction == viewer.jurisdiction)
    if before is not None:
        statement = statement.where(EventYear.year < before)
    return (await session.scalars(statement.order_by(EventYear.year.desc()).limit(limit))).all()


async def events_of_year(session: AsyncSession, year_id: int) -> Sequence[HostedEvent]:
    """Answer the events that a calendar made, in the order in which it did."""
    statement = select(HostedEvent).where(HostedEvent.year_id == year_id).order_by(HostedEvent.id)
    return (await session.scalars(statement)).all()


async def add(session: AsyncSession, *rows: EventYear | HostedEvent | KeptResult) -> None:
    """Store new rows, so that they have their numbers.

    Raises:
        Conflict: somebody stored the same meanwhile.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody kept the same calendar or result meanwhile; read it again.") from error


async def kept_results(session: AsyncSession, event_ids: Sequence[int]) -> Sequence[KeptResult]:
    """Answer the results that were kept of events, by event and days."""
    statement = select(KeptResult).where(KeptResult.event_id.in_(event_ids))
    return (await session.scalars(statement.order_by(KeptResult.event_id, KeptResult.days))).all()
