"""Rows of where persons want to be told: their mail address, their webhook receivers."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.notifications.messages import CONFIRMATION
from app.notifications.tables import Delivery, NoticeSettings, WebhookEndpoint


async def settings_of(
    session: AsyncSession, person_id: int, *, is_for_change: bool = False
) -> NoticeSettings | None:
    """Answer a person's settings, held until the end for a change."""
    statement = select(NoticeSettings).where(NoticeSettings.person_id == person_id)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def add(session: AsyncSession, row: NoticeSettings | WebhookEndpoint | Delivery) -> None:
    """Store a row, so that it has an id."""
    session.add(row)
    await session.flush()


async def count_confirmations(session: AsyncSession, person_id: int, since: datetime) -> int:
    """Answer how many mails with a code a person asked for since an instant."""
    statement = select(func.count(Delivery.id)).where(
        Delivery.person_id == person_id, Delivery.kind == CONFIRMATION, Delivery.created_at >= since
    )
    return (await session.execute(statement)).scalar_one()


async def receivers_of(session: AsyncSession, person_ids: Iterable[int]) -> list[WebhookEndpoint]:
    """Answer the receivers of some persons that take messages."""
    found = list[WebhookEndpoint]()
    for batch in in_batches(sorted(set(person_ids))):
        statement = select(WebhookEndpoint).where(
            WebhookEndpoint.person_id.in_(batch),
            WebhookEndpoint.disabled_at.is_(None),
            WebhookEndpoint.removed_at.is_(None),
        )
        found += (await session.execute(statement)).scalars()
    return found


async def page_of_receivers(
    session: AsyncSession, person_id: int, *, after: int | None, limit: int
) -> Sequence[WebhookEndpoint]:
    """Answer a person's receivers, the newest first."""
    statement = (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.person_id == person_id, WebhookEndpoint.removed_at.is_(None))
        .order_by(WebhookEndpoint.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(WebhookEndpoint.id < after)
    return (await session.execute(statement)).scalars().all()


async def receiver(
    session: AsyncSession, person_id: int, endpoint_id: int, *, is_for_change: bool = False
) -> WebhookEndpoint | None:
    """Answer a receiver of a person, held until the end for a change."""
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.person_id == person_id,
        WebhookEndpoint.removed_at.is_(None),
    )
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def count_receivers(session: AsyncSession, person_id: int) -> int:
    """Answer how many receivers a person has."""
    statement = select(func.count(WebhookEndpoint.id)).where(
        WebhookEndpoint.person_id == person_id, WebhookEndpoint.removed_at.is_(None)
    )
    return (await session.execute(statement)).scalar_one()


async def sealed_secrets(session: AsyncSession) -> list[tuple[int, str]]:
    """Answer all receivers' sealed secrets; nobody changes them until the transaction ends."""
    statement = (
        select(WebhookEndpoint.id, WebhookEndpoint.sealed_secret)
        .where(WebhookEndpoint.removed_at.is_(None))
        .order_by(WebhookEndpoint.id)
        .with_for_update()
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def replace_secret(session: AsyncSession, endpoint_id: int, sealed: str) -> None:
    """Keep the same secret under another seal."""
    await session.execute(
        update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(sealed_secret=sealed)
    )
