"""Rows that change with an account itself: what ends when a person is locked out, and resets of passwords."""

from datetime import datetime

from sqlalchemy import CursorResult, select, update

from app.accounts.tables import ApiKey, PasswordReset
from app.kernel.database import AsyncSession


async def revoke_keys(session: AsyncSession, person_id: int, revoked_by: str, now: datetime) -> None:
    """Revoke all API keys of a person that still hold."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.person_id == person_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=revoked_by, version=ApiKey.version + 1)
        .execution_options(synchronize_session=False)
    )


async def add_reset(session: AsyncSession, row: PasswordReset) -> None:
    """Store a reset; the person's older ones end."""
    await session.execute(
        update(PasswordReset)
        .where(PasswordReset.person_id == row.person_id, PasswordReset.used_at.is_(None))
        .values(used_at=row.created_at)
        .execution_options(synchronize_session=False)
    )
    session.add(row)
    await session.flush()


async def open_reset(session: AsyncSession, token_hash: str, now: datetime) -> PasswordReset | None:
    """Answer the reset of a token's hash that was not used and is not over."""
    statement = select(PasswordReset).where(
        PasswordReset.token_hash == token_hash,
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_reset(session: AsyncSession, reset_id: int, now: datetime) -> bool:
    """Use a reset, if nobody did: of several who try at once, one does."""
    done = await session.execute(
        update(PasswordReset)
        .where(PasswordReset.id == reset_id, PasswordReset.used_at.is_(None), PasswordReset.expires_at > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
