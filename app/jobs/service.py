"""Takes requests as jobs, and answers who asked what became of them."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from fastapi import Request, Response
from starlette.routing import BaseRoute

from app.accounts.permissions import Action, forbidden, may_try
from app.accounts.rules import Viewer
from app.accounts.standings import Standing
from app.jobs import queries
from app.jobs.queue import JobQueue
from app.jobs.rules import BAD_REQUEST, Answer, Progress, State
from app.jobs.schemas import JobAnswer, JobOut
from app.jobs.tables import Job
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, after_commit
from app.kernel.errors import Conflict, Fault, NotFound, TooLarge
from app.kernel.logs import frames_of, get_logger
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.requests import READING_METHODS, Begin

MOST_QUERY_CHARACTERS: Final = 2_000
MOST_PATH_CHARACTERS: Final = 300
MOST_ETAG_CHARACTERS: Final = 80
JOBS_PATH: Final = "/api/v1/jobs"
logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """A POST to a JSON route that a page has a worker make for its viewer; `action` is that route's.

    `keeps_body`: what is sent stays with the job, until the page takes it (`take_body`). `if_match`: the version that
    the page showed, where the route asks for one.
    """

    action: Action
    summary: str
    path: str
    media_type: str
    body: bytes
    keeps_body: bool = False
    if_match: str | None = None


class JobDeferral:
    """Stores requests that shall be answered later, and has a worker carry them out."""

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self._sending: set[asyncio.Future[None]] = set()

    async def accept(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> Response:
        """Store a request that was let in; answer 202 with its job.

        Raises:
            TooLarge: its address, or the version that it names, is longer than is kept.
        """
        job = await _job_of(request, marks)
        await self._add(session, job)
        shown = job_out(job, None)
        headers = {"location": f"{JOBS_PATH}/{job.code}", "preference-applied": "respond-async"}
        return Response(shown.model_dump_json(), 202, headers, "application/json")

    async def send_off(self, request: Request, session: AsyncSession, errand: Errand) -> str:
        """Store what a page wants done, for the viewer that the page's request was let in as; answer the job's code."""
        job = _job(request, errand)
        await self._add(session, job)
        return job.code

    async def _add(self, session: AsyncSession, job: Job) -> None:
        await queries.add(session, job)
        after_commit(session, partial(self._send, job.code))

    def _send(self, code: str) -> None:
        sending = asyncio.get_running_loop().run_in_executor(None, self.queue.send, code)
        self._sending.add(sending)
        sending.add_done_callback(self._sent)

    def _sent(self, sending: "asyncio.Future[None]") -> None:
        self._sending.discard(sending)
        # The job is stored: the workers' watch finds it without a message too.
        error = sending.exception()
        if error is not None:
            logger.warning("job_not_sent", causes=frames_of(error))

    async def close(self) -> None:
        """Wait for what is being sent, and close the queue."""
        await asyncio.wait(self._sending) if self._sending else None
        await asyncio.to_thread(self.queue.close)


async def _job_of(request: Request, marks: Mapping[str, Any]) -> Job:
    route: BaseRoute = request.scope["route"]
    path, query = request.url.path, request.url.query
    if len(path) > MOST_PATH_CHARACTERS or len(query) > MOST_QUERY_CHARACTERS:
        raise TooLarge(f"The address of a job has no more than {MOST_QUERY_CHARACTERS} characters.")
    summary = getattr(route, "summary", None) or getattr(route, "name", "").replace("_", " ").capitalize()
    media_type = request.headers.get("content-type", "")
    if_match = request.headers.get("if-match")
    if if_match is not None and len(if_match) > MOST_ETAG_CHARACTERS:
        raise TooLarge(f"If-Match of a job has no more than {MOST_ETAG_CHARACTERS} characters.")
    errand = Errand(
        Action(marks["x-action"]), summary, path, media_type, await request.body(), if_match=if_match
    )
    job = _job(request, errand)
    job.method, job.query = request.method, query
    job.is_repeatable = bool(marks.get("x-own-transactions")) or request.method in READING_METHODS
    return job


def _job(request: Request, errand: Errand) -> Job:
    viewer: Viewer = request.state.viewer
    standing: Standing | None = getattr(request.state, "standing", None)
    now = utc_now()
    return Job(
        code=uuid.uuid4().hex,
        action=errand.action.value,
        summary=errand.summary,
        person_id=viewer.person,
        key_id=standing.key_id or None if standing is not None else None,
        grants=[[grant.role.value, grant.scope] for grant in viewer.grants],
        address=getattr(request.state, "address", ""),
        request_id=request.state.request_id,
        method="POST",
        path=errand.path,
        query="",
        media_type=errand.media_type,
        body=errand.body,
        keeps_body=errand.keeps_body,
        if_match=errand.if_match,
        is_repeatable=False,
        state=State.QUEUED,
        start=0,
        worker="",
        created_at=now,
        not_before=now,
        answer_headers={},
        answer_bytes=0,
    )


async def kept_body(
    session: AsyncSession, viewer: Viewer, code: str, *, is_held: bool = False
) -> tuple[str, bytes]:
    """Answer what was sent with one of the viewer's own jobs, and its media type.

    `is_held` keeps others who would change or take it waiting until the transaction ends.

    Raises:
        NotFound: the viewer asked for no such job.
        Conflict: it is kept no more.
    """
    job = await _found(session, viewer, code)
    body = await queries.kept_body(session, job.id, is_locked=is_held)
    if body is None:
        raise _gone()
    return job.media_type, body


async def replace_body(session: AsyncSession, viewer: Viewer, code: str, body: bytes) -> None:
    """Keep with one of the viewer's own jobs what a page has added; of the same media type, held before.

    Raises:
        NotFound: the viewer asked for no such job.
    """
    job = await _found(session, viewer, code)
    await queries.replace_body(session, job.id, body)


async def take_body(session: AsyncSession, viewer: Viewer, code: str) -> tuple[str, bytes]:
    """Answer what was sent with one of the viewer's own jobs, and keep it no more: it is taken once.

    Raises:
        NotFound: the viewer asked for no such job.
        Conflict: it is kept no more.
    """
    media_type, body = await kept_body(session, viewer, code)
    job = await _found(session, viewer, code)
    if not await queries.drop_body(session, job.id):
        raise _gone()
    return media_type, body


def _gone() -> Conflict:
    return Conflict(
        "What was sent with the job is kept no more.", [Fault("job", "was taken", "Send it anew.")]
    )


async def list_jobs(
    session: AsyncSession, viewer: Viewer, page: PageRequest, state: State | None
) -> Page[JobOut]:
    """Answer the viewer's own jobs, the newest first; progress is told by each job alone."""
    found = await queries.jobs_of(
        session, _owner(viewer), state=state, before=page.after_number(), limit=page.limit + 1
    )
    shown = found[: page.limit]
    more = len(found) > page.limit
    return Page(
        items=[job_out(job, None) for job in shown], next=encode_cursor(shown[-1].id) if more else None
    )


