"""API keys: what they may, how they end, and that they end at once."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.accounts import api_keys
from app.accounts.rules import Role
from app.accounts.tables import ApiKey, AuditEvent, Person, RoleGrant
from app.accounts.tokens import secret_hash
from app.kernel.database import Sessions
from tests.accounts.signing import Installation, installed

COORDINATOR = {"name": "信贷系统", "role": "coordinator", "scope": "230100", "days": 30}


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch, viewer_cache_seconds=60)


async def _made(house: Installation, **changed: object) -> dict[str, str]:
    async with await house.signed_in() as client:
        answer = await client.post("/api-keys", json=COORDINATOR | changed)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def _with(house: Installation, made: dict[str, str], address: str = "192.0.2.5") -> httpx.AsyncClient:
    return house.client(address, Authorization=f"Bearer {made['key']}")


async def test_a_key_has_one_role_of_its_maker_and_is_shown_once(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"), (Role.ADMINISTRATOR, ""))
    made = await _made(house)
    [row] = await house.rows(select(ApiKey))
    secret = made["key"].split("_", 2)[2]
    assert (row.prefix, row.secret_hash) == (made["prefix"], secret_hash(secret))
    for headers in ({"Authorization": f"Bearer {made['key']}"}, {"X-API-Key": made["key"]}):
        async with house.client() as client:
            me = (await client.get("/auth/me", headers=headers)).json()
            assert [(role["role"], role["scope"]) for role in me["roles"]] == [("coordinator", "230100")]
            assert (await client.get("/people", headers=headers)).status_code == 403
            listed = await client.get("/api-keys", headers=headers)
            assert (listed.status_code, secret in listed.text, "key" in listed.json()["items"][0]) == (
                200, False, False,
            )  # fmt: skip
    events = await house.rows(select(AuditEvent).order_by(AuditEvent.sequence))
    assert [event.action for event in events] == ["sign_in", "make_api_key", "own_account"]
    assert all(secret not in str(event.detail) for event in events)


@pytest.mark.parametrize(
    "changed",
    [{"role": "administrator", "scope": ""}, {"scope": "230000"}, {"scope": ""}, {"days": 367}, {"days": 0}],
)
async def test_no_key_may_more_or_longer_than_its_maker(
    house: Installation, changed: dict[str, object]
) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    async with await house.signed_in() as client:
        assert (await client.post("/api-keys", json=COORDINATOR | changed)).status_code == 422
    assert await house.rows(select(ApiKey)) == []


async def test_a_key_is_not_its_owner_and_a_reading_key_changes_nothing(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    reading, writing = await _made(house, is_read_only=True), await _made(house)
    async with _with(house, reading) as reader, _with(house, writing) as writer:
        assert (await reader.get("/needs")).status_code == 200
        assert (await reader.post("/matches/preview", json={})).status_code == 422  # asked, and answered
        assert (await reader.post("/needs", json={})).status_code == 403
        assert (await writer.post("/needs", json={})).status_code == 422
        for method, path in (
            ("POST", "/api-keys"),
            ("POST", "/auth/sign-out-everywhere"),
            ("POST", "/auth/password"),
            ("DELETE", f"/api-keys/{reading['id']}"),
        ):
            assert (await writer.request(method, path, json=COORDINATOR)).status_code == 403
        both = await reader.get("/needs", headers={"X-API-Key": writing["key"]})
        assert both.status_code == 401


@pytest.mark.parametrize("ended", ["revoked", "by an administrator", "expired", "role", "person", "secret"])
async def test_a_key_ends_with_its_day_its_role_its_person_or_its_revocation(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    house = installed(sessions, monkeypatch, viewer_cache_seconds=0)
    person = await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    await house.person("root", (Role.ADMINISTRATOR, ""))
    made = await _made(house)
    async with _with(house, made) as client:
        assert (await client.get("/needs")).status_code == 200
        if ended == "revoked":
            async with await house.signed_in() as owner:
                assert (await owner.delete(f"/api-keys/{made['id']}")).status_code == 204
                assert (await owner.delete(f"/api-keys/{made['id']}")).status_code == 404
        elif ended == "by an administrator":
            async with await house.signed_in("root") as root:
                assert (await root.delete(f"/api-keys/{made['id']}")).status_code == 204
        elif ended == "role":
            await house.change(update(RoleGrant).values(ended_at=datetime.now(UTC)))
        elif ended == "person":
            gone = update(Person).where(Person.id == person).values(disabled_at=datetime.now(UTC))
            await house.change(gone)
        elif ended == "secret":
            client.headers["Authorization"] = client.headers["Authorization"][:-1] + "."
        with time_machine.travel(
            datetime.now(UTC) + timedelta(days=30 if ended == "expired" else 0, seconds=1)
        ):
            assert (await client.get("/needs")).status_code == 401


async def test_nobody_sees_or_revokes_the_key_of_another(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    await house.person("li.lei", (Role.COORDINATOR, "230100"))
    made = await _made(house)
    async with await house.signed_in("li.lei") as his, _with(house, made) as client:
        assert (await his.get("/api-keys")).json()["items"] == []
        assert (await his.delete(f"/api-keys/{made['id']}")).status_code == 404
        assert (await client.get("/needs")).status_code == 200


async def test_after_a_revocation_is_answered_no_request_gets_in(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    made, is_over, late = await _made(house), False, []

    async def keep_asking() -> None:
        async with _with(house, made) as client:
            while True:
                began_after = is_over
                status = (await client.get("/auth/me")).status_code
                if began_after:
                    late.append(status)
                    return

    async def revoke() -> None:
        nonlocal is_over
        async with await house.signed_in() as owner:
            assert (await owner.delete(f"/api-keys/{made['id']}")).status_code == 204
        is_over = True

    await asyncio.gather(*(keep_asking() for _ in range(8)), revoke())
    assert late == [401] * 8


async def test_of_several_revocations_at_once_one_does_it(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    made = await _made(house)
    async with await house.signed_in() as owner:
        answers = await asyncio.gather(*(owner.delete(f"/api-keys/{made['id']}") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 7


async def test_when_and_from_where_a_key_is_used_is_noted_once_a_minute(house: Installation) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    with time_machine.travel(datetime(2023, 11, 15, 2, 0, tzinfo=UTC), tick=False) as clock:
        made, noted = await _made(house), []
        async with _with(house, made, "192.0.2.5") as first, _with(house, made, "192.0.2.6") as second:
            for client in (first, second):
                assert (await client.get("/needs")).status_code == 200
                noted += await house.rows(select(ApiKey))
            clock.shift(60)
            assert (await second.get("/people")).status_code == 403  # a refused use is a use
            noted += await house.rows(select(ApiKey))
    assert [(row.last_used_at.minute, row.last_used_from) for row in noted] == [
        (0, "192.0.2.5"), (0, "192.0.2.5"), (1, "192.0.2.6"),
    ]  # fmt: skip


async def test_a_use_that_cannot_be_noted_is_answered_and_the_next_one_is_noted(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_room(*_what: object, **_more: object) -> None:
        cause = sqlite3.OperationalError("database or disk is full")
        cause.sqlite_errorcode = 13
        raise OperationalError("UPDATE", {}, cause)

    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    made, noted = await _made(house), list[ApiKey]()
    async with _with(house, made, "192.0.2.5") as client:
        for _use in range(2):
            with monkeypatch.context() as full:
                if not noted:
                    full.setattr(api_keys, "note_use", no_room)
                assert (await client.get("/needs")).status_code == 200
            noted += await house.rows(select(ApiKey))
    assert [row.last_used_from for row in noted] == [None, "192.0.2.5"]
