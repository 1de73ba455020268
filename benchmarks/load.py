"""Load on one server process with PostgreSQL on the same cores: its routes as shares of an empty one.

    python -m benchmarks load [--quick]

100,000 entries, 5,000 products; `rongqiao serve` as it is (door, records, log lines), PostgreSQL as shipped
(fsync on) and this generator share the machine. The empty route (`GET /healthz`) passes the same server and
envelope in the same run, before and after; of all routes it is found first, so that it costs as little as can be. The server works on 32 requests at once
and has 34 connections to the database, as one server alone on its PostgreSQL may (by default 16 and 18). `requests/s`, `p99 ms`: 32 connections ask
without pause, each a person of their own (closed loop, the same for every route; `p99 times` that of the empty
one). Submitting is counted in requests, a POST and a GET by turns, each pair by another enterprise that was not
seen before. `at rest`: the same number of requests a second for every route (a third of what the slowest can take),
at random instants, from when each should have been sent; a record that is kept costs a write to disk.
Twice the saturating load: random instants too; `shed` were turned away with 503 and Retry-After.
`recovered`: seconds until five answers in a row come about as fast as half of them did at rest.
Asserted: the routes that read show what the world holds, to those who may see it.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from alembic import command
from sqlalchemy import text

from app.accounts.key_ring import KeyRing
from app.cli.database import alembic_config
from app.kernel.database import make_engine, make_sessions
from benchmarks.databases import postgresql
from benchmarks.load_client import Asker, Outcome, closed, get, one, opened
from benchmarks.load_scenes import EMPTY, MIXED, Askers, Scene
from benchmarks.load_world import JURISDICTION, Cast, LoadWorld, Size

ROOT = Path(__file__).resolve().parents[1]
PORT: Final = 18_321
CONNECTIONS: Final = 32
MOST_CONNECTIONS: Final = 600
LATENCY_SHARE: Final = 3
RECOVERED: Final = 30
Row = dict[str, Any]


def run(*, quick: bool = False) -> list[Row]:
    """Measure; answer rows of one table."""
    size = Size(2_000, 300, 4_000) if quick else Size(100_000, 5_000, 40_000)
    secret = secrets.token_urlsafe(48)
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        command.upgrade(alembic_config(url), "head")
        cast = asyncio.run(_fill(url, size, KeyRing((secret,))))
        log = Path(folder) / "server.log"
        with served(url, secret, log) as server:
            try:
                return asyncio.run(_measured(cast, server.pid, quick=quick))
            except Exception:
                print(log.read_text(errors="replace")[-2_000:], file=sys.stderr)
                raise


async def _fill(url: str, size: Size, ring: KeyRing) -> Cast:
    engine, world = make_engine(url), LoadWorld(size, ring)
    await world.store(make_sessions(engine))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    return world.cast()


@contextmanager
def served(url: str, secret: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `rongqiao serve` in a process of its own; its log goes to a file."""
    settings = {
        "RONGQIAO_DATABASE_URL": url,
        "RONGQIAO_SECRET_KEYS": secret,
        "RONGQIAO_PORT": str(PORT),
        "RONGQIAO_JURISDICTION": JURISDICTION,
        "RONGQIAO_REQUESTS_PER_MINUTE": str(10**9),
        "RONGQIAO_EMBEDDED_WORKER": "false",
        "RONGQIAO_ROUND_SECONDS": "0",
        "RONGQIAO_WARM_SECONDS": "0",
        "RONGQIAO_REQUESTS_AT_ONCE": str(CONNECTIONS),
        "RONGQIAO_DATABASE_POOL_SIZE": str(CONNECTIONS + 2),
    }
    serve = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
    with log.open("wb") as lines:
        server = subprocess.Popen(serve, cwd=ROOT, env=os.environ | settings, stdout=lines, stderr=lines)
        try:
            yield server
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()


async def _ready() -> None:
    for _ in range(600):
        try:
            await one(PORT, get("/healthz"))
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    msg = "the server did not start"
    raise TimeoutError(msg)


