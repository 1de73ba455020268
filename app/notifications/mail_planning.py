"""Writes the mails about notices that are due into the outbox: a day's digest, and urgent ones folded."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.kernel.database import AsyncSession, Sessions, transaction
from app.notifications import mail_queries, queries
from app.notifications.messages import DIGEST, counted
from app.notifications.rules import DeliveryState, MailKind, Waiting, mail_due, slot_of
from app.notifications.service import new_message_id
from app.notifications.tables import Delivery, Digest

EMAIL: Final = "email"
PERSONS_AT_ONCE: Final = 500


async def plan_mails(sessions: Sessions, *, now: datetime, digest_hour: int) -> int:
    """Write all mails that are due, some hundred persons in a transaction; answer how many.

    Two rounds at once write none twice: a person has one mail a slot, and a notice is counted by one mail.
    """
    made, after = 0, 0
    while True:
        async with transaction(sessions) as session:
            waiting = await mail_queries.persons_waiting(session, after=after, limit=PERSONS_AT_ONCE)
            due = {one.person_id: mail_due(one, now=now, digest_hour=digest_hour) for one in waiting}
            for kind in MailKind:
                persons = [person for person, found in due.items() if found is kind]
                made += await _write(session, persons, kind, now) if persons else 0
        if len(waiting) < PERSONS_AT_ONCE:
            return made
        after = _last(waiting)


def _last(waiting: Sequence[Waiting]) -> int:
    return waiting[-1].person_id


async def _write(session: AsyncSession, persons: Collection[int], kind: MailKind, now: datetime) -> int:
    slot, is_urgent = slot_of(kind, now), kind is MailKind.URGENT
    rows = (
        {"person_id": person, "slot": slot, "is_urgent": is_urgent, "counts": {}, "created_at": now}
        for person in persons
    )
    made = await queries.put_new(
        session, Digest, rows, unique=("person_id", "slot"), answers=("id", "person_id")
    )
    mails = {row.person_id: row.id for row in made}
    counts = await _counts(session, mails.values(), mails.keys(), slot, is_urgent=is_urgent)
    await mail_queries.set_counts(session, counts)
    addresses = await mail_queries.addresses_of(session, mails.keys())
    await queries.put_new(
        session, Delivery, _outgoing(mails, counts, addresses, now), unique=("digest_id",), answers=("id",)
    )
    return len(counts)


async def _counts(
    session: AsyncSession, mails: Iterable[int], persons: Collection[int], slot: str, *, is_urgent: bool
) -> dict[int, dict[str, Any]]:
    """Answer what each mail counts; those that count nothing are taken back."""
    noted = defaultdict(list)
    for mail, kind, created_at in await mail_queries.count_into(session, persons, slot, is_urgent=is_urgent):
        noted[mail].append((kind, created_at))
    await mail_queries.drop(session, set(mails) - noted.keys())
    return {mail: counted(notices) for mail, notices in noted.items()}


def _outgoing(
    mails: Mapping[int, int], counts: Collection[int], addresses: Mapping[int, str], now: datetime
) -> Iterable[dict[str, Any]]:
    return (
        {
            "message_id": new_message_id(),
            "person_id": person,
            "channel": EMAIL,
            "kind": DIGEST,
            "digest_id": mail,
            "address": addresses[person],
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for person, mail in mails.items()
        if mail in counts
    )
