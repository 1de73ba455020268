"""Rows of invitations."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, select, update

from app.accounts.tables import Invitation
from app.kernel.database import AsyncSession


async def add(session: AsyncSession, row: Invitation) -> Invitation:
    """Store an invitation, so that it has an id."""
    session.add(row)
    await session.flush()
    return row


async def page(
    session: AsyncSession,
    *,
    roles: Collection[str] | None,
    scopes: Collection[str] | None,
    before: int | None,
    limit: int,
) -> Sequence[Invitation]:
    """Answer invitations, the newest first, below a number; None is every role, every scope."""
    statement = select(Invitation).order_by(Invitation.id.desc()).limit(limit)
    if roles is not None:
        statement = statement.where(Invitation.role.in_(sorted(roles)))
    if scopes is not None:
        statement = statement.where(Invitation.scope.in_(sorted(scopes)))
    if before is not None:
        statement = statement.where(Invitation.id < before)
    return (await session.execute(statement)).scalars().all()


async def by_id(
    session: AsyncSession, invitation_id: int, *, is_for_change: bool = False
) -> Invitation | None:
    """Answer an invitation; for a change, its row is held until the transaction ends."""
    statement = select(Invitation).where(Invitation.id == invitation_id)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now)


async def open_by_hash(session: AsyncSession, token_hash: str, now: datetime) -> Invitation | None:
    """Answer the open invitation of a token's hash."""
    statement = select(Invitation).where(Invitation.token_hash == token_hash, *_is_open(now))
    return (await session.execute(statement)).scalar_one_or_none()


async def claim(session: AsyncSession, invitation_id: int, now: datetime) -> bool:
    """Take an invitation up, if it is still open: of several who try at once, one does."""
    statement = (
        update(Invitation)
        .where(Invitation.id == invitation_id, *_is_open(now))
        .values(accepted_at=now, version=Invitation.version + 1)
        .execution_options(synchronize_session=False)
    )
    done = await session.execute(statement)
    assert isinstance(done, CursorResult)
    return done.rowcount == 1


async def note_person(session: AsyncSession, invitation_id: int, person_id: int) -> None:
    """Note who took an invitation up."""
    await session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id)
        .values(person_id=person_id)
        .execution_options(synchronize_session=False)
    )


async def revoke_of(session: AsyncSession, invited_by: str, now: datetime) -> None:
    """Revoke what is open of somebody's invitations."""
    await session.execute(
        update(Invitation)
        .where(Invitation.invited_by == invited_by, *_is_open(now))
        .values(revoked_at=now, version=Invitation.version + 1)
        .execution_options(synchronize_session=False)
    )
