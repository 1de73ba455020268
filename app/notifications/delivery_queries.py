"""Rows of the outbox: leased to who sends them, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from app.accounts.tables import Person
from app.kernel.database import AsyncSession
from app.notifications.rules import DeliveryState, Tried
from app.notifications.tables import Delivery, Digest, Notice, NoticeSettings, WebhookEndpoint


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A leased message with all that is needed to write and send it."""

    delivery: Delivery
    notice_kind: str | None
    noticed_at: datetime | None
    counts: dict[str, Any] | None
    is_urgent: bool | None
    endpoint: WebhookEndpoint | None
    settings: NoticeSettings | None
    person_disabled_at: datetime | None


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= now)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(Delivery.state == DeliveryState.PENDING.value, Delivery.next_attempt_at <= now, _free(now))


def _places(now: datetime, *, is_mail_on: bool) -> Select[Any]:
    """Answer due messages with their place in the line of their receiver; nobody else sends to it now."""
    busy = select(Delivery.endpoint_id).where(
        Delivery.state == DeliveryState.PENDING.value,
        Delivery.claimed_until > now,
        Delivery.endpoint_id.is_not(None),
    )
    of_receiver = func.coalesce(Delivery.endpoint_id, 0)
    place = func.row_number().over(partition_by=of_receiver, order_by=(Delivery.next_attempt_at, Delivery.id))
    is_open: ColumnElement[bool] = Delivery.endpoint_id.not_in(busy)
    if is_mail_on:
        is_open = or_(Delivery.endpoint_id.is_(None), is_open)
    return select(Delivery.id, place.label("place")).where(_due(now), is_open)


async def claim(
    session: AsyncSession,
    claim_name: str,
    *,
    now: datetime,
    until: datetime,
    is_mail_on: bool,
    most: int,
    most_of_receiver: int,
) -> list[Outgoing]:
    """Lease due messages, some of each receiver; what another worker holds is passed over, not waited for."""
    places = _places(now, is_mail_on=is_mail_on).subquery()
    chosen = (
        select(Delivery.id)
        .join(places, places.c.id == Delivery.id)
        .where(places.c.place <= most_of_receiver, _due(now))
        .order_by(places.c.place, Delivery.id)
        .limit(most)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    ids = (await session.execute(chosen)).scalars().all()
    if not ids:
        return []
    await session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(claim=claim_name, claimed_until=until)
        .execution_options(synchronize_session=False)
    )
    return await _outgoing(session, ids)


async def _outgoing(session: AsyncSession, ids: Sequence[int]) -> list[Outgoing]:
    statement = (
        select(
            Delivery,
            Notice.kind,
            Notice.created_at,
            Digest.counts,
            Digest.is_urgent,
            WebhookEndpoint,
            NoticeSettings,
            Person.disabled_at,
        )
        .join(Person, Person.id == Delivery.person_id)
        .outerjoin(Notice, Notice.id == Delivery.notice_id)
        .outerjoin(Digest, Digest.id == Delivery.digest_id)
        .outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .outerjoin(NoticeSettings, NoticeSettings.person_id == Delivery.person_id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .execution_options(populate_existing=True)
    )
    return [Outgoing(*row) for row in await session.execute(statement)]


async def record(
    session: AsyncSession, delivery_id: int, claim_name: str, tried: Tried, error: str | None
) -> None:
    """Note what came of an attempt, unless the lease went to somebody else meanwhile."""
    is_sent = tried.state is DeliveryState.SENT
    await session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.claim == claim_name)
        .values(
            state=tried.state.value,
            attempts=tried.attempts,
            next_attempt_at=tried.next_attempt_at,
            tried_since=tried.tried_since,
            last_error=error,
            sent_at=tried.next_attempt_at if is_sent else None,
            claim=None,
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )


async def note_receiver(
    session: AsyncSession, endpoint_id: int, *, sent_at: datetime | None, error: str | None
) -> None:
    """Note at a receiver when it last took a message, or what went wrong."""
    values: dict[str, Any] = {"last_error": error}
    if sent_at is not None:
        values["last_sent_at"] = sent_at
    await session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


async def disable_receiver(session: AsyncSession, endpoint_id: int, reason: str, now: datetime) -> None:
    """Send nothing more to a receiver."""
    await session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.disabled_at.is_(None))
        .values(disabled_at=now, disabled_reason=reason, version=WebhookEndpoint.version + 1)
        .execution_options(synchronize_session=False)
    )


async def bury_of_receiver(session: AsyncSession, endpoint_id: int, reason: str) -> None:
    """Give up all messages that wait for a receiver; they can be retried by hand."""
    await session.execute(
        update(Delivery)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.PENDING.value)
        .values(state=DeliveryState.DEAD.value, last_error=reason, claim=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


async def page_of_deliveries(
    session: AsyncSession, state: DeliveryState | None, *, after: int | None, limit: int
) -> list[tuple[Delivery, str | None]]:
    """Answer messages, the newest first, each with its receiver's address if it is a webhook."""
    statement = (
        select(Delivery, WebhookEndpoint.url)
        .outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(Delivery.state == state.value)
    if after is not None:
        statement = statement.where(Delivery.id < after)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def delivery(session: AsyncSession, delivery_id: int) -> tuple[Delivery, WebhookEndpoint | None] | None:
    """Answer a message and its receiver, the message held until the end."""
    statement = (
        select(Delivery, WebhookEndpoint)
        .outerjoin(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.id == delivery_id)
        .with_for_update(of=Delivery)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])
