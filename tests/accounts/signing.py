"""An installation with people who sign in: the application behind its real door, over a database of the test's own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from app.accounts import passwords
from app.accounts.door import AccountsDoor
from app.accounts.key_ring import key_ring
from app.accounts.lockout import Lockout
from app.accounts.rules import Role
from app.accounts.sign_in import Gate
from app.accounts.tables import AuditEvent, Person, RoleGrant
from app.kernel.database import Sessions, transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app

PASSWORD = "gletscher sofa 47 banjo"  # noqa: S105 - of nobody
CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
HOME = "198.51.100.7"


@dataclass
class Installation:
    """The application, and what tests do to it."""

    app: FastAPI
    sessions: Sessions

    def client(self, address: str = HOME, **headers: str) -> httpx.AsyncClient:
        """Answer a client at an address."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 4711))
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1/api/v1",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    async def person(
        self, login: str = "wang.fang", *roles: tuple[Role, str], password: str | None = PASSWORD
    ) -> int:
        """Add a person with roles since 2023; answer the number."""
        now = datetime(2023, 1, 2, tzinfo=UTC)
        async with transaction(self.sessions) as session:
            person = Person(
                login=login,
                name="王芳",
                password_hash=None if password is None else CHEAP.hash(password),
                is_demo=False,
                version=1,
                created_at=now,
                updated_at=now,
            )
            session.add(person)
            await session.flush()
            session.add_all(
                RoleGrant(
                    person_id=person.id, role=role.value, scope=scope, since=date(2023, 1, 2),
                    granted_by="test", granted_at=now,
                )
                for role, scope in roles
            )  # fmt: skip
        return person.id

    async def sign_in(
        self, login: str = "wang.fang", password: str = PASSWORD, *, address: str = HOME, **form: str
    ) -> httpx.Response:
        """Answer what signing in answers."""
        async with self.client(address) as client:
            return await client.post(
                "/auth/token", data={"grant_type": "password", "username": login, "password": password} | form
            )

    async def signed_in(self, login: str = "wang.fang", *, address: str = HOME) -> httpx.AsyncClient:
        """Answer a client with an access token."""
        answer = await self.sign_in(login, address=address)
        assert answer.status_code == 200, answer.text
        return self.client(address, Authorization=f"Bearer {answer.json()['access_token']}")

    async def refresh(self, token: str) -> httpx.Response:
        """Answer what exchanging a refresh token answers."""
        async with self.client() as client:
            return await client.post(
                "/auth/token", data={"grant_type": "refresh_token", "refresh_token": token}
            )

    async def trail(self, action: str) -> list[AuditEvent]:
        """Answer what is on record of an action."""
        wanted = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.sequence)
        return await self.rows(wanted)

    async def rows(self, wanted: Any) -> list[Any]:
        """Answer the rows of a statement."""
        async with transaction(self.sessions, writes=False) as session:
            return list((await session.execute(wanted)).scalars())

    async def change(self, statement: Any) -> None:
        """Change rows behind the service's back."""
        async with transaction(self.sessions) as session:
            await session.execute(statement)


def installed(sessions: Sessions, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Installation:
    """Answer an installation with cheap password hashes and generous limits; nobody has failed to sign in yet."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    generous: dict[str, Any] = {"sign_ins_per_minute": 10_000, "requests_per_minute": 100_000}
    stated = Settings(**(generous | settings))
    app, ring = _app(stated), key_ring(stated)
    app.state.sessions = sessions
    app.state.door = AccountsDoor(stated, ring, narrow)
    app.state.gate = Gate(ring, Lockout(stated.sign_ins_per_minute))
    return Installation(app, sessions)


@cache
def _app(settings: Settings) -> FastAPI:
    """Answer an application: making one takes longer than most tests."""
    return create_app(settings)
