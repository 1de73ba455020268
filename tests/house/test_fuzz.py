"""schemathesis walks the whole API of a real server over the demonstration, on both databases, as people of every role.

No answer may be a 5xx, an undocumented status or media type, or break its schema; none may come without a credential.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import positive_data_acceptance
from sqlalchemy import select, update

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.accounts.tables import Person, RoleGrant
from app.cli.demo import FIRST, SECOND, demo_plan
from app.cli.demo_people import DEMO_PASSWORD, DemoPerson, hashed_demo_password, seed_people
from app.cli.line import stages_of, walk
from app.kernel.clock import utc_now
from app.kernel.database import make_engine, make_sessions, transaction
from app.kernel.settings import Settings
from app.main import create_app
from tests.conftest import Databases

ENTRIES = 40
EXAMPLES = 8
MANY = 10**6
DESCRIBED = {
    f"{method.upper()} {path}": operation
    for path, methods in create_app().openapi()["paths"].items()
    for method, operation in methods.items()
}
WITH_INPUT = [name for name, one in DESCRIBED.items() if one.keys() & {"parameters", "requestBody"}]


class Server:
    """A real server over the demonstration, and the tokens of its people, one of each role and place."""

    def __init__(self, url: str, people: list[DemoPerson]) -> None:
        self.url, self.people, self.base = url, people, ""
        self.tokens: dict[str, str] = {}
        # One client: each new one would read the certificates of the world, and they are many.
        self.client = httpx.Client()

    def sign_in(self) -> None:
        """Sign everybody in whom a call of the walk signed out, locked out or took the role from."""
        for person in self.people:
            if not self._is_signed_in(person):
                asyncio.run(self._restore(person))
                form = {"username": person.login, "password": DEMO_PASSWORD}
                signed_in = self.client.post(f"{self.base}/auth/token", data=form)
                self.tokens[person.login] = signed_in.json()["access_token"]

    def _is_signed_in(self, person: DemoPerson) -> bool:
        if person.login not in self.tokens:
            return False
        headers = {"Authorization": f"Bearer {self.tokens[person.login]}"}
        me = self.client.get(f"{self.base}/auth/me", headers=headers)
        return me.status_code == 200 and bool(me.json()["roles"])

    async def _restore(self, person: DemoPerson) -> None:
        engine = make_engine(self.url)
        async with transaction(make_sessions(engine)) as session:
            whom = select(Person.id).where(Person.login == person.login).scalar_subquery()
            again = update(Person).where(Person.id == whom).values(disabled_at=None)
            await session.execute(again)
            await session.execute(
                update(RoleGrant)
                .where(RoleGrant.person_id == whom, RoleGrant.role == person.role)
                .values(ended_at=None, ended_by=None, until=None)
            )
        await engine.dispose()


async def _fill(url: str) -> list[DemoPerson]:
    engine = make_engine(url)
    sessions, viewer = make_sessions(engine), local_operator("230000")
    async for _done in walk(sessions, viewer, stages_of(demo_plan(7, ENTRIES))):
        pass
    password_hash = await hashed_demo_password()
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, "test"))
        people = await seed_people(session, viewer, (FIRST, SECOND), password_hash, now=utc_now())
    await engine.dispose()
    return people


@pytest.fixture(scope="module")
def server(databases: Databases) -> Iterator[Server]:
    """A real server over a seeded database."""
    url = databases.fresh()
    made = Server(url, asyncio.run(_fill(url)))
    app = create_app(
        Settings(database_url=url, access_minutes=60, requests_per_minute=MANY, sign_ins_per_minute=MANY)
    )
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.05)
    made.base = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/api/v1"
    yield made
    made.client.close()
    running.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="module")
def described(server: Server) -> schemathesis.BaseSchema:
    """The API as it describes itself."""
    return schemathesis.openapi.from_url(server.base.replace("/api/v1", "/openapi.json"))


@pytest.mark.parametrize("operation", DESCRIBED)
def test_every_operation_answers_the_well_formed_as_it_says(
    server: Server, described: schemathesis.BaseSchema, operation: str
) -> None:
    _call(server, described, operation, schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", WITH_INPUT)
def test_every_operation_refuses_the_malformed_as_it_says(
    server: Server, described: schemathesis.BaseSchema, operation: str
) -> None:
    _call(server, described, operation, schemathesis.GenerationMode.NEGATIVE)


def _call(
    server: Server,
    described: schemathesis.BaseSchema,
    operation: str,
    mode: schemathesis.GenerationMode,
) -> None:
    method, path = operation.split()
    server.sign_in()
    login = st.sampled_from(sorted(server.tokens))

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=described[path][method].as_strategy(generation_mode=mode), login=login)
    def answers(case: schemathesis.Case[Any], login: str) -> None:
        # What is well-formed may still be refused for its meaning (an unknown region, a full edition).
        headers = {"Authorization": f"Bearer {server.tokens[login]}"}
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    answers()
