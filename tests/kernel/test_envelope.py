"""What holds for every request before a route is asked: hosts, origins, headers, bounds, one line in the log."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import time_machine
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import func, select
from starlette.middleware import Middleware
from structlog.testing import capture_logs

from app.accounts.door import OpenDoor
from app.accounts.permissions import Action, does
from app.accounts.rules import Grant, Role, Viewer, anonymous, local_operator
from app.kernel import bodies
from app.kernel.clock import utc_now
from app.kernel.database import IntegrityError, Sessions, make_engine, make_sessions, transaction
from app.kernel.envelope import Bounds, RequestEnvelope
from app.kernel.errors import Unauthenticated
from app.kernel.limits import RateLimit
from app.kernel.problems import install_problem_handlers
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.main import _middleware, create_app
from app.visibility.service import narrow
from tests.accounts.test_start_checks import SAFE
from tests.databases import Databases

PUBLIC = Settings(**SAFE)
SHARED = Settings(cors_origins="https://partner.example.org, https://Other.example.org/")
NOON = datetime(2023, 11, 15, 4, 0, tzinfo=UTC)
ADA = Viewer("Ada", "230000", (Grant(Role.COORDINATOR, "230000"),), person=1)
BOB = Viewer("Bob", "230000", (Grant(Role.COORDINATOR, "230000"),), person=2)
router = APIRouter(route_class=TransactionRoute, prefix="/api/v1")


@router.get("/things/{key}", openapi_extra=does(Action.SIGN_IN))
async def show(key: str, request: Request) -> dict[str, Any]:
    return {"address": request.state.address, "cookie": request.headers.get("cookie"), "key": key}


@router.post("/things", openapi_extra=does(Action.SIGN_IN))
async def make(request: Request, session: SessionDep) -> dict[str, Any]:
    assert session.in_transaction()
    return {"size": len(await request.body())}


@router.post("/slow", openapi_extra=does(Action.SIGN_IN))
async def slow(session: SessionDep) -> None:
    session.add(_row("slow"))
    await session.flush()
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_sleep(60)))
    await asyncio.sleep(60)


def _row(key: str) -> IdempotencyRecord:
    return IdempotencyRecord(
        viewer_key="test", key=key, route="/", request_hash="", status=0, media_type="", etag=None,
        location=None, body=b"", created_at=utc_now(),
    )  # fmt: skip


@router.get("/clash", openapi_extra=does(Action.SIGN_IN))
async def clash() -> None:
    msg = "duplicate key: Key (login)=(zhang.wei@example.org) already exists"
    raise IntegrityError("INSERT INTO persons", {"password": "hunter2"}, ValueError(msg))


@pytest.fixture(scope="module")
def own_database() -> Databases:
    """One database is enough for what is decided before any is asked."""
    return Databases(None)


@pytest.fixture
async def sessions(own_database: Databases) -> AsyncIterator[Sessions]:
    engine = make_engine(own_database.fresh())
    yield make_sessions(engine)
    await engine.dispose()


class TokenDoor(OpenDoor):
    """Believes who says `Bearer NAME`, whatever the cost of finding out."""

    async def admit(self, request: Request, session: SessionDep, marks: Any) -> str:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token == "forged":  # noqa: S105 - no secret
            raise Unauthenticated("This token does not hold.")
        self.viewer = {"ada": ADA, "bob": BOB}.get(token, anonymous("230000"))
        return await super().admit(request, session, marks)


def served(settings: Settings, sessions: Sessions, **client: Any) -> httpx.AsyncClient:
    app = FastAPI(middleware=_middleware(settings, counts_strangers=True))
    app.state.settings, app.state.sessions = settings, sessions
    app.state.door = TokenDoor(local_operator("230000"), narrow)
    app.state.request_limit = RateLimit("requests", settings.requests_per_minute)
    install_problem_handlers(app)
    app.include_router(router)
    transport = httpx.ASGITransport(
        app, raise_app_exceptions=False, client=client.pop("peer", ("192.0.2.1", 9))
    )
    return httpx.AsyncClient(
        transport=transport, base_url=client.pop("base_url", "http://127.0.0.1"), **client
    )


async def test_production_answers_to_its_public_name_and_its_own_pages_alone(sessions: Sessions) -> None:
    own = "https://rongqiao.example.gov.cn"
    async with served(PUBLIC, sessions, base_url=own) as client:
        told = [
            (await client.post("/api/v1/things", headers=headers)).status_code
            for headers in (
                {}, {"Origin": own}, {"Origin": "http://rongqiao.example.gov.cn"}, {"Origin": own + ":8443"},
                {"Origin": "null"}, {"Host": "127.0.0.1"}, {"Host": "rongqiao.example.gov.cn.evil.example"},
                {"Host": "rongqiao.example.gov.cn:443"}, {"Host": ""}, {"Host": "evil@rongqiao.example.gov.cn"},
                {"Host": "rongqiao.example.gov.cn/evil"}, {"Host": "rongqiao.example.gov.cn:x"},
                [("Host", "rongqiao.example.gov.cn"), ("Host", "evil.example")],
            )
        ]  # fmt: skip
    assert told == [200, 200, 403, 403, 403, 403, 403, 200, *[403] * 5]


async def test_browsers_are_bound_and_https_stays_https(sessions: Sessions) -> None:
    async with served(PUBLIC, sessions, base_url=PUBLIC.public_url) as client:
        public = (await client.get("/api/v1/things/a")).headers
    async with served(Settings(), sessions) as client:
        plain = (await client.get("/api/v1/things/a")).headers
    assert public["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in plain
    for headers in (public, plain):
        assert (
            headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
        )
        assert "geolocation=()" in headers["permissions-policy"]
        assert not [name for name in headers if name.startswith("access-control-")]


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, if-match",
}


@pytest.mark.parametrize("origin", ["https://partner.example.org", "https://other.example.org"])
async def test_a_named_origin_may_call_the_api_without_cookies(sessions: Sessions, origin: str) -> None:
    async with served(SHARED, sessions) as client:
        asked = await client.options("/api/v1/things", headers=PREFLIGHT | {"Origin": origin})
        answer = await client.get("/api/v1/things/a", headers={"Origin": origin, "Cookie": "session=stolen"})
        posted = await client.post("/api/v1/things", headers={"Origin": origin})
    assert asked.status_code == 200
    assert {"POST", "PATCH"} <= set(asked.headers["access-control-allow-methods"].split(", "))
    assert "if-match" in asked.headers["access-control-allow-headers"].lower()
    for headers in (asked.headers, answer.headers):
        assert headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in headers
    assert (answer.json()["cookie"], posted.status_code) == (None, 200)
    assert "ETag" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://partner.example.org.evil.example",
        "http://partner.example.org",
        "null",
        "https://evil.example",
    ],
)
async def test_no_other_origin_may(sessions: Sessions, origin: str) -> None:
    for settings in (SHARED, Settings()):
        async with served(settings, sessions) as client:
            asked = await client.options("/api/v1/things", headers=PREFLIGHT | {"Origin": origin})
            posted = await client.post("/api/v1/things", headers={"Origin": origin})
            shown = await client.get("/api/v1/things/a", headers={"Origin": origin})
        assert (asked.status_code in {400, 405}, posted.status_code) == (True, 403)
        for answer in (asked, posted, shown):
            assert "access-control-allow-origin" not in answer.headers


async def test_the_client_behind_our_proxies_is_who_the_outermost_of_them_saw(sessions: Sessions) -> None:
    headers = {"X-Forwarded-For": "203.0.113.66, 198.51.100.7"}
    told = []
    for proxies in (0, 1):
        async with served(Settings(trusted_proxies=proxies), sessions, headers=headers) as client:
            told.append((await client.get("/api/v1/things/a")).json()["address"])
    assert told == ["192.0.2.1", "198.51.100.7"]


@time_machine.travel(NOON, tick=False)
async def test_too_many_requests_are_told_when_to_come_again_each_person_for_himself(
    sessions: Sessions,
) -> None:
    async with served(Settings(requests_per_minute=3), sessions) as client:

        async def ask(token: str | None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.get("/api/v1/things/a", headers=headers)

        assert [(await ask("ada")).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert [(await ask("bob")).status_code for _ in range(2)] == [200, 200]
        # Forged tokens and strangers share their address's count; who is signed in there does not pay for it.
        told = [(await ask(token)).status_code for token in ("forged", None, "forged", "forged", None, "bob")]
        refused = await ask(None)
    assert told == [401, 200, 401, 429, 429, 200]
    assert (refused.json()["code"], refused.headers["content-type"]) == (
        "too_many",
        "application/problem+json",
    )
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["x-request-id"] == refused.json()["request_id"]


@time_machine.travel(NOON, tick=False)
async def test_addresses_are_counted_each_for_itself(sessions: Sessions) -> None:
    settings, told = Settings(requests_per_minute=1, trusted_proxies=1), []
    async with served(settings, sessions) as client:
        for address in ("198.51.100.7", "198.51.100.7", "198.51.100.8", "2001:db8::1", "2001:db8::2"):
            answer = await client.get("/api/v1/things/a", headers={"X-Forwarded-For": address})
            told.append(answer.status_code)
    assert told == [200, 429, 200, 200, 429]


async def test_made_up_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kernel.limits.MOST_SENDERS", 50)
    limit = RateLimit("requests", 5)
    for number in range(500):
        limit.count(f"address:{number}")
    assert len(limit) <= 51


async def test_a_request_that_takes_too_long_is_stopped_and_its_transaction_taken_back(
    databases: Databases,
) -> None:
    engine = make_engine(databases.fresh())
    settings = Settings.model_construct(**(Settings().model_dump() | {"request_seconds": 0.2}))
    async with served(settings, make_sessions(engine)) as client:
        answer = await client.post("/api/v1/slow")
    async with served(Settings(), make_sessions(engine)) as client:
        after = await client.post("/api/v1/things")  # the pen is free again
    async with transaction(make_sessions(engine)) as session:
        left = (await session.execute(select(func.count(IdempotencyRecord.key)))).scalar_one()
    await engine.dispose()
    assert (answer.status_code, answer.json()["code"], after.status_code, left) == (503, "timed_out", 200, 0)


async def test_a_body_is_bounded_however_it_is_sent(sessions: Sessions) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10

    async with served(Settings(max_upload_bytes=100), sessions) as client:
        whole = await client.post("/api/v1/things", content=b"x" * 100)
        declared = await client.post("/api/v1/things", content=b"", headers={"Content-Length": "101"})
        chunked = await client.post("/api/v1/things", content=drops())
    assert (whole.json(), declared.status_code, chunked.status_code) == ({"size": 100}, 413, 413)


async def test_strangers_send_little_and_all_bodies_together_fit_the_memory(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kernel.envelope.MOST_STRANGER_BYTES", 50)
    monkeypatch.setattr("app.kernel.envelope.BODIES_AT_ONCE", 2)
    held, go_on, content = asyncio.Event(), asyncio.Event(), b"x" * 90

    async def holds() -> AsyncIterator[bytes]:
        yield content
        held.set()
        await go_on.wait()

    ada = {"Authorization": "Bearer ada"}
    async with served(Settings(max_upload_bytes=100), sessions) as client:
        stranger = await client.post("/api/v1/things", content=content)
        first = asyncio.create_task(client.post("/api/v1/things", content=holds(), headers=ada))
        await held.wait()
        second = await client.post("/api/v1/things", content=content, headers=ada)
        held.clear()
        other = asyncio.create_task(client.post("/api/v1/things", content=holds(), headers=ada))
        await held.wait()
        third = await client.post("/api/v1/things", content=content, headers=ada)
        go_on.set()
        done = [(await each).status_code for each in (first, other)]
        after = await client.post("/api/v1/things", content=content, headers=ada)
    assert (stranger.status_code, second.status_code, third.status_code) == (413, 200, 503)
    assert (third.json()["code"], third.headers["retry-after"]) == ("busy", "5")
    assert (done, after.status_code) == ([200, 200], 200)


async def test_a_body_that_does_not_come_is_not_waited_for(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PAUSE_SECONDS", 0.05)

    async def stalls() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with served(Settings(), sessions) as client:
        answer = await client.post("/api/v1/things", content=stalls())
    assert (answer.status_code, answer.json()["code"]) == (408, "slow_body")


@pytest.mark.parametrize(
    ("parts", "status"), [(900, 422), (1_001, 400)], ids=["many parts", "too many parts"]
)
async def test_a_form_has_no_more_parts_than_a_reader_needs(
    sessions: Sessions, parts: int, status: int
) -> None:
    form = "".join(f'--b\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\nx\r\n' for n in range(parts))
    app = create_app(Settings(), sessions, OpenDoor(local_operator("230000"), narrow))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await client.post("/api/v1/whitelist/imports", content=form + "--b--\r\n", headers=headers)
    assert answer.status_code == status


async def test_each_request_leaves_one_line_without_what_it_held(sessions: Sessions) -> None:
    path = "/api/v1/things/91230102MA72HD1TJW?login=zhang.wei@example.org&password=hunter2"
    headers = {"Authorization": "Bearer ada", "Cookie": "session=of-ada"}
    async with served(Settings(), sessions) as client:
        with capture_logs() as logged:
            answer = await client.get(path, headers=headers)
            await client.get("/api/v1/things/91230102MA72HD1TJW", headers={"Authorization": "Bearer forged"})
            await client.get("/nothing/91230102MA72HD1TJW")
            failed = await client.get("/api/v1/clash?login=zhang.wei@example.org", headers=headers)
    lines = [line for line in logged if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/api/v1/things/{key}", 200), ("GET", "/api/v1/things/{key}", 401), ("GET", "", 404),
        ("GET", "/api/v1/clash", 500),
    ]  # fmt: skip
    assert (lines[0]["viewer"], lines[1]["viewer"]) == (ADA.key, "")
    assert (answer.status_code, failed.status_code) == (200, 500)
    told = json.dumps(logged, default=str)
    assert "IntegrityError" in told
    for word in ("91230102MA72HD1TJW", "zhang.wei", "hunter2", "Bearer", "of-ada", "already exists"):
        assert word not in told + failed.text


async def test_an_answer_that_breaks_off_is_logged_without_what_broke_it() -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        msg = "hunter2"
        raise RuntimeError(msg)

    app = RequestEnvelope(breaks, Bounds.of(Settings(), counts_strangers=False))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        with capture_logs() as logged, pytest.raises(ConnectionAbortedError) as broken:
            await client.get("/")
    assert [line["event"] for line in logged] == ["unexpected_error", "request"]
    assert "hunter2" not in json.dumps(logged, default=str) + str(broken.value) + str(broken.value.__cause__)


def test_the_envelope_is_outermost() -> None:
    wraps: list[Middleware] = create_app(SHARED).user_middleware
    assert str(wraps[0].cls) == str(RequestEnvelope)
