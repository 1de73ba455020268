"""People to test with."""

from datetime import datetime

from app.accounts.tables import Person
from app.kernel.database import AsyncSession


async def a_person(session: AsyncSession, now: datetime, login: str = "wang.fang") -> Person:
    """Add a person without a password."""
    person = Person(
        login=login, name="王芳", password_hash=None, totp_secret=None, totp_since=None, totp_step=None,
        is_demo=False, disabled_at=None, version=1, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(person)
    await session.flush()
    return person
