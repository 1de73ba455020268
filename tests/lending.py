"""Databases that are lent to one test after another, each as if it were new, with engines that stay warm.

What a statement compiles to, what a server plans, and a connection itself cost more than most tests do with them.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from app.kernel.database import make_engine
from tests.databases import Databases, migrated_file

LONG_BYTES: Final = 80_000
"""Up to this size PostgreSQL plans for a table as if it were new; a longer one gets new files."""
CATALOGUES: Final = (
    "pg_attrdef", "pg_attribute", "pg_constraint", "pg_db_role_setting", "pg_default_acl", "pg_index", "pg_namespace",
    "pg_policy", "pg_proc", "pg_rewrite", "pg_trigger",
)  # fmt: skip
_COUNTS: Final = ", ".join(
    f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {name})"  # noqa: S608 - the names above
    for name in CATALOGUES
)
STRUCTURE: Final = text(f"""SELECT {_COUNTS},
    (SELECT md5(string_agg(concat_ws(' ', oid, relname, relkind, relowner, relacl), ',' ORDER BY oid))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace),
    (SELECT md5(string_agg(version_num, ',')) FROM alembic_version)""")  # noqa: S608 - as above
"""What tells of every change of tables, guards and rights."""
WRITTEN: Final = text(
    "SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
    " AND pg_relation_size(oid) > 0"
)
UNCOUNTED: Final = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)"
    " FROM pg_sequences WHERE last_value IS NOT NULL"
)


class Lender:
    """Lends databases of one backend; lives in one event loop."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._shared: AsyncEngine | None = None
        self._idle: AsyncEngine | None = None
        self._structure: Any = None

    def shared(self) -> AsyncEngine:
        """Answer an engine on the database whose tests all roll back."""
        if self._shared is None:
            self._shared = make_engine(self._databases.shared)
        return _renamed(self._shared)

    @asynccontextmanager
    async def own(self) -> AsyncIterator[AsyncEngine]:
        """Lend an engine on a migrated database without rows, where commits are kept until it is given back."""
        kept, self._idle = self._idle, None
        if kept is None:
            kept = make_engine(self._databases.fresh())
            self._structure = self._structure or await self._structure_of(kept)
        yield _renamed(kept)
        if await self._is_as_new(kept):
            self._idle = kept
        else:
            await kept.dispose()

    async def close(self) -> None:
        """Close all connections."""
        for engine in (self._shared, self._idle):
            if engine is not None:
                await engine.dispose()

    async def _structure_of(self, engine: AsyncEngine) -> Any:
        if self._databases.server_url is None:
            return None
        async with engine.begin() as connection:
            return tuple((await connection.execute(STRUCTURE)).one())

    async def _is_as_new(self, engine: AsyncEngine) -> bool:
        """Make a database as it was when it was new; False if it cannot be."""
        assert isinstance(engine.pool, QueuePool)
        if engine.pool.checkedout():
            return False
        if self._databases.server_url is None:
            await engine.dispose()
            _copy_again(Path(str(engine.url.database)))
            return True
        try:
            async with engine.begin() as connection:
                structure = await connection.execute(STRUCTURE)
                if tuple(structure.one()) != self._structure:
                    return False
                await connection.run_sync(_empty)
        except DBAPIError:  # somebody else still reads, or we may not do this on a server that is not ours
            return False
        return True


def _renamed(engine: AsyncEngine) -> AsyncEngine:
    """Answer another name of an engine: what a process remembers by engine (matching, coverage) is no test's but its own."""
    return AsyncEngine(engine.sync_engine)


def _copy_again(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copy(migrated_file(), path)


def _empty(connection: Connection) -> None:
    """Take all rows away, past the triggers that guard some, and have all rows numbered from the start."""
    connection.execute(text("SET LOCAL lock_timeout = '1s'"))
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    written = connection.execute(WRITTEN).all()
    for name, size in written:
        if size <= LONG_BYTES:
            connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - the database's own name
    if long := [name for name, size in written if size > LONG_BYTES]:
        connection.execute(text(f"TRUNCATE {', '.join(long)} CASCADE"))
    connection.execute(UNCOUNTED)
