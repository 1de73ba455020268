"""Carries a job out: the stored request goes through the application once more, this time to be answered.

Its effect and its answer are kept in one transaction, under an idempotency key of the job's own: a job that is
begun again after its worker was killed finds the answer there, and does nothing twice.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from starlette.types import ASGIApp, Message
from structlog.contextvars import bound_contextvars

from app.jobs import queries
from app.jobs.door import SCOPE, Ticket
from app.jobs.queue import JobQueue
from app.jobs.rules import BAD_REQUEST, Answer, Progress, State, becomes, delay_before
from app.jobs.service import problem_in
from app.jobs.tables import Job
from app.kernel import queries as kernel_queries
from app.kernel.clock import elapsed_seconds, utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.logs import frames_of, get_logger
from app.kernel.progress import reporting

TELL_EVERY: Final = 0.25
KEPT_HEADERS: Final = ("content-type", "content-disposition", "etag", "location")
logger = get_logger(__name__)


class Stop(StrEnum):
    """Why a running job stops before it is through."""

    CANCELLED = "cancelled"
    RELEASED = "released"


@dataclass(slots=True)
class Running:
    """A job that runs in this process; `stop` says why it was stopped, if it was."""

    ticket: Ticket
    task: "asyncio.Task[Answer]"
    loop: asyncio.AbstractEventLoop
    stop: Stop | None = field(default=None)

    def stop_for(self, reason: Stop) -> None:
        """Stop the job, from whatever thread."""
        if self.stop is None:
            self.stop = reason
            self.loop.call_soon_threadsafe(self.task.cancel)


class JobRunner:
    """Runs jobs of one process, and knows which run."""

    def __init__(self, app: ASGIApp, sessions: Sessions, queue: JobQueue, *, worker: str, host: str) -> None:
        self.app, self.sessions, self.queue = app, sessions, queue
        self.worker, self.host = worker, host
        self.running: dict[str, Running] = {}

    async def run(self, code: str) -> State | None:
        """Carry a job out if it is queued and due; answer what became of it, None if it was not to be begun."""
        async with transaction(self.sessions) as session:
            job = await queries.begin(session, code, self.worker, utc_now())
        if job is None:
            return None
        ticket = Ticket.of(job)
        with bound_contextvars(job=code, request_id=ticket.request_id):
            logger.info("job_begun", action=job.action, start=job.start)
            answer, stop = await self._answered(job, ticket)
            became = await self._end(job, ticket, answer, stop)
            logger.info("job_ended", action=job.action, state=became, status=answer.status if answer else 0)
        await asyncio.to_thread(self._forget, code)
        return became

    async def _answered(self, job: Job, ticket: Ticket) -> tuple[Answer | None, Stop | None]:
        task = asyncio.create_task(self._replay(job, ticket))
        running = self.running[job.code] = Running(ticket, task, asyncio.get_running_loop())
        try:
            return await task, running.stop
        except asyncio.CancelledError:
            if running.stop is None:
                raise
            # It may have been kept just before it was stopped: then it is done.
            return await self._kept_answer(ticket), running.stop
        finally:
            del self.running[job.code]

    async def _replay(self, job: Job, ticket: Ticket) -> Answer:
        teller = _Teller(self.queue, job.code)
        await asyncio.to_thread(teller.tell, "begun", 0, 0)  # in the place of how far a lost worker had come
        with reporting(teller.tell):
            return await _ask(self.app, _scope(job, ticket, self.host), job.body or b"")

    async def _kept_answer(self, ticket: Ticket) -> Answer | None:
        async with transaction(self.sessions, writes=False) as session:
            kept = await kernel_queries.idempotency_record(session, ticket.key, ticket.key)
        if kept is None:
            return None
        stated = {"content-type": kept.media_type, "etag": kept.etag, "location": kept.location}
        headers = {name: value for name, value in stated.items() if value}
        return Answer(kept.status, headers, kept.body)

    async def _end(self, job: Job, ticket: Ticket, answer: Answer | None, stop: Stop | None) -> State:
        now = utc_now()
        problem = problem_in(answer.body) if answer is not None and answer.status >= BAD_REQUEST else None
        if answer is None:
            became = State.CANCELLED if stop is Stop.CANCELLED else State.QUEUED
        else:
            became = becomes(answer, problem, ticket.start)
        async with transaction(self.sessions) as session:
            if became is not State.QUEUED:
                await queries.end(session, job.code, ticket.start, became, answer, now)
            else:
                not_before = _again_at(now, ticket.start, is_released=answer is None)
                await queries.put_back(session, job.code, ticket.start, not_before, counts=answer is not None)
        return became

    def _forget(self, code: str) -> None:
        with suppress(Exception):  # whatever ails the store: what is not forgotten is overwritten or purged
            self.queue.forget(code)


def _again_at(now: datetime, start: int, *, is_released: bool) -> datetime:
    return now if is_released else now + timedelta(seconds=delay_before(start + 1))


class _Teller:
    """Puts what is reported on the noticeboard, no oftener than anybody can read."""

    def __init__(self, queue: JobQueue, code: str) -> None:
        self._queue, self._code = queue, code
        self._stage, self._began, self._told = "", 0.0, 0.0

    def tell(self, stage: str, done: int, total: int) -> None:
        now = elapsed_seconds()
        is_new = stage != self._stage
        if is_new:
            self._stage, self._began = stage, now
        elif now - self._told < TELL_EVERY and done < total:
            return
        self._told = now
        try:
            self._queue.tell(self._code, Progress(stage, done, total, now - self._began))
        except Exception as error:  # noqa: BLE001 - progress is news; the work goes on without
            logger.warning("progress_not_told", causes=frames_of(error))


def _scope(job: Job, ticket: Ticket, host: str) -> dict[str, Any]:
    headers = {"host": host, "content-type": job.media_type, "content-length": str(len(job.body or b""))}
    if not job.is_repeatable:
        headers["idempotency-key"] = ticket.key
    headers["if-match"] = job.if_match or ""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": job.method,
        "scheme": "http",
        "path": job.path,
        "raw_path": job.path.encode(),
        "query_string": job.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if value],
        "client": ("127.0.0.1", 0),
        "server": (host, 80),
        "state": {"request_id": ticket.request_id},
        SCOPE: ticket,
    }


async def _ask(app: ASGIApp, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[Message] = []
    is_sent = False

    async def receive() -> Message:
        nonlocal is_sent
        if is_sent:
            await asyncio.Event().wait()  # nobody hangs up on a job
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    stated = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    headers = {name: stated[name] for name in KEPT_HEADERS if name in stated}
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))
