"""Use cases of invitations: compute who meets whom and look, keep it, send it out."""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from app.accounts import audit_service
from app.accounts.permissions import Action, require
from app.accounts.rules import Viewer
from app.events import gathering_queries, guest_queries, notices, telling_service
from app.events.gathering_queries import Candidate
from app.events.guest_schemas import (
    GuestPlanOut,
    GuestsIn,
    MeetOut,
    ProposedBank,
    ProposedFirm,
    SendingIn,
    SentOut,
)
from app.events.hours import hours_of
from app.events.invitations import FirmStanding, InvitationList, InvitationProblem, NotInvited, invite
from app.events.planning_service import hash_of
from app.events.service import Expect, event_to_change, found_event, outdate, target_of
from app.events.states import TOLD, EventState, GuestState
from app.events.tables import EventGuest, EventMeeting, HostedEvent
from app.events.views import points_text
from app.events.year import Rhythm
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date

_TOKEN: Final = re.compile(r"[0-9A-Za-z_.:-]+")


@dataclass(frozen=True, slots=True)
class _Computed:
    """An invite list with what it was made from; banks are head offices, by code."""

    edition: str | None
    entries: Mapping[str, Sequence[Candidate]]
    answer: InvitationList
    tables: Mapping[str, int]
    tree: InstitutionTree
    out: GuestPlanOut


async def preview_guests(session: AsyncSession, viewer: Viewer, code: str, wanted: GuestsIn) -> GuestPlanOut:
    """Answer the invite list that would be kept, with everyone's reason; nothing is stored.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Refused: a bank is none, or named twice.
    """
    event = await found_event(session, viewer, code)
    require(viewer, Action.MANAGE_EVENTS, target_of(event))
    return (await _compute(session, viewer, event, code, wanted)).out


async def keep_guests(
    session: AsyncSession, viewer: Viewer, code: str, wanted: GuestsIn, *, expect: Expect, now: datetime
) -> GuestPlanOut:
    """Compute the invite list and keep it; who was told already stays invited, who declined stays away.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Refused: a bank is none, or named twice.
        Conflict: the event is over or cancelled, or the list is another one than the one that was looked at.
    """
    event = await event_to_change(session, viewer, code, now=now)
    expect(event.version)
    made = await _compute(session, viewer, event, code, wanted)
    if wanted.expected_hash is not None and wanted.expected_hash != made.out.content_hash:
        fault = Fault(
            "expected_hash", "is of another list", "Look at the preview again.", wanted.expected_hash
        )
        raise Conflict("Needs or banks have changed since the preview; nothing was kept.", [fault])
    await _keep(session, event, made)
    outdate(event)
    event.version += 1
    await session.flush()
    detail = {"firms": made.out.invited_firms, "banks": made.out.invited_banks, "meetings": made.out.meetings}
    audit_service.note(session, "choose_guests", "event", code, now=now, detail=detail)
    return made.out


async def send_invitations(
    session: AsyncSession, viewer: Viewer, code: str, wanted: SendingIn, *, expect: Expect, now: datetime
) -> SentOut:
    """Send an invitation to every guest who has not had one.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Refused: the day to answer by lies in the past or after the event.
        Conflict: the event is over or cancelled, or there is nobody to invite.
    """
    event = await event_to_change(session, viewer, code, now=now)
    expect(event.version)
    if not shanghai_date(now) <= wanted.answer_by <= event.day:
        remedy = f"From today to {event.day.isoformat()}."
        fault = Fault(
            "answer_by", "lies in the past or after the event", remedy, wanted.answer_by.isoformat()
        )
        raise Refused("The invitations cannot be sent.", [fault])
    numbers = set(await guest_queries.mark_invited(session, event.id, now))
    if not numbers:
        raise Conflict(
            "There is nobody who was not invited yet.",
            [Fault("event", "no new guests", "Compute guests first.")],
        )
    event.state = EventState.INVITED.value
    event.version += 1
    await session.flush()
    guests = [one for one in await guest_queries.guests_of(session, event.id) if one.id in numbers]
    wording = partial(notices.invited, answer_by=wanted.answer_by, by=viewer.person)
    told = await telling_service.tell(session, viewer, event, guests, wording, now=now)
    audit_service.note(session, "send_invitations", "event", code, now=now, detail={"sent": len(numbers)})
    return SentOut(event=code, sent=len(numbers), told=told, version=event.version)


