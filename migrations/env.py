"""Runs migrations on SQLite and PostgreSQL: one process at a time, and none waits for long where others work.

On PostgreSQL a statement that needs a table waits five seconds for those who hold it: meanwhile everybody
behind it waits too. Then all is given back and tried again, and after the last attempt it is said who is in
the way. On SQLite a migration takes the one writer's place for as long as it runs.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, Final, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.kernel.database import Base, make_engine
from app.kernel.errors import Fault, Unavailable
from app.kernel.settings import get_settings
from app.kernel.troubles import Trouble, trouble_of
from app.upkeep.all_tables import import_all_tables
from app.whitelist.change_queries import ENTRY_CHANGES

STATEMENT_MINUTES: Final = 10
ATTEMPTS: Final = 4
TURN_SECONDS: Final = 900
# One number for "migrates this database" among PostgreSQL's advisory locks.
TURN: Final = 0x52515F4D49475241
IN_THE_WAY: Final = """
SELECT DISTINCT a.pid, a.usename, a.application_name, a.state,
    coalesce(extract(epoch FROM now() - a.xact_start), 0)::integer AS seconds, c.relname
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.pid <> pg_backend_pid() AND c.relkind = 'r'
    AND c.relnamespace = current_schema()::regnamespace
ORDER BY seconds DESC, a.pid, c.relname LIMIT 20
"""
import_all_tables()
given = context.config.attributes
LOCK_SECONDS: Final = given.get("lock_seconds", 5)
PAUSE_SECONDS: Final = given.get("pause_seconds", 3)


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as plain SQLAlchemy, so that old migrations never import the app."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether a table is declared with the others; what triggers note of changes is not."""
    return kind != "table" or name != ENTRY_CHANGES.name


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    is_postgresql = connection.dialect.name == "postgresql"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=is_ours,
        render_as_batch=not is_postgresql,
        compare_type=True,
        render_item=render_item,
        transactional_ddl=True,  # on SQLite too: all of it is kept, or nothing
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_sqlite(engine: AsyncEngine) -> None:
    """Migrate in the writer's place; the second of two processes waits for it and then finds nothing to do."""
    async with engine.execution_options(rongqiao_writes=True).connect() as connection:
        await connection.run_sync(migrate)


async def migrate_postgresql(engine: AsyncEngine) -> None:
    """Migrate when it is this process's turn, as often as others are in the way."""
    async with engine.connect() as connection:
        await _take_turn(connection)
        # For the whole session: what creates an index CONCURRENTLY works outside the transaction.
        await connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
        await connection.execute(text(f"SET statement_timeout = '{STATEMENT_MINUTES}min'"))
        await connection.commit()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await connection.run_sync(migrate)
            except DBAPIError as error:
                await connection.rollback()
                if trouble_of(error) is not Trouble.BUSY or attempt == ATTEMPTS:
                    raise
                print(f"others hold a table; attempt {attempt + 1} of {ATTEMPTS} follows", file=sys.stderr)  # noqa: T201
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return


async def _take_turn(connection: Any) -> None:
    """Wait until no other process migrates this database; the turn ends with the connection."""
    asked = {"turn": TURN}
    if not (await connection.execute(text("SELECT pg_try_advisory_lock(:turn)"), asked)).scalar_one():
        print("another process migrates this database: waiting for it", file=sys.stderr)  # noqa: T201
        await connection.execute(text(f"SET LOCAL lock_timeout = '{TURN_SECONDS}s'"))
        await connection.execute(text("SELECT pg_advisory_lock(:turn)"), asked)
    await connection.commit()


async def _holders(engine: AsyncEngine) -> Sequence[Fault]:
    async with engine.connect() as connection:
        found = (await connection.execute(text(IN_THE_WAY))).all()
    remedy = "Wait until it has ended, or end it; then run it again."
    return [
        Fault(
            row.relname,
            f"held by process {row.pid} of {row.usename} {row.application_name} for {row.seconds} s",
            remedy,
        )
        for row in found
    ]


async def migrate_by_url(url: str) -> None:
    """Open the database and run the migrations.

    Raises:
        Unavailable: others hold what they need; tells who, where the database knows.
    """
    engine = make_engine(url)
    is_postgresql = engine.dialect.name == "postgresql"
    try:
        await (migrate_postgresql if is_postgresql else migrate_sqlite)(engine)
    except DBAPIError as error:
        if trouble_of(error) is not Trouble.BUSY:
            raise
        faults = await _holders(engine) if is_postgresql else ()
        remedy = "Stop what writes to it for long (an import, a backup's end), then run it again."
        told = "Another transaction holds the database; nothing was changed. Run it again."
        raise Unavailable(told, faults or [Fault("database", "held by others", remedy)]) from error
    finally:
        await engine.dispose()


asyncio.run(migrate_by_url(given.get("database_url") or get_settings().database_url))
