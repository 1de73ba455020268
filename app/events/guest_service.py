"""Use cases of guests: who is invited, one's own invitations, answers, the calendar file."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts import audit_service, people_service
from app.accounts.key_ring import key_ring
from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.events import guest_queries
from app.events.attendance import LENGTH, attendance_code
from app.events.calendar_file import Appointment, calendar_file
from app.events.guest_queries import SeenGuest, SeenMeeting
from app.events.guest_schemas import GuestOut, InvitationAnswerIn, MeetingOut
from app.events.hours import clock, hours_of, instant
from app.events.service import Expect, found_event, outdate, target_of
from app.events.states import TOLD, EventState, GuestSide, GuestState, event_code
from app.events.tables import HostedEvent
from app.events.views import guest_out, meeting_out
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date

PURPOSE: Final = "event attendance"


def attendance_keys() -> tuple[bytes, ...]:
    """Answer the keys of attendance codes, the one that makes them first."""
    return key_ring(get_settings()).keys(PURPOSE)


async def list_guests(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest, *, now: datetime
) -> Page[GuestOut]:
    """Answer the guests of an event that the viewer may see: hosts all, guests themselves and whom they meet.

    Raises:
        NotFound: no such event.
    """
    event = await found_event(session, viewer, code)
    after = page.after_number() or 0
    rows = await guest_queries.page_of_guests(session, viewer, event.id, after=after, limit=page.limit + 1)
    shown = {one.guest.id: out for one, out in await _shown(session, viewer, rows[: page.limit], now)}
    return page_of(rows, page, lambda row: (row.guest.id,), lambda row: shown[row.guest.id])


async def get_guest(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *, now: datetime
) -> GuestOut:
    """Answer one guest.

    Raises:
        NotFound: no such event, or no such guest that this viewer may see.
    """
    seen = await _found(session, viewer, await found_event(session, viewer, code), number)
    [(_seen, out)] = await _shown(session, viewer, [seen], now)
    return out


async def own_invitations(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, now: datetime
) -> Page[GuestOut]:
    """Answer the invitations of the viewer's own firms and banks, the newest first."""
    before = page.after_number()
    rows = await guest_queries.page_of_own(session, viewer, before=before, limit=page.limit + 1)
    shown = {one.guest.id: out for one, out in await _shown(session, viewer, rows[: page.limit], now)}
    return page_of(rows, page, lambda row: (row.guest.id,), lambda row: shown[row.guest.id])


async def answer(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    wanted: InvitationAnswerIn,
    *,
    expect: Expect,
    now: datetime,
) -> GuestOut:
    """Write down whether a guest comes; it may change its mind until the event's day is over.

    A bank has one answer: what one of its institutions has said, that one, those above it and the host change.

    Raises:
        NotFound: no such event, or no such guest that this viewer may see.
        Forbidden: the guest is not within one of the viewer's roles.
        Refused: slots that the day does not have.
        Conflict: it was not invited yet, the event is cancelled or over, or another institution has answered for the bank.
    """
    event = await found_event(session, viewer, code, is_locked=True)
    seen = await _found(session, viewer, event, number, is_locked=True)
    row = seen.guest
    met = await guest_queries.meetings(session, event.id, of_guests=[row.id])
    speakers = await _speakers(session, viewer, [seen], {row.id: met})
    require(viewer, Action.ANSWER_INVITATION, _target(seen, speakers))
    expect(row.version)
    if not _takes_answers(seen, now):
        fault = Fault(
            "guest", "takes no answer now", "Answer an invitation that was sent, before its day is over."
        )
        raise Conflict("The invitation takes no answer.", [fault])
    said = (await _said_by(session, viewer, [seen], now)).get(row.id)
    if said is not None and not said.may_be_changed:
        fault = Fault(
            "guest", "is answered by another institution", "Ask it, one above it, or the host.", said.names
        )
        raise Conflict("Another institution has answered for the bank.", [fault])
    slots = len(hours_of(event).slots())
    strange = sorted(slot for slot in wanted.absent if slot > slots)
    if strange:
        fault = Fault("absent", f"the day has {slots} slots", "Name slots of the day.", str(strange[0]))
        raise Refused("The answer names slots that are none.", [fault])
    row.state = (GuestState.ACCEPTED if wanted.accepts else GuestState.DECLINED).value
    row.absent = sorted({slot - 1 for slot in wanted.absent})
    row.note, row.answered_at, row.answered_by = wanted.note or None, now, viewer.name
    row.version += 1
    outdate(event)
    await session.flush()
    detail = {"guest": row.id, "accepts": wanted.accepts}
    audit_service.note(session, "answer_invitation", "event", code, now=now, detail=detail)
    [(_seen, out)] = await _shown(session, viewer, [seen], now)
    return out


