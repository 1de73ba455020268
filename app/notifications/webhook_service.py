"""Use cases of webhook receivers: added after their addresses were judged, tested, changed, removed."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from app.accounts import audit_service
from app.accounts.key_ring import KeyRing, key_ring
from app.accounts.rules import Viewer
from app.accounts.sealing import SealBroken, resealed, seal
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.requests import Begin
from app.kernel.settings import Settings
from app.notifications import delivery_queries
from app.notifications import receiver_queries as queries
from app.notifications.addresses import host_of, is_reachable, unreachable_fault, url_faults
from app.notifications.delivery_service import delivery_out
from app.notifications.messages import TEST
from app.notifications.rules import DeliveryState, NoticeKind
from app.notifications.schemas import DeliveryOut, WebhookChange, WebhookIn, WebhookMade, WebhookOut
from app.notifications.service import WEBHOOK, new_message_id
from app.notifications.tables import Delivery, WebhookEndpoint
from app.notifications.webhook_channel import Resolver, system_addresses

SECRET: Final = "webhook secret"  # noqa: S105 - what it is sealed for
SECRET_BYTES: Final = 32
MOST_RECEIVERS: Final = 10
LOOK_UP_SECONDS: Final = 3
BY_OWNER: Final = "owner"
Expect = Callable[[int], None]


async def check_address(url: str, settings: Settings, resolve: Resolver = system_addresses) -> None:
    """Judge where a receiver would stand; it takes as long as a name server does, so in no transaction.

    Raises:
        Refused: not https, no host, or it leads to an address that is not public.
    """
    is_development = settings.environment == "development"
    faults = url_faults(url, is_development=is_development)
    if not faults:
        parts = urlsplit(url)
        found = await _looked_up(parts.hostname or "", parts.port or 443, resolve)
        if not found:
            faults = [Fault("url", "its host is not known", "Correct the name.")]
        elif not all(is_reachable(one, allows_loopback=is_development) for one in found):
            faults = [unreachable_fault()]
    if faults:
        raise Refused("The receiver was not added.", faults)


async def _looked_up(host: str, port: int, resolve: Resolver) -> list[str]:
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return list(await resolve(host, port))
    except (OSError, UnicodeError):
        return []


async def add(
    begin: Begin,
    viewer: Viewer,
    body: WebhookIn,
    settings: Settings,
    *,
    now: datetime,
    resolve: Resolver = system_addresses,
) -> WebhookMade:
    """Add a receiver of the viewer's; its secret is in the answer and nowhere else to be read.

    Raises:
        Refused: its address is none that messages may go to.
        Conflict: the viewer has as many as may be.
    """
    await check_address(body.url, settings, resolve)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    async with begin() as session:
        await hold(session, f"webhooks:{viewer.person}")  # one is counted at a time
        if await queries.count_receivers(session, viewer.person or 0) >= MOST_RECEIVERS:
            fault = Fault("webhooks", f"{MOST_RECEIVERS} of yours are there", "Remove those out of use.")
            raise Conflict("No more receivers can be added.", [fault])
        row = WebhookEndpoint(
            person_id=viewer.person,
            url=body.url,
            sealed_secret=seal(key_ring(settings), SECRET, secret, now=now),
            kinds=sorted({kind.value for kind in body.kinds}),
            version=1,
            created_at=now,
        )
        await queries.add(session, row)
        _note(session, "add_webhook", row, now)
        return WebhookMade(**webhook_out(row).model_dump(), secret=secret)


async def list_receivers(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[WebhookOut]:
    """Answer the viewer's receivers, the newest first."""
    after, limit = page.after_number(), page.limit + 1
    rows = await queries.page_of_receivers(session, viewer.person or 0, after=after, limit=limit)
    return page_of(rows, page, lambda row: (row.id,), webhook_out)


async def get(session: AsyncSession, viewer: Viewer, endpoint_id: int) -> WebhookOut:
    """Answer a receiver of the viewer's.

    Raises:
        NotFound: there is none.
    """
    return webhook_out(await _own(session, viewer, endpoint_id))


