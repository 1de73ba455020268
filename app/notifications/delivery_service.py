"""Use cases of the outbox: what waits, what was given up, and trying it again. No content is shown."""

from datetime import datetime
from typing import Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.notifications import delivery_queries as queries
from app.notifications.addresses import host_of
from app.notifications.rules import DeliveryState
from app.notifications.schemas import DeliveryOut
from app.notifications.tables import Delivery

_INSTALLATION: Final = Target()


async def list_deliveries(
    session: AsyncSession, viewer: Viewer, page: PageRequest, state: DeliveryState | None = None
) -> Page[DeliveryOut]:
    """Answer messages, the newest first: their state, kind, host and last error, nothing of what they say.

    Raises:
        Forbidden: the viewer does not manage deliveries.
    """
    require(viewer, Action.MANAGE_DELIVERIES, _INSTALLATION)
    after, limit = page.after_number(), page.limit + 1
    rows = await queries.page_of_deliveries(session, state, after=after, limit=limit)
    return page_of(rows, page, lambda row: (row[0].id,), lambda row: delivery_out(*row))


async def retry(session: AsyncSession, viewer: Viewer, delivery_id: int, *, now: datetime) -> DeliveryOut:
    """Have a message that was given up tried again from now on, as if it were new, under the same id.

    Raises:
        Forbidden: the viewer does not manage deliveries.
        NotFound: there is no such message.
        Conflict: it is not dead, or its receiver takes no messages.
    """
    require(viewer, Action.MANAGE_DELIVERIES, _INSTALLATION)
    found = await queries.delivery(session, delivery_id)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    row, endpoint = found
    if row.state != DeliveryState.DEAD:
        raise Conflict("Only what was given up is retried.", [Fault("state", f"is {row.state}")])
    if endpoint is not None and (endpoint.disabled_at or endpoint.removed_at):
        fault = Fault("webhook", "disabled or removed", "Its owner enables it first.")
        raise Conflict("Its receiver takes no messages.", [fault])
    row.state, row.attempts, row.tried_since = DeliveryState.PENDING.value, 0, None
    row.next_attempt_at, row.last_error = now, None
    await session.flush()
    audit_service.note(session, "retry_delivery", "delivery", str(row.id), now=now)
    return delivery_out(row, endpoint.url if endpoint is not None else None)


def delivery_out(row: Delivery, url: str | None) -> DeliveryOut:
    """Show a message of the outbox."""
    return DeliveryOut(
        id=row.id,
        message_id=row.message_id,
        channel=row.channel,
        kind=row.kind,
        host=host_of(url or row.address or ""),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if row.state == DeliveryState.PENDING else None,
        last_error=row.last_error,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