async def calendar_of(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *, now: datetime
) -> bytes:
    """Answer an iCalendar file (RFC 5545) with a guest's meetings, or the whole day while they have no time.

    Raises:
        NotFound: no such event, or no such guest that this viewer may see.
    """
    event = await found_event(session, viewer, code)
    guest = await get_guest(session, viewer, code, number, now=now)
    place = event.venue or event.place_name
    slots = hours_of(event).slots()
    found = [
        Appointment(
            f"{code}-{one.id}@rongqiao",
            instant(event.day, slots[one.slot - 1].starts_at),
            instant(event.day, slots[one.slot - 1].ends_at),
            f"{guest.event_name}：{one.bank if guest.side is GuestSide.FIRM else one.firm or '洽谈'}",
            f"{place}，{one.bank}{one.table}号桌",
        )
        for one in guest.meetings
        if one.slot is not None
    ]
    whole = Appointment(
        f"{code}-G{number}@rongqiao",
        instant(event.day, clock(event.opens)),
        instant(event.day, clock(event.closes)),
        guest.event_name,
        place,
    )
    return calendar_file(found or [whole], made_at=now)


async def _found(
    session: AsyncSession, viewer: Viewer, event: HostedEvent, number: int, *, is_locked: bool = False
) -> SeenGuest:
    seen = await guest_queries.guest(session, viewer, event.id, number, is_locked=is_locked)
    if seen is None:
        raise NotFound("No such guest.", [Fault("guest", "not stored", value=str(number))])
    return seen


async def _speakers(
    session: AsyncSession,
    viewer: Viewer,
    guests: Sequence[SeenGuest],
    met: Mapping[int, Sequence[SeenMeeting]],
) -> dict[int, tuple[str, ...]]:
    """Answer who speaks for each bank among some guests, each with what stands above it.

    It is the head office, the branch that serves the event's place, and branches that are responsible for an entry of
    a firm that has accepted to meet the bank: of others a bank must not learn who they are, not by being asked either.
    """
    banks = [one for one in guests if one.guest.institution_id is not None]
    if not banks or not viewer.scopes(*INSTITUTION_ROLES):
        return {}
    tree = await institution_tree(session, viewer)
    entries = {
        one.guest.id: {
            entry
            for seen in met[one.guest.id]
            if seen.firm is not None and seen.firm.state == GuestState.ACCEPTED.value
            for entry in seen.firm.entry_ids
        }
        for one in banks
    }
    holders = await guest_queries.holders(session, set().union(*entries.values()))
    found = {}
    for one in banks:
        root = tree.node(one.guest.institution_id or 0)
        serving = {node.id for node in tree.serving(root.id, one.event.place_code)}
        holding = {
            holder
            for entry in entries[one.guest.id]
            for holder in holders.get(entry, ())
            if tree.is_within(holder, root.id)
        }
        paths = [tree.path(number) for number in {root.id} | serving | holding]
        found[one.guest.id] = tuple(sorted({node.code for path in paths for node in path}))
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """Which institutions answered for a bank, by name, and whether the viewer may say something else for it."""

    names: str
    may_be_changed: bool


