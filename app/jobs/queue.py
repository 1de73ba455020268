"""huey as the jobs' queue and noticeboard: who shall run, how far they are, whether they live or shall stop.

All of it may be lost: the row of a job is the truth, and what is lost here is sent again (jobs/watch.py).
Messages are JSON, never pickles: whoever could write to the store must not be able to run code. Calls
block for a moment; who is in an event loop uses `asyncio.to_thread`.
"""

import json
import weakref
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseStorage

from app.jobs.rules import Progress
from app.kernel.errors import Fault, Refused
from app.kernel.files import make_folder
from app.kernel.settings import Settings

NAME: Final = "rongqiao"
BUSY_SECONDS: Final = 5
TABLES: Final = ("huey_kv", "huey_schedule", "huey_task", "huey_counter")
Run = Callable[[str], None]
RunScheduled = Callable[[str, int], None]


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Writes messages as JSON: a task's name and its arguments, which are text and numbers."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data, ensure_ascii=False).encode()

    def _deserialize(self, data: bytes) -> Any:
        read = json.loads(bytes(data))
        return Message(*read) if isinstance(read, list) else read


class JobQueue:
    """Names of jobs to run, and what is told of those that run, in SQLite, PostgreSQL or Redis."""

    def __init__(self, settings: Settings) -> None:
        self.huey: Huey = _huey(jobs_url(settings))
        # Who forgets to close it leaves no connection open (Python 3.13 complains of one); at the process's end nobody waits for it.
        weakref.finalize(self, self.huey.storage.close).atexit = False
        self._is_prepared = False
        self._run: Run | None = None
        self._run_scheduled: RunScheduled | None = None

        @self.huey.task(name="run_job")  # type: ignore[untyped-decorator]  # huey ships no types
        def run_job(code: str) -> None:
            if self._run is not None:
                self._run(code)

        @self.huey.task(name="run_scheduled")  # type: ignore[untyped-decorator]  # huey ships no types
        def run_scheduled(name: str, slot: int) -> None:
            if self._run_scheduled is not None:
                self._run_scheduled(name, slot)

        self._run_job, self._scheduled = run_job, run_scheduled

    def work_with(self, run: Run, run_scheduled: RunScheduled) -> None:
        """Say what this process does with messages; a process that only sends them says nothing."""
        self._run, self._run_scheduled = run, run_scheduled

    def prepare(self) -> None:
        """Make the store's own tables where they lack; whoever may not make tables runs `rongqiao db upgrade`."""
        storage = self.huey.storage
        if isinstance(self.huey, SqliteHuey):
            storage.initialize_schema()
        elif isinstance(self.huey, PostgresHuey):
            wanted = "select count(*) from unnest(%s::text[]) as name where to_regclass(name) is not null"
            if storage.sql(wanted, (list(TABLES),), results=True)[0][0] < len(TABLES):
                storage.initialize_schema()
        self._is_prepared = True

    def _ready(self) -> Huey:
        if not self._is_prepared:
            self.prepare()
        return self.huey

    @property
    def _storage(self) -> BaseStorage:
        return self._ready().storage

    def send(self, code: str) -> None:
        """Have some worker run a job."""
        self._ready().enqueue(self._run_job.s(code))

    def send_scheduled(self, name: str, slot: int) -> None:
        """Have some worker do what is due in a slot."""
        self._ready().enqueue(self._scheduled.s(name, slot))

    def waiting(self) -> int:
        """Answer how many messages wait for a worker."""
        return int(self._storage.queue_size())

    def tell(self, code: str, progress: Progress) -> None:
        """Say how far a job is."""
        self._storage.put_data(f"progress:{code}", json.dumps(asdict(progress)).encode())

    def progress(self, code: str) -> Progress | None:
        """Answer how far a job said it was."""
        told = self._peek(f"progress:{code}")
        return None if told is None else Progress(**json.loads(told))

    def beat(self, code: str) -> None:
        """Say that a job's worker lives."""
        self._storage.put_data(f"beats:{code}", str(self.beats(code) + 1).encode())

    def beats(self, code: str) -> int:
        """Answer how often a job's worker said that it lives; who looks twice needs no clock to compare."""
        return int(self._peek(f"beats:{code}") or b"0")

    def ask_to_stop(self, code: str) -> None:
        """Ask a running job to stop."""
        self._storage.put_data(f"stop:{code}", b"1")

    def is_asked_to_stop(self, code: str) -> bool:
        """Tell whether a job shall stop."""
        return self._peek(f"stop:{code}") is not None

    def forget(self, code: str) -> None:
        """Drop all that was told of a job that ended."""
        for kind in ("progress", "beats", "stop"):
            self._storage.delete_data(f"{kind}:{code}")

    def close(self) -> None:
        """Close the connection to the store."""
        self.huey.storage.close()

    def _peek(self, key: str) -> bytes | None:
        found = self._storage.peek_data(key)
        return None if found is EmptyData else bytes(found)


def jobs_url(settings: Settings) -> str:
    """Answer where the queue is: as set, else beside the database."""
    stated = settings.jobs_url.get_secret_value()
    if stated:
        return stated
    scheme, _, rest = settings.database_url.partition("://")
    if scheme.startswith("sqlite"):
        file = Path(rest.removeprefix("/"))
        return f"sqlite:///{file.with_name(f'{file.stem}.jobs.db')}"
    return f"postgresql://{rest}"


def _huey(url: str) -> Huey:
    scheme, _, rest = url.partition("://")
    family, made = scheme.partition("+")[0], {"name": NAME, "results": False, "serializer": JsonSerializer()}
    if family == "sqlite":
        file = Path(rest.removeprefix("/"))
        make_folder(file.parent)
        return SqliteHuey(filename=str(file), timeout=BUSY_SECONDS, create_tables=False, **made)
    if family == "postgresql":
        dsn = f"postgresql://{rest.replace('?ssl=', '?sslmode=').replace('&ssl=', '&sslmode=')}"
        return PostgresHuey(dsn=dsn, create_tables=False, connect_timeout=BUSY_SECONDS, **made)
    if family in {"redis", "rediss"}:
        return RedisHuey(url=url, **made)
    fault = Fault(
        "RONGQIAO_JOBS_URL", "neither sqlite, postgresql nor redis", "Leave it empty for beside the database."
    )
    raise Refused("The jobs' queue cannot be opened.", [fault])
