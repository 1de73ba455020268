"""A request that waits for its answer: carried out once, whatever befalls its worker."""

import asyncio
import gc
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fakeredis import TcpFakeServer
from fastapi import APIRouter, Body, FastAPI
from huey.serializer import Serializer
from sqlalchemy import func, select, update

from app.accounts.door import OpenDoor
from app.accounts.permissions import Action, does
from app.accounts.rules import Role, Viewer, local_operator
from app.accounts.tables import AuditEvent, RoleGrant
from app.jobs import api as jobs_api
from app.jobs import queries
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue, jobs_url
from app.jobs.rules import MOST_STARTS, Progress, State
from app.jobs.running import JobRunner, Stop
from app.jobs.schedule import Due, Schedule, claim
from app.jobs.service import JobDeferral
from app.jobs.tables import Job
from app.jobs.watch import Watch
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.envelope import Bounds, RequestEnvelope
from app.kernel.errors import Refused, Unavailable
from app.kernel.problems import install_problem_handlers
from app.kernel.progress import report
from app.kernel.requests import BeginDep, IfMatch, SessionDep, TransactionRoute, check_if_match
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.visibility.service import narrow
from tests.accounts.offices import person

ASYNC = {"Prefer": "respond-async"}
LEASE = 30.0


@dataclass
class Works:
    """What the route of these tests does, one thing after the other, before it writes its row."""

    steps: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


