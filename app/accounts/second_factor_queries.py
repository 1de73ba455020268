"""Rows of second factors: the secret and last step with the person, recovery codes apart."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.sql.dml import Update

from app.accounts.tables import Person, RecoveryCode, SignInSession
from app.kernel.database import AsyncSession


async def person(session: AsyncSession, person_id: int, *, is_held: bool = False) -> Person | None:
    """Answer a person as stored now; `is_held`: nobody else changes the row until the transaction ends."""
    wanted = select(Person).where(Person.id == person_id).execution_options(populate_existing=True)
    return (await session.execute(wanted.with_for_update() if is_held else wanted)).scalar_one_or_none()


async def take_step(session: AsyncSession, person_id: int, step: int) -> bool:
    """Use a time step up, and with it all before it; False if it is used up already."""
    return await _changes_one(
        session,
        update(Person)
        .where(Person.id == person_id, or_(Person.totp_step.is_(None), Person.totp_step < step))
        .values(totp_step=step),
    )


async def take_recovery_code(session: AsyncSession, person_id: int, code_hash: str, now: datetime) -> bool:
    """Use a recovery code up; False if there is none, or it was used."""
    return await _changes_one(
        session,
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now),
    )


async def set_secret(session: AsyncSession, person_id: int, sealed: str, now: datetime) -> bool:
    """Keep a sealed secret that waits for its first code; False if a second factor is in force."""
    return await _changes_one(
        session,
        update(Person)
        .where(Person.id == person_id, Person.totp_since.is_(None))
        .values(totp_secret=sealed, totp_step=None, updated_at=now),
    )


async def set_in_force(session: AsyncSession, person_id: int, sealed: str, now: datetime) -> bool:
    """Put the secret that was waiting in force; False if another took its place, or it was in force."""
    return await _changes_one(
        session,
        update(Person)
        .where(Person.id == person_id, Person.totp_since.is_(None), Person.totp_secret == sealed)
        .values(totp_since=now, updated_at=now),
    )


async def remove(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Forget a second factor, its recovery codes, and that any session was signed in with it."""
    await session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(totp_secret=None, totp_since=None, totp_step=None, updated_at=now)
    )
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    await session.execute(
        update(SignInSession).where(SignInSession.person_id == person_id).values(has_second_factor=False)
    )


async def replace_recovery_codes(session: AsyncSession, person_id: int, hashes: Iterable[str]) -> None:
    """Put new recovery codes in the place of all old ones."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.add_all(RecoveryCode(person_id=person_id, code_hash=each, used_at=None) for each in hashes)
    await session.flush()


async def recovery_codes_left(session: AsyncSession, person_id: int) -> int:
    """Answer how many recovery codes were not used."""
    unused = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return (await session.execute(unused)).scalar_one()


async def has_given_second_factor(session: AsyncSession, session_id: str) -> None:
    """Note that a sign-in session was signed in with a second factor."""
    await session.execute(
        update(SignInSession).where(SignInSession.id == session_id).values(has_second_factor=True)
    )


async def sealed_secrets(session: AsyncSession) -> Sequence[tuple[int, str]]:
    """Answer all persons' sealed secrets, by person; nobody changes them until the transaction ends."""
    wanted = select(Person.id, Person.totp_secret).where(Person.totp_secret.is_not(None)).order_by(Person.id)
    found = (await session.execute(wanted.with_for_update())).all()
    return [(row.id, row.totp_secret) for row in found if row.totp_secret is not None]


async def replace_secret(session: AsyncSession, person_id: int, sealed: str) -> None:
    """Keep the same secret under another seal."""
    await session.execute(update(Person).where(Person.id == person_id).values(totp_secret=sealed))


async def _changes_one(session: AsyncSession, change: Update) -> bool:
    done = cast("CursorResult[Any]", await session.execute(change))
    return done.rowcount == 1
