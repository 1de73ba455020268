"""Runs migrations on SQLite and PostgreSQL; a lock that is not had in time is a failure, not a wait."""

import asyncio
import importlib
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection, text

from app.kernel.database import Base, make_engine
from app.kernel.settings import get_settings

ROOMS_WITH_TABLES = (
    "kernel",
    "reference",
    "accounts",
    "jobs",
    "policy",
    "institutions",
    "chains",
    "catalogue",
    "enterprises",
    "whitelist",
    "matching",
    "bottlenecks",
    "allocation",
    "notifications",
    "coordination",
    "docking",
    "coverage",
)
for room in ROOMS_WITH_TABLES:
    importlib.import_module(f"app.{room}.tables")


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as plain SQLAlchemy, so that old migrations never import the app."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    is_postgresql = connection.dialect.name == "postgresql"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=not is_postgresql,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        if is_postgresql:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SET LOCAL statement_timeout = '10min'"))
        context.run_migrations()


async def migrate_by_url(url: str) -> None:
    """Open the database and run the migrations."""
    engine = make_engine(url)
    async with engine.execution_options(rongqiao_writes=True).begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(migrate_by_url(context.config.attributes.get("database_url", get_settings().database_url)))
