"""Signing in by password, and what becomes of the session."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pyotp
import pytest
import time_machine
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update

from app.accounts import audit_service, passwords, second_factor
from app.accounts.audit import Origin
from app.accounts.key_ring import KeyRing
from app.accounts.permissions import Action
from app.accounts.rules import Role, local_operator
from app.accounts.session_queries import hold_person
from app.accounts.tables import Person, RefreshToken, RoleGrant, SignInSession
from app.kernel.database import Sessions, transaction
from app.kernel.paging import encode_cursor
from app.kernel.tables import IdempotencyRecord
from tests.accounts.signing import CHEAP, PASSWORD, Installation, installed

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch)


async def _told(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["detail"], answer.headers.get("www-authenticate", "")


async def test_a_password_gives_a_session_with_the_roles_in_force(house: Installation) -> None:
    person = await house.person("wang.fang", (Role.COORDINATOR, "230100"), (Role.AUDITOR, ""))
    answer = await house.sign_in("ＷＡＮＧ.Fang")
    tokens = answer.json()
    assert (answer.status_code, tokens["token_type"], tokens["expires_in"]) == (200, "bearer", 600)
    async with house.client(Authorization=f"Bearer {tokens['access_token']}") as client:
        me = (await client.get("/auth/me")).json()
        assert (await client.get("/products")).status_code == 200
        assert (await client.get("/people")).status_code == 403
    assert (me["login"], me["name"], me["via"]) == ("wang.fang", "王芳", "token")
    assert [(role["role"], role["scope"]) for role in me["roles"]] == [
        ("auditor", ""), ("coordinator", "230100"),
    ]  # fmt: skip
    [event] = await house.trail(Action.SIGN_IN)
    assert (event.actor, event.person_id, event.address) == ("wang.fang", person, "198.51.100.7")


async def test_a_role_counts_from_its_first_to_its_last_day_in_shanghai(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = installed(sessions, monkeypatch, viewer_cache_seconds=60)
    await house.person("wang.fang", (Role.AUDITOR, ""))
    today = NOW.date()
    await house.change(update(RoleGrant).values(since=today, until=today))
    midnight = datetime(2023, 11, 14, 16, tzinfo=UTC)
    seconds = timedelta(seconds=1)
    with time_machine.travel(midnight - seconds, tick=False) as clock:
        async with await house.signed_in() as client:
            roles = []
            for instant in (-seconds, seconds, timedelta(days=1, seconds=-1), timedelta(days=1)):
                clock.move_to(midnight + instant)
                tokens = (await house.sign_in()).json()
                client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
                roles.append(len((await client.get("/auth/me")).json()["roles"]))
    assert roles == [0, 1, 1, 0]


class Counting(PasswordHash):
    """Counts what is verified."""

    verified = 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        self.verified += 1
        return super().verify(password, hash)


async def test_whatever_is_wrong_is_refused_in_the_same_words_for_the_same_work(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(CHEAP.hashers)
    monkeypatch.setattr(passwords, "HASHER", counting)
    await house.person()
    await house.person("no.password", password=None)
    await house.person("disabled")
    await house.change(update(Person).where(Person.login == "disabled").values(disabled_at=NOW))
    told = [
        await _told(await house.sign_in(login, password, address=f"198.51.100.{at}"))
        for at, (login, password) in enumerate(
            [
                ("wang.fang", "wrong"),
                ("wang.fang", "x" * 5_000),
                ("nobody.here", PASSWORD),
                ("no.password", "the password of nobody"),
                ("disabled", PASSWORD),
                ("w\N{CYRILLIC SMALL LETTER A}ng.fang", PASSWORD),
                ("wang.fang\r\nX-Injected: 1", PASSWORD),
                ("wang.fang\0", PASSWORD),
            ]
        )
    ]
    assert set(told) == {(401, "Login, password or code is wrong, or the account cannot be used.", "Bearer")}
    assert counting.verified == len(told)
    failures = await house.trail("sign_in_failed")
    assert [event.subject.partition(":")[0] for event in failures] == [
        "wang.fang", "wang.fang", "unknown", "no.password", "disabled", "unknown", "unknown", "unknown",
    ]  # fmt: skip
    assert all("nobody.here" not in str(event.subject) + str(event.detail) for event in failures)
    assert await house.trail(Action.SIGN_IN) == []


async def test_what_signing_in_needs_is_named_and_never_repeated(house: Installation) -> None:
    async with house.client() as client:
        for form, where in (
            ({"grant_type": "password", "username": "wang.fang"}, ["password"]),
            ({"grant_type": "refresh_token"}, ["refresh_token"]),
            ({"grant_type": "client_credentials"}, ["grant_type"]),
            ({}, ["username", "password"]),
        ):
            answer = await client.post("/auth/token", data=form)
            assert answer.status_code == 422
            assert [fault["where"] for fault in answer.json()["errors"]] == where
        oversized = await client.post("/auth/token", data={"username": "a", "password": "x" * 70_000})
        assert oversized.status_code == 413
        keyed = await client.post("/auth/token", data={}, headers={"Idempotency-Key": "k"})
        assert keyed.json()["errors"][0]["where"] == "header.Idempotency-Key"


async def test_a_device_is_shown_without_what_does_not_print(house: Installation) -> None:
    await house.person()
    async with house.client(User_Agent="Fire\x07fox\t\x1b[31m" + "x" * 300) as client:
        form = {"grant_type": "password", "username": "wang.fang", "password": PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        [own] = (await client.get("/auth/sessions")).json()["items"]
    assert own["device"].isprintable()
    assert (len(own["device"]), own["address"], own["is_this"]) == (200, "198.51.100.7", True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic d2FuZzp4"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": f"Bearer {jwt.encode({'sub': '1'}, '', algorithm='none')}"},
        {"Authorization": "Bearer " + "x" * 20_000},
        {"Authorization": "Bearer rq_000000000000_" + "A" * 43},
        {"X-API-Key": "rq_000000000000_" + "A" * 43},
        {"X-API-Key": "secret"},
        {"Cookie": "rongqiao=abc"},
    ],
)
async def test_what_shows_nobody_is_refused_in_the_same_words(
    house: Installation, headers: dict[str, str]
) -> None:
    async with house.client() as client:
        told = await _told(await client.get("/auth/me", headers=headers))
    wanted = "Sign in: nothing that was sent shows who you are, or it no longer holds."
    assert told == (401, wanted, "Bearer")


async def test_a_hundred_sign_ins_at_once_all_succeed_now_or_when_they_are_told_to_come_again(
    house: Installation,
) -> None:
    await house.person()

    async def sign_in() -> httpx.Response:
        while (answer := await house.sign_in()).status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            await asyncio.sleep(0.2)
        return answer

    answers = await asyncio.gather(*(sign_in() for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 100
    assert len(await house.rows(select(SignInSession))) == 100


async def test_of_many_uses_of_a_refresh_token_at_once_one_wins_and_the_others_are_told(
    house: Installation,
) -> None:
    await house.person()
    token = (await house.sign_in()).json()["refresh_token"]
    # At one instant: what lies within the same second is a race, however slow the machine.
    with time_machine.travel(datetime.now(UTC), tick=False):
        answers = await asyncio.gather(*(house.refresh(token) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"refresh_raced"}
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(await house.rows(select(RefreshToken))) == 2
    assert (await house.refresh(winner["refresh_token"])).status_code == 200


async def test_using_a_refresh_token_again_ends_the_session_and_is_on_record(house: Installation) -> None:
    person = await house.person()
    other = await house.signed_in()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        first = (await house.sign_in()).json()
        second = (await house.refresh(first["refresh_token"])).json()
        clock.shift(1.5)
        again = await house.refresh(first["refresh_token"])
        later = await house.refresh(second["refresh_token"])
        async with house.client(Authorization=f"Bearer {second['access_token']}") as client:
            assert (await client.get("/auth/me")).status_code == 401
        assert (await other.get("/auth/me")).status_code == 200
    assert await _told(again) == await _told(later) == await _told(await house.refresh("x" * 43))
    assert again.status_code == 401
    [event] = await house.trail("refresh_token_reused")
    assert (event.detail, event.person_id) == ({"ended": True, "person": person}, None)


async def test_a_session_ends_with_its_hours_however_often_it_is_refreshed(house: Installation) -> None:
    await house.person()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        tokens = (await house.sign_in()).json()
        clock.shift(timedelta(hours=11, minutes=55))
        tokens = (await house.refresh(tokens["refresh_token"])).json()
        assert tokens["expires_in"] == 300
        clock.shift(timedelta(minutes=5))
        assert (await house.refresh(tokens["refresh_token"])).status_code == 401
        await house.sign_in()  # and what was of it is gone
        assert len(await house.rows(select(RefreshToken))) == 1


@pytest.mark.parametrize("way", ["sign-out", "sign-out-everywhere", "delete", "disabled"])
async def test_what_ends_a_session_ends_its_tokens_at_once(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    house = installed(sessions, monkeypatch, viewer_cache_seconds=0 if way == "disabled" else 60)
    await house.person()
    tokens = (await house.sign_in()).json()
    async with house.client(Authorization=f"Bearer {tokens['access_token']}") as client:
        [own] = (await client.get("/auth/sessions")).json()["items"]
        if way == "disabled":
            await house.change(update(Person).values(disabled_at=NOW))
        elif way == "delete":
            assert (await client.delete(f"/auth/sessions/{own['id']}")).status_code == 204
        else:
            assert (await client.post(f"/auth/{way}")).status_code in {200, 204}
        assert (await client.get("/auth/me")).status_code == 401
    assert (await house.refresh(tokens["refresh_token"])).status_code == 401


async def test_nobody_ends_or_sees_the_session_of_another(house: Installation) -> None:
    await house.person("wang.fang")
    await house.person("li.lei")
    async with await house.signed_in("wang.fang") as hers, await house.signed_in("li.lei") as his:
        [own] = (await hers.get("/auth/sessions")).json()["items"]
        missing = await his.delete(f"/auth/sessions/{'0' * 32}")
        foreign = await his.delete(f"/auth/sessions/{own['id']}")
        assert await _told(foreign) == await _told(missing)
        assert foreign.status_code == 404
        assert own["id"] not in (await his.get("/auth/sessions")).text
        assert (await hers.get("/auth/me")).status_code == 200


async def test_sessions_are_listed_page_by_page(house: Installation) -> None:
    await house.person()
    for _ in range(4):
        await house.sign_in()
    seen, cursor = [], None
    async with await house.signed_in() as client:
        for _ in range(3):
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/auth/sessions", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        for instant in ("x", "2023-11-15", "2023-11-15T00:00:00", "0001-01-01T00:00:00+23:59"):
            crooked = await client.get("/auth/sessions", params={"cursor": encode_cursor(instant, "0")})
            assert (crooked.status_code, crooked.json()["errors"][0]["where"]) == (422, "cursor")
    assert (len(seen), len(set(seen)), cursor) == (5, 5, None)


async def test_another_password_needs_the_old_one_and_ends_the_other_sessions(house: Installation) -> None:
    await house.person()
    other = await house.signed_in()
    new = "紫砂壶 osterglocke 12"
    async with await house.signed_in() as client:
        for body, where in (
            ({"old": "wrong", "new": new}, "old"),
            ({"old": PASSWORD, "new": "Password123!"}, "new"),
            ({"old": PASSWORD, "new": "wang.fang und mehr"}, "new"),
        ):
            refused = await client.post("/auth/password", json=body)
            assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, where)
            assert body["new"] not in refused.text
        assert (await client.post("/auth/password", json={"old": PASSWORD, "new": new})).status_code == 204
        assert (await client.get("/auth/me")).status_code == 200
    assert (await other.get("/auth/me")).status_code == 401
    assert (await house.sign_in()).status_code == 401
    assert (await house.sign_in(password=new)).status_code == 200


async def test_of_two_new_passwords_at_once_one_is_stored(house: Installation) -> None:
    await house.person()
    news = [f"紫砂壶 osterglocke {at}" for at in (12, 13)]
    async with await house.signed_in() as client:
        answers = await asyncio.gather(
            *(client.post("/auth/password", json={"old": PASSWORD, "new": new}) for new in news)
        )
        told = [answer.status_code for answer in answers]
    assert 204 in told
    assert set(told) <= {204, 409, 422}
    works = [(await house.sign_in(password=new)).status_code == 200 for new in news]
    assert works == [status == 204 for status in told]


async def test_no_answer_with_a_secret_is_kept(house: Installation) -> None:
    await house.person("wang.fang", (Role.AUDITOR, ""))
    async with await house.signed_in() as client:
        body = {"name": "x", "role": "auditor", "days": 1}
        refused = await client.post("/api-keys", json=body, headers={"Idempotency-Key": "k"})
        assert refused.json()["errors"][0]["where"] == "header.Idempotency-Key"
        assert (await client.post("/api-keys", json=body)).status_code == 201
    assert await house.rows(select(IdempotencyRecord)) == []


async def test_a_password_hashed_with_parameters_of_the_past_is_hashed_anew(house: Installation) -> None:
    person = await house.person()
    older = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=16, parallelism=1),)).hash(PASSWORD)
    await house.change(update(Person).values(password_hash=older))
    assert (await house.sign_in()).status_code == 200
    [stored] = await house.rows(select(Person.password_hash).where(Person.id == person))
    assert "m=8," in stored
    assert (await house.sign_in()).status_code == 200


def _code(secret: str) -> str:
    return pyotp.TOTP(secret).at(datetime.now(UTC))


async def _enrolled(house: Installation, person_id: int) -> str:
    ring: KeyRing = house.app.state.gate.ring
    now = datetime.now(UTC) - timedelta(minutes=5)
    async with transaction(house.sessions) as session:
        audit_service.begin(session, Origin(local_operator("230000"), "test"))
        person = await hold_person(session, person_id)
        secret = (await second_factor.enrol(session, person, ring, now=now)).secret
    async with transaction(house.sessions) as session:
        audit_service.begin(session, Origin(local_operator("230000"), "test"))
        person = await hold_person(session, person_id)
        code = pyotp.TOTP(secret).at(now)
        assert await second_factor.confirm(session, person, code, ring, now=now) is not None
    return secret


async def test_a_second_factor_in_force_is_asked_for_and_its_code_works_once(house: Installation) -> None:
    secret = await _enrolled(house, await house.person("wang.fang", (Role.AUDITOR, "")))
    with time_machine.travel(datetime.now(UTC), tick=False):
        without = await house.sign_in()
        wrong = await house.sign_in(totp="000000" if _code(secret) != "000000" else "111111")
        assert (
            await _told(without) == await _told(wrong) == await _told(await house.sign_in("wang.fang", "x"))
        )
        answers = await asyncio.gather(*(house.sign_in(totp=_code(secret)) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    [tokens] = [answer.json() for answer in answers if answer.status_code == 200]
    async with house.client(Authorization=f"Bearer {tokens['access_token']}") as client:
        me = (await client.get("/auth/me")).json()
        [own] = (await client.get("/auth/sessions")).json()["items"]
    assert ([role["role"] for role in me["roles"]], own["has_second_factor"]) == (["auditor"], True)
    wrongs = [event.detail["wrong"] for event in await house.trail("sign_in_failed")]
    assert wrongs == ["second factor"] * 2 + ["password"] + ["second factor"] * 2


async def test_codes_cannot_be_guessed_by_who_knows_the_password(house: Installation) -> None:
    secret = await _enrolled(house, await house.person())
    with time_machine.travel(datetime.now(UTC), tick=False):
        answers = await asyncio.gather(*(house.sign_in(totp="12345x") for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7
        assert (await house.sign_in(totp=_code(secret))).status_code == 429


async def test_a_role_that_needs_a_second_factor_is_not_there_without_one(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = installed(sessions, monkeypatch, second_factor_roles="coordinator,auditor")
    person = await house.person("wang.fang", (Role.AUDITOR, ""))
    async with await house.signed_in() as client:
        me = (await client.get("/auth/me")).json()
        assert (me["roles"], me["lacks_second_factor"]) == ([], True)
        assert (await client.get("/audit/events")).status_code == 403
        key = {"name": "x", "role": "auditor", "days": 1}
        assert (await client.post("/api-keys", json=key)).status_code == 422
    secret = await _enrolled(house, person)
    tokens = (await house.sign_in(totp=_code(secret))).json()
    async with house.client(Authorization=f"Bearer {tokens['access_token']}") as client:
        assert (await client.get("/audit/events")).status_code == 200


async def test_what_is_malformed_is_named_and_no_secret_is_repeated(house: Installation) -> None:
    await house.person()
    async with await house.signed_in() as client:
        answer = await client.post("/auth/password", json={"old": "y" * 201, "new": ["z"], "more": 1})
    assert [fault["where"] for fault in answer.json()["errors"]] == ["old", "new", "more"]
    assert "yyy" not in answer.text
