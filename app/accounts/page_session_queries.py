"""Rows of page sessions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.accounts.tables import Person, SignInSession
from app.kernel.database import AsyncSession


async def session_of_cookie(session: AsyncSession, cookie_hash: str) -> SignInSession | None:
    """Answer the sign-in session of a cookie, ended ones too, unless its person is disabled."""
    wanted = (
        select(SignInSession)
        .join(Person, Person.id == SignInSession.person_id)
        .where(SignInSession.cookie_hash == cookie_hash, Person.disabled_at.is_(None))
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def latest_of(session: AsyncSession, person_id: int, kind: str, *, limit: int) -> Sequence[str]:
    """Answer the ids of a person's sessions of a kind, the newest first, ended ones too."""
    wanted = (
        select(SignInSession.id)
        .where(SignInSession.person_id == person_id, SignInSession.kind == kind)
        .order_by(SignInSession.created_at.desc())
        .limit(limit)
    )
    return (await session.execute(wanted)).scalars().all()


async def touch(session: AsyncSession, session_id: str, now: datetime) -> None:
    """Note that a session was used; never backwards."""
    await session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.last_used_at < now)
        .values(last_used_at=now)
    )


async def end(session: AsyncSession, session_id: str, reason: str, now: datetime) -> None:
    """End a session; one that has ended stays as it is."""
    await session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


async def renew(session: AsyncSession, session_id: str, cookie_hash: str) -> None:
    """Put another cookie in place of a session's cookie; from now on it has a second factor."""
    await session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.ended_at.is_(None))
        .values(cookie_hash=cookie_hash, has_second_factor=True)
    )
