"""Migrations: numbered, one head, no drift from the tables, and they go down and up again."""

import asyncio
import re

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from app.kernel.database import Base, make_engine
from app.kernel.settings import PROJECT_ROOT
from tests.conftest import Databases, migrate


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _drift(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def test_revisions_are_numbered_and_have_one_head() -> None:
    script = ScriptDirectory.from_config(Config(PROJECT_ROOT / "alembic.ini"))
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert len(script.get_heads()) == 1
    assert sorted(revisions) == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    names = [path.name for path in (PROJECT_ROOT / "migrations/versions").glob("*.py")]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.py", name) for name in names)


async def test_the_migrated_database_has_exactly_the_declared_tables(databases: Databases) -> None:
    engine = make_engine(databases.fresh())
    async with engine.connect() as connection:
        assert await connection.run_sync(_drift) == []
    await engine.dispose()


def test_migrations_go_up_down_and_up_again(databases: Databases) -> None:
    url = databases.fresh(is_empty=True)
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = url

    async def tables() -> set[str]:
        engine = make_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(_tables)
        await engine.dispose()
        return found

    migrate(url)
    declared = set(Base.metadata.tables) | {"alembic_version"}
    assert asyncio.run(tables()) == declared
    command.downgrade(config, "base")
    assert asyncio.run(tables()) == {"alembic_version"}
    migrate(url)
    assert asyncio.run(tables()) == declared
