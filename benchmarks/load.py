"""Load: one server process beside PostgreSQL on the same cores, its routes as shares of an empty one.

    python -m benchmarks load [--quick]
"""

import asyncio
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from alembic import command
from sqlalchemy import text

from app.accounts.key_ring import KeyRing
from app.cli.database import alembic_config
from app.kernel.database import make_engine, make_sessions
from benchmarks.databases import postgresql
from benchmarks.load_client import Outcome, closed, get, one, opened, post
from benchmarks.load_world import JURISDICTION, MONTH, Cast, LoadWorld, Size

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]
PORT: Final = 18_321
EMPTY: Final = os.environ.get("EMPTY", "/healthz")


async def _fill(url: str, size: Size, ring: KeyRing) -> Cast:
    engine = make_engine(url)
    world = LoadWorld(size, ring)
    await world.store(make_sessions(engine))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
    await engine.dispose()
    return world.cast()


@contextmanager
def served(url: str, secret: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `rongqiao serve` in a process of its own; its log goes to a file."""
    settings = {
        "RONGQIAO_DATABASE_URL": url,
        "RONGQIAO_SECRET_KEYS": secret,
        "RONGQIAO_PORT": str(PORT),
        "RONGQIAO_JURISDICTION": JURISDICTION,
        "RONGQIAO_REQUESTS_PER_MINUTE": str(10**9),
        "RONGQIAO_EMBEDDED_WORKER": "false",
        "RONGQIAO_ROUND_SECONDS": "0",
    }
    with (folder / "server.log").open("wb") as log:
        runner = [sys.executable, "-c", "from app.cli import main; main()", "serve"]
        server = subprocess.Popen(runner, cwd=ROOT, env=os.environ | settings, stdout=log, stderr=log)
        try:
            yield server
        finally:
            server.terminate()
            server.wait(20)


async def _ready() -> None:
    for _ in range(400):
        try:
            await one(PORT, get(EMPTY))
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise TimeoutError


class Askers:
    def __init__(self, cast: Cast) -> None:
        self.cast, self.chance = cast, random.Random(11)
        self.applicants = iter(cast.applicants)
        self.managers = cycle(cast.managers)

    def empty(self) -> Iterator[bytes]:
        request = get(EMPTY)
        while True:
            yield request

    def entry(self) -> Iterator[bytes]:
        while True:
            token, entries = next(self.managers)
            for entry in self.chance.choices(entries, k=ASKED_IN_A_ROW):
                yield get(f"/api/v1/whitelist/entries/{entry}", token)

    def page(self) -> Iterator[bytes]:
        while True:
            token, _entries = next(self.managers)
            for _ in range(ASKED_IN_A_ROW):
                yield get("/api/v1/whitelist/entries?assigned_to=me&limit=25", token)

    def submit(self) -> Iterator[bytes]:
        while True:
            token, uscc, facts = next(self.applicants)
            yield post("/api/v1/needs", token, b'{"uscc":"%s","facts":%s}' % (uscc.encode(), facts))
            yield get(f"/api/v1/needs/{uscc}/matches", token)


ASKED_IN_A_ROW = 50


def _cpu(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / 100


def _cpu_pg():
    total = 0
    for p in Path("/proc").glob("[0-9]*/stat"):
        try:
            t = p.read_text()
        except OSError:
            continue
        if "(postgres)" in t:
            f = t.rsplit(")", 1)[1].split()
            total += (int(f[11]) + int(f[12])) / 100
    return total


async def _measured(pid: int, cast: Cast, seconds: float, warm: float) -> list[Row]:
    await _ready()
    askers = Askers(cast)
    rows: list[Row] = []
    for what, of in (("empty", askers.empty), ("entry", askers.entry), ("page", askers.page), ("submit", askers.submit), ("empty", askers.empty)):
        if os.environ.get("ONLY") and what not in os.environ["ONLY"].split(","):
            continue
        status, body, took = await one(PORT, next(of()))
        print(what, status, took, len(body), body[:200])
        before = _cpu(pid), _cpu_pg()
        began = time.perf_counter()
        found = await closed(PORT, [of() for _ in range(32)], seconds, warm)
        n = sum(found.statuses.values()) * (seconds + warm + .3) / seconds or 1
        print(what, round(found.rate), dict(found.statuses), [round(found.percentile(x), 2) for x in (.5, .99)], "cpu ms", round(1e3*(_cpu(pid)-before[0])/n,3), "pg ms", round(1e3*(_cpu_pg()-before[1])/n,3), flush=True)
    return rows


def run(*, quick: bool = False) -> list[Row]:
    size = Size(2_000, 500, 2_000) if quick else Size(100_000, 5_000, 20_000)
    secret = secrets.token_urlsafe(48)
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        command.upgrade(alembic_config(url), "head")
        began = time.perf_counter()
        cast = asyncio.run(_fill(url, size, KeyRing((secret,))))
        print("filled", time.perf_counter() - began, flush=True)
        with served(url, secret, Path(folder)) as server:
            try:
                rows = asyncio.run(_measured(server.pid, cast, float(os.environ.get('SECONDS_','3')), 1))
            finally:
                os.system(f"tail -c 2500 {folder}/server.log")
    return rows


if __name__ == "__main__":
    run(quick="--quick" in sys.argv)
