"""A served house for the browser: the demonstration on SQLite, one server in this process, a fresh copy for each module."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from typer.testing import CliRunner

from app.cli.seed import commands
from app.kernel.database import make_engine, make_sessions
from app.kernel.settings import PROJECT_ROOT, Settings, get_settings
from tests.apps import create_app
from tests.databases import migrate

ENTRIES: Final = 100
HOUSE: Final = "house.db"
PATIENCE_SECONDS: Final = 60


def seed(path: Path, entries: int = ENTRIES) -> None:
    """Make the demonstration in a file, by the command that everybody uses; this process has loaded all that it needs."""
    url = f"sqlite+aiosqlite:///{path}"
    migrate(url)
    get_settings.cache_clear()
    with ThreadPoolExecutor(1) as executor:  # Playwright's loop may run in this thread
        words, environment = ["demo", "--entries", str(entries)], {"RONGQIAO_DATABASE_URL": url}
        done = executor.submit(CliRunner().invoke, commands, words, env=environment).result()
    get_settings.cache_clear()
    assert done.exit_code == 0, done.output


@contextmanager
def served(template: Path, folder: Path) -> Iterator[str]:
    """Serve a copy of a database; answer the address."""
    path = folder / HOUSE
    shutil.copy(template, path)
    # The pages' tests ask oftener than a person may.
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{path}",
        requests_per_minute=1_000_000,
        sign_ins_per_minute=1_000_000,
        viewer_cache_seconds=0,
    )
    engine = make_engine(settings.database_url)
    config = uvicorn.Config(
        create_app(settings, make_sessions(engine)), host="127.0.0.1", port=0, log_config=None, lifespan="on"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="house", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join()
        # Playwright's loop runs in this thread.
        with ThreadPoolExecutor(1) as executor:
            executor.submit(asyncio.run, engine.dispose()).result()


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """Have a worker carry out what the house of a folder is asked for; it begins while the block runs, and ends with it."""
    database = f"sqlite+aiosqlite:///{folder / HOUSE}"
    environment = {**os.environ, "RONGQIAO_DATABASE_URL": database, "RONGQIAO_ROUND_SECONDS": "0"}
    command = [sys.executable, "-m", "app.cli", "worker", "--attached"]
    told = folder / "worker.log"
    with (
        told.open("wb") as log,
        subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stderr=log
        ) as worker,
    ):
        try:
            yield
        finally:
            is_at_work = worker.poll() is None
            worker.terminate()
            assert is_at_work, f"the worker ended by itself: {told.read_text(encoding='utf-8')}"


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    waited = threading.Event()
    for _moment in range(PATIENCE_SECONDS * 50):
        if server.started:
            number: int = server.servers[0].sockets[0].getsockname()[1]
            return number
        assert thread.is_alive(), "the server did not begin"
        waited.wait(0.02)
    msg = "the server did not begin in time"
    raise AssertionError(msg)
