"""A change that was refused leaves nothing behind, neither rows nor notes, and its transaction goes on."""

import pytest
from sqlalchemy import select

from app.accounts import audit_service
from app.accounts.account_service import make_person
from app.accounts.tables import AuditEvent, Person
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, attempt
from app.kernel.errors import Refused
from tests.accounts.offices import working

NOW = utc_now()


async def add(session: AsyncSession, login: str) -> None:
    await make_person(session, login, login, None, now=NOW)
    audit_service.note(session, "made", "person", login, now=NOW)


async def refused(session: AsyncSession, login: str) -> None:
    async with attempt(session):
        await add(session, login)
        raise Refused("Not like this.")


async def test_a_refused_attempt_is_taken_back_and_what_stood_before_and_comes_after_is_kept(
    sessions: Sessions,
) -> None:
    async with working(sessions) as session:
        await add(session, "before")
        with pytest.raises(Refused):
            await refused(session, "refused")
        async with attempt(session):
            await add(session, "after")
    async with working(sessions) as session:
        assert sorted((await session.execute(select(Person.login))).scalars()) == ["after", "before"]
        noted = select(AuditEvent.subject).where(AuditEvent.action == "made").order_by(AuditEvent.sequence)
        assert list((await session.execute(noted)).scalars()) == ["before", "after"]


async def test_an_attempt_inside_an_attempt_takes_back_only_its_own(sessions: Sessions) -> None:
    async with working(sessions) as session, attempt(session):
        await add(session, "outer")
        with pytest.raises(Refused):
            await refused(session, "inner")
    async with working(sessions) as session:
        assert list((await session.execute(select(Person.login))).scalars()) == ["outer"]
