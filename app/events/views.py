"""Events, guests and meetings as the models that JSON, pages and the command line show."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.events.guest_queries import SeenGuest, SeenMeeting
from app.events.guest_schemas import GuestOut, MeetingOut, ReachedOut, TimetableOut
from app.events.hours import Hours, hours_of, written
from app.events.invitations import POINT
from app.events.meetings import GOAL_LABELS, OUTCOME_LABELS, Goal, Outcome, Reached
from app.events.schemas import BreakIn, HostedEventOut, HoursIn, PlannedOut, SlotOut
from app.events.slots import Span
from app.events.states import (
    EVENT_STATE_LABELS,
    GUEST_STATE_LABELS,
    EventState,
    GuestSide,
    GuestState,
    event_code,
)
from app.events.subjects import event_name
from app.events.tables import HostedEvent
from app.events.year import PlannedEvent, Rhythm


def planned_out(event: PlannedEvent) -> PlannedOut:
    """Show an event of a plan."""
    subject = event.subject
    return PlannedOut(
        rhythm=event.rhythm,
        name=event.name,
        subject_code=subject.code,
        subject_name=subject.name,
        theme=subject.theme,
        place_code=subject.place,
        place_name=subject.place_name,
        people=sorted(subject.people),
        period=event.period,
        day=event.day,
        reasons=list(event.reasons),
    )


def event_out(row: HostedEvent, today: date) -> HostedEventOut:
    """Show an event as it stands on a day."""
    rhythm, state, hours = Rhythm(row.rhythm), EventState(row.state), hours_of(row)
    slots = enumerate(hours.slots(), 1)
    return HostedEventOut(
        code=event_code(row.id),
        name=event_name(rhythm, row.subject_name),
        rhythm=rhythm,
        subject_code=row.subject_code,
        subject_name=row.subject_name,
        chain=row.chain_code,
        theme=row.theme,
        place_code=row.place_code,
        place_name=row.place_name,
        venue=row.venue,
        people=row.people,
        period=row.period,
        day=row.day,
        state=state,
        state_label=EVENT_STATE_LABELS[state],
        is_over=row.day < today,
        clause=row.clause,
        reasons=row.reasons,
        hours=hours_out(hours, row.most_a_firm),
        slots=[
            SlotOut(number=number, starts=f"{span.starts_at:%H:%M}", ends=f"{span.ends_at:%H:%M}")
            for number, span in slots
        ],
        has_timetable=row.timetable is not None,
        version=row.version,
    )


def hours_out(hours: Hours, most_a_firm: int) -> HoursIn:
    """Show hours as they are stated."""
    return HoursIn(
        opens=written(hours.opens),
        closes=written(hours.closes),
        slot_minutes=hours.slot_minutes,
        change_minutes=hours.change_minutes,
        breaks=[BreakIn(starts=written(start), ends=written(end)) for start, end in hours.breaks],
        most_a_firm=most_a_firm,
    )


def meeting_out(seen: SeenMeeting, slots: Sequence[Span]) -> MeetingOut:
    """Show a meeting; its firm only where the viewer sees it."""
    row = seen.meeting
    span = slots[row.slot] if row.slot is not None and row.slot < len(slots) else None
    return MeetingOut(
        id=row.id,
        firm=seen.firm.name if seen.firm is not None else None,
        firm_guest=seen.firm.id if seen.firm is not None else None,
        bank=seen.bank_name,
        bank_code=seen.bank,
        points=points_text(row.fit),
        is_responsible=row.is_responsible,
        reason=row.reason,
        slot=None if span is None else (row.slot or 0) + 1,
        starts=None if span is None else f"{span.starts_at:%H:%M}",
        ends=None if span is None else f"{span.ends_at:%H:%M}",
        table=None if span is None else row.place,
        met_at=row.met_at,
        note=row.note,
        outcome=[str(one) for one in row.outcome],
    )


def points_text(fit: int) -> str:
    """Write a fit of 0 to 1,000,000 as 0 to 100."""
    return f"{fit / POINT:g}"


def guest_out(
    seen: SeenGuest,
    meetings: Sequence[MeetingOut],
    *,
    is_told_all: bool,
    attendance_code: str | None,
    can_answer: bool,
    answered_for: str | None,
) -> GuestOut:
    """Show a guest; reasons, notes and the code only to hosts and to the guest itself."""
    row, event = seen.guest, seen.event
    state = GuestState(row.state)
    return GuestOut(
        id=row.id,
        event=event_code(event.id),
        event_name=event_name(Rhythm(event.rhythm), event.subject_name),
        day=event.day,
        side=side_of(row),
        name=row.name,
        code=seen.bank or seen.uscc,
        tables=row.tables,
        state=state,
        state_label=GUEST_STATE_LABELS[state],
        reason=row.reason if is_told_all else None,
        absent=[int(slot) + 1 for slot in row.absent],
        answered_at=row.answered_at,
        answered_for=answered_for if is_told_all else None,
        note=row.note if is_told_all else None,
        arrived_at=row.arrived_at,
        attendance_code=attendance_code,
        can_answer=can_answer,
        meetings=list(meetings),
        version=row.version,
    )


def side_of(row: Any) -> GuestSide:
    """Tell whether a guest is a firm or a bank."""
    return GuestSide.FIRM if row.enterprise_id is not None else GuestSide.BANK


def timetable_out(event: HostedEvent, meetings: Sequence[MeetingOut]) -> TimetableOut:
    """Show a timetable with what was reached of its goals."""
    kept: Mapping[str, Any] = event.timetable or {}
    outcome = Outcome(kept["outcome"]) if kept else None
    return TimetableOut(
        event=event_code(event.id),
        outcome=None if outcome is None else outcome.value,
        outcome_label=None if outcome is None else OUTCOME_LABELS[outcome],
        reached=[_reached_out(one) for one in kept.get("reached", ())],
        made_at=kept.get("made_at"),
        is_stale=bool(kept.get("is_stale", False)),
        meetings=list(meetings),
        version=event.version,
    )


def _reached_out(kept: Mapping[str, Any]) -> ReachedOut:
    one = Reached(Goal(kept["goal"]), kept["value"], kept["bound"])
    return ReachedOut(
        goal=one.goal.value,
        label=GOAL_LABELS[one.goal],
        value=one.value,
        bound=one.bound,
        is_proven=one.is_proven,
    )