async def get_job(session: AsyncSession, viewer: Viewer, queue: JobQueue, code: str) -> JobOut:
    """Answer one of the viewer's own jobs, and how far it has come.

    Raises:
        NotFound: the viewer asked for no such job.
    """
    job = await _found(session, viewer, code)
    if job.state != State.RUNNING:
        return job_out(job, await _problem(session, job))
    progress, is_cancelling = await asyncio.to_thread(_told, queue, code)
    return job_out(job, None, progress, is_cancelling=is_cancelling)


def _told(queue: JobQueue, code: str) -> tuple[Progress | None, bool]:
    try:
        return queue.progress(code), queue.is_asked_to_stop(code)
    except Exception as error:  # noqa: BLE001 - whatever ails the store: the row alone is shown
        logger.warning("progress_not_read", causes=frames_of(error))
        return None, False


async def get_result(session: AsyncSession, viewer: Viewer, code: str) -> Answer:
    """Answer what a job that is done was answered with.

    Raises:
        NotFound: the viewer asked for no such job.
        Conflict: it is not done.
        Forbidden: the viewer may no longer do what it did.
    """
    job = await _found(session, viewer, code)
    if job.state != State.DONE or job.answer_status is None:
        raise Conflict(f"The job is {job.state}; it has no result.", [Fault("job", f"is {job.state}")])
    action = Action(job.action)
    if not may_try(viewer, action):
        raise forbidden(action)
    return Answer(job.answer_status, job.answer_headers, await queries.answer_body(session, job.id))


