"""What an administrator takes away is gone with the same answer: roles, sessions, keys, whatever was remembered."""

import httpx
import pytest

from app.accounts.rules import Role
from app.kernel.database import Sessions
from tests.accounts.signing import Installation, installed

EDITIONS = "/whitelist/editions"
LONG = 60.0


async def change(client: httpx.AsyncClient, path: str, body: dict[str, bool]) -> httpx.Response:
    person = await client.get("/".join(path.split("/")[:3]))
    return await client.patch(path, json=body, headers={"If-Match": person.headers["etag"]})


async def with_key(place: Installation, client: httpx.AsyncClient) -> httpx.AsyncClient:
    body = {"name": "系统", "role": "coordinator", "scope": "230000", "days": 30}
    made = await client.post("/api-keys", json=body)
    return place.client(Authorization=f"Bearer {made.json()['key']}")


async def statuses(*clients: httpx.AsyncClient, path: str = EDITIONS) -> list[int]:
    return [(await client.get(path)).status_code for client in clients]


async def test_an_ended_role_a_locked_person_and_ended_sessions_hold_from_the_answer_on(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = installed(sessions, monkeypatch, viewer_cache_seconds=LONG)
    await place.person("root", (Role.ADMINISTRATOR, ""))
    number = await place.person("wang.fang", (Role.COORDINATOR, "230000"), (Role.AUDITOR, ""))
    root, wang = await place.signed_in("root"), await place.signed_in()
    key = await with_key(place, wang)
    assert await statuses(wang, key) == [200, 200]
    assert await statuses(wang, key, path="/registrations") == [200, 200]

    grants = (await root.get(f"/people/{number}")).json()["grants"]
    [coordinator] = [grant["id"] for grant in grants if grant["role"] == "coordinator"]
    ended = await change(root, f"/people/{number}/grants/{coordinator}", {"is_ended": True})
    assert ended.status_code == 200
    assert await statuses(wang, key, path="/registrations") == [403, 401]

    assert (await change(root, f"/people/{number}", {"is_disabled": True})).status_code == 200
    assert await statuses(wang, key) == [401, 401]
    assert (await place.sign_in()).status_code == 401
    assert (await change(root, f"/people/{number}", {"is_disabled": False})).status_code == 200
    assert await statuses(wang, key) == [401, 401]
    assert (await place.sign_in()).status_code == 200


async def test_a_role_that_is_given_holds_from_the_answer_on(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = installed(sessions, monkeypatch, viewer_cache_seconds=LONG)
    await place.person("root", (Role.ADMINISTRATOR, ""))
    number = await place.person("wang.fang")
    root, wang = await place.signed_in("root"), await place.signed_in()
    assert await statuses(wang, path="/registrations") == [403]
    given = await root.post(f"/people/{number}/grants", json={"role": "coordinator", "scope": "230000"})
    assert given.status_code == 201
    assert await statuses(wang, path="/registrations") == [200]
    invited = await root.post("/invitations", json={"name": "王芳", "role": "auditor"})
    taken = await wang.post("/invitations/accept", json={"token": invited.json()["token"]})
    assert taken.status_code == 201
    assert await statuses(wang, path="/audit/events") == [200]
