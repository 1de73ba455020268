"""People with roles, and the service let in as one of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from app.accounts import account_service, audit_service
from app.accounts.audit import Origin
from app.accounts.door import OpenDoor
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import RoleGrant
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app

OPERATOR = local_operator("230000")
Enter = Callable[[Viewer], httpx.AsyncClient]
"""Lets another viewer into one and the same application."""


@asynccontextmanager
async def working(sessions: Sessions, viewer: Viewer = OPERATOR) -> AsyncIterator[AsyncSession]:
    """Open a transaction that keeps its audit trail, as the doors do, narrowed to the viewer."""
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, "test"))
        narrow(session, viewer, shanghai_today())
        yield session


@asynccontextmanager
async def client_as(sessions: Sessions, viewer: Viewer) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the application that is let in as a viewer."""
    app = create_app(Settings(), sessions, OpenDoor(viewer, narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
        yield client


@asynccontextmanager
async def entering(sessions: Sessions) -> AsyncIterator[Enter]:
    """Open one application; each viewer who enters takes the place of the one before."""
    app = create_app(Settings(), sessions, OpenDoor(OPERATOR, narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:

        def enter(viewer: Viewer) -> httpx.AsyncClient:
            app.state.door = OpenDoor(viewer, narrow)
            return client

        yield enter


async def person(sessions: Sessions, login: str, *grants: tuple[Role, str]) -> Viewer:
    """Store a person with roles from today on; answer the viewer that the person is."""
    async with transaction(sessions) as session:
        return await person_in(session, login, *grants)


async def person_in(session: AsyncSession, login: str, *grants: tuple[Role, str]) -> Viewer:
    """Store a person with roles from today on within a transaction; answer the viewer that the person is."""
    made = await account_service.make_person(session, login, login.title(), None, now=utc_now())
    given = tuple(Grant(role, scope, shanghai_today()) for role, scope in grants)
    session.add_all(
        RoleGrant(
            person_id=made.id, role=one.role, scope=one.scope, since=one.since,
            granted_by="test", granted_at=utc_now(),
        )
        for one in given
    )  # fmt: skip
    await session.flush()
    return Viewer(made.login, "230000", given, made.id)
