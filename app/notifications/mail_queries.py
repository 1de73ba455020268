"""Rows of mails about notices: who waits for one, and which notices one counts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import case, delete, func, select, update

from app.accounts.tables import Person
from app.kernel.database import AsyncSession
from app.notifications.queries import AnyRow
from app.notifications.rules import Waiting
from app.notifications.tables import Digest, Notice, NoticeSettings


async def persons_waiting(session: AsyncSession, *, after: int, limit: int) -> list[Waiting]:
    """Answer persons (by number, after one) with a confirmed address and unread notices that no mail counted."""
    last_digest = (
        select(func.max(Digest.slot))
        .where(Digest.person_id == Notice.person_id, Digest.is_urgent.is_(False))
        .scalar_subquery()
    )
    last_mail = (
        select(func.max(Digest.created_at)).where(Digest.person_id == Notice.person_id).scalar_subquery()
    )
    statement = (
        select(
            Notice.person_id,
            func.count(Notice.id),
            func.sum(case((Notice.is_urgent, 1), else_=0)),
            NoticeSettings.wants_digest,
            NoticeSettings.wants_urgent,
            last_digest,
            last_mail,
        )
        .join(NoticeSettings, NoticeSettings.person_id == Notice.person_id)
        .join(Person, Person.id == Notice.person_id)
        .where(
            Notice.digest_id.is_(None),
            Notice.read_at.is_(None),
            Notice.person_id > after,
            NoticeSettings.email.is_not(None),
            Person.disabled_at.is_(None),
        )
        .group_by(Notice.person_id, NoticeSettings.wants_digest, NoticeSettings.wants_urgent)
        .order_by(Notice.person_id)
        .limit(limit)
    )
    return [Waiting(*row) for row in await session.execute(statement)]


async def count_into(
    session: AsyncSession, persons: Collection[int], slot: str, *, is_urgent: bool
) -> Sequence[AnyRow]:
    """Let the mails of some persons in a slot count their waiting notices; answer (mail, kind, created_at) of each."""
    mail = (
        select(Digest.id).where(Digest.person_id == Notice.person_id, Digest.slot == slot).scalar_subquery()
    )
    statement = (
        update(Notice)
        .where(Notice.person_id.in_(persons), Notice.digest_id.is_(None), Notice.read_at.is_(None))
        .values(digest_id=mail)
        .returning(Notice.digest_id, Notice.kind, Notice.created_at)
        .execution_options(synchronize_session=False)
    )
    if is_urgent:
        statement = statement.where(Notice.is_urgent)
    return (await session.execute(statement)).all()


async def set_counts(session: AsyncSession, counts: Mapping[int, dict[str, Any]]) -> None:
    """Keep what mails count."""
    if counts:
        await session.execute(update(Digest), [{"id": id_, "counts": one} for id_, one in counts.items()])


async def drop(session: AsyncSession, ids: Iterable[int]) -> None:
    """Take back mails that count nothing: somebody read, or another mail counted, what waited."""
    await session.execute(
        delete(Digest).where(Digest.id.in_(sorted(ids))).execution_options(synchronize_session=False)
    )


async def addresses_of(session: AsyncSession, persons: Collection[int]) -> dict[int, str]:
    """Answer the confirmed addresses of some persons."""
    statement = select(NoticeSettings.person_id, NoticeSettings.email).where(
        NoticeSettings.person_id.in_(persons)
    )
    return {row[0]: row[1] for row in await session.execute(statement) if row[1] is not None}