async def _said_by(
    session: AsyncSession, viewer: Viewer, guests: Sequence[SeenGuest], now: datetime
) -> dict[int, _Said]:
    """Answer who answered for each bank among some guests; what a host wrote down for one is nobody's of the bank."""
    said = {one.guest.id: one.guest for one in guests if one.guest.institution_id and one.guest.answered_by}
    if not said:
        return {}
    acting = await people_service.institutions_of(
        session, {str(row.answered_by) for row in said.values()}, now=now
    )
    tree = await institution_tree(session, viewer)
    own = [node.id for code in viewer.scopes(*INSTITUTION_ROLES) if (node := tree.find(code)) is not None]
    found = {}
    for one in guests:
        row = said.get(one.guest.id)
        codes = acting.get(str(row.answered_by), frozenset()) if row is not None else frozenset()
        named = [node for code in sorted(codes) if (node := tree.find(code)) is not None]
        within = [node for node in named if tree.is_within(node.id, one.guest.institution_id or 0)]
        if within:
            is_own = any(tree.is_within(node.id, above) for node in within for above in own)
            is_host = may_do(viewer, Action.MANAGE_EVENTS, target_of(one.event))
            found[one.guest.id] = _Said("、".join(node.short_name for node in within), is_own or is_host)
    return found


def _target(seen: SeenGuest, speakers: Mapping[int, tuple[str, ...]]) -> Target:
    row = seen.guest
    return Target(
        region=row.region_code, chain=row.chain_code, uscc=seen.uscc, institutions=speakers.get(row.id, ())
    )


def _takes_answers(seen: SeenGuest, now: datetime) -> bool:
    is_open = seen.event.state != EventState.CANCELLED.value and seen.event.day >= shanghai_date(now)
    return is_open and GuestState(seen.guest.state) in TOLD


async def _shown(
    session: AsyncSession, viewer: Viewer, guests: Sequence[SeenGuest], now: datetime
) -> list[tuple[SeenGuest, GuestOut]]:
    """Show guests with their meetings, in few statements whatever their number."""
    by_event: dict[int, list[SeenGuest]] = defaultdict(list)
    for one in guests:
        by_event[one.event.id].append(one)
    banks = await _own_banks(session, viewer)
    met: dict[int, list[SeenMeeting]] = defaultdict(list)
    shown: dict[int, list[MeetingOut]] = defaultdict(list)
    for event_id, listed in by_event.items():
        slots = hours_of(listed[0].event).slots()
        ids = {one.guest.id for one in listed}
        for seen in await guest_queries.meetings(session, event_id, of_guests=ids):
            for guest in _of(seen, ids):
                met[guest].append(seen)
                shown[guest].append(meeting_out(seen, slots))
    speakers = await _speakers(session, viewer, guests, met)
    said = await _said_by(session, viewer, guests, now)
    return [
        (one, _out(viewer, one, shown[one.guest.id], banks, speakers, said.get(one.guest.id), now))
        for one in guests
    ]


def _of(seen: SeenMeeting, ids: set[int]) -> set[int]:
    return {seen.meeting.firm_guest_id, seen.meeting.bank_guest_id} & ids


async def _own_banks(session: AsyncSession, viewer: Viewer) -> frozenset[str]:
    scopes = viewer.scopes(*INSTITUTION_ROLES)
    if not scopes:
        return frozenset()
    tree = await institution_tree(session, viewer)
    nodes = [node for scope in scopes if (node := tree.find(scope)) is not None]
    return frozenset(tree.root_of(node.id).code for node in nodes)


def _out(
    viewer: Viewer,
    seen: SeenGuest,
    meetings: Sequence[MeetingOut],
    banks: frozenset[str],
    speakers: Mapping[int, tuple[str, ...]],
    said: _Said | None,
    now: datetime,
) -> GuestOut:
    row, code = seen.guest, event_code(seen.event.id)
    is_own = seen.uscc in viewer.scopes(Role.ENTERPRISE) if seen.bank is None else seen.bank in banks
    is_host = may_do(viewer, Action.MANAGE_EVENTS, target_of(seen.event))
    is_told = GuestState(row.state) in TOLD
    shown_code = None
    if (is_own or is_host) and is_told:
        plain = attendance_code(attendance_keys()[0], code, str(row.id))
        shown_code = f"{plain[: LENGTH // 2]}-{plain[LENGTH // 2 :]}"
    return guest_out(
        seen,
        meetings,
        is_told_all=is_own or is_host or viewer.has(Role.AUDITOR),
        attendance_code=shown_code,
        can_answer=_takes_answers(seen, now)
        and may_do(viewer, Action.ANSWER_INVITATION, _target(seen, speakers))
        and (said is None or said.may_be_changed),
        answered_for=None if said is None else said.names,
    )
