"""What holds for every request: one transaction, one answer a key, one form of refusal."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, FastAPI, Response
from sqlalchemy import func, select

from app.accounts.rules import local_operator
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict
from app.kernel.problems import install_problem_handlers
from app.kernel.requests import IfMatch, SessionDep, TransactionRoute, check_if_match
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.main import create_app

router = APIRouter(route_class=TransactionRoute)


def _row(key: str) -> IdempotencyRecord:
    return IdempotencyRecord(
        viewer_key="test", key=key, route="/", request_hash="", status=200, media_type="", etag=None,
        location=None, body=b"", created_at=utc_now(),
    )  # fmt: skip


@router.post("/things/{key}", status_code=201)
async def create(key: str, session: SessionDep, size: Annotated[int, Body(embed=True)]) -> dict[str, int]:
    session.add(_row(key))
    await session.flush()
    if size < 0:
        raise Conflict("negative")
    return {"size": size, "rows": await _count(session)}


@router.get("/broken")
async def broken() -> None:
    msg = "secret 91230102MA72HD1TJW"
    raise RuntimeError(msg)


@router.put("/things/{key}")
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
    app.state.sessions, app.state.viewer = sessions, local_operator("230000")
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
    answer = await things.get("/broken")
    assert answer.status_code == 500
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


def test_without_accounts_the_server_refuses_to_listen_beyond_this_machine() -> None:
    with pytest.raises(ValueError, match="loopback"):
        create_app(Settings(host="0.0.0.0"))  # noqa: S104 - what must be refused
