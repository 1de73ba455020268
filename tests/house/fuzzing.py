"""A real server over the demonstration with a worker beside it, for the fuzz; and what a sequence of calls is made of."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select, update
from stdnum.cn import uscc

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.accounts.tables import Person, RoleGrant
from app.cli.demo import FIRST, SECOND, demo_plan
from app.cli.demo_people import DEMO_PASSWORD, DemoPerson, hashed_demo_password, seed_people
from app.cli.line import stages_of, walk
from app.jobs import queries as jobs
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.running import JobRunner
from app.kernel.clock import utc_now
from app.kernel.database import make_engine, make_sessions, transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app
from tests.visibility.calls import FACTS, FIRM

ENTRIES = 40
SEED = 7
MANY = 10**6
LOOK_SECONDS = 0.2


class Server:
    """A real server over the demonstration, and the tokens of its people, one of each role and place."""

    def __init__(self, url: str, people: list[DemoPerson]) -> None:
        self.url, self.people, self.base = url, people, ""
        self.tokens: dict[str, str] = {}
        self.is_changed = False
        # One client: each new one would read the certificates of the world, and they are many.
        self.client = httpx.Client(timeout=600)

    def headers(self, login: str) -> dict[str, str]:
        """Answer what shows that somebody calls."""
        return {"Authorization": f"Bearer {self.tokens[login]}"}

    def sign_in_all(self, *, if_anything_was_done: bool = False) -> None:
        """Sign everybody in whom a call signed out, locked out or took the role from."""
        if if_anything_was_done and not self.is_changed:
            return
        self.sign_in(*(person.login for person in self.people))
        self.is_changed = False

    def sign_in(self, *logins: str) -> None:
        """Sign these people in as above."""
        for person in self.people:
            if person.login in logins and not self._is_signed_in(person):
                asyncio.run(self._restore(person))
                form = {"username": person.login, "password": DEMO_PASSWORD}
                signed_in = self.client.post(f"{self.base}/auth/token", data=form)
                self.tokens[person.login] = signed_in.json()["access_token"]

    def note(self, status: int, *, method: str) -> None:
        """Take note of an answer: what was done may have ended somebody's session or role."""
        self.is_changed |= (method != "GET" and status < 400) or status == 401

    def _is_signed_in(self, person: DemoPerson) -> bool:
        if person.login not in self.tokens:
            return False
        me = self.client.get(f"{self.base}/auth/me", headers=self.headers(person.login))
        return me.status_code == 200 and bool(me.json()["roles"])

    async def _restore(self, person: DemoPerson) -> None:
        engine = make_engine(self.url)
        async with transaction(make_sessions(engine)) as session:
            whom = select(Person.id).where(Person.login == person.login).scalar_subquery()
            again = update(Person).where(Person.id == whom).values(disabled_at=None)
            await session.execute(again)
            await session.execute(
                update(RoleGrant)
                .where(RoleGrant.person_id == whom, RoleGrant.role == person.role)
                .values(ended_at=None, ended_by=None, until=None)
            )
        await engine.dispose()


@contextmanager
def served(url: str) -> Iterator[Server]:
    """Fill a database with the demonstration, serve it, and carry its jobs out."""
    made = Server(url, asyncio.run(_fill(url)))
    settings = Settings(
        database_url=url,
        access_minutes=60,
        requests_per_minute=MANY,
        sign_ins_per_minute=MANY,
        round_seconds=0,
    )
    app, worker_app = create_app(settings), _worker_app(settings)
    # Routes are made ready at the first request, and warnings are no matter of one thread: before there are two.
    for each in (app, worker_app):
        asyncio.run(_asked_once(each))
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    is_over = threading.Event()
    serving = threading.Thread(target=running.run, daemon=True)
    working = threading.Thread(target=lambda: asyncio.run(_work(worker_app, settings, is_over)), daemon=True)
    serving.start()
    while not running.started:
        assert serving.is_alive()
        time.sleep(0.05)
    working.start()
    made.base = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/api/v1"
    made.sign_in_all()
    yield made
    made.client.close()
    is_over.set()
    working.join(timeout=20)
    running.should_exit = True
    serving.join(timeout=20)


