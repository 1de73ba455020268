"""A database that is busy or gone, over HTTP: 503 and when to come again, nothing kept, and all well afterwards."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import func, select, text

from app.accounts.door import OpenDoor
from app.accounts.permissions import Action, does
from app.accounts.rules import local_operator
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, as_last_step, make_engine, make_sessions, transaction
from app.kernel.patience import Patience
from app.kernel.problems import install_problem_handlers
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.main import _middleware
from app.visibility.service import narrow
from tests.databases import Databases

router = APIRouter(route_class=TransactionRoute)
IMPATIENT = Patience(2, 0, 0.05, 0, 30, 30, is_brief=True)
KEY = {"Idempotency-Key": "k1"}


@router.post("/rows", status_code=201, openapi_extra=does(Action.STATE_NEEDS))
async def write(request: Request, session: SessionDep, when: str = "never") -> int:
    """Write a row; the connection is cut at a moment."""
    cut = request.app.state.cut
    session.add(
        IdempotencyRecord(
            viewer_key="test", key=str(await _count(session)), route="/", request_hash="", status=0, media_type="",
            etag=None, location=None, body=b"", created_at=utc_now(),
        )
    )  # fmt: skip
    await session.flush()
    if when == "statement":
        await cut(session)
        await session.execute(text("SELECT 1"))
    if when == "commit":

        async def last(last_session: AsyncSession) -> None:
            as_last_step(last_session, cut)  # after the steps of others

        as_last_step(session, last)
    return await _count(session)


async def _count(session: AsyncSession) -> int:
    counted = select(func.count()).where(IdempotencyRecord.viewer_key == "test")
    return (await session.execute(counted)).scalar_one()


@pytest.fixture
async def url(databases: Databases) -> str:
    return databases.fresh()


@pytest.fixture
async def impatient(url: str) -> AsyncIterator[Sessions]:
    """Sessions of a server with two connections that waits for nothing."""
    engine = make_engine(url, IMPATIENT)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def other(url: str) -> AsyncIterator[Sessions]:
    """Sessions of somebody else on the same database."""
    engine = make_engine(url)
    yield make_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def rows(impatient: Sessions, other: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    async def cut(session: AsyncSession) -> None:
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with transaction(other) as killer:
            await killer.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    app = FastAPI(middleware=_middleware(Settings(), counts_strangers=False))
    app.state.sessions, app.state.door = impatient, OpenDoor(local_operator("230000"), narrow)
    app.state.cut = cut
    install_problem_handlers(app)
    app.include_router(router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def is_postgresql(sessions: Sessions) -> bool:
    return sessions.kw["bind"].dialect.name == "postgresql"  # type: ignore[no-any-return]  # of SQLAlchemy


def said(answer: httpx.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.headers.get("retry-after")


async def test_who_finds_the_database_busy_may_come_again_with_the_same_key(
    rows: httpx.AsyncClient, impatient: Sessions
) -> None:
    # On SQLite another one has the pen; on PostgreSQL others have all connections.
    async with transaction(impatient), transaction(impatient, writes=False):
        refused = await rows.post("/rows", headers=KEY)
    again = await rows.post("/rows", headers=KEY)
    assert said(refused) == (503, "busy", "1")
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert (again.status_code, again.json()) == (201, 1)


async def test_a_connection_that_is_cut_changes_nothing_and_the_next_request_finds_another(
    rows: httpx.AsyncClient, impatient: Sessions, other: Sessions
) -> None:
    if not is_postgresql(impatient):  # whose database is no server: nothing can be cut
        assert (await rows.post("/rows")).status_code == 201
        return
    lost = await rows.post("/rows", params={"when": "statement"}, headers=KEY)
    again = await rows.post("/rows", params={"when": "never"}, headers={"Idempotency-Key": "k2"})
    unknown = await rows.post("/rows", params={"when": "commit"}, headers={"Idempotency-Key": "k3"})
    assert said(lost) == (503, "database_unavailable", "5")
    assert (again.status_code, again.json()) == (201, 1)
    assert said(unknown) == (503, "outcome_unknown", "5")
    assert "same Idempotency-Key" in unknown.json()["detail"]
    # All idle connections end, as when the server is started anew.
    async with transaction(other) as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert [(await rows.post("/rows")).json() for _ in range(3)] == [2, 3, 4]


async def test_a_server_waits_for_the_database_no_longer_than_its_patience(impatient: Sessions) -> None:
    if not is_postgresql(impatient):
        async with transaction(impatient, writes=False) as session:
            assert (await session.execute(text("PRAGMA busy_timeout"))).scalar_one() == 0
        return
    async with transaction(impatient, writes=False) as session:
        told = {
            name: (await session.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
    assert told == {
        "lock_timeout": "0",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "30s",
    }
