"""A town whose servers work at the same time: several applications, each with its own engine, over one database.

Who asks is named by a header, so that any number of people are parallel clients of any server.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import httpx
from fastapi import Request
from sqlalchemy import select

from app.accounts import account_service, audit_service
from app.accounts.audit import Origin
from app.accounts.door import OpenDoor, let_in
from app.accounts.people_service import store_grant
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import Person, RoleGrant
from app.allocation.tables import Assignment
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.enterprises.consent_service import give_many_consents
from app.enterprises.tables import Need
from app.institutions.tables import Institution
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from app.whitelist.tables import WhitelistEntry
from tests.apps import create_app

JURISDICTION: Final = "230000"
EDITION: Final = "2023H2"
NOW: Final = datetime(2023, 10, 17, 2, tzinfo=UTC)
"""A day after the roster came in and was allocated; nothing of it was docked yet."""
SEED: Final = 7
ENTRIES: Final = 40
PEOPLE: Final = {
    "whole": Grant(Role.COORDINATOR, JURISDICTION),
    "second": Grant(Role.COORDINATOR, JURISDICTION),
    "chief": Grant(Role.ADMINISTRATOR),
    "deputy": Grant(Role.ADMINISTRATOR),
}


async def build(sessions: Sessions) -> None:
    """Live through the demonstration until the roster is allocated, and employ people."""
    operator = local_operator(JURISDICTION)
    stages = stages_of(demo_plan(SEED, ENTRIES))
    allocated = [one.name for one in stages].index("check")
    async for _done in walk(sessions, operator, stages[:allocated]):
        pass
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(operator, via="test"))
        needs = list(await session.scalars(select(Need.code)))
        until = date(2024, 9, 30)
        await give_many_consents(session, operator, needs, until=until, evidence="纸质授权书", now=NOW)
        for login, grant in PEOPLE.items():
            await employ(session, login, grant)
        banks = select(Institution).join(Assignment, Assignment.institution_id == Institution.id)
        for bank in (await session.scalars(banks.distinct())).all():
            for number in (1, 2):
                role = Role.GUARANTOR if bank.kind == "guarantor" else Role.RELATIONSHIP_MANAGER
                await employ(session, f"{bank.code}-{number}".lower(), Grant(role, bank.code))


async def employ(session: AsyncSession, login: str, grant: Grant) -> int:
    """Store a person with a role from a day in the past; answer the person's number."""
    person = await account_service.make_person(session, login, login, None, now=NOW)
    given = await store_grant(
        session, person, Grant(grant.role, grant.scope, shanghai_today()), "test", now=NOW
    )
    given.since = datetime(2023, 1, 1, tzinfo=UTC).date()
    await session.flush()
    return person.id


class Doorman(OpenDoor):
    """Lets in whom the header names."""

    def __init__(self, viewers: Mapping[str, Viewer]) -> None:
        super().__init__(local_operator(JURISDICTION), narrow)
        self.viewers = viewers

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        viewer = self.viewers[request.headers["x-viewer"]]
        return let_in(request, session, marks, viewer, sight=self.sight, via="api")


@dataclass(frozen=True, slots=True)
class Held:
    """An entry and the bank that is responsible for it."""

    id: int
    code: str
    need: str
    bank: str
    bank_id: int

    @property
    def path(self) -> str:
        """Answer where the entry is."""
        return f"/whitelist/entries/{self.code}"

    @property
    def clerks(self) -> tuple[str, str]:
        """Answer two who work at the bank."""
        return f"{self.bank.lower()}-1", f"{self.bank.lower()}-2"


@dataclass
class Town:
    """Servers over one database, and the people who use them."""

    url: str
    servers: Sequence[httpx.AsyncClient]
    sessions: Sequence[Sessions]
    viewers: dict[str, Viewer]
    asked: int = 0
    taken: set[str] = field(default_factory=set)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the next server as somebody; `etag` goes out as If-Match."""
        self.asked += 1
        headers = {"X-Viewer": who} | more.pop("headers", {})
        if etag := more.pop("etag", None):
            headers["If-Match"] = etag
        server = self.servers[self.asked % len(self.servers)]
        return await server.request(method, path, headers=headers, **more)

    async def together(self, *asked: Awaitable[httpx.Response]) -> list[httpx.Response]:
        """Ask at the same time; nobody is answered that the server broke."""
        found = await asyncio.gather(*asked)
        assert all(one.status_code < 500 or one.status_code == 503 for one in found), [
            (one.request.url.path, one.status_code, one.text[:500]) for one in found
        ]
        return list(found)

    async def entry(self) -> "Held":
        """Answer an entry that a bank is responsible for, another one for each caller."""
        statement = (
            select(WhitelistEntry.id, WhitelistEntry.code, Need.code, Institution.code, Institution.id)
            .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
            .join(Institution, Institution.id == Assignment.institution_id)
            .join(Need, Need.id == WhitelistEntry.need_id)
            .where(WhitelistEntry.code.startswith(EDITION), Assignment.ended_at.is_(None))
            .where(WhitelistEntry.withdrawn_at.is_(None), Institution.kind != "guarantor")
            .order_by(WhitelistEntry.code)
        )
        found = next(row for row in await self.rows(statement) if row[1] not in self.taken)
        self.taken.add(found[1])
        return Held(*found)

    async def rows(self, statement: Any) -> list[Any]:
        """Answer the rows of a statement, as they are kept."""
        async with transaction(self.sessions[0], writes=False) as session:
            return list((await session.execute(statement)).all())

    def person(self, login: str) -> int:
        """Answer a person's number."""
        number = self.viewers[login].person
        assert number is not None
        return number


@asynccontextmanager
async def open_town(url: str, servers: int = 3) -> AsyncIterator[Town]:
    """Open servers over a built town."""
    engines = [make_engine(url) for _ in range(servers)]
    sessions = [make_sessions(engine) for engine in engines]
    viewers = {"operator": local_operator(JURISDICTION)}
    async with transaction(sessions[0], writes=False) as session:
        for login, grant in (await _staff(session)).items():
            viewers[login] = Viewer(login, JURISDICTION, (grant[1],), grant[0])
    settings = Settings(requests_per_minute=1_000_000)
    apps = [create_app(settings, one, Doorman(viewers)) for one in sessions]
    clients = [
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://127.0.0.1/api/v1",
            timeout=60,
        )
        for app in apps
    ]
    yield Town(url, clients, sessions, viewers)
    for client in clients:
        await client.aclose()
    for engine in engines:
        await engine.dispose()


async def _staff(session: AsyncSession) -> dict[str, tuple[int, Grant]]:
    rows = await session.execute(select(Person, RoleGrant).join(RoleGrant, RoleGrant.person_id == Person.id))
    return {
        person.login: (person.id, Grant(Role(row.role), row.scope, row.since, row.until))
        for person, row in rows
    }
