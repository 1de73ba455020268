"""Every page that links lead to, on a small and on a large roster: time in the server, statements, weight.

    python -m benchmarks pages [--quick]

2,000 and 100,000 entries on PostgreSQL beside it, with chains, members, a round, core firms' lists, events and an award
(page_world.py, page_life.py); the pages are asked in process (no network), as a relationship manager, a bank administrator, a
coordinator, a chain manager, an auditor, an administrator and a firm find them from their first page, each route once.
`ms` is the median of several answers, the first not counted; `statements` are those sent to the database by one of them; `small`
is the same route on the small roster. Asserted: each answers 200, and no page sends more statements on the large
roster than on the small one.
"""

import asyncio
import html
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from alembic import command
from fastapi.routing import APIRoute
from sqlalchemy import event, text

from app.accounts.key_ring import KeyRing
from app.accounts.rules import Role, local_operator
from app.allocation import service as allocation
from app.cli.database import alembic_config
from app.kernel.clock import utc_now
from app.kernel.database import AsyncEngine, Sessions, make_engine, make_sessions, transaction
from app.kernel.memory import relax_collection
from app.kernel.patience import Patience
from app.kernel.settings import Settings
from app.main import PAGES, create_app
from app.matching import service as matching
from benchmarks.databases import postgresql
from benchmarks.load_world import EDITION, JURISDICTION, Size
from benchmarks.page_life import live
from benchmarks.page_world import PageWorld

SMALL, LARGE = Size(2_000, 300, 40), Size(100_000, 5_000, 40)
BASE: Final = "http://localhost"
LINK: Final = re.compile(r'href="([^"#]+)')
PAGE: Final = {"accept": "text/html"}
ROUTES: Final = {
    route.path: re.compile(route.path_regex.pattern)
    for router in PAGES
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as one person got it."""

    milliseconds: float
    statements: int
    kilobytes: float


def run(*, quick: bool = False) -> list[Row]:
    """Measure; answer a row for each person and route."""
    times = 3 if quick else 9
    large = SMALL if quick else LARGE
    found = {size: _of(size, times) for size in dict.fromkeys((SMALL, large))}
    rows = []
    for (who, route), seen in found[large].items():
        small = found[SMALL].get((who, route))
        assert small is None or seen.statements <= small.statements, (
            who,
            route,
            seen.statements,
            small.statements,
        )
        rows.append(
            {
                "who": who, "page": route, "ms": seen.milliseconds, "small ms": small.milliseconds if small else "",
                "statements": seen.statements, "kB": seen.kilobytes,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: -row["ms"])


def _of(size: Size, times: int) -> dict[tuple[str, str], Seen]:
    secret = secrets.token_urlsafe(48)
    with postgresql() as url:
        command.upgrade(alembic_config(url), "head")
        return asyncio.run(_walked(url, size, secret, times))


async def _walked(url: str, size: Size, secret: str, times: int) -> dict[tuple[str, str], Seen]:
    settings = Settings(
        secret_keys=secret,
        jurisdiction=JURISDICTION,
        requests_per_minute=10**9,
        database_url=url,
        log_level="ERROR",
    )
    world = PageWorld(size, KeyRing((secret,)))
    await _filled(url, world)
    engine = make_engine(url, Patience.of_requests(settings))  # as a server does
    sessions = make_sessions(engine)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
    cast = world.cast()
    people = {
        "relationship manager": cast.managers[0][0],
        "coordinator": cast.coordinators[0],
        "chain manager": cast.others[Role.CHAIN_MANAGER],
        "bank administrator": cast.others[Role.BANK_ADMINISTRATOR],
        "auditor": cast.others[Role.AUDITOR],
        "administrator": cast.others[Role.ADMINISTRATOR],
        "enterprise": cast.others[Role.ENTERPRISE],
    }
    app = create_app(settings, sessions)
    relax_collection()  # as a server does when it starts
    found: dict[tuple[str, str], Seen] = {}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=BASE, headers=PAGE, timeout=120
    ) as client:
        counted = _Counted(engine)
        for who, token in people.items():
            client.headers["authorization"] = f"Bearer {token}"
            found |= {(who, route): seen async for route, seen in _pages(client, counted, times)}
    await engine.dispose()
    return found


async def _filled(url: str, world: PageWorld) -> None:
    """Store the world, and let things happen in it."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    await world.store(sessions)
    await _run(sessions)
    await live(world, sessions)
    await engine.dispose()


async def _run(sessions: Sessions) -> None:
    """Match and allocate as a coordinator does; whoever has an entry keeps it, as from this run."""
    operator = local_operator(JURISDICTION)
    async with transaction(sessions) as session:
        await matching.run_match(session, operator, EDITION, now=utc_now())
    async with transaction(sessions) as session:
        await allocation.run_allocation(session, operator, EDITION, now=utc_now())
        await session.execute(text("UPDATE assignments SET run_id = (SELECT max(id) FROM allocation_runs)"))


async def _pages(client: httpx.AsyncClient, counted: "_Counted", times: int) -> Any:
    waiting, done = ["/"], set[str]()
    while waiting:
        address = waiting.pop(0)
        route = next(
            (name for name, pattern in ROUTES.items() if pattern.match(urlsplit(address).path)), None
        )
        if route is None or route in done:
            continue
        done.add(route)
        answer = await client.get(address)
        if answer.is_redirect:
            waiting.append(answer.headers["location"])
            continue
        is_page = "text/html" in answer.headers.get("content-type", "")
        if not is_page or answer.status_code == 403:  # a file, or contacts that a firm does not show
            continue
        assert answer.status_code == 200, (address, answer.status_code, answer.text[-500:])
        yield route, await _seen(client, counted, address, times)
        waiting += list(_links(answer.text))


async def _seen(client: httpx.AsyncClient, counted: "_Counted", address: str, times: int) -> Seen:
    took, statements, weight = [], 0, 0
    for _ in range(times):
        counted.count, began = 0, perf_counter()
        answer = await client.get(address)
        took.append((perf_counter() - began) * 1_000)
        statements, weight = counted.count, len(answer.content)
    return Seen(median(took), statements, weight / 1_000)


def _links(page: str) -> Iterator[str]:
    for link in LINK.findall(page):
        address = html.unescape(link)
        if address.startswith("/") and not address.startswith(("/api/", "/assets/", "/sign-out")):
            yield address


class _Counted:
    """Counts the statements that an engine sends."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.count = 0
        event.listen(engine.sync_engine, "before_cursor_execute", self._one)

    def _one(self, *_what: object) -> None:
        self.count += 1
