"""Docking events of the demonstration: a year that was planned, one event that was held, one that invites now."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from app.accounts.rules import Role, Viewer
from app.cli.bodies import any_version
from app.cli.demo_people import DemoPerson
from app.docking import history_service
from app.docking import service as docking
from app.docking.kinds import EventKind
from app.docking.rules import Stage
from app.docking.schemas import EventIn
from app.events import (
    attendance_service,
    contact_service,
    guest_service,
    inviting_service,
    planning_service,
    service,
    timetable_service,
)
from app.events.guest_schemas import (
    AttendanceIn,
    ContactIn,
    ContactsIn,
    GuestOut,
    GuestsIn,
    InvitationAnswerIn,
    SendingIn,
    TimetableIn,
    TimetableOut,
)
from app.events.schemas import HostedEventIn, YearIn
from app.events.states import GuestSide
from app.events.year import Rhythm
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import NotFound, RongqiaoError
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.whitelist import service as whitelist

YEAR: Final = 2024
PLANNED_AT: Final = datetime(2024, 1, 3, 2, tzinfo=UTC)
AFTER_CLOSED: Final = date(2024, 3, 1)
"""What is logged from here on belongs to no month that the demonstration has closed."""
AHEAD: Final = timedelta(days=30)
NOTE: Final = "演示：现场洽谈"
FINANCED: Final = 2
FRIDAY: Final = 4


async def seed_events(
    session: AsyncSession, viewer: Viewer, edition: str, people: Sequence[DemoPerson], *, now: datetime
) -> None:
    """Plan a year, hold its first event after the closed months, and invite to another one."""
    scopes = {person.role: person.scope for person in people}
    if Role.CHAIN_MANAGER not in scopes:
        return
    year = await planning_service.keep_year(session, viewer, YearIn(year=YEAR), now=PLANNED_AT)
    for one in year.events:
        if one.code is not None and one.day >= AFTER_CLOSED and one.rhythm is not Rhythm.YEARLY:
            at = datetime.combine(one.day, time(17), SHANGHAI)
            proposed = await inviting_service.preview_guests(session, viewer, one.code, GuestsIn())
            invited = [firm.uscc for firm in proposed.firms if firm.meets]
            known = await _in_touch(session, viewer, invited, edition, scopes, at)
            if known:
                await _hold(session, viewer, one.code, one.day, known)
                break
    chain = await _chain_of(session, viewer, edition, scopes)
    await _invite(session, viewer, chain, scopes[Role.ENTERPRISE], now)


async def _chain_of(session: AsyncSession, viewer: Viewer, edition: str, scopes: dict[Role, str]) -> str:
    """Answer the chain of the demonstration's firm, or that of its chain manager."""
    try:
        entry = await whitelist.get_entry(session, viewer, f"{edition}-{scopes[Role.ENTERPRISE]}")
    except NotFound:
        return scopes[Role.CHAIN_MANAGER]
    return entry.chain or scopes[Role.CHAIN_MANAGER]


async def _hold(session: AsyncSession, viewer: Viewer, code: str, day: date, known: dict[str, str]) -> None:
    """Hold an event: everybody accepts, most come; meetings of firms that are in touch already are written down."""
    before = datetime.combine(day - timedelta(days=14), time(10), SHANGHAI)
    guests = await _guests(session, viewer, code, day - timedelta(days=5), before)
    for one in guests:
        answer = InvitationAnswerIn(accepts=True)
        await guest_service.answer(session, viewer, code, one.id, answer, expect=any_version, now=before)
    if not guests:
        return
    table = await _timetable(session, viewer, code, before)
    at = datetime.combine(day, time(17), SHANGHAI)
    for number, one in enumerate(guests):
        if number % 5 and one.attendance_code:
            shown = AttendanceIn(code=one.attendance_code)
            await attendance_service.attend(session, viewer, code, shown, now=at)
    firms = {one.id for one in guests if one.side is GuestSide.FIRM and one.code in known}
    held = [one for one in table.meetings if one.firm_guest in firms]
    if not held:
        return
    sent = ContactsIn(meetings=[ContactIn(meeting=one.id, note=NOTE) for one in held])
    await contact_service.log_contacts(session, viewer, code, sent, now=at)
    await _finance(session, viewer, sorted(known.values())[:FINANCED], at)


