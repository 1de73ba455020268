"""Use cases of timetables: make one, make it again with the fewest changes, read it.

Making takes seconds of computing. It is therefore posed in one transaction and saved in another, which looks whether the
problem is still the same; nobody else who writes is kept waiting between them.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.events import guest_queries, notices, telling_service
from app.events.guest_queries import SeenMeeting
from app.events.guest_schemas import TimetableIn, TimetableOut
from app.events.hours import hours_of
from app.events.meetings import Meeting, Outcome, Place, Timetable, TimetableProblem
from app.events.service import event_to_change, found_event
from app.events.states import TOLD, GuestState
from app.events.tables import EventGuest, EventMeeting, HostedEvent
from app.events.timetable import make_timetable
from app.events.views import meeting_out, timetable_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault
from app.kernel.progress import report

_KEY: Final = re.compile(r"G[0-9]+")
MOST_TOLD: Final = 50
NOT_FOUND: Final = "none was found within the bounded effort, nor was it proven that there is none"


@dataclass(frozen=True, slots=True)
class _Around:
    """An event's guests, its meetings of guests who come by what stands for them in the problem, and the others."""

    guests: Mapping[int, EventGuest]
    held: Mapping[Meeting, EventMeeting]
    idle: Sequence[EventMeeting]


async def get_timetable(session: AsyncSession, viewer: Viewer, code: str) -> TimetableOut:
    """Answer an event's timetable: hosts see all of it, guests their own meetings.

    Raises:
        NotFound: no such event.
    """
    event = await found_event(session, viewer, code)
    return await _shown(session, event)


async def pose(
    session: AsyncSession, viewer: Viewer, code: str, wanted: TimetableIn, *, now: datetime
) -> TimetableProblem:
    """Answer what a timetable is made from: guests who have not declined, and what was promised to them.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Conflict: the event is over or cancelled, or there are no meetings.
    """
    event = await event_to_change(session, viewer, code, now=now, is_locked=False)
    around = await _around(session, event)
    if not around.held:
        raise Conflict(
            "There is nothing to put into a timetable.",
            [Fault("event", "no meetings", "Compute guests first.")],
        )
    return _posed(event, around, wanted)


async def compute(problem: TimetableProblem) -> Timetable:
    """Make the timetable: some twenty seconds of a core at most, in a thread, and to be awaited outside of transactions."""
    report("timetabling", 0, len(problem.meetings))
    return await asyncio.to_thread(make_timetable, problem)


async def save(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    wanted: TimetableIn,
    problem: TimetableProblem,
    made: Timetable,
    *,
    now: datetime,
) -> TimetableOut:
    """Give every meeting the slot and table that were computed; what took place stays where it was.

    Made again, as few meetings as possible change their slot. Guests whose own slots changed are told.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Conflict: what it was made from has changed, the event is over or cancelled, or not all meetings fit; says why and which.
    """
    event = await event_to_change(session, viewer, code, now=now)
    around = await _around(session, event)
    if _posed(event, around, wanted) != problem:
        fault = Fault(
            "event", "its guests or hours were changed meanwhile", "Make the timetable again.", code
        )
        raise Conflict("What the timetable was made from has changed; nothing was kept.", [fault])
    if made.outcome in {Outcome.INFEASIBLE, Outcome.UNDECIDED}:
        raise Conflict("Not all meetings fit into the day.", _why(made, around.guests))
    changed = _placed(made, around.held)
    for row in around.idle:
        row.slot = row.place = None
    event.timetable = {
        "outcome": made.outcome.value,
        "reached": [{"goal": one.goal.value, "value": one.value, "bound": one.bound} for one in made.reached],
        "made_at": now.isoformat(),
        "is_stale": False,
    }
    event.version += 1
    await session.flush()
    told = [
        one for number, one in around.guests.items() if number in changed and GuestState(one.state) in TOLD
    ]
    wording = partial(notices.timetabled, by=viewer.person)
    await telling_service.tell(session, viewer, event, told, wording, now=now)
    detail = {"meetings": len(around.held), "outcome": made.outcome.value}
    audit_service.note(session, "make_timetable", "event", code, now=now, detail=detail)
    return await _shown(session, event)


