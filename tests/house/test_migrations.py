"""Migrations: numbered, one head, no drift; up, down and up on data; and none that disturbs who serves meanwhile."""

import asyncio
import re
import threading
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from app.kernel.database import AsyncSession, Base, make_engine
from app.kernel.errors import Unavailable
from app.kernel.settings import PROJECT_ROOT
from app.upkeep import queries
from tests.conftest import Databases, migrate
from tests.house.migration_rows import LATER, content, fill, in_database
from tests.house.migration_rules import FIRST_BOUND, bound, faults

VERSIONS = PROJECT_ROOT / "migrations/versions"
TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal ORDER BY tgname",
}


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def _drift(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _config(url: str = "", **patience: float) -> Config:
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes.update({"database_url": url, **patience})
    return config


def _revisions() -> list[str]:
    script = ScriptDirectory.from_config(_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def test_revisions_are_numbered_and_have_one_head() -> None:
    revisions = _revisions()
    assert len(ScriptDirectory.from_config(_config()).get_heads()) == 1
    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    names = [path.name for path in VERSIONS.glob("*.py")]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.py", name) for name in names)


async def test_the_migrated_database_has_exactly_the_declared_tables(databases: Databases) -> None:
    engine = make_engine(databases.fresh())
    async with engine.connect() as connection:
        assert await connection.run_sync(_drift) == []
    await engine.dispose()


async def _triggers(session: AsyncSession) -> list[Any]:
    return list((await session.execute(text(TRIGGERS[session.get_bind().dialect.name]))).all())


def test_each_migration_goes_up_down_and_up_on_data_and_the_version_before_can_write_meanwhile(
    databases: Databases,
) -> None:
    url = databases.fresh(is_empty=True)
    config = _config(url)
    first, *later = _revisions()
    migrate(url, first)
    shapes = in_database(url, queries.shapes)
    in_database(url, lambda session: fill(session, shapes, (0, 1)))
    command.downgrade(config, "base")
    assert in_database(url, queries.shapes) == []
    migrate(url, first)
    in_database(url, lambda session: fill(session, shapes, (0, 1)))
    for before, revision in zip([first, *later], later, strict=False):
        old, guards = shapes, in_database(url, _triggers)
        migrate(url, revision)
        if revision >= FIRST_BOUND:
            in_database(url, lambda session, old=old: fill(session, old, (LATER, LATER + 1)))  # type: ignore[misc] # bound now
        shapes = in_database(url, queries.shapes)
        new = [shape for shape in shapes if shape.name not in {each.name for each in old}]
        upper = in_database(url, _triggers)

        def kept(old: Any = old) -> dict[str, str]:
            return in_database(url, lambda session: content(session, old))

        held = kept()
        command.downgrade(config, before)
        assert {name: held[name] for name in _changed(held, kept())} == {}, f"down from {revision}"
        assert in_database(url, _triggers) == guards
        migrate(url, revision)
        assert _changed(held, kept()) == set(), f"up to {revision} again"
        assert in_database(url, _triggers) == upper
        in_database(url, lambda session, new=new: fill(session, new, (0, 1)))  # type: ignore[misc] # bound now


def _changed(held: dict[str, str], found: dict[str, str]) -> set[str]:
    """Answer the tables that differ, but for withdrawals, whose migration adds and takes back rows by design."""
    return {name for name in held if held[name] != found[name]} - {"entry_withdrawals"}


@pytest.mark.parametrize("path", bound(VERSIONS), ids=lambda path: path.name[:4])
def test_a_migration_only_adds_because_the_version_before_serves_meanwhile(path: Any) -> None:
    assert faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("op.create_table('new', sa.Column('id', sa.Integer())); op.create_index('ix', 'new', ['id'])", ""),
        ("op.add_column('chains', sa.Column('x', sa.Integer(), nullable=True))", ""),
        ("op.add_column('chains', sa.Column('x', sa.Integer(), nullable=False, server_default='0'))", ""),
        ("op.add_column('chains', sa.Column('x', sa.Integer(), nullable=False))", "without null or default"),
        ("op.drop_column('chains', 'name')", "drop_column on chains"),
        ("op.rename_table('chains', 'lines')", "rename_table on chains"),
        ("op.alter_column('chains', 'name', type_=sa.Text())", "alter_column on chains"),
        (
            "with op.batch_alter_table('chains') as batch_op: batch_op.drop_index('ix')",
            "drop_index on chains",
        ),
        ("op.create_index('ix', 'chains', ['name'])", "create it CONCURRENTLY"),
        ("op.create_index('ix', 'chains', ['name'], postgresql_concurrently=True)", "create it CONCURRENTLY"),
        (
            "with op.get_context().autocommit_block(): op.create_index('ix', 'chains', ['name'], postgresql_concurrently=True)",
            "",
        ),
        ("op.create_unique_constraint('uq', 'chains', ['name'])", "create_unique_constraint on"),
        ("op.execute('CREATE TRIGGER t BEFORE UPDATE ON new')", ""),
        ("op.execute('UPDATE chains SET name = 1')", "does more than create"),
    ],
)
def test_what_a_migration_may_not_do_is_found(statement: str, fault: str) -> None:
    found = faults(f"def upgrade() -> None:\n    {statement}\n")
    assert [fault in told for told in found] == ([True] if fault else [])


async def test_of_two_processes_that_migrate_the_second_waits_for_its_turn(databases: Databases) -> None:
    url = databases.fresh(is_empty=True)
    engine = make_engine(url)
    is_postgresql = engine.dialect.name == "postgresql"
    async with engine.execution_options(rongqiao_writes=True).connect() as first:
        if is_postgresql:
            await first.execute(text(f"SELECT pg_advisory_lock({0x52515F4D49475241})"))
        else:
            await first.execute(text("SELECT 1"))  # the writer's place
        thread = threading.Thread(target=migrate, args=(url,))
        thread.start()
        if is_postgresql:
            waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not (await first.execute(waiting)).scalar_one():  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.02)
        else:
            await asyncio.sleep(0.3)
        assert await first.run_sync(_tables) == set()
        assert thread.is_alive()
        if is_postgresql:
            await first.execute(text("SELECT pg_advisory_unlock_all()"))
        await first.rollback()
    await asyncio.to_thread(thread.join)
    async with engine.connect() as connection:
        assert set(Base.metadata.tables) < await connection.run_sync(_tables)
    await engine.dispose()


async def test_a_migration_that_others_are_in_the_way_of_says_so_changes_nothing_and_is_run_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kernel.database.BUSY_TIMEOUT_SECONDS", 0.1)
    url = databases.fresh()
    config = _config(url, lock_seconds=0.1, pause_seconds=0)
    await asyncio.to_thread(command.downgrade, config, "0006")
    engine = make_engine(url)
    is_postgresql = engine.dialect.name == "postgresql"
    async with engine.execution_options(rongqiao_writes=True).connect() as other:
        await other.execute(text("UPDATE persons SET name = name"))
        with pytest.raises(Unavailable, match="nothing was changed") as refused:
            await asyncio.to_thread(command.upgrade, config, "head")
        assert "jobs" not in await other.run_sync(_tables)
        told = [fault.where for fault in refused.value.faults]
        assert told == (["persons"] if is_postgresql else ["database"])
    await asyncio.to_thread(command.upgrade, config, "head")
    async with engine.connect() as connection:
        assert "jobs" in await connection.run_sync(_tables)
    await engine.dispose()
