"""What signing in and being signed in cost: sign-ins beside bare argon2, reads behind the door beside open ones.

    python -m benchmarks authentication [--quick]

The application is called directly (ASGI), so that no network hides what it does. Many
sign-ins run at once; their peer verifies the same password as often with argon2 alone, with the same two
threads. Reads run one after the other; their peer is the same read behind a door that lets everybody in
as the same viewer, and they may cost 15 % more at most. Both sides take turns, and the ratio is that of
the medians. `cold`: nothing is remembered, each read looks the session up.
"""

import asyncio
import json
import logging
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from alembic import command
from fastapi import FastAPI

from app.accounts import account_service, audit_service, passwords, people_service
from app.accounts.audit import Origin
from app.accounts.door import OpenDoor
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.cli.database import alembic_config
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.logs import configure_logs
from app.kernel.settings import Settings
from app.main import create_app
from app.visibility.service import narrow
from benchmarks.databases import postgresql, sqlite

ENTRIES, SEED = 24, 7
SIGN_INS, TURNS, READS = 20, 5, 400
JURISDICTION = "230000"
PASSWORD = "gletscher sofa 47 banjo"  # noqa: S105 - of nobody
ALLOWED = 1.15
BARE = "argon2 alone"
Row = dict[str, Any]
Answer = tuple[int, bytes]


async def _ask(app: FastAPI, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """Answer status and body of a request to the application itself."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "client": ("127.0.0.1", 4711), "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), value.encode()) for name, value in ({"host": "127.0.0.1"} | headers).items()],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


async def _sign_in(app: FastAPI) -> str:
    form = urlencode({"grant_type": "password", "username": "wang.fang", "password": PASSWORD})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    status, body = await _ask(app, "POST", "/api/v1/auth/token", headers, form.encode())
    assert status == 200, body
    token: str = json.loads(body)["access_token"]
    return token


async def _fill(sessions: Sessions) -> Viewer:
    """Store the demonstration and a coordinator; answer the viewer that the coordinator is."""
    operator, now = local_operator(JURISDICTION), datetime.now(UTC)
    async for _done in walk(sessions, operator, stages_of(demo_plan(SEED, ENTRIES))):
        pass
    grant = Grant(Role.COORDINATOR, JURISDICTION, shanghai_today())
    stored = await passwords.hash_password(PASSWORD)
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(operator, "cli"))
        person = await account_service.make_person(session, "wang.fang", "王芳", stored, now=now)
        await people_service.store_grant(session, person, grant, operator.name, now=now)
    return Viewer("wang.fang", JURISDICTION, (grant,), person.id)


async def _sign_ins(app: FastAPI, count: int) -> tuple[float, float]:
    """Answer the median seconds of so many sign-ins at once, and of as many bare verifications, in turns."""
    stored = await passwords.hash_password(PASSWORD)

    def verify() -> float:
        with ThreadPoolExecutor(passwords.AT_ONCE) as pool:
            began = time.perf_counter()
            assert all(pool.map(lambda _: passwords.HASHER.verify(PASSWORD, stored), range(count)))
            return time.perf_counter() - began

    async def sign_in() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(_sign_in(app) for _ in range(count)))
        return time.perf_counter() - began

    await _sign_in(app)
    turns = [(await sign_in(), verify()) for _ in range(TURNS)]
    return statistics.median(each[0] for each in turns), statistics.median(each[1] for each in turns)


async def _reads(behind: FastAPI, opened: FastAPI, target: str, reads: int) -> tuple[float, float]:
    """Answer the median seconds of a read behind the door and of the same read without one, in turns."""
    headers = {"authorization": f"Bearer {await _sign_in(behind)}"}
    took: dict[int, list[float]] = {0: [], 1: []}
    answers = set()
    for number in range(reads):
        for side, app in ((0, behind), (1, opened)) if number % 2 else ((1, opened), (0, behind)):
            began = time.perf_counter()
            answers.add(await _ask(app, "GET", target, headers))
            took[side].append(time.perf_counter() - began)
    [(status, _body)] = answers
    assert status == 200
    return statistics.median(took[0]), statistics.median(took[1])


async def _first(app: FastAPI, target: str, field: str) -> str:
    _status, body = await _ask(app, "GET", target, {})
    found: str = json.loads(body)["items"][0][field]
    return found


async def _measured(url: str, name: str, *, quick: bool) -> list[Row]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    viewer = await _fill(sessions)
    most: Row = {"requests_per_minute": 10**9, "sign_ins_per_minute": 10**6, "log_level": "ERROR"}
    behind = create_app(Settings(**most), sessions)
    cold = create_app(Settings(viewer_cache_seconds=0, **most), sessions)
    opened = create_app(Settings(**most), sessions, OpenDoor(viewer, narrow))
    entry = await _first(opened, "/api/v1/whitelist/entries?edition=2023H2&limit=1", "code")
    product = await _first(opened, "/api/v1/products?limit=1", "code")
    count = 6 if quick else SIGN_INS
    took, bare = await _sign_ins(behind, count)
    rows = [_row(f"{count} sign-ins at once", name, took / count, bare / count, BARE)]
    for what, target in (("a product", f"products/{product}"), ("an entry", f"whitelist/entries/{entry}")):
        for way, app in (("", behind), (", cold", cold)):
            sides = await _reads(app, opened, f"/api/v1/{target}", 40 if quick else READS)
            rows.append(_row(f"read {what}{way}", name, *sides, "open door"))
    await engine.dispose()
    return rows


def _row(work: str, database: str, seconds: float, peer_seconds: float, peer: str) -> Row:
    ratio = seconds / peer_seconds
    return {
        "work": work,
        "database": database,
        "ms": 1_000 * seconds,
        "peer": peer,
        "peer ms": 1_000 * peer_seconds,
        "ratio": ratio,
        f"at most {ALLOWED}": "" if peer == BARE else "yes" if ratio <= ALLOWED else "no",
    }


def run(*, quick: bool) -> list[Row]:
    configure_logs("ERROR")
    logging.getLogger("alembic").setLevel(logging.ERROR)
    kinds: tuple[tuple[str, Callable[[], AbstractContextManager[str]]], ...] = (
        ("sqlite", sqlite),
        ("postgresql", postgresql),
    )
    rows = []
    for name, database in kinds:
        with database() as url:
            command.upgrade(alembic_config(url), "head")
            rows += asyncio.run(_measured(url, name, quick=quick))
    return rows
