"""A cookie proves who signed in until it ends; what changes something proves that our page sent it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import select

from app.accounts import page_session_queries, page_sessions
from app.accounts.csrf import csrf_token
from app.accounts.key_ring import KeyRing, key_ring
from app.accounts.page_sessions import IDLE, Visitor
from app.accounts.tables import SignInSession
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.problems import install_problem_handlers
from app.kernel.settings import Settings
from tests.accounts.people import a_person

SETTINGS = Settings(session_hours=2)
VISITOR = Visitor("127.0.0.1", "a browser")


async def signed_in(session: AsyncSession, now: datetime, login: str = "wang.fang") -> str:
    person = await a_person(session, now, login)
    return await page_sessions.begin(
        session, person.id, VISITOR, settings=SETTINGS, has_second_factor=False, now=now
    )


async def known(session: AsyncSession, value: str | None, now: datetime) -> SignInSession | None:
    session.expire_all()
    return await page_sessions.recognised(session, value, now=now)


async def test_a_session_ends_when_idle_and_when_its_time_is_over(
    session: AsyncSession, now: datetime
) -> None:
    value = await signed_in(session, now)
    found = await known(session, value, now + IDLE)
    assert found is not None
    assert await known(session, value, now + IDLE + timedelta(seconds=1)) is None
    later = now + timedelta(hours=2)
    await page_session_queries.touch(session, found.id, later - timedelta(minutes=1))
    assert await known(session, value, later - timedelta(seconds=1)) is not None
    assert await known(session, value, later) is None


async def test_a_cookie_is_random_kept_hashed_and_replaced_when_it_comes_to_mean_more(
    session: AsyncSession, now: datetime
) -> None:
    first, second = await signed_in(session, now), await signed_in(session, now, "li.na")
    assert len({first, second}) == 2
    assert len(first) >= 43, "256 bits in base64"
    found = await known(session, first, now)
    assert found is not None
    assert first not in str(vars(found))
    renewed = await page_sessions.renew(session, found.id, found.person_id)
    assert await known(session, first, now) is None
    again = await known(session, renewed, now)
    assert again is not None
    assert (again.id, again.has_second_factor) == (found.id, True)
    fresh = await page_sessions.begin(
        session,
        found.person_id,
        VISITOR,
        settings=SETTINGS,
        has_second_factor=False,
        replaces=renewed,
        now=now,
    )
    assert await known(session, renewed, now) is None, "the session that the browser had before has ended"
    assert await known(session, fresh, now) is not None


@pytest.mark.parametrize("value", [None, "", "x", "é" * 40, "x" * 5_000])
async def test_an_invented_cookie_is_nobodys(session: AsyncSession, now: datetime, value: str | None) -> None:
    await signed_in(session, now)
    assert await known(session, value, now) is None


async def test_a_disabled_persons_cookie_is_nobodys(session: AsyncSession, now: datetime) -> None:
    person = await a_person(session, now)
    value = await page_sessions.begin(
        session, person.id, VISITOR, settings=SETTINGS, has_second_factor=True, now=now
    )
    person.disabled_at = now
    await session.flush()
    assert await known(session, value, now) is None


@pytest.mark.parametrize(
    ("public_url", "name", "is_secure"),
    [("https://rongqiao.example.gov.cn", "__Host-rongqiao", True), ("", "rongqiao", False)],
)
def test_the_cookie_is_kept_from_scripts_other_sites_and_other_hosts(
    public_url: str, name: str, *, is_secure: bool
) -> None:
    settings, response = Settings(public_url=public_url), Response()
    page_sessions.set_cookie(response, settings, "value")
    parts = response.headers["set-cookie"].split("; ")
    assert parts[0] == f"{name}=value"
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(parts)
    assert ("Secure" in parts) is is_secure
    assert not any(part.lower().startswith(("domain", "max-age", "expires")) for part in parts)


@pytest.fixture
async def door(sessions: Sessions, now: datetime) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service that says whose session a request comes with."""
    app = FastAPI()
    app.state.sessions = sessions
    install_problem_handlers(app)

    @app.api_route("/", methods=["GET", "POST", "DELETE"])
    async def whose(request: Request, minutes: int = 0) -> dict[str, Any]:
        async with transaction(sessions, writes=request.method != "GET") as session:
            found = await page_sessions.admitted(
                request, session, settings=SETTINGS, now=now + timedelta(minutes=minutes)
            )
        return {"session": found and found.id}

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_a_change_by_cookie_proves_that_a_page_of_its_session_sent_it(
    door: httpx.AsyncClient, sessions: Sessions, now: datetime
) -> None:
    async with transaction(sessions) as session:
        mine, other = await signed_in(session, now), await signed_in(session, now, "li.na")
    door.cookies.set("rongqiao", mine)
    ring = key_ring(SETTINGS)
    async with transaction(sessions, writes=False) as session:
        found = [await page_sessions.recognised(session, value, now=now) for value in (mine, other)]
    token, others_token = [csrf_token(ring, each.id) for each in found if each]

    assert (await door.get("/")).json()["session"] is not None
    sent: list[tuple[dict[str, Any], int]] = [
        ({"headers": {"X-CSRF-Token": token}}, 200),
        ({"data": {"csrf": token, "name": "王芳"}}, 200),
        ({}, 403),
        ({"headers": {"X-CSRF-Token": ""}}, 403),
        ({"headers": {"X-CSRF-Token": token[:-1]}}, 403),
        ({"headers": {"X-CSRF-Token": others_token}}, 403),
        ({"headers": {"X-CSRF-Token": others_token}, "data": {"csrf": token}}, 403),
        ({"data": {"csrf": others_token}}, 403),
        ({"data": {"csrf": [others_token, token]}}, 403),
        ({"json": {"csrf": token}}, 403),
        ({"params": {"csrf": token}}, 403),
        ({"files": {"csrf": (None, token)}}, 200),
        ({"files": [("roster", ("a.xlsx", b"PK")), ("csrf", (None, token))]}, 403),
        (
            {"headers": {"X-CSRF-Token": csrf_token(KeyRing(("other",)), found[0].id if found[0] else "")}},
            403,
        ),
    ]
    for method in ("POST", "DELETE"):
        told = [(await door.request(method, "/", **each)).status_code for each, _status in sent]
        assert told == [status for _each, status in sent]
    door.cookies.clear()
    assert (await door.post("/")).json() == {"session": None}


async def test_a_session_that_is_used_stays_and_looking_never_waits_for_writers(
    door: httpx.AsyncClient, sessions: Sessions, now: datetime
) -> None:
    async with transaction(sessions) as session:
        value = await signed_in(session, now)
    door.cookies.set("rongqiao", value)
    for minutes in (20, 40, 60):
        assert (await door.get("/", params={"minutes": minutes})).json()["session"] is not None
    async with transaction(sessions, writes=False) as session:
        used = (await session.execute(select(SignInSession.last_used_at))).scalar_one()
    assert used == now + timedelta(minutes=60)
    assert (await door.get("/", params={"minutes": 91})).json()["session"] is None
