"""Sends what the outbox holds: leased in a short transaction, sent outside any, recorded in a short one.

Each message goes out once in normal running, also with several workers at once: whoever sends it holds a
lease, and nobody else sends to its receiver meanwhile. Who breaks off between sending and recording leaves a
lease that runs out; then the message is sent again *with the same id* (`webhook-id`, Message-ID). On the wire
it is therefore at least once, and the receiver can tell a repetition (docs/decisions/0010-notices.md).
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from app.accounts.key_ring import KeyRing, key_ring
from app.accounts.sealing import SealBroken, unseal
from app.kernel.clock import elapsed_seconds
from app.kernel.database import Sessions, transaction
from app.kernel.logs import get_logger
from app.kernel.settings import Settings
from app.notifications import delivery_queries as queries
from app.notifications.delivery_queries import Outgoing
from app.notifications.email_codes import email_code
from app.notifications.mail_channel import MailSender, is_mail_on, mail_sender
from app.notifications.mail_planning import plan_mails
from app.notifications.messages import (
    CONFIRMATION,
    Letterhead,
    NoticeFacts,
    confirmation_mail,
    digest_mail,
    payload,
    payload_of_test,
)
from app.notifications.rules import DeliveryState, Tried, Verdict, after_attempt
from app.notifications.schemas import DeliveryCounts
from app.notifications.webhook_channel import (
    Outcome,
    Resolver,
    WebhookSender,
    system_addresses,
    webhook_sender,
)
from app.notifications.webhook_service import SECRET

LEASE: Final = timedelta(minutes=5)
RECEIVER_SECONDS: Final = 30
"""After so long the rest of a receiver's messages wait for the next round, well before the lease runs out."""
CLAIMED_AT_ONCE: Final = 200
CLAIMED_OF_RECEIVER: Final = 20
RECEIVERS_AT_ONCE: Final = 16
MOST_MESSAGES: Final = 5_000
logger = get_logger(__name__)
chance: Final = random.SystemRandom().random


async def deliver_due(
    sessions: Sessions,
    settings: Settings,
    *,
    now: datetime,
    jitter: Callable[[], float] = chance,
    resolve: Resolver = system_addresses,
    most: int = MOST_MESSAGES,
) -> DeliveryCounts:
    """Write the mails that are due and send what is due, up to `most` messages; answer what came of it.

    It never fails because of a receiver: what a receiver does to one message is recorded there, and a hanging
    one holds up its own messages alone. `jitter` answers from 0 to 1.
    """
    has_mail = is_mail_on(settings)
    ring, digests = key_ring(settings), 0
    if has_mail:
        digests = await plan_mails(sessions, now=now, digest_hour=settings.digest_hour)
    async with AsyncExitStack() as stack:
        is_development = settings.environment == "development"
        webhooks = await stack.enter_async_context(
            webhook_sender(allows_loopback=is_development, resolve=resolve)
        )
        mails = await stack.enter_async_context(mail_sender(settings)) if has_mail else None
        letterhead = Letterhead(settings.mail_from, settings.public_origin)
        round_ = _Round(sessions, ring, letterhead, webhooks, mails, now, jitter)
        while (left := most - round_.handled) > 0 and await round_.step(min(left, CLAIMED_AT_ONCE)):
            pass
    return DeliveryCounts(
        is_mail_on=has_mail,
        digests=digests,
        sent=round_.counts[DeliveryState.SENT],
        failed=round_.counts[DeliveryState.PENDING],
        dead=round_.counts[DeliveryState.DEAD],
    )