async def change(
    session: AsyncSession,
    viewer: Viewer,
    endpoint_id: int,
    body: WebhookChange,
    *,
    expect: Expect,
    now: datetime,
) -> WebhookOut:
    """Change which kinds a receiver wants, or whether it takes messages; what waits for a disabled one is dead.

    Raises:
        NotFound: the viewer has no such receiver.
    """
    row = await _own(session, viewer, endpoint_id, is_for_change=True)
    expect(row.version)
    if body.kinds is not None:
        row.kinds = sorted({kind.value for kind in body.kinds})
    if body.is_enabled is True:
        row.disabled_at = row.disabled_reason = None
    elif body.is_enabled is False and row.disabled_at is None:
        row.disabled_at, row.disabled_reason = now, BY_OWNER
        await delivery_queries.bury_of_receiver(session, row.id, "its receiver was disabled")
    row.version += 1
    await session.flush()
    _note(session, "change_webhook", row, now)
    return webhook_out(row)


async def remove(session: AsyncSession, viewer: Viewer, endpoint_id: int, *, now: datetime) -> None:
    """Remove a receiver: its secret is forgotten, what waits for it is dead.

    Raises:
        NotFound: the viewer has no such receiver.
    """
    row = await _own(session, viewer, endpoint_id, is_for_change=True)
    row.removed_at, row.sealed_secret, row.version = now, "", row.version + 1
    await session.flush()
    await delivery_queries.bury_of_receiver(session, row.id, "its receiver was removed")
    _note(session, "remove_webhook", row, now)


async def send_test(session: AsyncSession, viewer: Viewer, endpoint_id: int, *, now: datetime) -> DeliveryOut:
    """Put a test message for a receiver into the outbox; how it went shows at the receiver.

    Raises:
        NotFound: the viewer has no such receiver.
        Conflict: it takes no messages.
    """
    row = await _own(session, viewer, endpoint_id)
    if row.disabled_at is not None:
        raise Conflict("The receiver takes no messages.", [Fault("is_enabled", "false", "Enable it first.")])
    message = Delivery(
        message_id=new_message_id(),
        person_id=row.person_id,
        channel=WEBHOOK,
        kind=TEST,
        endpoint_id=row.id,
        state=DeliveryState.PENDING.value,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )
    await queries.add(session, message)
    return delivery_out(message, row.url)


async def reseal(session: AsyncSession, ring: KeyRing) -> int:
    """Seal every secret anew under the first key, so that older keys can be dropped; answer how many.

    Raises:
        Refused: some were sealed under keys that the ring lacks; nothing is changed.
    """
    found, faults = await queries.sealed_secrets(session), []
    for endpoint_id, sealed in found:
        try:
            await queries.replace_secret(session, endpoint_id, resealed(ring, SECRET, sealed))
        except SealBroken:
            remedy = "Put the key that is missing back into RONGQIAO_SECRET_KEYS, behind the first."
            faults.append(
                Fault(f"webhook_endpoints.{endpoint_id}", "sealed under a key that is not there", remedy)
            )
    if faults:
        raise Refused("Not every webhook's secret can be opened; nothing was changed.", faults)
    return len(found)


async def _own(
    session: AsyncSession, viewer: Viewer, endpoint_id: int, *, is_for_change: bool = False
) -> WebhookEndpoint:
    row = await queries.receiver(session, viewer.person or 0, endpoint_id, is_for_change=is_for_change)
    if row is None:
        raise NotFound(f"You have no webhook {endpoint_id}.")
    return row


def _note(session: AsyncSession, action: str, row: WebhookEndpoint, now: datetime) -> None:
    audit_service.note(session, action, "webhook", str(row.id), now=now, detail={"host": host_of(row.url)})


def webhook_out(row: WebhookEndpoint) -> WebhookOut:
    """Show a receiver."""
    return WebhookOut(
        id=row.id,
        url=row.url,
        kinds=[NoticeKind(kind) for kind in row.kinds],
        is_enabled=row.disabled_at is None,
        disabled_reason=row.disabled_reason,
        last_sent_at=row.last_sent_at,
        last_error=row.last_error,
        created_at=row.created_at,
        version=row.version,
    )
