"""Allocation over HTTP, and on the command line."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.accounts.rules import Viewer
from app.cli.allocation import commands
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import get_settings
from tests.allocation.test_service import FITTING, ROUTED
from tests.bottlenecks.world import EDITION, World, banks, build_world, match
from tests.databases import migrate
from tests.docking.world import in_database


@pytest.fixture
async def world(sessions: Sessions, viewer: Viewer, now: datetime) -> World:
    async with transaction(sessions) as session:
        built = await build_world(session, FITTING | ROUTED, banks(3, count=5))
        await match(session, viewer, now)
    return built


async def test_an_edition_is_allocated_proven_and_explained(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post("/allocations", json={"edition": EDITION})
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert (run["counts"]["entries"], run["counts"]["matched"]) == (14, 8)
    location = answer.headers["location"].removeprefix("/api/v1")
    assert (await client.get(location)).json() == run
    check = (await client.get(f"{location}/check")).json()
    assert (check["is_sound"], check["optimality_gap"]) == (True, 0.0)
    shown = (await client.get(f"/whitelist/entries/{world.codes['fit0']}/assignment")).json()
    assert (shown["kind"], len(shown["supports"]), shown["run"]) == ("matched", 2, run["id"])
    assert shown["why"][0].endswith("以区县级机构服务企业所在地（230102）")


async def test_the_same_key_allocates_once_and_runs_are_paged(
    client: httpx.AsyncClient, world: World
) -> None:
    body = {"edition": EDITION, "keep_settled": False}
    first, again = [
        await client.post("/allocations", json=body, headers={"Idempotency-Key": "autumn"}) for _ in range(2)
    ]
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    second = await client.post("/allocations", json={"edition": EDITION})
    third = await client.post("/allocations", json={"edition": EDITION})
    assert (second.status_code, third.status_code, third.json()["reused"]) == (201, 200, True)
    assert third.json()["id"] == second.json()["id"]
    page = (await client.get("/allocations", params={"edition": EDITION, "limit": 1})).json()
    assert [run["id"] for run in page["items"]] == [second.json()["id"]]
    rest = (await client.get("/allocations", params={"limit": 1, "cursor": page["next"]})).json()
    assert ([run["id"] for run in rest["items"]], rest["next"]) == ([first.json()["id"]], None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/allocations", {"edition": "2024H1"}, 404),
        ("POST", "/allocations", {"edition": "autumn"}, 422),
        ("POST", "/allocations", {"edition": EDITION, "force": True}, 422),
        ("POST", "/allocations", {"edition": EDITION, "keep_settled": "maybe"}, 422),
        ("GET", "/allocations/999", None, 404),
        ("GET", "/allocations/999/check", None, 404),
        ("GET", "/whitelist/entries/2023H2-91230102MA1B99999X/assignment", None, 404),
    ],
)
async def test_what_cannot_be_done_is_a_problem_document(
    client: httpx.AsyncClient,
    world: World,
    method: str,
    path: str,
    body: dict[str, object] | None,
    status: int,
) -> None:
    answer = await client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_edition_without_a_match_run_is_a_conflict(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with transaction(sessions) as session:
        await build_world(session, {"one": {}})
    answer = await client.post("/allocations", json={"edition": EDITION})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (409, "edition")


@pytest.fixture
def command_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, viewer: Viewer, now: datetime
) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'allocation.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)

    async def prepare(session: AsyncSession) -> None:
        await build_world(session, FITTING | ROUTED, banks(3, count=5))
        await match(session, viewer, now)

    in_database(url, prepare)
    yield
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.mark.usefixtures("command_database")
def test_the_command_allocates_checks_and_shows() -> None:
    done = run("run", "--edition", EDITION, "--json")
    assert done.exit_code == 0, done.output
    number = str(json.loads(done.stdout)["id"])
    checked = run("check", number)
    assert checked.exit_code == 0
    assert "0.000000%" in checked.stdout
    assert json.loads(run("show", number, "--json").stdout) == json.loads(done.stdout)
    entry = f"{EDITION}-91230102MA1B00001X"
    assert json.loads(run("show", "--entry", entry, "--json").stdout)["kind"] == "matched"
    assert "分配理由" in run("show", "--entry", entry).stdout
    assert "沿用" in run("run", "--edition", EDITION, "--reassign").stdout
    assert run("show").exit_code == 2
    assert run("check", "99").exit_code == 1


@pytest.mark.usefixtures("command_database")
def test_the_command_reroutes_after_a_dry_run_that_says_the_same() -> None:
    assert run("run", "--edition", EDITION).exit_code == 0
    order = ("reroute", "--edition", EDITION, "--institution", "B1", "--reason", "暂停受理")
    dry = run(*order, "--json")
    assert dry.exit_code == 0, dry.output
    done = run(*order, "--do", "--json")
    assert done.exit_code == 0, done.output
    planned, made = json.loads(dry.stdout), json.loads(done.stdout)
    assert (planned.pop("is_dry_run"), made.pop("is_dry_run")) == (True, False)
    assert planned == made
    assert made["counts"]["moved"] == len(made["items"]) == 3
    assert {item["from"] for item in made["items"]} == {"B1-DL"}
    assert "0户改派，0户不变" in run(*order).stdout
    assert run("reroute", "--edition", EDITION, "--reason", "无").exit_code == 1
    assert run("reroute", "--edition", "autumn", "--institution", "B1", "--reason", "无").exit_code == 1
