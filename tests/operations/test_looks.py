"""Machines that look in: what they are told, by what name they may call, and who sees the figures."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.accounts.door import OpenDoor
from app.accounts.rules import local_operator
from app.jobs.tables import Job
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.settings import Settings
from app.operations.access import Access, may_read_figures
from app.operations.furnishing import Operations
from app.operations.gathered import open_months
from app.visibility.service import narrow
from tests.accounts.test_start_checks import KEY, SAFE
from tests.apps import create_app
from tests.docking.world import add_entry, build_world, entry_code

PUBLIC = SAFE | {"metrics_token": KEY}
FAMILIES = (
    "requests", "request_seconds", "requests_in_flight", "requests_shed", "requests_working", "requests_waiting",
    "event_streams", "draining", "database_connections", "build_info", "jobs", "job_queue_age_seconds",
    "late_entries", "open_months", "outbox_waiting", "outbox_age_seconds", "gathering_failed",
)  # fmt: skip
OF_THE_DATABASE = ("jobs", "job_queue_age_seconds", "late_entries", "open_months", "outbox_waiting")


def looking(sessions: Sessions | None, settings: Settings | None = None, **client: Any) -> httpx.AsyncClient:
    app = create_app(settings or Settings(), sessions, OpenDoor(local_operator("230000"), narrow))
    if sessions is not None:
        app.state.sessions = sessions
    peer = client.pop("peer", ("127.0.0.1", 9))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=peer)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", **client)


def operations_of(client: httpx.AsyncClient) -> Operations:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    found: Operations = transport.app.state.operations  # type: ignore[attr-defined]  # our own application
    return found


def figures(shown: httpx.Response) -> dict[str, dict[tuple[str, ...], float]]:
    assert shown.status_code == 200, shown.text
    return {
        family.name.removeprefix("rongqiao_"): {
            tuple(sample.labels.values()): sample.value
            for sample in family.samples
            if not sample.name.endswith(("_bucket", "_sum"))
        }
        for family in text_string_to_metric_families(shown.text)
        if family.name.startswith("rongqiao_")
    }


async def test_figures_count_requests_by_route_and_the_work_by_state(sessions: Sessions) -> None:
    now = utc_now()
    async with transaction(sessions) as session:
        await add_jobs(session, now)
        world = await build_world(session, (None,))
        await add_entry(session, world, 1, admitted_at=datetime(2023, 9, 21, tzinfo=UTC))
    async with looking(sessions) as client:
        for path in (
            "/healthz",
            "/api/v1/policies",
            "/api/v1/policies",
            "/api/v1/nothing/91230102MA72HD1TJW",
        ):
            await client.get(path)
        await client.request("BREW", "/api/v1/policies")
        shown = await client.get("/metrics")
    found = figures(shown)
    assert found.keys() >= set(FAMILIES)
    assert found["requests"][("GET", "/policies", "2xx")] == 2
    assert found["requests"][("GET", "none", "4xx")] == 1
    assert found["requests"][("other", "/policies", "4xx")] == 1
    assert found["jobs"] == {("run_matching", "done"): 1, ("run_matching", "queued"): 2}
    assert 3600 <= found["job_queue_age_seconds"][()] < 3700
    assert found["match_run_seconds"] == {(): 90}
    assert found["open_months"][()] > 20
    assert list(found["build_info"].values()) == [1]
    assert "91230102MA72HD1TJW" not in shown.text
    assert entry_code(1) not in shown.text


async def add_jobs(session: Any, now: datetime) -> None:
    hour = timedelta(hours=1)
    for number, state in enumerate(("queued", "queued", "done")):
        is_done = state == "done"
        session.add(
            Job(
                code=f"{number:032d}", action="run_matching", summary="某公司", grants=[], address="", request_id="",
                method="POST", path="/", query="", media_type="", state=state, created_at=now - hour, not_before=now,
                started_at=now - hour if is_done else None,
                ended_at=now - hour + timedelta(seconds=90) if is_done else None,
            )
        )  # fmt: skip
    await session.flush()


@pytest.fixture
async def nowhere() -> AsyncIterator[Sessions]:
    """Sessions on a database that answers and has no tables."""
    engine = make_engine("sqlite+aiosqlite:///:memory:")
    yield make_sessions(engine)
    await engine.dispose()


async def test_readiness_names_each_check_that_fails_and_no_secret(sessions: Sessions) -> None:
    async with looking(sessions) as client:
        operations = operations_of(client)
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        operations.newest = "9999"
        old = await client.get("/readyz")
        operations.newest = "0001"  # a newer database serves on
        assert (await client.get("/readyz")).status_code == 200
        operations.drain.begin()
        ending = await client.get("/readyz")
        live = await client.get("/healthz")
    assert (old.status_code, old.json()["errors"][0]["where"]) == (503, "migrations")
    assert "9999" in old.json()["errors"][0]["message"]
    assert (ending.status_code, ending.json()["errors"][0]["where"]) == (503, "process")
    assert (ending.headers["retry-after"], ending.headers["connection"]) == ("5", "close")
    assert (live.status_code, live.json()) == (200, {"status": "live"})


async def test_without_a_database_it_lives_and_is_not_ready_and_figures_of_the_work_are_left_out() -> None:
    engine = make_engine("postgresql+asyncpg://secret-role@127.0.0.1:1/x")
    async with looking(make_sessions(engine)) as client:
        answers = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/metrics")]
    found = figures(answers[-1])
    assert [answer.status_code for answer in answers] == [200, 503, 200, 200]
    assert [fault["where"] for fault in answers[1].json()["errors"]] == ["database"]
    assert "secret-role" not in answers[1].text
    assert found["gathering_failed"] == {(): 2}
    assert not found.keys() & set(OF_THE_DATABASE)
    assert found["requests"]
    await engine.dispose()


NAMES = ("127.0.0.1:8000", "10.0.0.7:8000", "rongqiao-7f9c", "evil.example")


async def test_production_answers_health_by_any_name_and_nothing_else(nowhere: Sessions) -> None:
    own = SAFE["public_url"].removeprefix("https://")
    told = {}
    async with looking(nowhere, Settings(**PUBLIC), peer=("10.0.0.1", 9)) as client:
        operations_of(client).newest = ""  # an empty database will do
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/nothing", "/healthz/x"):
            told[path] = [
                (await client.get(path, headers={"Host": name})).status_code for name in (own, *NAMES)
            ]
        posted = await client.post("/healthz", headers={"Host": "evil.example"})
        shown = await client.get("/metrics", headers={"Host": NAMES[1], "Authorization": f"Bearer {KEY}"})
    async with looking(nowhere, Settings(**SAFE)) as client:
        hidden = [
            (await client.get("/metrics", headers={"Host": name})).status_code for name in (own, NAMES[0])
        ]
    assert told["/healthz"] == told["/readyz"] == [200] * 5
    assert told["/metrics"] == [401] * 5
    assert told["/api/v1/nothing"] == told["/healthz/x"] == [404, 403, 403, 403, 403]
    assert (posted.status_code, shown.status_code, hidden) == (403, 200, [404, 403])


async def test_looks_are_not_counted_as_strangers(nowhere: Sessions) -> None:
    app = create_app(Settings(requests_per_minute=2), nowhere)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        looks = [(await client.get("/healthz")).status_code for _ in range(5)]
        others = [(await client.get("/nothing")).status_code for _ in range(3)]
    assert (looks, others) == ([200] * 5, [404, 404, 429])


def test_figures_are_for_who_has_the_token_or_develops_on_this_machine() -> None:
    shown = {"is_development": True, "is_local": True}
    for authorization in ("", "Bearer", f"Basic {KEY}", f"Bearer {KEY[:-1]}", f"Bearer {KEY}é"):
        assert may_read_figures(token=KEY, authorization=authorization, **shown) is Access.UNPROVEN
    assert may_read_figures(token=KEY, authorization=f"bearer {KEY}", **shown) is Access.GRANTED
    assert may_read_figures(token="", authorization="", **shown) is Access.GRANTED
    for hidden in ({"is_development": False, "is_local": True}, {"is_development": True, "is_local": False}):
        assert may_read_figures(token="", authorization="Bearer ", **hidden) is Access.HIDDEN


def test_open_months_are_those_that_ended_and_are_not_closed() -> None:
    assert [open_months(first, "2024-02") for first in ("", "2023-11", "2024-01", "2024-02")] == [0, 3, 1, 0]