async def cancel(begin: Begin, viewer: Viewer, queue: JobQueue, code: str, *, now: datetime) -> JobOut:
    """Cancel one of the viewer's own jobs, wherever it is; what ended stays as it is.

    Raises:
        NotFound: the viewer asked for no such job.
    """
    async with begin(writes=False) as session:
        shown = await get_job(session, viewer, queue, code)
    if shown.state is State.RUNNING:
        # Asked before anything is written: on SQLite the job holds the one pen until it stops.
        await asyncio.to_thread(queue.ask_to_stop, code)
    async with begin() as session:
        return await cancel_queued(session, viewer, code, now=now)


async def cancel_queued(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> JobOut:
    """Cancel a job that no worker has begun; one that runs was asked to stop, and one that ended stays as it is.

    Raises:
        NotFound: the viewer asked for no such job.
    """
    job = await _found(session, viewer, code)
    if job.state == State.QUEUED and await queries.cancel_queued(session, code, job.start, now):
        job = await _found(session, viewer, code)
    is_running = job.state == State.RUNNING
    return job_out(job, await _problem(session, job), is_cancelling=is_running)


async def _found(session: AsyncSession, viewer: Viewer, code: str) -> Job:
    job = await queries.job_of(session, code, _owner(viewer))
    if job is None:
        raise NotFound(f"You have no job {code}.")
    await session.refresh(job)
    return job


def _owner(viewer: Viewer) -> int | None:
    assert viewer.is_signed_in
    return None if viewer.is_operator else viewer.person


async def _problem(session: AsyncSession, job: Job) -> dict[str, Any] | None:
    if job.state not in {State.REFUSED, State.FAILED} or not job.answer_bytes:
        return None
    return problem_in(await queries.answer_body(session, job.id))


def problem_in(body: bytes) -> dict[str, Any] | None:
    """Answer the problem that a body states, if it states one."""
    try:
        stated = json.loads(body)
    except ValueError:
        return None
    return stated if isinstance(stated, dict) else None


def job_out(
    job: Job,
    problem: dict[str, Any] | None,
    progress: Progress | None = None,
    *,
    is_cancelling: bool = False,
) -> JobOut:
    """Answer a job as it is shown."""
    at = progress or Progress("", 0, 0, 0)
    return JobOut(
        code=job.code,
        action=job.action,
        summary=job.summary,
        state=State(job.state),
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        start=job.start,
        is_cancelling=is_cancelling,
        stage=at.stage,
        done=at.done,
        total=at.total,
        rate=None if at.rate is None else round(at.rate, 1),
        seconds_left=None if at.seconds_left is None else round(at.seconds_left, 1),
        answer=_answer_of(job),
        problem=problem,
    )


def _answer_of(job: Job) -> JobAnswer | None:
    if job.answer_status is None or job.answer_status >= BAD_REQUEST:
        return None
    return JobAnswer(
        status=job.answer_status,
        media_type=job.answer_headers.get("content-type", ""),
        bytes=job.answer_bytes,
        location=job.answer_headers.get("location"),
        result=f"{JOBS_PATH}/{job.code}/result",
    )