@dataclass
class _Round:
    """One call's work: its channels, its clock, what it came to."""

    sessions: Sessions
    ring: KeyRing
    letterhead: Letterhead
    webhooks: WebhookSender
    mails: MailSender | None
    now: datetime
    jitter: Callable[[], float]
    started: float = field(default_factory=elapsed_seconds)
    handled: int = 0
    counts: dict[DeliveryState, int] = field(default_factory=lambda: defaultdict(int))

    def at(self) -> datetime:
        """Answer the present instant, by how long this call has been at work."""
        return self.now + timedelta(seconds=elapsed_seconds() - self.started)

    async def step(self, most: int) -> bool:
        """Lease and send some messages, those of each receiver in turn; tell whether there were any."""
        claim, at = uuid4().hex, self.at()
        async with transaction(self.sessions) as session:
            found = await queries.claim(
                session,
                claim,
                now=at,
                until=at + LEASE,
                is_mail_on=self.mails is not None,
                most=most,
                most_of_receiver=CLAIMED_OF_RECEIVER,
            )
        lines = defaultdict(list)
        for one in found:
            lines[one.delivery.endpoint_id].append(one)
        places = asyncio.Semaphore(RECEIVERS_AT_ONCE)
        ended = await asyncio.gather(
            *(self._serve(line, claim, places) for line in lines.values()), return_exceptions=True
        )
        # Only once all are through: a line that went on after its senders are closed would note failures of ours.
        for trouble in ended:
            if trouble is not None:
                raise trouble
        self.handled += len(found)
        return bool(found)

    async def _serve(self, line: Sequence[Outgoing], claim: str, places: asyncio.Semaphore) -> None:
        """Send the messages of one receiver one after the other; once it takes nothing, the rest is put off."""
        async with places:
            until = elapsed_seconds() + RECEIVER_SECONDS
            stopped: Outcome | None = None
            for one in line:
                if stopped is None and elapsed_seconds() > until:
                    stopped = Outcome(Verdict.PUT_OFF, "its receiver is slow")
                outcome = stopped or await self._attempt(one)
                await self._record(one, claim, outcome)
                if outcome.verdict is Verdict.UNREACHABLE:
                    stopped = Outcome(Verdict.PUT_OFF, outcome.error)
                elif outcome.verdict is Verdict.GONE:
                    stopped = outcome

    async def _attempt(self, one: Outgoing) -> Outcome:
        if (reason := hindrance(one)) is not None:
            return Outcome(Verdict.REFUSED, reason)
        try:
            return await (self._mail(one) if one.endpoint is None else self._webhook(one))
        except Exception as error:  # noqa: BLE001 - one message that breaks us must not hold up the others
            logger.warning("delivery_broke", delivery=one.delivery.id, error=type(error).__name__)
            return Outcome(Verdict.FAILED, type(error).__name__)

    async def _webhook(self, one: Outgoing) -> Outcome:
        row, endpoint = one.delivery, one.endpoint
        assert endpoint is not None
        try:
            secret = unseal(self.ring, SECRET, endpoint.sealed_secret)
        except SealBroken:
            return Outcome(Verdict.UNREACHABLE, "the secret was sealed under a key that is not there")
        body = payload_of_test(row.created_at)
        if row.notice_id is not None and one.notice_kind is not None and one.noticed_at is not None:
            body = payload(
                NoticeFacts(row.notice_id, one.notice_kind, one.noticed_at), self.letterhead.origin
            )
        return await self.webhooks.send(endpoint.url, secret, row.message_id, body, at=self.at())

    async def _mail(self, one: Outgoing) -> Outcome:
        row, settings = one.delivery, one.settings
        assert self.mails is not None
        assert row.address is not None
        if row.kind != CONFIRMATION:
            mail = digest_mail(
                self.letterhead,
                row.address,
                row.message_id,
                one.counts or {},
                is_urgent=bool(one.is_urgent),
                date=self.at(),
            )
        else:
            assert settings is not None
            assert settings.pending_since is not None
            code = email_code(self.ring, row.person_id, row.address, settings.pending_since)
            mail = confirmation_mail(self.letterhead, row.address, row.message_id, code, date=self.at())
        return await self.mails.send(mail)

    async def _record(self, one: Outgoing, claim: str, outcome: Outcome) -> None:
        row, at = one.delivery, self.at()
        tried = after_attempt(
            outcome.verdict,
            attempts=row.attempts,
            tried_since=row.tried_since,
            now=at,
            jitter=self.jitter(),
        )
        async with transaction(self.sessions) as session:
            await queries.record(session, row.id, claim, tried, outcome.error)
            if row.endpoint_id is not None and outcome.verdict is not Verdict.PUT_OFF:
                sent_at = at if tried.state is DeliveryState.SENT else None
                await queries.note_receiver(session, row.endpoint_id, sent_at=sent_at, error=outcome.error)
            if row.endpoint_id is not None and outcome.verdict is Verdict.GONE:
                await queries.disable_receiver(session, row.endpoint_id, outcome.error or "", at)
                await queries.bury_of_receiver(session, row.endpoint_id, outcome.error or "")
        self._count(row.id, tried)

    def _count(self, delivery_id: int, tried: Tried) -> None:
        self.counts[tried.state] += 1
        if tried.state is DeliveryState.DEAD:
            logger.warning("delivery_dead", delivery=delivery_id, attempts=tried.attempts)


def hindrance(one: Outgoing) -> str | None:
    """Answer why a message must not go out any more, if so: what was right when it was written may be so no longer."""
    if one.person_disabled_at is not None:
        return "its person cannot sign in any more"
    if one.delivery.channel == "webhook":
        endpoint = one.endpoint
        is_off = endpoint is None or endpoint.disabled_at is not None or endpoint.removed_at is not None
        return "its receiver takes no messages any more" if is_off else None
    settings = one.settings
    wanted = None
    if settings is not None:
        wanted = settings.pending_email if one.delivery.kind == CONFIRMATION else settings.email
    return None if wanted == one.delivery.address else "its person changed the address"
