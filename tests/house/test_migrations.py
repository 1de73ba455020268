"""Migrations: numbered, one head, no drift; up, down and up on data; and none that disturbs who serves meanwhile."""

import asyncio
import re
import threading
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, create_engine, event, inspect, make_url, text

from app.kernel import database
from app.kernel.database import Base, make_engine
from app.kernel.errors import Unavailable
from app.kernel.settings import PROJECT_ROOT
from app.whitelist.change_queries import ENTRY_CHANGES
from tests.databases import Databases, migrate
from tests.house.migration_rows import LATER, Content, content, fill, tables
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
    # What triggers note holds nothing of its own, and is declared apart (whitelist/change_queries.py).
    opts = {"compare_type": True, "include_name": lambda name, _kind, _parents: name != ENTRY_CHANGES.name}
    context = MigrationContext.configure(connection, opts=opts)
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


class Steps:
    """Takes a database from migration to migration over one connection: the scripts are read but once."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = create_engine(parsed.set(drivername="sqlite" if is_sqlite else "postgresql+psycopg"))
        if is_sqlite:
            event.listen(self.engine, "connect", database._prepare_sqlite)
            event.listen(self.engine, "begin", database._begin_sqlite)
        self.scripts = ScriptDirectory.from_config(_config())
        self.connection = self.engine.connect()

    def go(self, revision: str, *, down: bool = False) -> None:
        find = self.scripts._downgrade_revs if down else self.scripts._upgrade_revs
        with EnvironmentContext(
            _config(), self.scripts, fn=lambda now, _context: find(revision, now)
        ) as context:
            self.connection.commit()  # what was looked up before began a transaction that is not the migration's
            context.configure(connection=self.connection, transactional_ddl=True)
            with context.begin_transaction():
                context.run_migrations()
        self.connection.commit()

    def tables(self) -> list[Table]:
        return tables(self.connection)

    def fill(self, wanted: Sequence[Table], *numbers: int) -> None:
        fill(self.connection, wanted, numbers)
        self.connection.commit()

    def held(self, wanted: Sequence[Table]) -> Content:
        """Answer all rows but withdrawals, of which migration 0006 adds and takes back some by design."""
        return {
            name: rows
            for name, rows in content(self.connection, wanted).items()
            if name != "entry_withdrawals"
        }

    def triggers(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(text(TRIGGERS[self.engine.dialect.name]))]


def test_each_migration_goes_up_down_and_up_on_data_and_the_version_before_can_write_meanwhile(
    databases: Databases,
) -> None:
    steps = Steps(databases.fresh(is_empty=True))
    first, *later = _revisions()
    for _time in range(2):
        steps.go("base", down=True)
        assert steps.tables() == []
        steps.go(first)
        steps.fill(steps.tables(), 0, 1)
    before = first
    numbers = count(LATER, 2)
    for revision in later:
        old, guards = steps.tables(), steps.triggers()
        steps.go(revision)
        if revision >= FIRST_BOUND:
            number = next(numbers)
            steps.fill(old, number, number + 1)  # as the version before would, which knows no newer columns
        held, upper = steps.held(old), steps.triggers()
        assert all(len(rows) >= 2 for rows in held.values())
        steps.go(before, down=True)
        assert (steps.held(old), steps.triggers()) == (held, guards), f"down from {revision}"
        steps.go(revision)
        assert (steps.held(old), steps.triggers()) == (held, upper), f"up to {revision} again"
        known = {table.name for table in old}
        steps.fill([table for table in steps.tables() if table.name not in known], 0, 1)
        before = revision
    steps.connection.close()
    steps.engine.dispose()


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
        (
            "with op.get_context().autocommit_block(): op.drop_index('ix'); op.create_index('ix', 'chains', ['name'], postgresql_concurrently=True)",
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


def test_no_migration_rests_on_the_program_which_changes_after_it() -> None:
    begun = [
        f"{path.name}: {line}"
        for path in sorted(VERSIONS.glob("*.py"))
        for line in path.read_text().splitlines()
        if re.match(r"\s*(from|import) app\b", line)
    ]
    assert begun == []


def test_firms_of_before_are_spelled_as_they_were_when_0009_was_written() -> None:
    spelled = ScriptDirectory.from_config(_config()).get_revision("0009").module.spelled
    assert spelled("长白Ａ行（绿）") == (
        "|长白a行绿|cbahl|cbaxl|zbahl|zbaxl|changbaiahanglu|changbaiaxinglu|zhangbaiahanglu|zhangbaiaxinglu"
    )
    assert (spelled(""), spelled("3号")) == ("|", "|3号|3h|3hao")


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
