"""Use cases of the door: whose code was shown, and who has come."""

from datetime import datetime

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.events import guest_queries
from app.events.attendance import guest_of, read_code
from app.events.guest_schemas import AttendanceIn, AttendanceOut
from app.events.guest_service import attendance_keys
from app.events.hours import hours_of
from app.events.service import event_to_change
from app.events.states import TOLD, GuestState
from app.events.views import meeting_out, side_of
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.shanghai import shanghai_date


async def attend(
    session: AsyncSession, viewer: Viewer, code: str, wanted: AttendanceIn, *, now: datetime
) -> AttendanceOut:
    """Write down that the guest came whose code was shown; shown again, it says since when.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Conflict: the event's day has not come.
        Refused: the code is none of this event's.
    """
    event = await event_to_change(session, viewer, code, now=now, is_over_too=True)
    if shanghai_date(now) < event.day:
        fault = Fault("event", "has not begun", f"Codes are taken from {event.day.isoformat()} on.", code)
        raise Conflict("The door is not open yet.", [fault])
    guests = {
        str(one.id): one
        for one in await guest_queries.guests_of(session, event.id)
        if GuestState(one.state) in TOLD
    }
    found = [
        number
        for key in attendance_keys()
        if (number := guest_of(key, code, guests, wanted.code)) is not None
    ]
    if not found:
        fault = Fault(
            "code", "is none of this event's", "Type all eight characters.", read_code(wanted.code)[:8]
        )
        raise Refused("Nobody at this event has this code.", [fault])
    row = guests[found[0]]
    was_there = row.arrived_at is not None
    if not was_there:
        row.arrived_at = now
        row.version += 1
        await session.flush()
        audit_service.note(session, "attend_event", "event", code, now=now, detail={"guest": row.id})
    slots = hours_of(event).slots()
    own = await guest_queries.meetings(session, event.id, of_guests=[row.id])
    first = next((one for one in own if one.meeting.slot is not None and one.meeting.met_at is None), None)
    return AttendanceOut(
        guest=row.id,
        name=row.name,
        side=side_of(row),
        arrived_at=row.arrived_at or now,
        was_there=was_there,
        next_meeting=None if first is None else meeting_out(first, slots),
    )
