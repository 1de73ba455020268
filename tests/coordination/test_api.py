"""Coordination cases over HTTP, by whom they concern; and on the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.accounts.door import OpenDoor
from app.accounts.rules import Viewer
from app.accounts.tables import AuditEvent
from app.cli.coordination import commands
from app.kernel.database import Sessions
from app.kernel.settings import get_settings
from app.visibility.service import narrow
from tests.accounts.offices import OPERATOR, client_as
from tests.bottlenecks.world import World
from tests.coordination.town import build, build_kept, staff
from tests.databases import migrate
from tests.docking.world import in_database

CASES = "/coordination/cases"
Enter = Callable[[Viewer], httpx.AsyncClient]


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await build_kept(sessions)


@pytest.fixture
async def people(sessions: Sessions, world: World) -> dict[str, Viewer]:
    return await staff(sessions)


@pytest.fixture
async def enter(sessions: Sessions) -> AsyncIterator[Enter]:
    """Let another viewer into one and the same application."""
    async with client_as(sessions, OPERATOR) as client:
        transport = client._transport
        assert isinstance(transport, httpx.ASGITransport)
        app: Any = transport.app

        def let_in(viewer: Viewer) -> httpx.AsyncClient:
            app.state.door = OpenDoor(viewer, narrow)
            return client

        yield let_in


def asking(world: World, name: str, kind: str = "land", **more: Any) -> dict[str, Any]:
    return {"entry": world.codes[name], "kind": kind, "question": "二期用地指标未落实"} | more


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    answer = await client.get(CASES, params=filters)
    assert answer.status_code == 200, answer.text
    return [f"{one['kind']}@{one['entry'][-3:-1]}" for one in answer.json()["items"]]


async def test_a_case_goes_from_a_banks_question_to_the_bodys_answer_that_the_coordinator_writes_down(
    sessions: Sessions, world: World, people: dict[str, Viewer]
) -> None:
    async with client_as(sessions, people["manager"]) as manager:
        raised = await manager.post(CASES, json=asking(world, "held"))
        assert raised.status_code == 201, raised.text
        case = raised.json()
        path = f"{CASES}/{case['code']}"
        assert (raised.headers["location"], raised.headers["etag"]) == (f"/api/v1{path}", '"1"')
        assert (case["body_institution"], case["raised_for"], case["raised_by"]) == (
            "XTJZ",
            "B1-DL",
            "manager",
        )
        assert (case["possible"], case["is_overdue"], case["working_days"]) == (
            ["comment", "resolve", "refuse"],
            False,
            15,
        )
        again = await manager.post(CASES, json=asking(world, "held"))
        assert (again.status_code, again.json()["errors"][0]["where"]) == (409, "kind")
        assert (await manager.post(f"{path}/comments", json={"text": "企业已补件"})).status_code == 201
        for ending in ("resolution", "refusal"):
            answer = await manager.post(
                f"{path}/{ending}", json={"outcome": "好"}, headers={"If-Match": '"1"'}
            )
            assert answer.status_code == 403
    async with client_as(sessions, people["coordinator"]) as coordinator:
        body = {"outcome": "用地指标已下达", "body": "JGJ"}
        assert (await coordinator.post(f"{path}/resolution", json=body)).status_code == 428
        stale = await coordinator.post(f"{path}/resolution", json=body, headers={"If-Match": '"7"'})
        assert stale.status_code == 412
        done = await coordinator.post(f"{path}/resolution", json=body, headers={"If-Match": '"1"'})
        assert (done.status_code, done.headers["etag"], done.json()["state"]) == (200, '"2"', "resolved")
        assert (done.json()["answered_by"], done.json()["closed_by"]) == ("JGJ机构", "coordinator")
        for ending in ("resolution", "refusal"):
            twice = await coordinator.post(f"{path}/{ending}", json=body, headers={"If-Match": '"2"'})
            assert (twice.status_code, "comment" in twice.json()["errors"][0]["remedy"]) == (409, True)
        assert (await coordinator.post(f"{path}/comments", json={"text": "谢谢"})).status_code == 201
        refused = await coordinator.post(CASES, json=asking(world, "held", institution="B2-DL", body="JGJ"))
        assert (refused.json()["body_institution"], refused.json()["raised_for"]) == ("JGJ", "B2-DL")
        ended = await coordinator.post(
            f"{CASES}/{refused.json()['code']}/refusal",
            json={"outcome": "不符合规划"},
            headers={"If-Match": "*"},
        )
        assert (ended.json()["state"], ended.json()["answered_by"]) == ("refused", "JGJ机构")
    async with client_as(sessions, people["manager"]) as manager:
        read = (await manager.get(path)).json()
        assert (read["outcome"], read["possible"]) == ("用地指标已下达", ["comment"])
        pages = await manager.get(f"{path}/comments", params={"limit": 1})
        rest = await manager.get(f"{path}/comments", params={"cursor": pages.json()["next"]})
        texts = [one["text"] for page in (pages, rest) for one in page.json()["items"]]
        assert (texts, rest.json()["next"]) == (["企业已补件", "谢谢"], None)
    async with sessions() as session:
        events = await session.execute(
            select(AuditEvent.action, AuditEvent.subject)
            .where(AuditEvent.subject_kind == "coordination_case")
            .order_by(AuditEvent.sequence)
        )
    code, other = case["code"], refused.json()["code"]
    assert [tuple(event) for event in events] == [
        ("raise_case", code), ("comment_case", code), ("resolve_case", code), ("comment_case", code),
        ("raise_case", other), ("refuse_case", other),
    ]  # fmt: skip


async def test_a_case_is_read_by_those_who_see_its_entry_and_of_institutions_by_who_is_told_or_asked(
    enter: Enter, world: World, people: dict[str, Viewer]
) -> None:
    client = enter(people["coordinator"])
    for name, kind in (("told", "land"), ("held", "land")):
        assert (await client.post(CASES, json=asking(world, name, kind))).status_code == 201
    free = await client.post(CASES, json=asking(world, "free"))
    assert free.status_code == 404, "another county's"
    client = enter(people["manager"])
    own = await client.post(CASES, json=asking(world, "held", "guarantee"))
    seen = {
        "coordinator": ["land@01", "land@02", "guarantee@02"],
        "auditor": ["land@01", "land@02", "guarantee@02"],
        "firm": ["land@01"],
        "manager": ["land@01", "guarantee@02"],
        "head": ["land@01", "guarantee@02"],
        "supporter": ["land@01"],
        "stranger": [],
        "elsewhere": [],
    }
    path = f"{CASES}/{own.json()['code']}"
    for name, expected in seen.items():
        client = enter(people[name])
        assert sorted(await listed(client)) == sorted(expected), name
        is_seen = "guarantee@02" in expected
        assert ((await client.get(path)).status_code == 200) == is_seen, name
        assert ((await client.get(f"{path}/comments")).status_code == 200) == is_seen, name
        answer = await client.post(f"{path}/comments", json={"text": "留言"})
        may_write = is_seen and name != "auditor"
        assert answer.status_code == (201 if may_write else 403 if name == "auditor" else 404), name


async def test_who_raises_what_is_held_to_the_own_entries_institutions_and_kinds(
    enter: Enter, world: World, people: dict[str, Viewer]
) -> None:
    async def sent(who: str, **body: Any) -> tuple[int, list[str]]:
        client = enter(people[who])
        answer = await client.post(CASES, json=body)
        return answer.status_code, sorted(error["where"] for error in answer.json().get("errors", ()))

    for name in ("firm", "auditor"):
        assert await sent(name, **asking(world, "told")) == (403, [])
    for name in ("stranger", "elsewhere"):
        assert (await sent(name, **asking(world, "told")))[0] == 404
    faulty = asking(world, "held", "policy_gap", body="XTJZ", institution="B3-DL")
    assert await sent("manager", **faulty) == (422, ["body", "institution", "kind"])
    assert await sent("supporter", **asking(world, "held", institution="B1-DL")) == (422, ["institution"])
    for body in ("B1-DL", "DB", "NONE"):
        assert await sent("coordinator", **asking(world, "held", body=body)) == (422, ["body"])
    assert (await sent("coordinator", **asking(world, "held", "guarantee", body="DB")))[0] == 201
    assert (await sent("coordinator", **asking(world, "held", "policy_gap")))[0] == 201
    assert (await sent("supporter", **asking(world, "held", "environment")))[0] == 201
    client = enter(people["supporter"])
    assert await listed(client, state="open") == ["environment@02"]


FAULTY = (
    ({"question": "a\x00b"}, "question"),
    ({"question": "行\n行"}, "question"),
    ({"question": "  "}, "question"),
    ({"question": "长" * 2_001}, "question"),
    ({"kind": "weather"}, "kind"),
    ({"entry": "2023H2"}, "entry"),
    ({"body": "x" * 41}, "body"),
    ({"state": "resolved"}, "state"),
)


async def test_bad_input_is_refused_by_field(client: httpx.AsyncClient) -> None:
    for change, where in FAULTY:
        body = {"entry": "2023H2-91230102MA1B00001X", "kind": "land", "question": "请协调"} | change
        answer = await client.post(CASES, json=body)
        assert answer.status_code == 422, change
        assert [one["where"].removeprefix("body.") for one in answer.json()["errors"]] == [where]
    for body in ({"text": ""}, {"text": "a\x7f"}, {}, {"text": "留言", "author": "我"}):
        assert (await client.post(f"{CASES}/XT-000001/comments", json=body)).status_code == 422, body


async def test_filters_that_can_never_find_anything_and_codes_of_nothing_are_refused(
    client: httpx.AsyncClient,
) -> None:
    nowhere = await client.get(CASES, params={"region": "239999", "body": "NONE"})
    assert (nowhere.status_code, {one["where"] for one in nowhere.json()["errors"]}) == (
        422,
        {"region", "body"},
    )
    for cursor in ("WzBd", "WyJ4IiwgMV0=", "WyIyMDIzLTAxLTAxIiwgIngiXQ=="):
        assert (await client.get(CASES, params={"cursor": cursor})).status_code == 422
    for code, status in (("XT-000001", 404), ("XT-0000001", 404), ("XT-1", 422)):
        assert (await client.get(f"{CASES}/{code}")).status_code == status


async def test_of_two_who_raise_the_same_at_once_one_does(
    sessions: Sessions, world: World, people: dict[str, Viewer]
) -> None:
    async with (
        client_as(sessions, people["manager"]) as manager,
        client_as(sessions, people["coordinator"]) as coordinator,
    ):
        both = await asyncio.gather(
            *(client.post(CASES, json=asking(world, "told")) for client in (manager, coordinator))
        )
        assert sorted(answer.status_code for answer in both) == [201, 409]
        path = f"{CASES}/{next(answer for answer in both if answer.is_success).json()['code']}"
        ends = await asyncio.gather(
            *(
                coordinator.post(f"{path}/{ending}", json={"outcome": "已办"}, headers={"If-Match": "*"})
                for ending in ("resolution", "refusal")
            )
        )
        assert sorted(answer.status_code for answer in ends) == [200, 409]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'coordination.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, build)
    yield url
    get_settings.cache_clear()


def _run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words))


def test_the_command_line_raises_answers_and_shows(database: str) -> None:
    entry = "2023H2-91230102MA1B00001X"
    made = _run("raise", entry, "land", "--question", "请协调用地", "--json")
    assert made.exit_code == 0, made.stderr
    code = json.loads(made.stdout)["code"]
    assert _run("raise", entry, "land", "--question", "再请").exit_code == 1
    refused = _run("raise", entry, "guarantee", "--question", "x\x07")
    assert (refused.exit_code, "question" in refused.stderr) == (1, True)
    other = json.loads(
        _run("raise", entry, "guarantee", "--question", "请对接", "--body", "DB", "--json").stdout
    )
    assert other["body"] == "DB机构"
    assert _run("comment", code, "已函告").exit_code == 0
    assert "XTJZ" in _run("list").stdout
    assert _run("resolve", code, "--outcome", "指标已下达", "--body", "DB").exit_code == 1
    assert "指标已下达" in _run("resolve", code, "--outcome", "指标已下达").stdout
    assert _run("refuse", code, "--outcome", "不办").exit_code == 1
    assert _run("refuse", other["code"], "--outcome", "不办", "--json").exit_code == 0
    assert json.loads(_run("list", "--json").stdout)["items"] == []
    both = json.loads(_run("list", "--all", "--json").stdout)
    assert both["counts"]["states"] == {"refused": 1, "resolved": 1}
    shown = _run("show", code)
    assert (shown.exit_code, "已函告" in shown.stdout, "请协调用地" in shown.stdout) == (0, True, True)
    assert len(json.loads(_run("show", code, "--json").stdout)["comments"]) == 1
    assert _run("show", "XT-999999").exit_code == 1
