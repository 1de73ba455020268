"""A chain on one page for who answers for it, and for nobody else's manager."""

import re

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.chains.tables import Chain, ChainManager
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import transaction
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.docking.world import ASSIGNED, World, add_event, build_world, entry_code

CHAIN = select(Chain.id).where(Chain.code == "aero")


@pytest.fixture
async def world(house: Installation) -> World:
    async with transaction(house.sessions) as session:
        built = await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
        await add_event(session, built, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
        await add_event(session, built, entry_code(0), "contacted", "icbc-dl", ASSIGNED, sequence=1)
        return built


async def test_a_chain_shows_its_members_figures_and_events_to_its_manager(
    house: Installation, world: World
) -> None:
    await house.person("wang.fang", (Role.CHAIN_MANAGER, "aero"))
    async with Visit(house) as manager:
        await manager.sign_in()
        assert (await manager.get("/chain")).headers["location"] == "/chain/aero"
        shown = (await manager.get("/chain/aero?month=2023-09")).text
        assert re.search(
            r'level=contacted&amp;chain=aero">1</a> / <a [^>]*level=entries&amp;chain=aero">2</a>', shown
        )
        assert '角色未知 <a href="/chain/aero/members?role=unknown&amp;month=2023-09">2</a>' in shown
        assert f"/chain/entries/{entry_code(1)}" in shown
        assert entry_code(0) not in shown, "on no chain"
        assert "还没有发布一链一策" in shown
        listed = (await manager.get("/chain/aero/members?role=unknown")).text
        assert listed.count('<th scope="row">') == 2
        events = (await manager.get("/chain/aero/events?month=2023-09")).text
        assert events.count('<th scope="row">') == 1
        entry = (await manager.get(f"/chain/entries/{entry_code(1)}")).text
        assert "=公司1" in entry
        assert (await manager.get(f"/chain/entries/{entry_code(0)}")).status_code == 404


async def test_nobody_opens_a_chain_that_is_not_theirs(house: Installation, world: World) -> None:
    for login, grant, status in (
        ("other", (Role.CHAIN_MANAGER, "food"), 404),
        ("bank", (Role.BANK_ADMINISTRATOR, "icbc"), 403),
        ("coordinator", (Role.COORDINATOR, "230102"), 200),
    ):
        await house.person(login, grant)
        async with Visit(house) as someone:
            await someone.sign_in(login)
            for path in ("/chain/aero", "/chain/aero/members", "/chain/aero/events"):
                assert (await someone.get(path)).status_code == status, (login, path)
                assert entry_code(1) not in someone.shown, "in another county than the coordinator's"


async def test_who_answers_for_a_chain_stands_with_the_period(house: Installation, world: World) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as coordinator:
        await coordinator.sign_in()
        assert "没有登记在任的链长或链办" in (await coordinator.get("/chain/aero")).text
        async with transaction(house.sessions) as session:
            [chain] = await house.rows(CHAIN)
            session.add(
                ChainManager(
                    chain_id=chain, role="leader", name="石<b>", body="某厅", since=shanghai_today(), until=None,
                    created_at=utc_now(),
                )
            )  # fmt: skip
        shown = (await coordinator.get("/chain/aero")).text
        assert "链长 石&lt;b&gt; · 某厅" in shown
        assert 'href="/chain/aero"' in (await coordinator.get("/chain")).text
