"""What happened at an event's tables becomes docking events to be logged (pure).

A contact counts for an entry only if the bank is one of its parties (docking/legality.py); a bank that is none has met the
firm all the same, which is kept as an interest for the coordinator and not as docking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.docking.kinds import EventKind
from app.docking.legality import Standing, party_of
from app.docking.recording import Draft


@dataclass(frozen=True, slots=True)
class Contact:
    """An entry's firm and a bank sat at a table; `lineage` is the bank's path in the tree of institutions."""

    entry: int
    bank: str
    lineage: str
    met_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class ContactsToLog:
    """Drafts by entry, to be logged; and contacts of banks that are no party, each with why it is not logged."""

    drafts: tuple[tuple[int, Draft], ...]
    interests: tuple[tuple[Contact, str], ...]


def contacts_to_log(
    event_name: str,
    contacts: Sequence[Contact],
    standings: Mapping[int, Sequence[Standing]],
    *,
    recorded_at: datetime,
) -> ContactsToLog:
    """Answer what is to be logged of an event's contacts, in the order of time, each pair of entry and bank once."""
    drafts, interests, seen = [], [], set()
    for contact in sorted(contacts, key=lambda one: (one.met_at, one.entry, one.bank)):
        if (contact.entry, contact.bank) in seen:
            continue
        seen.add((contact.entry, contact.bank))
        parties = standings.get(contact.entry, ())
        if party_of(parties, contact.lineage, EventKind.CONTACTED, contact.met_at) is None:
            reason = f"{contact.bank}当时不是该条目的责任或协办机构，记为意向，不计入对接"
            interests.append((contact, reason))
            continue
        note = f"在“{event_name}”上洽谈" + (f"：{contact.note}" if contact.note else "")
        draft = Draft(
            kind=EventKind.CONTACTED,
            occurred_at=contact.met_at,
            recorded_at=recorded_at,
            institution=contact.bank,
            lineage=contact.lineage,
            note=note,
        )
        drafts.append((contact.entry, draft))
    return ContactsToLog(tuple(drafts), tuple(interests))
