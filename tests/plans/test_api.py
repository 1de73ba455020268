"""Plans over HTTP, from a draft to its archive; bad input by field; and on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.accounts.rules import Grant, Role, Viewer
from app.cli.plans import commands
from app.kernel.database import Sessions, transaction
from app.kernel.settings import get_settings
from tests.accounts.offices import OPERATOR, client_as
from tests.databases import migrate
from tests.docking.world import in_database
from tests.plans.town import CHAIN, build, drafted

DRAFTS = f"/chains/{CHAIN}/plan-drafts"


def body(**members: Any) -> dict[str, Any]:
    said: dict[str, Any] = drafted(**members).model_dump(mode="json", exclude_none=True)
    return said


@pytest.fixture
async def town(sessions: Sessions) -> Sessions:
    async with transaction(sessions) as session:
        await build(session)
    return sessions


async def test_a_plan_goes_from_draft_to_archive_over_http(town: Sessions) -> None:
    async with client_as(town, OPERATOR) as client:
        made = await client.post(DRAFTS, json=body())
        assert made.status_code == 201, made.text
        path = f"{DRAFTS}/1"
        assert (made.headers["location"], made.headers["etag"]) == (f"/api/v1{path}", '"1"')
        assert (await client.post(f"{path}/publication", json={})).status_code == 428
        early = await client.post(f"{path}/publication", json={}, headers={"If-Match": '"1"'})
        assert (early.status_code, [one["where"] for one in early.json()["errors"]]) == (409, ["state"])
        compared = await client.post(f"{path}/comparisons", json={})
        assert compared.status_code == 201, compared.text
        assert (compared.json()["counts"]["gaining"], compared.json()["holds"]) == (1, True)
        one = f"{path}/comparisons/1"
        rows = (await client.get(f"{one}/needs", params={"effect": "gains"})).json()["items"]
        assert [row["gained"]["codes"] for row in rows] == [["B2-P"]]
        first = (await client.get(f"{one}/needs", params={"limit": 1})).json()
        rest = (await client.get(f"{one}/needs", params={"cursor": first["next"]})).json()
        assert len(first["items"] + rest["items"]) == 3
        assert (await client.get(f"{one}/needs", params={"region": "230103"})).json()["items"] == []
        assert (await client.get(f"{one}/allocation")).status_code == 404
        assert (await client.get(f"{path}/comparisons/2")).status_code == 404
        done = await client.post(f"{path}/publication", json={}, headers={"If-Match": '"2"'})
        assert (done.status_code, done.json()["published_version"]) == (200, 2)
        plan = (await client.get(f"/chains/{CHAIN}/plan")).json()
        assert (plan["version"], plan["contracted"][0]["institution"]) == (2, "B2")
        versions = (await client.get(f"/chains/{CHAIN}/plans")).json()["items"]
        assert [(one["version"], one["state"]) for one in versions] == [(2, "published"), (1, "published")]
        archive = f"/chains/{CHAIN}/plans/1/archive"
        gone = await client.post(archive, json={"reason": "接替"}, headers={"If-Match": '"1"'})
        assert (gone.status_code, gone.headers["etag"], gone.json()["state"]) == (200, '"2"', "archived")
        assert (await client.put(path, json=body(), headers={"If-Match": "*"})).status_code == 409


async def test_others_find_no_drafts_and_may_not_draft(town: Sessions) -> None:
    bank = Viewer("王", "230000", (Grant(Role.BANK_ADMINISTRATOR, "B1"),), 7)
    chief = Viewer("李", "230000", (Grant(Role.CHAIN_MANAGER, "QT"),), 8)
    async with client_as(town, OPERATOR) as client:
        assert (await client.post(DRAFTS, json=body())).status_code == 201
    async with client_as(town, bank) as client:
        assert (await client.get(DRAFTS)).status_code == 403
        assert (await client.get(f"/chains/{CHAIN}/plans")).status_code == 200
    async with client_as(town, chief) as client:
        assert (await client.get(DRAFTS)).status_code == 404
        assert (await client.post(DRAFTS, json=body())).status_code == 404
        assert (await client.get(f"{DRAFTS}/1")).status_code == 404


FAULTY: tuple[tuple[dict[str, Any], str], ...] = (
    ({"since": "2023-12-01", "until": "2023-11-01"}, ""),
    ({"since": "1900-01-01"}, "since"),
    ({"replaces": 0}, "replaces"),
    ({"replaces": 2**40}, "replaces"),
    ({"contracted": [{"institution": "B1", "quota": 0}]}, "contracted.0.quota"),
    ({"contracted": [{"institution": "B1"}, {"institution": "B1"}]}, "contracted"),
    ({"bodies": [{"name": "a\x00b"}]}, "bodies.0.name"),
    ({"products": ["B2-P"] * 401}, "products"),
    ({"owner": "state"}, "owner"),
)


async def test_bad_input_is_refused_by_field(client: httpx.AsyncClient) -> None:
    for change, where in FAULTY:
        said = body(granted=[], products=[], clauses={"contracted": "x", "bodies": "x", "products": "x"})
        answer = await client.post(DRAFTS, json=said | change)
        assert answer.status_code == 422, change
        told = [one["where"].removeprefix("body").removeprefix(".") for one in answer.json()["errors"]]
        assert told == [where], change
    for path in (f"{DRAFTS}/0", f"{DRAFTS}/99999999999", f"{DRAFTS}/1/comparisons/x"):
        assert (await client.get(path)).status_code == 422, path


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'plans.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, build)
    yield url
    get_settings.cache_clear()


def _run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words))


def test_the_command_line_drafts_compares_publishes_and_archives(database: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps({"plans": [body() | {"chain": CHAIN}]}), "utf-8")
    tried = _run("draft", CHAIN, str(file), "--dry-run")
    assert (tried.exit_code, "提高额度" in tried.stdout) == (0, True), tried.stderr
    assert json.loads(_run("list", CHAIN, "--json").stdout)["drafts"] == []
    assert json.loads(_run("draft", CHAIN, str(file), "--json").stdout)["number"] == 1
    assert _run("draft", CHAIN, str(file)).exit_code == 1
    assert _run("publish", CHAIN, "1").exit_code == 1
    made = _run("compare", CHAIN, "1", "--effect", "gains")
    assert (made.exit_code, "B2-P" in made.stdout) == (0, True), made.stderr
    assert "仍然有效" in _run("show", CHAIN, "1").stdout
    assert "第2版已发布" in _run("publish", CHAIN, "1").stdout
    assert "已归档" in _run("archive", CHAIN, "1", "--reason", "接替").stdout
    assert _run("archive", CHAIN, "1", "--reason", "").exit_code == 1
    assert _run("give-up", CHAIN, "1").exit_code == 1
    assert "（有效）" in _run("list", CHAIN).stdout
    file.write_text("- x", "utf-8")
    assert _run("draft", CHAIN, str(file)).exit_code == 1