async def _timetable(session: AsyncSession, viewer: Viewer, code: str, now: datetime) -> TimetableOut:
    wanted = TimetableIn()
    problem = await timetable_service.pose(session, viewer, code, wanted, now=now)
    made = await timetable_service.compute(problem)
    return await timetable_service.save(session, viewer, code, wanted, problem, made, now=now)


async def _guests(
    session: AsyncSession, viewer: Viewer, code: str, answer_by: date, now: datetime
) -> list[GuestOut]:
    """Compute and invite the guests of an event; answer them."""
    made = await inviting_service.keep_guests(session, viewer, code, GuestsIn(), expect=any_version, now=now)
    if not made.meetings:
        return []
    sending = SendingIn(answer_by=answer_by)
    await inviting_service.send_invitations(session, viewer, code, sending, expect=any_version, now=now)
    page = PageRequest(limit=MOST_ROWS)
    return (await guest_service.list_guests(session, viewer, code, page, now=now)).items


async def _in_touch(
    session: AsyncSession,
    viewer: Viewer,
    firms: Sequence[str],
    edition: str,
    scopes: dict[Role, str],
    now: datetime,
) -> dict[str, str]:
    """Answer the entries, by firm, that a bank has talked to before, and not the demonstration's own bank: its list stays as it is."""
    codes = {f"{edition}-{uscc}": uscc for uscc in firms}
    states = await history_service.docking_states_of(session, viewer, list(codes), now=now)
    tree = await institution_tree(session, viewer)
    own = tree.find(scopes.get(Role.BANK_ADMINISTRATOR, ""))
    root = None if own is None else tree.root_of(own.id).code
    found = {}
    for entry, state in states.items():
        holders = [node for one in state.parties if (node := tree.find(one.institution)) is not None]
        is_own = any(tree.root_of(node.id).code == root for node in holders)
        if state.stage is Stage.CONTACTED and not is_own:
            found[codes[entry]] = entry
    return found


async def _finance(session: AsyncSession, viewer: Viewer, entries: Sequence[str], held: datetime) -> None:
    """Let the responsible banks of some entries approve credit after the event, and pay it out."""
    for number, entry in enumerate(entries):
        approved = EventIn.model_validate(
            {
                "kind": EventKind.CREDIT_APPROVED,
                "occurred_at": held + timedelta(days=12 + 9 * number),
                "amount": "1500000.00",
                "rate": "3.85",
                "term_months": 12,
                "is_credit_loan": False,
                "note": NOTE,
            }
        )
        paid = EventIn.model_validate(
            {
                "kind": EventKind.DISBURSED,
                "occurred_at": held + timedelta(days=40 + 9 * number),
                "amount": "1200000.00",
            }
        )
        now = held + timedelta(days=60)
        try:
            async with attempt(session):
                await docking.log_event(session, viewer, entry, approved, now=now)
                await docking.log_event(session, viewer, entry, paid, now=now)
        except RongqiaoError:
            continue  # the entry asks for less, or its history stands otherwise: the demonstration goes on


async def _invite(session: AsyncSession, viewer: Viewer, chain: str, own: str, now: datetime) -> None:
    """Invite to an event of a chain a month ahead; every other guest has answered, the firm of the demonstration has not yet."""
    day = shanghai_date(now) + AHEAD
    day += timedelta(days=7 - day.weekday() if day.weekday() > FRIDAY else 0)
    wanted = HostedEventIn(
        chain=chain, day=day, reason="演示活动，日期随演示当日推定", venue="会展中心一号厅（演示）"
    )
    made = await service.add_event(session, viewer, wanted, now=now)
    guests = await _guests(session, viewer, made.code, day - timedelta(days=10), now)
    for number, one in enumerate(guests):
        if number % 2 and one.code != own:
            answer = InvitationAnswerIn(accepts=number % 5 > 0)
            await guest_service.answer(
                session, viewer, made.code, one.id, answer, expect=any_version, now=now
            )
    if guests:
        await _timetable(session, viewer, made.code, now)
