"""A few persons with notices, receivers and addresses, and what the outbox holds of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.accounts.rules import Role, Viewer
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.notifications import service, webhook_service
from app.notifications.delivery import deliver_due
from app.notifications.rules import NewNotice, NoticeKind
from app.notifications.schemas import DeliveryCounts, WebhookIn, WebhookMade
from app.notifications.tables import Delivery, NoticeSettings, WebhookEndpoint
from tests.accounts.offices import person, working

KEY = "q7Jx0cG5m2Vt9sYb4Lr8Wn1Zk6Hf3Pd0Ae-Uu_Ii"
SETTINGS = Settings(secret_keys=KEY, public_url="https://rongqiao.example.gov.cn")
TELLING = ("哈尔滨某某科技", "2023H2-91230102MA904UANKN", "1,980 万元")
"""What may not leave the house: a name, an entry's code, an amount."""


async def clerk(sessions: Sessions, login: str = "wang", scope: str = "icbc-dl") -> Viewer:
    """Store a relationship manager."""
    return await person(sessions, login, (Role.RELATIONSHIP_MANAGER, scope))


async def hook(sessions: Sessions, viewer: Viewer, url: str, *kinds: NoticeKind) -> WebhookMade:
    """Add a receiver of a person's."""

    @asynccontextmanager
    async def begin(*, writes: bool = True, is_recorded: bool = True) -> AsyncIterator[AsyncSession]:
        async with working(sessions, viewer) as session:
            yield session

    body = WebhookIn(url=url, kinds=list(kinds))
    return await webhook_service.add(begin, viewer, body, SETTINGS, now=utc_now())


def notice(number: int, who: Viewer, kind: NoticeKind = NoticeKind.LATE, **more: Any) -> NewNotice:
    """Make a notice to one person that tells of a case."""
    assert who.person is not None
    told = {"title": TELLING[0], "body": "、".join(TELLING), "link": f"/entries/{TELLING[1]}"}
    return NewNotice(f"event:{number}", kind, persons=(who.person,), **(told | more))


async def tell(
    sessions: Sessions, who: Viewer, numbers: range, *, now: datetime | None = None, **more: Any
) -> int:
    """Tell a person some events."""
    async with transaction(sessions) as session:
        return await service.post(
            session, [notice(number, who, **more) for number in numbers], now=now or utc_now()
        )


async def mailbox(sessions: Sessions, who: Viewer, email: str, **more: bool) -> None:
    """Give a person a confirmed address."""
    async with transaction(sessions) as session:
        wants = {"wants_digest": True, "wants_urgent": True} | more
        session.add(
            NoticeSettings(
                person_id=who.person, email=email, confirmed_at=utc_now(), version=1, updated_at=utc_now(), **wants
            )
        )  # fmt: skip


async def deliver(
    sessions: Sessions, now: datetime, settings: Settings = SETTINGS, **more: Any
) -> DeliveryCounts:
    """Deliver what is due, without chance."""
    return await deliver_due(sessions, settings, now=now, jitter=lambda: 0.0, **more)


async def outbox(sessions: Sessions) -> list[Delivery]:
    """Answer all messages in their order."""
    async with transaction(sessions, writes=False) as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


async def receivers(sessions: Sessions) -> list[WebhookEndpoint]:
    """Answer all receivers in their order."""
    async with transaction(sessions, writes=False) as session:
        return list(await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id)))


async def readdress(sessions: Sessions, endpoint_id: int, url: str) -> None:
    """Let a receiver stand elsewhere."""
    async with transaction(sessions) as session:
        await session.execute(
            update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(url=url)
        )
