"""The JSON doors of matching."""

from typing import Any

import httpx
import pytest

from app.accounts.rules import Viewer
from app.kernel.database import Sessions, transaction
from tests.matching.town import FIRMS, SOUND, build_town

PLAIN = FIRMS[0][0]
DAY = "2023-11-15"


@pytest.fixture(autouse=True)
async def town(sessions: Sessions, viewer: Viewer) -> None:
    async with transaction(sessions) as session:
        await build_town(session, viewer)


async def test_a_run_is_made_once_read_again_and_listed_with_its_entries(client: httpx.AsyncClient) -> None:
    body = {"edition": "2023H2", "on": DAY}
    first = await client.post("/matches/runs", json=body)
    assert (first.status_code, first.json()["reused"]) == (201, False)
    path = first.headers["location"].removeprefix("/api/v1")
    assert (await client.get(path)).json() == first.json()
    again = await client.post("/matches/runs", json=body)
    assert (again.status_code, again.json()) == (200, first.json() | {"reused": True})
    listed = (await client.get("/matches/runs", params={"edition": "2023H2"})).json()
    assert [run["id"] for run in listed["items"]] == [first.json()["id"]]
    page = (await client.get(f"{path}/entries", params={"limit": 3})).json()
    rest = (await client.get(f"{path}/entries", params={"limit": 3, "cursor": page["next"]})).json()
    assert [len(page["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    without = (await client.get(f"{path}/entries", params={"without_product": True})).json()["items"]
    assert without == rest["items"]


async def test_a_preview_stores_nothing_and_agrees_with_the_need_and_the_explanation(
    client: httpx.AsyncClient,
) -> None:
    previewed = (await client.post("/matches/preview", json=SOUND)).json()
    stored = (await client.get(f"/needs/{PLAIN}/matches")).json()
    assert previewed == stored
    assert previewed["eligible"] == len(previewed["matches"]) == 3
    best = previewed["matches"][0]
    explained = (await client.get(f"/needs/{PLAIN}/matches/{best['product']}")).json()
    assert (explained["verdict"], explained["score"]) == ("pass", best["score"])
    assert explained["parts"] == best["parts"]
    assert (await client.get("/matches/runs")).json()["items"] == []


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/matches/preview", SOUND | {"ownership": "moon"}, 422, "ownership"),
    ("POST", "/matches/preview", SOUND | {"size_class": "small"}, 422, "size_class"),
    ("POST", "/matches/preview", SOUND | {"region": "999999"}, 422, "region"),
    ("POST", "/matches/preview?limit=0", SOUND, 422, "query.limit"),
    ("POST", "/matches/runs", {"edition": "2023"}, 422, "edition"),
    ("POST", "/matches/runs", {"edition": "2023H2", "force": "yes"}, 422, "force"),
    ("POST", "/matches/runs", {"edition": "2022H1"}, 404, "edition"),
    ("POST", "/matches/runs", {"edition": "2023H2", "library": "2023Q3"}, 404, ""),
    ("GET", "/matches/runs/7", None, 404, ""),
    ("GET", "/matches/runs/0", None, 422, "path.run"),
    ("GET", f"/needs/{PLAIN}/matches/NONE", None, 404, ""),
    ("GET", "/needs/91230100MA00000008/matches", None, 404, "code"),
    ("GET", "/matches/runs?cursor=x", None, 422, "cursor"),
]


async def test_what_cannot_be_done_is_a_problem_that_names_the_place(client: httpx.AsyncClient) -> None:
    for method, path, body, status, where in REFUSED:
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert [fault["where"] for fault in answer.json()["errors"]] == ([where] if where else [])
