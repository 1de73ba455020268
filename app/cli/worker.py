"""`rongqiao worker`: carries out jobs, and what is due; and the worker that a server keeps beside it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final

import typer
from prometheus_client import CollectorRegistry

from app.accounts.start_service import require_fit
from app.cli.edge import notes, refusals_shown, run
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.running import JobRunner
from app.jobs.schedule import Schedule
from app.jobs.worker import Worker, worker_name
from app.kernel.database import Sessions, make_engine, make_sessions
from app.kernel.logs import configure_logs, get_logger
from app.kernel.memory import relax_collection
from app.kernel.patience import Patience
from app.kernel.settings import Settings, get_settings
from app.operations.exposition import exposed
from app.visibility.service import narrow

ATTACHED: Final = "--attached"
RESTART_SECONDS: Final = 2.0
DAY_SECONDS: Final = 86_400
KILL_SECONDS: Final = 5.0
logger = get_logger(__name__)


def worker(
    *,
    attached: Annotated[
        bool,
        typer.Option(ATTACHED, help="End when standard input ends: as the server calls it.", hidden=True),
    ] = False,
) -> None:
    """Carry out jobs that were asked for over HTTP, and what time makes due; as many workers as you like.

    SIGTERM lets what runs come to its end (RONGQIAO_SHUTDOWN_SECONDS); what takes longer is put back.
    """
    settings = get_settings()
    configure_logs(settings.log_level)
    run(lambda: require_fit_database(settings))
    with refusals_shown():
        made, figures = make_worker(settings)
    if attached:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    else:
        notes.print(f"Rongqiao 融桥 worker, {settings.worker_threads} jobs at once (stop with Ctrl-C).")
    with exposed(figures, settings):
        made.run()


async def require_fit_database(settings: Settings) -> None:
    """Look whether the service may start on its database.

    Raises:
        Refused: it may not; every reason is named.
    """
    engine = make_engine(settings.database_url)
    try:
        await require_fit(make_sessions(engine), settings)
    finally:
        await engine.dispose()


def make_worker(settings: Settings) -> tuple[Worker, CollectorRegistry]:
    """Make the worker of this process, with the whole application behind it; answer its figures too."""
    from app.main import create_app  # noqa: PLC0415 - the whole house: no other command waits for it

    engine = make_engine(settings.database_url, Patience.of_jobs(settings))
    sessions, queue = make_sessions(engine), JobQueue(settings)
    patient = settings.model_copy(update={"request_seconds": settings.job_seconds})
    app = create_app(patient, sessions, JobDoor(settings.jurisdiction, narrow))
    app.state.room = None  # the worker's threads bound what runs at once
    relax_collection()
    host = settings.public_host or "127.0.0.1"
    made = Worker(
        JobRunner(app, sessions, queue, worker=worker_name(), host=host),
        sessions,
        schedules(sessions, settings),
        threads=settings.worker_threads,
        lease_seconds=settings.job_lease_seconds,
        shutdown_seconds=settings.shutdown_seconds,
    )
    return made, app.state.operations.registry


def schedules(sessions: Sessions, settings: Settings) -> tuple[Schedule, ...]:
    """Answer what workers do every so often."""
    # Much of the house, and all commands are loaded with this one: only a worker waits for it.
    from app.rounds.service import make_round  # noqa: PLC0415
    from app.upkeep.purge_service import purge  # noqa: PLC0415

    async def make(now: datetime) -> None:
        done = await make_round(sessions, settings, now=now)
        if done.reminded or done.escalated or done.library or done.closed:
            logger.info("round_made", **done.model_dump(exclude={"delivery"}))

    async def clear(now: datetime) -> None:
        done = await purge(sessions, settings, now=now)
        logger.info("purged", **done.model_dump())

    if not settings.round_seconds:
        return ()
    return (Schedule("round", settings.round_seconds, make), Schedule("purge", DAY_SECONDS, clear))


def _end_with_parent() -> None:
    # Ends when the server does, however that came about. Not through Python's buffer: whoever waits in it holds its
    # lock, and an interpreter that ends while a thread does breaks off.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def embedded_worker(settings: Settings) -> Iterator[None]:
    """Keep a worker process beside the server while the block runs, begun anew whenever it ends."""
    if not settings.embedded_worker:
        yield
        return
    is_over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(is_over, settings.shutdown_seconds), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join()


def _keep(is_over: threading.Event, shutdown_seconds: float) -> None:
    while not is_over.is_set():
        try:
            status: int | None = _kept(is_over, shutdown_seconds)
        except OSError as error:  # no room for another process just now
            status = error.errno
        if not is_over.wait(RESTART_SECONDS):
            logger.warning("worker_begun_anew", status=status)


def _kept(is_over: threading.Event, shutdown_seconds: float) -> int:
    """Keep one worker process until it ends or shall end; answer its exit status."""
    command = [sys.executable, "-m", "app.cli", "worker", ATTACHED]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own program
        while process.poll() is None and not is_over.wait(0.2):
            pass
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(shutdown_seconds + KILL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.returncode
