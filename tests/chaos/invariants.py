"""What must hold whatever went wrong: the trail, the closed months, one responsible party each, messages told apart."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import create_engine, func, select

from app.accounts import audit_trail_service
from app.accounts.rules import local_operator
from app.allocation.tables import AllocationRun, Assignment
from app.coverage import service as coverage
from app.coverage.tables import CoverageSnapshot
from app.kernel.database import make_engine, make_sessions, transaction
from app.notifications.tables import Delivery
from app.whitelist.tables import WhitelistEntry
from tests.chaos.world import JURISDICTION
from tests.notifications.servers import MailServer, Receiver

Arrived = Mapping[str, list[bytes]]
"""By message id what came under it, each time that it came."""


def broken(url: str, sync_url: str, arrived: Arrived) -> list[str]:
    """Answer what does not hold of a database, and of what its receivers got."""
    return [
        *asyncio.run(_broken_inside(url)),
        *_broken_parties(sync_url),
        *_broken_messages(sync_url, arrived),
    ]


async def _broken_inside(url: str) -> list[str]:
    engine = make_engine(url)
    viewer = local_operator(JURISDICTION)
    found = []
    try:
        async with transaction(make_sessions(engine), writes=False) as session:
            verdict = await audit_trail_service.verify(session)
            if verdict.broken is not None:
                found.append(f"the audit trail breaks at {verdict.broken}")
            months = await session.execute(select(CoverageSnapshot.month).order_by(CoverageSnapshot.month))
            for month in months.scalars().all():
                checked = await coverage.verify(session, viewer, month)
                if not checked.is_intact:
                    found.append(f"the close of {month} is not intact: {checked}")
    finally:
        await engine.dispose()
    return found


def _broken_parties(sync_url: str) -> list[str]:
    """After an allocation every admitted entry that is not withdrawn has exactly one responsible party."""
    current = (
        select(Assignment.entry_id, func.count().label("parties"))
        .where(Assignment.ended_at.is_(None))
        .group_by(Assignment.entry_id)
        .subquery()
    )
    wanted = (
        select(WhitelistEntry.code, func.coalesce(current.c.parties, 0))
        .join(current, current.c.entry_id == WhitelistEntry.id, isouter=True)
        .where(WhitelistEntry.status == "admitted", WhitelistEntry.withdrawn_at.is_(None))
    )
    engine = create_engine(sync_url)
    try:
        with engine.connect() as connection:
            if not connection.scalar(select(func.count()).select_from(AllocationRun)):
                return []
            return [
                f"{code} has {count} responsible parties"
                for code, count in connection.execute(wanted)
                if count != 1
            ]
    finally:
        engine.dispose()


def _broken_messages(sync_url: str, arrived: Arrived) -> list[str]:
    """What is recorded as sent arrived at least once, nothing arrived that nobody wrote, repetitions are the same."""
    engine = create_engine(sync_url)
    try:
        with engine.connect() as connection:
            states = dict(connection.execute(select(Delivery.message_id, Delivery.state)).all())
    finally:
        engine.dispose()
    found = [
        f"{one} is recorded as sent and never arrived"
        for one, state in states.items()
        if state == "sent" and one not in arrived
    ]
    found += [f"{one} arrived and is not in the outbox" for one in arrived if one not in states]
    return found + [
        f"{one} arrived with different contents" for one, bodies in arrived.items() if len(set(bodies)) > 1
    ]


def arrivals(receiver: Receiver, mails: MailServer) -> dict[str, list[bytes]]:
    """Answer what the receivers got, by message id."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for headers, body in list(receiver.requests):
        found[headers["webhook-id"]].append(body)
    for mail in list(mails.mails):
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        found[name].append(mail.get_content().encode())
    return found


def repetitions(arrived: Mapping[str, Iterable[bytes]]) -> int:
    """Answer how many messages came again under the id that they had."""
    counts = Counter({name: len(list(bodies)) for name, bodies in arrived.items()})
    return sum(count - 1 for count in counts.values())
