"""Use case of what happened at the tables: a bank that is a party of an entry has docked with it, another has shown interest."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.docking import gathering
from app.docking import service as docking
from app.docking.dossiers import EntryDossier
from app.docking.kinds import EventKind
from app.docking.recording import Draft
from app.docking.schemas import EventIn
from app.events import guest_queries
from app.events.contacts import Contact, contacts_to_log
from app.events.guest_schemas import ContactIn, ContactsIn, ContactsOut
from app.events.hours import clock, hours_of, instant
from app.events.service import event_to_change
from app.events.subjects import event_name
from app.events.tables import EventGuest, EventMeeting, HostedEvent
from app.events.year import Rhythm
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Fault, Forbidden, NotFound, Refused, RongqiaoError
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date

NO_DOCKING = (Conflict, Refused, Forbidden, NotFound)


@dataclass(slots=True)
class _Around:
    event: HostedEvent
    guests: Mapping[int, EventGuest]
    tree: InstitutionTree
    dossiers: Mapping[int, EntryDossier]


async def log_contacts(
    session: AsyncSession, viewer: Viewer, code: str, wanted: ContactsIn, *, now: datetime
) -> ContactsOut:
    """Write down which meetings took place; each becomes a docking event of the firm's entries where the bank is a party.

    A meeting that was written down before is passed over. What a history does not allow (the bank had declined) is
    an interest with the reason, and keeps nothing else back.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
        Conflict: the event's day has not come.
        Refused: a meeting is none of this event's, or named twice.
    """
    event = await event_to_change(session, viewer, code, now=now, is_over_too=True)
    if shanghai_date(now) < event.day:
        fault = Fault("event", "has not begun", f"Write it down from {event.day.isoformat()} on.", code)
        raise Conflict("Nobody can have met yet.", [fault])
    rows = await _rows(session, event, wanted)
    new = [(row, one) for row, one in zip(rows, wanted.meetings, strict=True) if row.met_at is None]
    guests = {one.id: one for one in await guest_queries.guests_of(session, event.id)}
    entries = {entry for row, _one in new for entry in guests[row.firm_guest_id].entry_ids}
    found = await gathering.dossiers_of(session, sorted(entries)) if entries else []
    around = _Around(event, guests, await institution_tree(session, viewer), {one.id: one for one in found})
    counts, interests = 0, list[str]()
    for done, (row, one) in enumerate(new):
        report("logging", done, len(new))
        row.met_at, row.note = _met_at(event, row, now), one.note or None
        logged, why_not = await _log(session, viewer, around, row, one, now)
        row.outcome = [*logged, *why_not]
        counts += len(logged)
        interests += why_not
    await session.flush()
    detail = {"met": len(new), "logged": counts}
    audit_service.note(session, "log_event_contacts", "event", code, now=now, detail=detail)
    return ContactsOut(event=code, met=len(new), logged=counts, interests=interests)


async def _rows(session: AsyncSession, event: HostedEvent, wanted: ContactsIn) -> list[EventMeeting]:
    ids = [one.meeting for one in wanted.meetings]
    known = {row.id: row for row in await guest_queries.meetings_by_id(session, event.id, ids)}
    faults = [
        Fault(
            f"meetings.{place}.meeting",
            "named twice" if number in ids[:place] else "is none of this event's",
            "Name each meeting of the event once.",
            str(number),
        )
        for place, number in enumerate(ids)
        if number not in known or number in ids[:place]
    ]
    if faults:
        raise Refused("The meetings cannot be written down as sent.", faults)
    return [known[number] for number in ids]


def _met_at(event: HostedEvent, row: EventMeeting, now: datetime) -> datetime:
    """Answer when a meeting took place: at its slot, without one at the opening; never later than now."""
    slots = hours_of(event).slots()
    begins = (
        slots[row.slot].starts_at if row.slot is not None and row.slot < len(slots) else clock(event.opens)
    )
    return min(instant(event.day, begins), now)


async def _log(
    session: AsyncSession, viewer: Viewer, around: _Around, row: EventMeeting, one: ContactIn, now: datetime
) -> tuple[list[str], list[str]]:
    """Log one meeting on the firm's entries; answer what was logged, and why not the rest."""
    assert row.met_at is not None, "set before"
    bank = around.tree.node(row.institution_id)
    dossiers = [
        around.dossiers[entry]
        for entry in around.guests[row.firm_guest_id].entry_ids
        if entry in around.dossiers
    ]
    contacts = [
        _contact(dossier, around.tree, row.institution_id, row.met_at, one.note) for dossier in dossiers
    ]
    name = event_name(Rhythm(around.event.rhythm), around.event.subject_name)
    standings = {dossier.id: dossier.standings for dossier in dossiers}
    decided = contacts_to_log(name, contacts, standings, recorded_at=now)
    logged, why_not = list[str](), list[str]()
    for entry, draft in decided.drafts:
        refusal = await _append(session, viewer, around.dossiers[entry], draft, now)
        if refusal is None:
            logged.append(f"{around.dossiers[entry].code}：已记入对接记录")
        else:
            why_not.append(f"{around.dossiers[entry].code}：记为意向，{refusal}")
    for contact, reason in decided.interests:
        why_not.append(
            f"{around.dossiers[contact.entry].code}：{reason.replace(contact.bank, bank.short_name, 1)}"
        )
    return logged, why_not


def _contact(dossier: EntryDossier, tree: InstitutionTree, bank: int, met_at: datetime, note: str) -> Contact:
    """Answer the contact in the name of the bank's branch that has the entry, else of its head office."""
    own = [
        one
        for one in dossier.standings
        if tree.root_of(one.institution_id).id == bank and one.is_in_office(met_at)
    ]
    party = max(own, key=lambda one: (one.is_responsible, one.since), default=None)
    lineage = "/" + "".join(f"{node.id}/" for node in tree.path(bank))
    code = tree.node(bank).code
    return Contact(
        dossier.id,
        code if party is None else party.code,
        lineage if party is None else party.lineage,
        met_at,
        note,
    )


async def _append(
    session: AsyncSession, viewer: Viewer, dossier: EntryDossier, draft: Draft, now: datetime
) -> str | None:
    """Log a docking event on an entry; answer why that is not possible, or None."""
    # Whoever hosts the event may write down who met there, a chain's manager too, who logs nothing else.
    host = replace(viewer, is_operator=True)
    sent = EventIn(
        kind=EventKind.CONTACTED,
        institution=draft.institution,
        occurred_at=draft.occurred_at,
        note=draft.note,
    )
    try:
        async with attempt(session):
            await docking.log_event(session, host, dossier.code, sent, now=now, may_be_repetition=True)
    except NO_DOCKING as error:
        return _reason(error)
    return None


def _reason(error: RongqiaoError) -> str:
    return error.faults[0].message if error.faults else error.detail
