"""The people of the demonstration: each signs in, sees what there is to see, and none of them is there in production."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.accounts import passwords
from app.accounts.password_rules import check_new_password
from app.accounts.tables import Person
from app.cli.demo_people import DEMO_PASSWORD, HANDLED
from app.cli.seed import commands
from app.kernel.database import AsyncSession, make_engine, make_sessions
from app.kernel.settings import Settings, get_settings
from tests.accounts.signing import CHEAP
from tests.apps import create_app
from tests.databases import migrate
from tests.docking.world import in_database

SEES = {
    "demo-coordinator": "/whitelist/entries",
    "demo-harbin": "/whitelist/entries?region=230100",
    "demo-bank": "/whitelist/entries",
    "demo-manager": "/whitelist/entries?assigned_to=me",
    "demo-guarantor": "/whitelist/entries",
    "demo-chain": "/whitelist/entries",
    "demo-enterprise": "/whitelist/entries",
    "demo-auditor": "/audit/events",
    "demo-administrator": "/people",
}


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'demo.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    get_settings.cache_clear()
    migrate(url)
    yield url
    get_settings.cache_clear()


def seed() -> Result:
    return CliRunner().invoke(commands, ["demo", "--entries", "90"])


async def ask(client: httpx.AsyncClient, login: str, path: str) -> httpx.Response:
    form = {"grant_type": "password", "username": login, "password": DEMO_PASSWORD}
    token = (await client.post("/auth/token", data=form)).json()["access_token"]
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})


async def look_around(url: str) -> dict[str, int]:
    engine = make_engine(url)
    app = create_app(Settings(), make_sessions(engine))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1"
    ) as client:
        found = {login: len((await ask(client, login, path)).json()["items"]) for login, path in SEES.items()}
        assert (await ask(client, "demo-administrator", "/whitelist/entries")).status_code == 403
        entry = (await ask(client, "demo-enterprise", "/whitelist/entries")).json()["items"][-1]
        matches = await ask(client, "demo-enterprise", f"/needs/{entry['need']}/matches")
        assert matches.json()["matches"], matches.text[:500]
        [invited] = (await ask(client, "demo-enterprise", "/events/invitations")).json()["items"]
        assert (invited["state"], invited["can_answer"]) == ("invited", True)
        assert all(one["starts"] and one["table"] for one in invited["meetings"])
        assert invited["meetings"]
        cards = (await ask(client, "demo-bank", "/cards")).json()
        assert cards["items"]
    await engine.dispose()
    return found


def test_each_demo_person_signs_in_and_sees_something_and_again_changes_nothing(
    database: str,
) -> None:
    done = seed()
    assert done.exit_code == 0, done.output
    assert all(login in done.stdout for login in (*SEES, DEMO_PASSWORD))

    async def check(session: AsyncSession) -> None:
        people = (await session.execute(select(Person).order_by(Person.login))).scalars().all()
        assert [person.login for person in people] == sorted(SEES)
        assert all(person.is_demo for person in people)

    in_database(database, check)
    found = asyncio.run(look_around(database))
    assert found["demo-manager"] == HANDLED
    assert all(found.values()), found
    assert seed().exit_code == 0
    in_database(database, check)


def test_the_demo_password_is_one_that_everybody_may_choose() -> None:
    for login in SEES:
        check_new_password(DEMO_PASSWORD, login=login, name="演示")


def test_nothing_is_invented_in_production(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RONGQIAO_ENVIRONMENT", "production")
    get_settings.cache_clear()
    refused = seed()
    assert (refused.exit_code, "RONGQIAO_ENVIRONMENT" in refused.stderr) == (1, True)

    async def check(session: AsyncSession) -> None:
        assert (await session.execute(select(Person.id))).all() == []

    in_database(database, check)