async def _compute(
    session: AsyncSession, viewer: Viewer, event: HostedEvent, code: str, wanted: GuestsIn
) -> _Computed:
    tree = await institution_tree(session, viewer)
    edition = await gathering_queries.edition_on(session, viewer, event.day)
    listed: list[Candidate] = []
    scores: list[tuple[int, int, int]] = []
    if edition is not None:
        is_field = Rhythm(event.rhythm) is Rhythm.QUARTERLY
        listed = await gathering_queries.candidates(
            session,
            edition[0],
            chain=event.chain_code,
            source_class=event.theme or None,
            region=event.place_code if is_field else None,
        )
        scores = await gathering_queries.fits(session, edition[0], [one.entry_id for one in listed])
    guests = await guest_queries.guests_of(session, event.id)
    problem, entries, tables = _posed(event, listed, scores, guests, tree, wanted)
    report("inviting", 0, len(entries))
    answer = await asyncio.to_thread(invite, problem)
    named = None if edition is None else edition[1]
    stays = sum(GuestState(one.state) in TOLD for one in guests)
    out = _plan_out(code, named, answer, entries, tables, tree, stays)
    return _Computed(named, entries, answer, tables, tree, out)


def _posed(
    event: HostedEvent,
    listed: Sequence[Candidate],
    scores: Sequence[tuple[int, int, int]],
    guests: Sequence[EventGuest],
    tree: InstitutionTree,
    wanted: GuestsIn,
) -> tuple[InvitationProblem, dict[str, list[Candidate]], dict[str, int]]:
    declined = {
        (one.enterprise_id, one.institution_id) for one in guests if one.state == GuestState.DECLINED.value
    }
    entries: dict[str, list[Candidate]] = defaultdict(list)
    for one in listed:
        if (one.enterprise_id, None) not in declined:
            entries[one.uscc].append(one)
    firms = {one.entry_id: one.uscc for found in entries.values() for one in found}
    fits: dict[tuple[str, str], int] = {}
    for entry, institution, score in scores:
        root = tree.root_of(institution)
        if entry in firms and root.kind.is_bank and (None, root.id) not in declined:
            pair = (firms[entry], root.code)
            fits[pair] = max(fits.get(pair, 0), score)
    responsible = {uscc: _responsible(found, tree) for uscc, found in entries.items()}
    held = {bank for bank in responsible.values() if bank is not None}
    able = {bank for _firm, bank in fits} | {bank for bank in held if (None, _id(tree, bank)) not in declined}
    tables = _tables(wanted, able, tree)
    slots = len(hours_of(event).slots())
    problem = InvitationProblem(
        firms=tuple(
            FirmStanding(uscc, len(found), responsible[uscc]) for uscc, found in sorted(entries.items())
        ),
        bank_meetings={bank: count * slots for bank, count in tables.items()},
        fits=fits,
        clause=event.clause,
        most_a_firm=event.most_a_firm,
    )
    return problem, entries, tables


def _id(tree: InstitutionTree, code: str) -> int | None:
    node = tree.find(code)
    return None if node is None else node.id


def _responsible(found: Sequence[Candidate], tree: InstitutionTree) -> str | None:
    """Answer the bank that is responsible for a firm's entry, the first of them that a bank has."""
    roots = (tree.root_of(one.holder_id) for one in found if one.holder_id is not None)
    return next((root.code for root in roots if root.kind.is_bank), None)


def _tables(wanted: GuestsIn, able: set[str], tree: InstitutionTree) -> dict[str, int]:
    """Answer the tables of each bank that may come.

    Raises:
        Refused: a bank is none, or named twice.
    """
    if wanted.banks is None:
        return dict.fromkeys(sorted(able), wanted.tables)
    counts = Counter(one.institution for one in wanted.banks)
    faults = []
    for place, one in enumerate(wanted.banks):
        where, node = f"banks.{place}.institution", tree.find(one.institution)
        if counts[one.institution] > 1:
            faults.append(Fault(where, "named twice", "Name each bank once.", one.institution))
        elif node is None or node.parent is not None or not node.kind.is_bank:
            faults.append(
                Fault(
                    where, "is no bank's head office", "GET /api/v1/institutions lists them.", one.institution
                )
            )
    if faults:
        raise Refused("The invite list cannot be computed for these banks.", faults)
    return {one.institution: one.tables for one in wanted.banks}


def _named(text: str, tree: InstitutionTree) -> str:
    """Say banks by their names where a reason names them by code."""

    def name(found: re.Match[str]) -> str:
        node = tree.find(found[0])
        return found[0] if node is None else node.short_name

    return _TOKEN.sub(name, text)


