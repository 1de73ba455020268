"""Use cases of events: list, read, add one, move, change hours, cancel."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.events import guest_queries, notices, queries, telling_service
from app.events.hours import Hours, minute
from app.events.moving import SHORTEST_REASON, hindrances, moved, overruled
from app.events.planning_service import commitments, hosted, surroundings
from app.events.schemas import EventChange, EventFilter, HostedEventIn, HostedEventOut, HoursIn
from app.events.states import TOLD, EventState, GuestState, event_code, event_number
from app.events.subjects import (
    BY_OPERATOR,
    Surroundings,
    chain_subjects,
    conference,
    field_subjects,
    period_of,
)
from app.events.tables import HostedEvent
from app.events.views import event_out
from app.events.year import PlannedEvent, Rhythm, Subject
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.service import current_book

Expect = Callable[[int], None]


async def list_events(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: EventFilter, *, now: datetime
) -> Page[HostedEventOut]:
    """Answer events by day."""
    key, today = page.after(2), shanghai_date(now)
    after = None if key is None else _place(*key)
    rows = await queries.page_of_events(session, viewer, wanted, after=after, limit=page.limit + 1)
    return page_of(rows, page, lambda row: (row.day.isoformat(), row.id), lambda row: event_out(row, today))


def _place(day: str | int, number: str | int) -> tuple[date, int]:
    try:
        return date.fromisoformat(str(day)), int(number)
    except ValueError as error:
        raise foreign_cursor() from error


async def get_event(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> HostedEventOut:
    """Answer one event.

    Raises:
        NotFound: there is none of this code.
    """
    return event_out(await found_event(session, viewer, code), shanghai_date(now))


async def add_event(
    session: AsyncSession, viewer: Viewer, wanted: HostedEventIn, *, now: datetime
) -> HostedEventOut:
    """Add an event beside the year's calendar.

    Raises:
        Forbidden: the chain, or the jurisdiction, is not within one of the viewer's roles.
        Refused: the subject is none, hours make no sense, or something speaks against the day and no reason is given.
    """
    chain = wanted.chain if wanted.rhythm is Rhythm.MONTHLY else None
    require(viewer, Action.MANAGE_EVENTS, Target(region=viewer.jurisdiction, chain=chain))
    book = await current_book(session, get_settings().seed_dir)
    subject = _subject(await surroundings(session, viewer, book, wanted.day), wanted)
    event = PlannedEvent(
        wanted.rhythm,
        subject,
        period_of(wanted.rhythm, wanted.day),
        wanted.day,
        (f"{BY_OPERATOR}：年度计划外增办",),
    )
    others = await commitments(session, viewer, wanted.day, wanted.day)
    against = list(hindrances(event, wanted.day, book.calendar, others=others))
    if against and len(wanted.reason.strip()) < SHORTEST_REASON:
        faults = [one.fault for one in against]
        raise Refused("The day speaks against the event; to hold it all the same, state a reason.", faults)
    note = f"理由：{wanted.reason.strip()}" if wanted.reason.strip() else ""
    note += overruled(against)
    row = hosted(viewer, event, BY_OPERATOR, now, year_id=None)
    row.reasons = [*event.reasons, *([note] if note else [])]
    row.venue = wanted.venue
    _set_hours(row, wanted)
    await queries.add(session, row)
    audit_service.note(session, "add_event", "event", event_code(row.id), now=now)
    return event_out(row, shanghai_date(now))


def _subject(around: Surroundings, wanted: HostedEventIn) -> Subject:
    if wanted.rhythm is Rhythm.YEARLY:
        return conference(around)
    if wanted.rhythm is Rhythm.MONTHLY:
        chain = next((one for one in chain_subjects(around) if one.code == wanted.chain), None)
        if chain is None:
            fault = Fault("chain", "no such chain", "GET /api/v1/chains lists them.", wanted.chain or "")
            raise Refused("The event has no subject.", [fault])
        return chain
    faults = [
        Fault(name, "missing: an event of a field in a city needs it", f"Send {name}.")
        for name, value in (("source_class", wanted.source_class), ("place", wanted.place))
        if value is None
    ]
    if faults:
        raise Refused("The event has no subject.", faults)
    code = f"{wanted.source_class}@{wanted.place}"
    field = next((one for one in field_subjects(around) if one.code == code), None)
    if field is None:
        fault = Fault(
            "place",
            "no entry of this class has an open need there",
            "Choose another city.",
            wanted.place or "",
        )
        raise Refused("The event has no subject.", [fault])
    return field


async def change_event(
    session: AsyncSession, viewer: Viewer, code: str, wanted: EventChange, *, expect: Expect, now: datetime
) -> HostedEventOut:
    """Move an event, change its venue or hours, or cancel it; guests who were told of it are told.

    Raises:
        NotFound: there is none of this code.
        Forbidden: the event is not within one of the viewer's roles.
        Refused: something speaks against the day and no reason is given, or hours make no sense.
        Conflict: it is cancelled or over.
    """
    row = await event_to_change(session, viewer, code, now=now)
    expect(row.version)
    before = row.day
    if wanted.is_cancelled:
        _cancel(row, wanted.reason)
    elif wanted.day is not None and wanted.day != row.day:
        await _move(session, viewer, row, wanted.day, wanted.reason)
    if wanted.venue is not None:
        row.venue = wanted.venue
    if wanted.hours is not None:
        _set_hours(row, wanted.hours)
        outdate(row)
    row.version += 1
    await session.flush()
    audit_service.note(session, "change_event", "event", code, now=now, detail={"day": row.day.isoformat()})
    await _tell(session, viewer, row, before, now)
    return event_out(row, shanghai_date(now))


def _cancel(row: HostedEvent, reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        fault = Fault("reason", "missing: four characters at least", "Say why it is cancelled.", reason)
        raise Refused("An event is cancelled with a reason only.", [fault])
    row.state = EventState.CANCELLED.value
    row.reasons = [*row.reasons, f"取消，理由：{reason.strip()}"]


async def _move(session: AsyncSession, viewer: Viewer, row: HostedEvent, day: date, reason: str) -> None:
    book = await current_book(session, get_settings().seed_dir)
    subject = Subject(
        row.subject_code,
        row.subject_name,
        row.place_code,
        row.place_name,
        frozenset(row.people),
        0,
        theme=row.theme,
    )
    event = PlannedEvent(Rhythm(row.rhythm), subject, row.period, row.day, tuple(row.reasons))
    others = await commitments(session, viewer, day, day, but=row.id)
    after = moved(event, day, book.calendar, others=others, reason=reason)
    row.day, row.reasons = after.day, list(after.reasons)


def _set_hours(row: HostedEvent, hours: HoursIn) -> None:
    breaks = tuple((minute(one.starts), minute(one.ends)) for one in hours.breaks)
    opens, closes = minute(hours.opens), minute(hours.closes)
    Hours(
        opens, closes, hours.slot_minutes, hours.change_minutes, breaks
    ).slots()  # refuses what makes no sense
    row.opens, row.closes, row.breaks = opens, closes, [list(one) for one in breaks]
    row.slot_minutes, row.change_minutes = hours.slot_minutes, hours.change_minutes
    row.most_a_firm = hours.most_a_firm


def outdate(row: HostedEvent) -> None:
    """Mark a timetable as one that has to be made again."""
    if row.timetable is not None:
        row.timetable = row.timetable | {"is_stale": True}


async def _tell(session: AsyncSession, viewer: Viewer, row: HostedEvent, before: date, now: datetime) -> None:
    is_cancelled = row.state == EventState.CANCELLED.value
    if not is_cancelled and row.day == before:
        return
    guests = [one for one in await guest_queries.guests_of(session, row.id) if GuestState(one.state) in TOLD]
    wording = (
        partial(notices.cancelled, by=viewer.person)
        if is_cancelled
        else partial(notices.moved, before=before, by=viewer.person)
    )
    await telling_service.tell(session, viewer, row, guests, wording, now=now)


async def found_event(
    session: AsyncSession, viewer: Viewer, code: str, *, is_locked: bool = False
) -> HostedEvent:
    """Answer the row of an event.

    Raises:
        NotFound: there is none of this code.
    """
    number = event_number(code)
    row = (
        None
        if number is None
        else await queries.event_by_number(session, viewer, number, is_locked=is_locked)
    )
    if row is None:
        raise NotFound("No such docking event of the calendar.", [Fault("event", "not stored", value=code)])
    return row


async def event_to_change(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    *,
    now: datetime,
    is_over_too: bool = False,
    is_locked: bool = True,
) -> HostedEvent:
    """Answer the row of an event that the viewer hosts and may change; held until the transaction ends, if locked.

    Raises:
        NotFound: there is none of this code.
        Forbidden: the event is not within one of the viewer's roles.
        Conflict: it is cancelled, or (unless `is_over_too`) over.
    """
    row = await found_event(session, viewer, code, is_locked=is_locked)
    require(viewer, Action.MANAGE_EVENTS, target_of(row))
    is_over = row.day < shanghai_date(now) and not is_over_too
    if row.state == EventState.CANCELLED.value or is_over:
        fault = Fault("event", "is over" if is_over else "is cancelled", "Add another event.", code)
        raise Conflict("The event takes no changes any more.", [fault])
    return row


async def event_of_host(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> HostedEventOut:
    """Answer an event to who hosts it.

    Raises:
        NotFound: there is none of this code.
        Forbidden: the event is not within one of the viewer's roles.
    """
    row = await found_event(session, viewer, code)
    require(viewer, Action.MANAGE_EVENTS, target_of(row))
    return event_out(row, shanghai_date(now))


def target_of(row: HostedEvent) -> Target:
    """Answer what hosting an event touches: its chain, and the whole jurisdiction."""
    return Target(region=row.jurisdiction, chain=row.chain_code)
