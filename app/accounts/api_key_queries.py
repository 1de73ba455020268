"""Rows of API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select, update

from app.accounts.tables import ApiKey, Person
from app.kernel.database import AsyncSession

AnyRow = Row[*tuple[Any, ...]]


async def add(session: AsyncSession, key: ApiKey) -> None:
    """Store a key, so that it has an id."""
    session.add(key)
    await session.flush()


async def page_of_keys(
    session: AsyncSession, *, person_id: int | None, after: int | None, limit: int
) -> Sequence[AnyRow]:
    """Answer keys (of one person, or of all) with their person's login, the newest first."""
    wanted = (
        select(ApiKey, Person.login)
        .join(Person, Person.id == ApiKey.person_id)
        .order_by(ApiKey.id.desc())
        .limit(limit)
    )
    if person_id is not None:
        wanted = wanted.where(ApiKey.person_id == person_id)
    if after is not None:
        wanted = wanted.where(ApiKey.id < after)
    return (await session.execute(wanted)).all()


async def count_in_force(session: AsyncSession, person_id: int, now: datetime) -> int:
    """Answer how many keys of a person hold."""
    wanted = select(ApiKey.id).where(
        ApiKey.person_id == person_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > now
    )
    return len((await session.execute(wanted)).all())


async def revoke(
    session: AsyncSession, key_id: int, *, person_id: int | None, by: str, now: datetime
) -> AnyRow | None:
    """Revoke a key (of one person, or of anybody); answer its person and name, None if none is there that held."""
    revoked = (
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=by, version=ApiKey.version + 1)
        .returning(ApiKey.person_id, ApiKey.prefix)
    )
    if person_id is not None:
        revoked = revoked.where(ApiKey.person_id == person_id)
    return (await session.execute(revoked)).one_or_none()


async def note_use(
    session: AsyncSession, key_id: int, address: str, now: datetime, *, not_since: datetime
) -> None:
    """Note when and from where a key was used, unless that was noted since an instant."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= not_since))
        .values(last_used_at=now, last_used_from=address[:60])
    )