def _plan_out(
    code: str,
    edition: str | None,
    answer: InvitationList,
    entries: Mapping[str, Sequence[Candidate]],
    tables: Mapping[str, int],
    tree: InstitutionTree,
    stays: int,
) -> GuestPlanOut:
    firms = [
        ProposedFirm(
            uscc=uscc,
            name=entries[uscc][0].name,
            open_needs=len(entries[uscc]),
            meets=[
                MeetOut(
                    bank=meet.bank,
                    bank_name=_named(meet.bank, tree),
                    points=points_text(meet.fit),
                    is_responsible=meet.is_responsible,
                    reason=meet.reason,
                )
                for meet in one.meets
            ],
            reason=_named(one.reason, tree),
            why_not=one.why_not,
        )
        for uscc, one in answer.firms.items()
    ]
    load = Counter(meeting.bank for meeting in answer.meetings)
    banks = [
        ProposedBank(
            institution=bank, name=_named(bank, tree), tables=tables[bank], meetings=load[bank], reason=reason
        )
        for bank, reason in answer.banks.items()
    ]
    why = Counter(one.why_not for one in answer.firms.values() if one.why_not is not None)
    content = (
        [firm.model_dump(mode="json") for firm in firms],
        [bank.model_dump(mode="json") for bank in banks],
    )
    return GuestPlanOut(
        event=code,
        edition=edition,
        firms=firms,
        banks=banks,
        invited_firms=sum(one.is_invited for one in answer.firms.values()),
        invited_banks=sum(1 for bank in banks if bank.meetings),
        meetings=len(answer.meetings),
        stays=stays,
        left_out={one.value: why[one] for one in NotInvited if why[one]},
        content_hash=hash_of({"firms": content[0], "banks": content[1]}),
    )


async def _keep(session: AsyncSession, event: HostedEvent, made: _Computed) -> None:
    """Store guests and meetings; rows of those who stay keep their numbers, answers, places and codes."""
    guests = list(await guest_queries.guests_of(session, event.id))
    rows: dict[str, EventGuest] = {}
    known = {(one.enterprise_id, one.institution_id): one for one in guests}
    for uscc, firm in made.answer.firms.items():
        if firm.is_invited:
            found = made.entries[uscc]
            row = known.get((found[0].enterprise_id, None)) or _guest(
                event, enterprise=found[0].enterprise_id
            )
            row.name, row.reason = found[0].name, _named(firm.reason, made.tree)
            row.entry_ids = [one.entry_id for one in found]
            row.region_code, row.chain_code = found[0].region, event.chain_code or found[0].chain
            rows[uscc] = row
    load = Counter(meeting.bank for meeting in made.answer.meetings)
    for bank in sorted(load):
        node = made.tree.find(bank)
        assert node is not None, "banks were found in the tree"
        row = known.get((None, node.id)) or _guest(event, institution=node.id)
        row.name, row.reason, row.tables = node.short_name, made.answer.banks[bank], made.tables[bank]
        row.region_code, row.chain_code = event.place_code, event.chain_code
        rows[bank] = row
    await guest_queries.add_guests(session, list(rows.values()))
    chosen = {row.id for row in rows.values()}
    told = {one.id for one in guests if GuestState(one.state) in TOLD - {GuestState.DECLINED}}
    await _keep_meetings(session, event, made, rows, told)
    gone = [one.id for one in guests if one.state == GuestState.PROPOSED.value and one.id not in chosen]
    await guest_queries.drop(session, gone, [])


async def _keep_meetings(
    session: AsyncSession,
    event: HostedEvent,
    made: _Computed,
    rows: Mapping[str, EventGuest],
    told: set[int],
) -> None:
    before = {
        (seen.meeting.firm_guest_id, seen.meeting.bank_guest_id): seen.meeting
        for seen in await guest_queries.meetings(session, event.id)
    }
    wanted = {}
    for uscc, firm in made.answer.firms.items():
        for meet in firm.meets:
            wanted[rows[uscc].id, rows[meet.bank].id] = meet
    for pair, row in before.items():
        if pair in wanted:
            meet = wanted[pair]
            row.fit, row.is_responsible, row.reason = meet.fit, meet.is_responsible, meet.reason
    # What both were told stays a promise, whatever is computed later.
    gone = [
        row.id
        for pair, row in before.items()
        if pair not in wanted and row.met_at is None and not set(pair) <= told
    ]
    await guest_queries.drop(session, [], gone)
    banks = {row.id: row.institution_id for row in rows.values()}
    added = []
    for pair, meet in wanted.items():
        institution = banks[pair[1]]
        if pair not in before and institution is not None:
            added.append(
                EventMeeting(
                    event_id=event.id,
                    firm_guest_id=pair[0],
                    bank_guest_id=pair[1],
                    institution_id=institution,
                    fit=meet.fit,
                    is_responsible=meet.is_responsible,
                    reason=meet.reason,
                    slot=None,
                    place=None,
                    outcome=[],
                )
            )
    await guest_queries.add_guests(session, added)


def _guest(
    event: HostedEvent, *, enterprise: int | None = None, institution: int | None = None
) -> EventGuest:
    return EventGuest(
        event_id=event.id,
        enterprise_id=enterprise,
        institution_id=institution,
        entry_ids=[],
        tables=0,
        state=GuestState.PROPOSED.value,
        absent=[],
        version=1,
    )
