"""What holds for every request: one transaction, one answer a key, one form of refusal."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI, Response
from sqlalchemy import func, select
from structlog.testing import capture_logs

from app.accounts.door import OpenDoor
from app.accounts.permissions import Action, does
from app.accounts.rules import local_operator
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict
from app.kernel.problems import install_problem_handlers
from app.kernel.requests import IfMatch, SessionDep, TransactionRoute, check_if_match
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.visibility.service import narrow
from tests.apps import create_app

router = APIRouter(route_class=TransactionRoute)


def _row(key: str) -> IdempotencyRecord:
    return IdempotencyRecord(
        viewer_key="test", key=key, route="/", request_hash="", status=200, media_type="", etag=None,
        location=None, body=b"", created_at=utc_now(),
    )  # fmt: skip


@router.post("/things/{key}", status_code=201, openapi_extra=does(Action.STATE_NEEDS))
async def create(key: str, session: SessionDep, size: Annotated[int, Body(embed=True)]) -> dict[str, int]:
    session.add(_row(key))
    await session.flush()
    if size < 0:
        raise Conflict("negative")
    return {"size": size, "rows": await _count(session)}


@router.get("/broken", openapi_extra=does(Action.READ_CASES))
async def broken() -> None:
    msg = "secret 91230102MA72HD1TJW"
    raise RuntimeError(msg)


@router.put("/things/{key}", openapi_extra=does(Action.STATE_NEEDS))
async def change(key: str, session: SessionDep, if_match: IfMatch = None) -> Response:
    check_if_match(if_match, 7)
    return Response(status_code=204)


async def _count(session: SessionDep) -> int:
    return (
        await session.execute(select(func.count()).where(IdempotencyRecord.viewer_key == "test"))
    ).scalar_one()


@pytest.fixture
def things(sessions: Sessions) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.sessions, app.state.door = sessions, OpenDoor(local_operator("230000"), narrow)
    install_problem_handlers(app)
    app.include_router(router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_a_refused_request_leaves_nothing_behind(things: httpx.AsyncClient, sessions: Sessions) -> None:
    assert (await things.post("/things/a", json={"size": -1})).status_code == 409
    async with transaction(sessions, writes=False) as session:
        assert await _count(session) == 0


async def test_a_repeated_request_is_answered_once(things: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await things.post("/things/a", json={"size": 1}, headers=key)
    again = await things.post("/things/a", json={"size": 1}, headers=key)
    assert (first.status_code, first.json()) == (201, {"size": 1, "rows": 1})
    assert (again.status_code, again.json()) == (201, {"size": 1, "rows": 1})
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_key_used_with_another_body_is_refused_by_name(things: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    await things.post("/things/a", json={"size": 1}, headers=key)
    other = await things.post("/things/a", json={"size": 2}, headers=key)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["errors"][0]["where"] == "header.Idempotency-Key"


async def test_a_refused_request_may_use_its_key_again(things: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    assert (await things.post("/things/a", json={"size": -1}, headers=key)).status_code == 409
    assert (await things.post("/things/a", json={"size": 1}, headers=key)).status_code == 201


@pytest.mark.parametrize(("sent", "status"), [(None, 428), ('"6"', 412), ('"7"', 204)])
async def test_a_change_names_the_version_it_changes(
    things: httpx.AsyncClient, sent: str | None, status: int
) -> None:
    headers = {} if sent is None else {"If-Match": sent}
    assert (await things.put("/things/a", headers=headers)).status_code == status


async def test_wrong_types_are_named_by_their_path(things: httpx.AsyncClient) -> None:
    problem = (await things.post("/things/a", json={"size": "many"})).json()
    assert (problem["status"], problem["errors"][0]["where"]) == (422, "size")


async def test_an_unexpected_error_says_nothing_of_the_inside(things: httpx.AsyncClient) -> None:
    with capture_logs() as logged:
        answer = await things.get("/broken")
    assert (answer.status_code, [line["event"] for line in logged]) == (500, ["unexpected_error"])
    assert "91230102MA72HD1TJW" not in answer.text


async def test_a_body_that_is_too_large_is_refused(sessions: Sessions) -> None:
    app = create_app(Settings(max_upload_bytes=1_000), sessions)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post("/api/v1/matches/preview", content=b" " * 2_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
async def test_another_sites_page_cannot_act_as_the_operator(
    sessions: Sessions, headers: dict[str, str]
) -> None:
    transport = httpx.ASGITransport(create_app(Settings(), sessions))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post("/api/v1/whitelist/imports", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_site")


@pytest.fixture
async def browser(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks for pages, as a browser does."""
    app = create_app(Settings(), sessions, OpenDoor(local_operator("230000"), narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Accept": "text/html,*/*"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        yield client


async def test_a_slow_sender_keeps_no_other_writer_waiting(
    browser: httpx.AsyncClient, sessions: Sessions
) -> None:
    written = []

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        async with transaction(sessions) as session:  # would wait for the request, which waits for us
            session.add(_row("meanwhile"))
        written.append("meanwhile")
        yield b"}"

    answer = await browser.post("/api/v1/needs", content=body(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, written) == (422, ["meanwhile"])


async def test_a_body_that_cannot_be_read_says_why_and_how_to_mend_it(browser: httpx.AsyncClient) -> None:
    sent = ((b'{"size":', "application/json"), (b"{}", "text/plain"), (b'{"sise": 1}', "application/json"))
    told = []
    for content, media_type in sent:
        answer = await browser.post(
            "/api/v1/matches/preview", content=content, headers={"Content-Type": media_type}
        )
        told += [
            (answer.status_code, fault["where"], fault.get("remedy")) for fault in answer.json()["errors"]
        ]
    assert told[0] == (400, "body", "Send one JSON document in UTF-8.")
    assert told[1] == (422, "header.Content-Type", "Send Content-Type: application/json.")
    assert (422, "sise", "Correct the name, or leave it out.") in told
    assert (422, "amount", "Send it.") in told


async def test_a_browser_gets_a_page_whatever_happens(browser: httpx.AsyncClient) -> None:
    for path, status, shown in (
        ("/nothing", 404, "没有这个页面"),
        ("/coverage?month=%3Cb%3E", 422, "&lt;b&gt;"),
        ("/coverage/2024-13", 422, "这个地址不对"),
        ("/roster", 200, "名单"),
    ):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert shown in answer.text
        assert "<b>" not in answer.text
    assert (await browser.get("/api/v1/nothing")).headers["content-type"] == "application/problem+json"


async def test_every_answer_carries_its_id_and_the_headers_that_bind_a_browser(
    browser: httpx.AsyncClient,
) -> None:
    for path in ("/", "/nothing", "/api/v1/policies", "/api/v1/nothing", "/openapi.json"):
        headers = (await browser.get(path)).headers
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert (headers["referrer-policy"], len(headers["x-request-id"])) == ("same-origin", 32)
        assert headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_a_page_loads_what_this_service_sends_and_nothing_else(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/nothing")
    assert (
        "default-src 'none'; style-src 'self'; script-src 'self'" in answer.headers["content-security-policy"]
    )
    assert "unsafe-eval" not in answer.headers["content-security-policy"]
    assert "style=" not in answer.text
    loaded = re.findall(r'<(?:script|link)[^>]* (?:src|href)="(/[^"]*)"', answer.text)
    assert len(loaded) == 2
    for path in loaded:
        sent = await browser.get(path)
        assert (sent.status_code, sent.headers["cache-control"]) == (
            200,
            "public, max-age=31536000, immutable",
        )


async def test_a_host_that_is_no_address_is_refused(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/api/v1/policies", headers={"Host": "[::1"})).status_code == 403


async def test_an_unexpected_error_carries_its_id_and_headers_too(sessions: Sessions) -> None:
    app = create_app(Settings(), sessions)
    app.state.sessions = None  # what no route foresees
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        with capture_logs() as logged:
            answer = await client.get("/api/v1/institutions")
    assert (answer.status_code, [line["event"] for line in logged]) == (500, ["unexpected_error", "request"])
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
