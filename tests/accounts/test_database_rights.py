"""On PostgreSQL the service's role does all that the service needs, and cannot change the audit trail."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner, Result

from app.accounts.door import OpenDoor
from app.accounts.rules import local_operator
from app.accounts.start_service import require_fit
from app.cli.root import tree
from app.kernel.database import Base, make_engine, make_sessions
from app.kernel.errors import Unavailable
from app.kernel.settings import Settings, get_settings
from app.visibility.service import narrow
from tests.accounts.test_start_checks import SAFE
from tests.apps import create_app
from tests.databases import Databases

ROLE = f"service of {os.getpid()}"  # a name that must be quoted
ADOPTION = {"pack": "luoyang-draft", "item": "talent_loan.most", "reason": "先行先试", "since": "2023-11-01"}
PRODUCTION = Settings(**SAFE)


async def do(url: str, *statements: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


def grant(url: str, role: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RONGQIAO_DATABASE_URL", url)
        get_settings.cache_clear()
        done = CliRunner().invoke(tree(["db"]), ["db", "grant", role])
    get_settings.cache_clear()
    return done


@dataclass
class Two:
    """One database, as its owner and as the service reach it."""

    owner: str
    service: str


@pytest.fixture(scope="module")
def two(databases: Databases) -> Iterator[Two | None]:
    if databases.server_url is None:
        yield None
        return
    owner = databases.fresh()
    url = make_url(owner).set(username=ROLE, password="of the service")  # noqa: S106 - for the test
    asyncio.run(do(owner, f"CREATE ROLE \"{ROLE}\" LOGIN PASSWORD 'of the service'"))
    done = grant(owner, ROLE)
    assert done.exit_code == 0, done.output
    yield Two(owner, url.render_as_string(hide_password=False))
    asyncio.run(do(owner, f'DROP OWNED BY "{ROLE}"', f'DROP ROLE "{ROLE}"'))


async def _use(url: str) -> list[int]:
    engine = make_engine(url)
    app = create_app(Settings(), make_sessions(engine), OpenDoor(local_operator("230000"), narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
        made = await client.post("/policies/adoptions", json=ADOPTION, headers={"Idempotency-Key": "once"})
        ended = await client.post(
            f"/policies/adoptions/{made.json()['id']}/end", json={"until": "2023-11-10"}
        )
        events = await client.get("/audit/events", params={"action": "adopt_policy"})
    await engine.dispose()
    return [made.status_code, ended.status_code, len(events.json()["items"])]


def test_the_service_works_with_the_rights_that_it_is_given(two: Two | None, databases: Databases) -> None:
    if two is None:
        done = grant(databases.fresh(), "anybody")
        assert (done.exit_code, "SQLite has no roles" in done.output) == (1, True)
        return
    assert asyncio.run(_use(two.service)) == [201, 200, 2]
    others = [name for name in Base.metadata.tables if name != "audit_events"]
    asyncio.run(do(two.service, *(f"DELETE FROM {name} WHERE false" for name in others)))  # noqa: S608 - our tables
    asyncio.run(do(two.service, "UPDATE persons SET name = name", "SELECT nextval('persons_id_seq')"))


COLUMNS = "occurred_at, actor, person_id, roles, action, subject_kind, subject, detail, via, address, request_id, previous_hash"
TAMPERING = (
    "UPDATE audit_events SET actor = 'x'",
    "UPDATE audit_events SET actor = 'x' WHERE false",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "TRUNCATE audit_events CASCADE",
    "DROP TABLE audit_events",
    "ALTER TABLE audit_events DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_events_no_change ON audit_events",
    "CREATE OR REPLACE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER mine BEFORE INSERT ON audit_events EXECUTE FUNCTION audit_events_refuse()",
    "CREATE RULE mine AS ON INSERT TO audit_events DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "GRANT UPDATE ON audit_events TO CURRENT_USER",
    "UPDATE alembic_version SET version_num = '0001'",
    "CREATE TABLE audit_events_2 (n int)",
    f"INSERT INTO audit_events SELECT sequence + 9, {COLUMNS}, repeat('f', 64) FROM audit_events LIMIT 1",  # noqa: S608 - constants
    f"INSERT INTO audit_events SELECT sequence, {COLUMNS}, hash FROM audit_events"  # noqa: ISC004, S608 - constants
    " ON CONFLICT (sequence) DO UPDATE SET actor = 'x'",
)


def test_the_service_cannot_change_the_audit_trail_nor_what_guards_it(two: Two | None) -> None:
    if two is None:
        return
    asyncio.run(_use(two.service))
    told = {statement: asyncio.run(_refusal(two.service, statement)) for statement in TAMPERING}
    done = [statement for statement, why in told.items() if not any(word in why for word in WHY)]
    # PostgreSQL only warns who grants what he has not; the privilege itself is looked at.
    assert done == ["GRANT UPDATE ON audit_events TO CURRENT_USER"]
    asyncio.run(
        do(
            two.owner,
            f"DO $$ BEGIN ASSERT NOT has_table_privilege('{ROLE}', 'audit_events', 'UPDATE'); END $$",
        )
    )


WHY = ("denied", "must be owner", "not the next link")


async def _refusal(url: str, statement: str) -> str:
    try:
        await do(url, statement)
    except DBAPIError as error:
        return str(error)
    return ""


def test_production_starts_as_the_service_and_not_as_the_owner(two: Two | None, databases: Databases) -> None:
    if two is None:
        with pytest.raises(Unavailable, match="does not start"):
            asyncio.run(_fit(databases.fresh()))
        return
    asyncio.run(_fit(two.service))
    with pytest.raises(Unavailable) as refused:
        asyncio.run(_fit(two.owner))
    assert "rongqiao db grant" in refused.value.faults[0].remedy


def test_a_table_that_came_with_an_upgrade_asks_for_rights_again(two: Two | None) -> None:
    if two is None:
        return
    asyncio.run(do(two.owner, "CREATE TABLE came_later (n int)"))
    try:
        with pytest.raises(Unavailable) as refused:
            asyncio.run(_fit(two.service))
        assert "came_later" in refused.value.faults[0].message
        assert grant(two.owner, ROLE).exit_code == 0
        asyncio.run(_fit(two.service))
    finally:
        asyncio.run(do(two.owner, "DROP TABLE came_later"))


async def _fit(url: str) -> None:
    engine = make_engine(url)
    try:
        await require_fit(make_sessions(engine), PRODUCTION)
    finally:
        await engine.dispose()


def test_a_database_without_tables_is_told_to_be_upgraded(databases: Databases) -> None:
    with pytest.raises(Unavailable) as refused:
        asyncio.run(_fit(databases.fresh(is_empty=True)))
    assert "rongqiao db upgrade" in refused.value.faults[0].remedy


def test_rights_are_not_given_to_whom_they_do_not_bind(two: Two | None) -> None:
    if two is None:
        return
    owner = make_url(two.owner).username
    for role, why in ((owner or "", "no rights bind"), ("nobody at all", "there is no role")):
        done = grant(two.owner, role)
        assert (done.exit_code, why in done.output) == (1, True), done.output
