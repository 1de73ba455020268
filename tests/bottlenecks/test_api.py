"""Bottlenecks over HTTP, and on the command line."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.accounts.rules import Viewer
from app.bottlenecks import service
from app.cli.bottlenecks import commands
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import get_settings
from tests.bottlenecks.test_service import NEEDS, ROUTES
from tests.bottlenecks.world import BARE, STATED, World, build_world, match
from tests.databases import migrate
from tests.docking.world import in_database


@pytest.fixture
async def world(sessions: Sessions, viewer: Viewer, now: datetime) -> World:
    async with transaction(sessions) as session:
        built = await build_world(session, NEEDS)
        await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    return built


async def test_stated_facts_are_classified_and_nothing_is_stored(client: httpx.AsyncClient) -> None:
    answer = await client.post("/bottlenecks/preview", json=STATED | BARE | {"credit_eligible": False})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["route"], body["routing"]["receivers"], body["routing"]["through"]) == (
        "d",
        [],
        "省市两级地方金融监管局",
    )
    assert [one["class_code"] for one in body["classes"]] == ["elements", "c", "b", "d", "a"]
    assert body["classes"][3]["citation"] == "黑银发〔2023〕25号（十六）"
    listed = (await client.get("/bottlenecks")).json()
    assert listed == {"items": [], "next": None, "counts": {}}


async def test_faulty_facts_are_refused_by_field(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/bottlenecks/preview", json=STATED | {"region": "239999", "colour": "red"})
    assert (unknown.status_code, unknown.json()["errors"][0]["where"]) == (422, "colour")
    chained = await client.post("/bottlenecks/preview", json=STATED | {"chain": "NONE"})
    assert (chained.status_code, chained.json()["errors"][0]["where"]) == (422, "chain")
    nowhere = await client.post("/bottlenecks/preview", json=STATED | {"region": "239999"})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["where"]) == (422, "region")


async def test_cases_are_paged_filtered_and_counted(client: httpx.AsyncClient, world: World) -> None:
    routes: dict[str, str] = {}
    cursor = None
    while True:
        params: dict[str, str] = {"limit": "3", "edition": "2023H2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/bottlenecks", params=params)).json()
        routes |= {item["entry"]: item["route"] for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            break
    assert routes == {world.codes[name]: route for name, route in ROUTES.items()}
    filtered = (await client.get("/bottlenecks", params={"route": "c", "region": "230102"})).json()
    assert [item["enterprise"] for item in filtered["items"]] == ["sued公司", "sued_nowhere公司"]
    assert filtered["counts"]["d"] == 1


@pytest.mark.parametrize("wanted", [{"region": "239999"}, {"region": "110101"}, {"route": "zz"}])
async def test_a_filter_that_can_find_nothing_is_refused_by_name(
    client: httpx.AsyncClient, world: World, wanted: dict[str, str]
) -> None:
    assert world.codes
    answer = await client.get("/bottlenecks", params=wanted)
    assert answer.status_code == 422, answer.text
    assert [fault["where"] for fault in answer.json()["errors"]] == list(wanted)
    nobody = await client.get("/bottlenecks", params={"route": "elements", "region": "230103"})
    assert (nobody.status_code, nobody.json()["items"]) == (200, [])


async def test_a_need_says_what_blocks_it_and_who_receives_it(
    client: httpx.AsyncClient, world: World
) -> None:
    (case,) = (await client.get(f"/needs/{world.needs['asks']}/bottlenecks")).json()
    assert (case["route"], case["route_name"]) == ("ask", "待补充信息")
    assert case["asks"] == [{"fact": "credit_eligible", "name": "信用贷款资格"}]
    assert (await client.get(f"/needs/{world.needs['fits']}/bottlenecks")).json() == []
    missing = await client.get("/needs/91230199MA1BQXYE20/bottlenecks")
    assert missing.status_code == 404


@pytest.fixture
def command_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, viewer: Viewer, now: datetime
) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'bottlenecks.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)

    async def prepare(session: AsyncSession) -> None:
        await build_world(session, NEEDS)
        await match(session, viewer, now)

    in_database(url, prepare)
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("command_database")
def test_the_command_lists_and_classifies() -> None:
    runner = CliRunner()
    done = runner.invoke(commands, ["run", "--edition", "2023H2", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["routes"]["c"] == 2
    listed = runner.invoke(commands, ["list", "--edition", "2023H2", "--route", "d", "--json"])
    found = json.loads(listed.stdout)
    assert [item["enterprise"] for item in found["items"]] == ["refused公司"]
    assert "堵点清单" in runner.invoke(commands, ["list", "--edition", "2023H2"]).stdout
    assert runner.invoke(commands, ["list", "--edition", "2023H2", "--region", "哈尔滨"]).exit_code == 1
    assert runner.invoke(commands, ["run", "--edition", "2024H1"]).exit_code == 1