async def _fill(url: str) -> list[DemoPerson]:
    engine = make_engine(url)
    sessions, viewer = make_sessions(engine), local_operator("230000")
    async for _done in walk(sessions, viewer, stages_of(demo_plan(SEED, ENTRIES))):
        pass
    password_hash = await hashed_demo_password()
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, "test"))
        people = await seed_people(session, viewer, (FIRST, SECOND), password_hash, now=utc_now())
    await engine.dispose()
    return people


def _worker_app(settings: Settings) -> FastAPI:
    sessions = make_sessions(make_engine(settings.database_url))
    return create_app(settings, sessions, JobDoor(settings.jurisdiction, narrow))


async def _asked_once(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/api/v1/nowhere")).status_code == 404


async def _work(app: FastAPI, settings: Settings, is_over: threading.Event) -> None:
    """Carry out what waits, one job after the other, as a worker does."""
    sessions, queue = app.state.sessions, JobQueue(settings)
    runner = JobRunner(app, sessions, queue, worker="fuzz", host="127.0.0.1")
    while not is_over.is_set():
        async with transaction(sessions, writes=False) as session:
            waiting = [job.code for job in await jobs.open_jobs(session, 10) if job.state == State.QUEUED]
        for code in waiting:
            await runner.run(code)
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.to_thread(queue.close)
    await sessions.kw["bind"].dispose()


def _credit_code(number: int) -> str:
    begun = f"91230111MAFT{number % 10**5:05d}"
    return f"{begun}{uscc.calc_check_digit(begun)}"


FORMS: Final[Mapping[str, Callable[[int], dict[str, Any]]]] = {
    "POST /enterprises": lambda number: FIRM | {"name": f"试验{number}号有限公司", "uscc": _credit_code(number)},
    "POST /projects": lambda number: {"uscc": _credit_code(number), "name": f"试验项目{number}"},
    "POST /needs": lambda number: {"uscc": _credit_code(number), "facts": dict(FACTS)},
    "POST /whitelist/entries": lambda number: {"edition": SECOND, "need": _credit_code(number)},
    "POST /whitelist/editions": lambda number: {"code": f"{2025 + number % 60}H{1 + number % 2}"},
    "POST /whitelist/entries/{entry}/docking-events": lambda number: {
        "kind": ("accepted", "contacted", "applied")[number % 3]
    },
    "POST /needs/{code}/consents": lambda _number: {
        "purpose": "financing_docking", "groups": ["contact"], "until": "2099-12-31", "evidence": "纸质授权书",
    },
    "POST /coordination/cases": lambda _number: {"entry": "", "kind": "other", "question": "请协调土地手续"},
    "POST /coordination/cases/{case}/comments": lambda _number: {"text": "已函告相关部门"},
    "POST /matches/runs": lambda number: {"edition": (FIRST, SECOND)[number % 2]},
    "POST /allocations": lambda number: {"edition": (FIRST, SECOND)[number % 2]},
    "POST /events": lambda number: {
        "chain": "HLJ-GDZB", "day": f"{2030 + number % 50}-03-{1 + number % 28:02d}", "reason": "日历尚未公布",
    },
    "POST /events/years": lambda number: {"year": 2000 + number % 100},
    "POST /coverage/{month}/close": lambda _number: {},
    "POST /docking/reroutes": lambda _number: {"edition": SECOND, "reason": "逾期未对接", "is_dry_run": True},
    "POST /invitations": lambda number: {
        "name": f"王芳{number}", "role": "coordinator", "scope": "230000",
    },
    "POST /webhooks": lambda number: {"url": f"http://127.0.0.1:9/{number}"},
    "POST /api-keys": lambda number: {"name": f"接口{number}", "role": "coordinator", "scope": "230000", "days": 30},
    "POST /institutions": lambda number: {
        "code": f"FZ{number % 10**5}", "name": f"试验银行{number}", "short_name": f"试行{number}",
        "kind": "city_commercial", "region": "230100",
    },
    "POST /chains": lambda number: {
        "code": f"FZ-{number % 10**5}", "name": f"试验产业链{number}", "industries": ["C34"],
    },
}  # fmt: skip
"""What makes something of each kind: a sequence of calls needs a beginning that chance does not find."""

PREFERS: Final = {"Prefer": "respond-async"}