def _router(works: Works) -> APIRouter:
    router = APIRouter(route_class=TransactionRoute)

    @router.post("/things", status_code=201, openapi_extra=does(Action.RUN_MATCHING, can_wait=True))
    async def make(session: SessionDep, name: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        report("making", 1, 4)
        await _write(session, name)
        if works.steps:
            await works.steps.pop(0)()
        return {"made": name}

    @router.post("/changed", openapi_extra=does(Action.RUN_MATCHING, can_wait=True))
    async def change(
        session: SessionDep, name: Annotated[str, Body(embed=True)], if_match: IfMatch = None
    ) -> dict[str, str]:
        check_if_match(if_match, 7)
        await _write(session, name)
        return {"changed": name}

    @router.post(
        "/computed", status_code=201, openapi_extra=does(Action.RUN_MATCHING, can_wait=True, saves_last=True)
    )
    async def compute(begin: BeginDep, name: Annotated[str, Body(embed=True)]) -> dict[str, str]:
        async with begin(writes=False) as session:
            assert await session.scalar(select(func.count()).select_from(AuditEvent)) is not None
        if works.steps:
            await works.steps.pop(0)()
        async with begin() as session:
            await _write(session, name)
        return {"made": name}

    return router


async def _write(session: AsyncSession, name: str) -> None:
    session.add(
        IdempotencyRecord(
            viewer_key="made", key=name, route="/", request_hash="", status=200, media_type="", etag=None,
            location=None, body=b"", created_at=utc_now(),
        )
    )  # fmt: skip
    await session.flush()


class Office:
    """An application whose route can wait, and a worker of it."""

    def __init__(self, sessions: Sessions, folder: Path) -> None:
        settings = Settings(database_url=f"sqlite+aiosqlite:///{folder}/office.db")
        self.sessions, self.works, self.queue = sessions, Works(), JobQueue(settings)
        self.worker_app = self._app(JobDoor("230000", narrow), settings)
        self.desk_app = self._app(OpenDoor(local_operator("230000"), narrow), settings)
        self.runner = self.another_runner()
        self.watch = Watch(sessions, self.queue, LEASE)
        transport = httpx.ASGITransport(self.desk_app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    def _app(self, door: Any, settings: Settings) -> FastAPI:
        app = FastAPI()
        app.state.sessions, app.state.door, app.state.settings = self.sessions, door, settings
        app.state.deferral = JobDeferral(self.queue)
        app.add_middleware(RequestEnvelope, Bounds.of(settings, counts_strangers=False))
        install_problem_handlers(app)
        app.include_router(_router(self.works))
        app.include_router(jobs_api.router)
        return app

    def another_runner(self) -> JobRunner:
        return JobRunner(self.worker_app, self.sessions, self.queue, worker="w", host="127.0.0.1")

    def enter(self, viewer: Viewer) -> None:
        self.desk_app.state.door = OpenDoor(viewer, narrow)

    async def ask(self, name: str = "a", path: str = "/things", **headers: str) -> str:
        answer = await self.client.post(path, json={"name": name}, headers=ASYNC | headers)
        assert answer.status_code == 202, answer.text
        code: str = answer.json()["code"]
        assert answer.headers["location"] == f"/api/v1/jobs/{code}"
        return code

    async def shown(self, code: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/jobs/{code}")).json()
        return found

    async def made(self) -> int:
        counted = select(func.count()).where(IdempotencyRecord.viewer_key == "made")
        async with transaction(self.sessions, writes=False) as session:
            return (await session.execute(counted)).scalar_one()


@pytest.fixture
async def office(sessions: Sessions, tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(sessions, tmp_path)
    yield made
    await made.client.aclose()
    await made.desk_app.state.deferral.close()


async def _busy() -> None:
    raise Unavailable("busy")


async def test_a_job_does_what_its_request_asks_and_keeps_the_answer(office: Office) -> None:
    code = await office.ask()
    assert (await office.shown(code))["state"] == "queued"
    assert (await office.client.get(f"/jobs/{code}/result")).status_code == 409

    assert await office.runner.run(code) is State.DONE

    shown = await office.shown(code)
    assert (shown["state"], shown["start"], shown["answer"]["status"]) == ("done", 1, 201)
    assert (await office.client.get(f"/jobs/{code}/result")).json() == {"made": "a"}
    assert await office.made() == 1
    async with transaction(office.sessions, writes=False) as session:
        stored = (await session.execute(select(Job.body))).scalar_one()
        ways = (await session.execute(select(AuditEvent.via).order_by(AuditEvent.sequence))).scalars().all()
    assert stored is None, "what was sent is not kept twice"
    assert ways == ["api", "job"], "asked for and done, both on record"


@pytest.mark.parametrize(("named", "state", "made"), [('"7"', State.DONE, 1), ('"6"', State.REFUSED, 0)])
async def test_a_job_changes_the_version_that_its_request_named_and_no_other(
    office: Office, named: str, state: State, made: int
) -> None:
    code = await office.ask(path="/changed", **{"If-Match": named})
    assert await office.runner.run(code) is state
    assert await office.made() == made
    if state is State.REFUSED:
        assert (await office.shown(code))["problem"]["status"] == 412
    long = await office.client.post("/changed", json={"name": "a"}, headers=ASYNC | {"If-Match": "7" * 81})
    assert long.status_code == 413


async def test_without_the_preference_the_request_is_answered_itself(office: Office) -> None:
    answer = await office.client.post("/things", json={"name": "a"})
    assert (answer.status_code, answer.json()) == (201, {"made": "a"})
    assert (await office.client.get("/jobs")).json()["items"] == []


async def test_the_same_idempotency_key_asks_for_one_job(office: Office) -> None:
    first, second = [await office.ask(**{"Idempotency-Key": "one"}) for _ in range(2)]
    assert first == second
    assert len((await office.client.get("/jobs")).json()["items"]) == 1


@pytest.mark.parametrize("path", ["/things", "/computed"])
async def test_a_worker_lost_after_the_work_was_kept_does_it_no_second_time(
    office: Office, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    code, first = await office.ask(path=path), office.another_runner()

    async def lost(*_: object) -> State:
        raise ConnectionError

    monkeypatch.setattr(first, "_end", lost)
    with pytest.raises(ConnectionError):
        await first.run(code)
    assert (await office.shown(code))["state"] == "running"

    now = utc_now()
    assert await office.watch.look(now=now, elapsed=0) == []
    assert await office.watch.look(now=now, elapsed=LEASE - 1) == []
    assert await office.watch.look(now=now, elapsed=LEASE) == [code]
    assert await office.runner.run(code) is State.DONE
    assert await office.made() == 1
    assert (await office.client.get(f"/jobs/{code}/result")).json() == {"made": "a"}


async def test_what_computes_before_it_saves_keeps_nobody_waiting_and_is_kept_with_its_answer(
    office: Office,
) -> None:
    async def another_writes() -> None:
        async with transaction(office.sessions) as session:
            await _write(session, "another")

    async def fails() -> None:
        raise Refused("no")

    office.works.steps = [another_writes, fails]
    key = {"Idempotency-Key": "k"}
    made = [await office.client.post("/computed", json={"name": "a"}, headers=key) for _ in range(2)]
    assert [(one.status_code, one.json(), one.headers.get("idempotency-replayed")) for one in made] == [
        (201, {"made": "a"}, None),
        (201, {"made": "a"}, "true"),
    ]
    assert await office.made() == 2
    refused = await office.client.post("/computed", json={"name": "b"}, headers={"Idempotency-Key": "l"})
    assert (refused.status_code, await office.made()) == (422, 2)
    again = await office.client.post("/computed", json={"name": "b"}, headers={"Idempotency-Key": "l"})
    assert (again.status_code, await office.made()) == (201, 3)
    strange = await office.client.post("/computed", json={"name": "c"}, headers=key)
    assert (strange.status_code, await office.made()) == (409, 3)
    async with transaction(office.sessions, writes=False) as session:
        noted = select(func.count()).where(AuditEvent.action == Action.RUN_MATCHING.value)
        assert await session.scalar(noted) == 2, "what was refused, or answered again, is not noted as done"


async def test_what_computes_before_it_saves_is_saved_once_when_it_is_sent_twice_at_once(
    office: Office,
) -> None:
    key, others = {"Idempotency-Key": "k"}, list[httpx.Response]()

    async def sent_again() -> None:
        others.append(await office.client.post("/computed", json={"name": "a"}, headers=key))

    office.works.steps = [sent_again]
    first = await office.client.post("/computed", json={"name": "a"}, headers=key)
    assert (others[0].status_code, first.status_code) == (201, 201)
    assert (first.json(), first.headers.get("idempotency-replayed")) == ({"made": "a"}, "true")
    assert await office.made() == 1


async def test_a_worker_that_says_it_lives_keeps_its_job(office: Office) -> None:
    code = await office.ask()
    async with transaction(office.sessions) as session:
        await queries.begin(session, code, "elsewhere", utc_now())
    for elapsed in (0, LEASE - 1, 2 * LEASE - 2, 3 * LEASE - 3):
        office.queue.beat(code)
        assert await office.watch.look(now=utc_now(), elapsed=elapsed) == []
    assert await office.watch.look(now=utc_now(), elapsed=4 * LEASE) == [code]


async def test_who_was_given_up_for_lost_cannot_end_what_another_began(office: Office) -> None:
    code = await office.ask()
    async with transaction(office.sessions) as session:
        await queries.begin(session, code, "slow", utc_now())
        assert await queries.put_back(session, code, 1, utc_now())
        await queries.begin(session, code, "quick", utc_now())
        assert not await queries.end(session, code, 1, State.FAILED, None, utc_now())
        assert not await queries.put_back(session, code, 1, utc_now())
        assert await queries.end(session, code, 2, State.DONE, None, utc_now())


async def test_a_job_that_takes_each_worker_down_is_given_up(office: Office) -> None:
    code, elapsed = await office.ask(), 0.0
    for _ in range(MOST_STARTS):
        async with transaction(office.sessions) as session:
            assert await queries.begin(session, code, "doomed", utc_now()) is not None
        await office.watch.look(now=utc_now(), elapsed=elapsed)
        elapsed += LEASE
        await office.watch.look(now=utc_now(), elapsed=elapsed)
    shown = await office.shown(code)
    assert (shown["state"], shown["problem"]["code"]) == ("failed", "worker_lost")


async def test_of_several_workers_one_begins_a_job(office: Office) -> None:
    code = await office.ask()
    became = await asyncio.gather(*(office.another_runner().run(code) for _ in range(4)))
    assert sorted(became, key=str) == [None, None, None, State.DONE]
    assert await office.made() == 1


async def test_a_job_without_a_message_is_found_and_one_with_a_message_is_not_sent_again(
    office: Office,
) -> None:
    code = await office.ask()
    for _ in range(100):  # the message is sent beside the request
        if office.queue.waiting():
            break
        await asyncio.sleep(0.01)
    assert await office.watch.look(now=utc_now(), elapsed=0) == []
    office.queue.huey.storage.flush_queue()
    assert await office.watch.look(now=utc_now(), elapsed=LEASE) == [code]


async def test_busy_is_tried_again_later_and_refused_is_not(office: Office) -> None:
    code = await office.ask()
    office.works.steps.append(_busy)
    assert await office.runner.run(code) is State.QUEUED
    assert await office.made() == 0
    assert await office.runner.run(code) is None, "not before its time"
    async with transaction(office.sessions) as session:
        await session.execute(update(Job).values(not_before=utc_now() - timedelta(seconds=1)))
    assert await office.runner.run(code) is State.DONE

    async def refuse() -> None:
        raise Refused("no such thing")

    other = await office.ask("b")
    office.works.steps.append(refuse)
    assert await office.runner.run(other) is State.REFUSED
    shown = await office.shown(other)
    assert (shown["problem"]["status"], shown["problem"]["detail"]) == (422, "no such thing")
    assert await office.made() == 1


async def test_what_waits_is_cancelled_at_once(office: Office) -> None:
    code = await office.ask()
    assert (await office.client.post(f"/jobs/{code}/cancellation")).json()["state"] == "cancelled"
    assert await office.runner.run(code) is None
    assert await office.made() == 0


async def test_what_runs_is_stopped_and_leaves_nothing(office: Office) -> None:
    code, began = await office.ask(), asyncio.Event()

    async def hang() -> None:
        began.set()
        await asyncio.Event().wait()

    office.works.steps.append(hang)
    running = asyncio.create_task(office.runner.run(code))
    await began.wait()
    assert office.queue.progress(code) == Progress("making", 1, 4, 0.0)
    shown = await office.shown(code)
    assert (shown["stage"], shown["done"], shown["total"]) == ("making", 1, 4)

    office.queue.ask_to_stop(code)
    assert (await office.shown(code))["is_cancelling"]
    assert office.queue.is_asked_to_stop(code)
    office.runner.running[code].stop_for(Stop.CANCELLED)
    assert await running is State.CANCELLED
    assert await office.made() == 0
    assert office.queue.progress(code) is None


async def test_what_was_kept_before_it_was_stopped_is_done(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, kept = await office.ask(), asyncio.Event()
    replay = office.runner._replay

    async def replay_and_hang(*asked: Any) -> Any:
        await replay(*asked)
        kept.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(office.runner, "_replay", replay_and_hang)
    running = asyncio.create_task(office.runner.run(code))
    await kept.wait()
    office.runner.running[code].stop_for(Stop.CANCELLED)
    assert await running is State.DONE
    assert (await office.client.get(f"/jobs/{code}/result")).json() == {"made": "a"}


async def test_a_worker_that_ends_puts_back_what_it_cannot_finish(office: Office) -> None:
    code, began = await office.ask(), asyncio.Event()

    async def hang() -> None:
        began.set()
        await asyncio.Event().wait()

    office.works.steps.append(hang)
    running = asyncio.create_task(office.runner.run(code))
    await began.wait()
    office.runner.running[code].stop_for(Stop.RELEASED)
    assert await running is State.QUEUED
    assert (await office.shown(code))["start"] == 0, "it does not count as a start"
    assert await office.another_runner().run(code) is State.DONE


async def test_jobs_are_shown_to_who_asked_and_done_with_the_roles_that_are_left(
    office: Office, sessions: Sessions
) -> None:
    wang = await person(sessions, "wang", (Role.COORDINATOR, "230000"))
    zhao = await person(sessions, "zhao", (Role.COORDINATOR, "230000"))
    office.enter(wang)
    codes = [await office.ask(name) for name in ("a", "b")]
    assert await office.runner.run(codes[0]) is State.DONE

    office.enter(zhao)
    for path in ("", "/result", "/events"):
        assert (await office.client.get(f"/jobs/{codes[0]}{path}")).status_code == 404
    assert (await office.client.post(f"/jobs/{codes[1]}/cancellation")).status_code == 404
    assert (await office.client.get("/jobs")).json()["items"] == []

    async with transaction(sessions) as session:
        of_wang = update(RoleGrant).where(RoleGrant.person_id == wang.person)
        await session.execute(of_wang.values(ended_at=utc_now(), ended_by="test"))
    assert await office.runner.run(codes[1]) is State.REFUSED
    assert await office.made() == 1
    office.enter(Viewer("wang", "230000", (), wang.person))
    assert (await office.shown(codes[1]))["problem"]["status"] == 403
    assert (await office.client.get(f"/jobs/{codes[0]}/result")).status_code == 403


async def test_a_job_is_watched_until_it_ends(office: Office) -> None:
    code = await office.ask()

    async def watch() -> list[tuple[str, dict[str, Any]]]:
        answer = await office.client.get(f"/jobs/{code}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = (part.split("\n") for part in answer.text.strip().split("\n\n"))
        return [(name[7:], json.loads(data[6:])) for name, data in lines]

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.1)
    await office.runner.run(code)
    events = await watching
    told = [(name, job["state"]) for name, job in events]
    assert (told[0], told[-1]) == (("progress", "queued"), ("end", "done"))
    assert set(told[1:-1]) <= {("progress", "running")}


async def test_of_several_workers_one_claims_a_slot(sessions: Sessions) -> None:
    now = utc_now()
    for slot in (7, 8):
        claims = (claim(sessions, "round", slot, worker=str(number), now=now) for number in range(4))
        assert sum(await asyncio.gather(*claims)) == 1
    assert not await claim(sessions, "round", 7, worker="late", now=now)


def test_a_slot_is_told_once() -> None:
    async def nothing(_now: datetime) -> None:
        """Do nothing."""

    due, start = Due((Schedule("round", 60, nothing),)), datetime(2026, 1, 1, tzinfo=UTC)
    told = [due.now_due(start + timedelta(seconds=second)) for second in (0, 30, 59, 60, 200)]
    assert [len(each) for each in told] == [1, 0, 0, 1, 1]


def _tell_and_ask(queue: JobQueue) -> None:
    ran: list[tuple[str, ...]] = []
    queue.work_with(lambda code: ran.append((code,)), lambda name, slot: ran.append((name, str(slot))))
    queue.send("任务")
    queue.send_scheduled("round", 7)
    assert queue.waiting() == 2
    while queue.waiting():
        queue.huey.execute(queue.huey.dequeue())
    assert ran == [("任务",), ("round", "7")]
    queue.tell("a", Progress("行", 1, 2, 0.5))
    queue.beat("a")
    queue.beat("a")
    queue.ask_to_stop("a")
    assert (queue.progress("a"), queue.beats("a")) == (Progress("行", 1, 2, 0.5), 2)
    assert queue.is_asked_to_stop("a")
    queue.forget("a")
    assert (queue.progress("a"), queue.beats("a"), queue.is_asked_to_stop("a")) == (None, 0, False)
    queue.close()


def test_the_queue_lies_beside_the_database(shared_database_url: str, tmp_path: Path) -> None:
    url = shared_database_url
    if url.startswith("sqlite"):
        url = f"sqlite+aiosqlite:///{tmp_path}/r.db"
    _tell_and_ask(JobQueue(Settings(database_url=url)))
    if url.startswith("sqlite"):
        assert (tmp_path / "r.jobs.db").exists()


def test_the_queue_may_be_in_redis() -> None:
    import threading  # noqa: PLC0415

    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = server.server_address[1]
    _tell_and_ask(JobQueue(Settings(jobs_url=f"redis://127.0.0.1:{port}/0")))
    server.shutdown()
    server.server_close()


def test_a_queue_that_nobody_closes_leaves_no_connection_open(tmp_path: Path) -> None:
    queue = JobQueue(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/r.db"))
    queue.beat("a")
    connection = queue.huey.storage.conn
    del queue
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.cursor()


def test_messages_that_are_code_are_not_taken(tmp_path: Path) -> None:
    queue = JobQueue(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/r.db"))
    queue.prepare()
    queue.huey.storage.enqueue(Serializer()._serialize({"a": 1}))
    with pytest.raises(ValueError, match=r"utf-8|JSON"):
        queue.huey.dequeue()


def test_any_other_store_is_refused_by_name() -> None:
    with pytest.raises(Refused) as refused:
        JobQueue(Settings(jobs_url="mysql://localhost/jobs"))
    assert refused.value.faults[0].where == "RONGQIAO_JOBS_URL"


@pytest.mark.parametrize(
    ("database", "queue"),
    [
        ("sqlite+aiosqlite:////data/r.db", "sqlite:////data/r.jobs.db"),
        ("sqlite+aiosqlite:///r.db", "sqlite:///r.jobs.db"),
        ("postgresql+asyncpg://u@h:5432/n?ssl=require", "postgresql://u@h:5432/n?ssl=require"),
    ],
)
def test_by_default_the_queue_is_where_the_database_is(database: str, queue: str) -> None:
    assert jobs_url(Settings(database_url=database)) == queue