async def _around(session: AsyncSession, event: HostedEvent) -> _Around:
    guests = {one.id: one for one in await guest_queries.guests_of(session, event.id)}
    seen = await guest_queries.meetings(session, event.id)
    return _Around(guests, _held(seen, guests), _idle(seen, guests))


async def _shown(session: AsyncSession, event: HostedEvent) -> TimetableOut:
    slots = hours_of(event).slots()
    seen = await guest_queries.meetings(session, event.id)
    return timetable_out(event, [meeting_out(one, slots) for one in seen])


def _held(seen: Sequence[SeenMeeting], guests: Mapping[int, EventGuest]) -> dict[Meeting, EventMeeting]:
    return {_key(one.meeting): one.meeting for one in seen if _comes(one.meeting, guests)}


def _idle(seen: Sequence[SeenMeeting], guests: Mapping[int, EventGuest]) -> list[EventMeeting]:
    return [one.meeting for one in seen if not _comes(one.meeting, guests) and one.meeting.met_at is None]


def _comes(row: EventMeeting, guests: Mapping[int, EventGuest]) -> bool:
    pair = (guests.get(row.firm_guest_id), guests.get(row.bank_guest_id))
    return all(one is not None and one.state != GuestState.DECLINED.value for one in pair)


def _key(row: EventMeeting) -> Meeting:
    return Meeting(f"G{row.firm_guest_id}", f"G{row.bank_guest_id}")


def _posed(event: HostedEvent, around: _Around, wanted: TimetableIn) -> TimetableProblem:
    held, guests = around.held, around.guests
    slots = len(hours_of(event).slots())
    banks = {row.bank_guest_id for row in held.values()}
    firms = {row.firm_guest_id for row in held.values()}
    before = {
        meeting: Place(row.slot, row.place)
        for meeting, row in held.items()
        if row.slot is not None and row.place is not None and row.slot < slots
    }
    return TimetableProblem(
        slots=slots,
        meetings=tuple(sorted(held)),
        tables={f"G{number}": max(1, guests[number].tables) for number in sorted(banks)},
        firms_absent=_absent(guests, firms, slots),
        banks_absent=_absent(guests, banks, slots),
        most_at_once=wanted.most_at_once,
        pinned={meeting: place.slot for meeting, place in before.items() if held[meeting].met_at is not None},
        before=before,
    )


def _absent(guests: Mapping[int, EventGuest], numbers: set[int], slots: int) -> dict[str, frozenset[int]]:
    return {
        f"G{number}": frozenset(slot for slot in guests[number].absent if slot < slots)
        for number in sorted(numbers)
        if guests[number].absent
    }


def _placed(made: Timetable, held: Mapping[Meeting, EventMeeting]) -> set[int]:
    """Write the places down; answer the guests whose slots changed."""
    changed = set()
    for meeting, row in held.items():
        place = made.places[meeting]
        if (row.slot, row.place) != (place.slot, place.table):
            changed |= {row.firm_guest_id, row.bank_guest_id}
            row.slot, row.place = place.slot, place.table
    return changed


def _why(made: Timetable, guests: Mapping[int, EventGuest]) -> list[Fault]:
    """Name by their names who has more meetings than places, and without which meetings the others fit."""

    def name(found: re.Match[str]) -> str:
        row = guests.get(int(found[0][1:]))
        return found[0] if row is None else f"“{row.name}”"

    said = made.reasons or (NOT_FOUND,)
    remedy = "Add tables or time, or hold fewer meetings."
    faults = [Fault("meetings", _KEY.sub(name, one), remedy) for one in said]
    return faults[:MOST_TOLD]