async def _measured(cast: Cast, server: int, *, quick: bool) -> list[Row]:
    await _ready()
    seconds = 0.7 if quick else 8.0
    askers = Askers(cast)
    scenes = askers.scenes()
    for scene in scenes:  # what is compiled and gathered once, is so now
        await closed(PORT, _askers(scene, CONNECTIONS), seconds / 4, 0.2)
    await _check(cast)
    most = {scene.name: await _most(scene, server, seconds) for scene in (*scenes, scenes[0])}
    again = await _most(scenes[0], server, seconds / 2)
    empty = (most[EMPTY][0].rate + again[0].rate) / 2
    rate = min(found.rate for found, _cpu in most.values()) / LATENCY_SHARE
    rows = []
    calm: dict[str, Outcome] = {}
    for scene in scenes:
        calm[scene.name] = await opened(PORT, _askers(scene, 64), rate, seconds)
    for scene in scenes:
        found, cpu = most[scene.name]
        rows.append(_row(scene, found, cpu, empty, calm[scene.name], most[EMPTY][0], rate))
    rows.append(await _overload(scenes, most[MIXED][0].rate, calm[MIXED], seconds))
    return rows


def _askers(scene: Scene, count: int) -> list[Asker]:
    return [scene.asker() for _ in range(count)]


async def _most(scene: Scene, server: int, seconds: float) -> tuple[Outcome, float]:
    """Answer what a route can take, and the milliseconds of the server's processor that a request takes."""
    before = _processor_seconds(server)
    found = await closed(PORT, _askers(scene, CONNECTIONS), seconds, 0.0)
    asked = sum(found.statuses.values()) or 1
    return found, 1_000 * (_processor_seconds(server) - before) / asked


def _processor_seconds(process: int) -> float:
    times = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def _row(
    scene: Scene, found: Outcome, cpu: float, empty: float, calm: Outcome, base: Outcome, rate: float
) -> Row:
    share = found.rate / empty
    slower = found.percentile(0.99) / base.percentile(0.99)
    return {
        "what": scene.name,
        "requests/s": round(found.rate),
        "share": round(share, 3),
        "at least": scene.least or "",
        "server ms": round(cpu, 3),
        "p99 ms": round(found.percentile(0.99), 1),
        "p99 times": round(slower, 1),
        "at rest": f"{rate:.0f}/s",
        "p50 ms at rest": round(calm.percentile(0.5), 2),
        "p99 ms at rest": round(calm.percentile(0.99), 2),
        "shed": found.shed + calm.shed,
        "errors": found.errors + calm.errors,
        "kept": "" if scene.least is None else "yes" if share >= scene.least and slower <= 3 else "no",
    }


async def _overload(scenes: tuple[Scene, ...], most: float, calm: Outcome, seconds: float) -> Row:
    """Ask twice as much as saturates, for some time; then see how long it takes until answers come as before."""
    mixed = next(scene for scene in scenes if scene.name == MIXED)
    found = await opened(PORT, _askers(mixed, MOST_CONNECTIONS), 2 * most, seconds)
    took = await _recovery(mixed, calm.percentile(0.5) / 1_000)
    return {
        "what": f"twice the saturating load, mixed, {2 * most:.0f}/s asked",
        "requests/s": round(found.rate),
        "p99 ms": round(found.percentile(0.99), 1),
        "shed": found.shed,
        "errors": found.errors,
        "kept": f"{'yes' if not found.errors and took < RECOVERED else 'no'}, recovered in {took:.2f} s",
    }


async def _recovery(scene: Scene, usual: float) -> float:
    began, asker, told = perf_counter(), scene.asker(), None
    fast = 0
    while perf_counter() - began < RECOVERED and fast < 5:
        told, _body, seconds = await one(PORT, asker.send(told))
        fast = fast + 1 if told.startswith("2") and seconds <= 3 * usual + 0.005 else 0
    return perf_counter() - began


async def _check(cast: Cast) -> None:
    """Compare answers of routes that read with what they answered the first time, byte by byte."""
    for token, entries in cast.managers[:3]:
        for path in (
            f"/api/v1/whitelist/entries/{entries[0]}",
            "/api/v1/whitelist/entries?assigned_to=me&limit=25",
        ):
            answers = {(await one(PORT, get(path, token)))[:2] for _ in range(3)}
            assert len(answers) == 1, f"{path} is answered differently when asked again"
            [(status, body)] = answers
            told = json.loads(body)
            assert status == "200", f"{path}: {status}"
            shown = [told["code"]] if "code" in told else [item["code"] for item in told["items"]]
            assert shown == (entries[:1] if "code" in told else sorted(entries)[:25]), (
                f"{path} shows other entries"
            )
        other = cast.managers[-1][1][0]
        assert (await one(PORT, get(f"/api/v1/whitelist/entries/{other}", token)))[0] == "404", (
            "shown to others"
        )
