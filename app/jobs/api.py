"""JSON routes of jobs: one's own requests that a worker carries out."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.jobs import service
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.schemas import CODE_PATTERN, JobOut
from app.kernel.clock import elapsed_seconds, utc_now
from app.kernel.errors import RongqiaoError
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import Begin, BeginDep, SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, prefix="/jobs", tags=["jobs"], responses=PROBLEMS)
JobCode = Annotated[
    str, Path(pattern=CODE_PATTERN, description="任务编号", examples=["5d1f0c2ab8f94d0e9a1c7d3e5b7f9012"])
]
LOOK_EVERY: Final = 0.5
SILENCE_SECONDS: Final = 15
LONGEST_SECONDS: Final = 3600
OWN: Final = does(Action.OWN_JOBS)


async def _queue_of(request: Request) -> JobQueue:
    queue: JobQueue = request.app.state.deferral.queue
    return queue


QueueDep = Annotated[JobQueue, Depends(_queue_of)]


@router.get("", openapi_extra=OWN)
async def list_jobs(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    state: Annotated[State | None, Query(description="Only in this state 状态", examples=["running"])] = None,
) -> Page[JobOut]:
    """List one's own jobs 后台任务, the newest first."""
    return await service.list_jobs(session, viewer, page, state)


@router.get("/{job}", openapi_extra=OWN)
async def get_job(session: SessionDep, viewer: ViewerDep, queue: QueueDep, job: JobCode) -> JobOut:
    """Read one job and how far it has come 任务进度."""
    return await service.get_job(session, viewer, queue, job)


@router.get(
    "/{job}/result",
    response_class=Response,
    responses={200: {"description": "The body that the request was answered with.", "content": {"*/*": {}}}},
    openapi_extra=OWN,
)
async def get_result(session: SessionDep, viewer: ViewerDep, job: JobCode) -> Response:
    """Fetch what a job that is done was answered with 任务结果."""
    found = await service.get_result(session, viewer, job)
    return Response(found.body, headers=dict(found.headers))


@router.get(
    "/{job}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `progress` with a job as JSON whenever it changed, `end` with the last.",
            "content": {"text/event-stream": {}},
        }
    },
    openapi_extra=does(Action.OWN_JOBS, own_transactions=True),
)
async def watch_job(
    begin: BeginDep, viewer: ViewerDep, queue: QueueDep, job: JobCode, request: Request
) -> StreamingResponse:
    """Watch a job until it ends 任务进度推送; each look asks anew whether the viewer still may."""
    first = await _look(begin, viewer, queue, job)
    return StreamingResponse(_events(begin, queue, first, request), media_type="text/event-stream")


async def _look(begin: Begin, viewer: ViewerDep, queue: JobQueue, code: str) -> JobOut:
    async with begin(writes=False) as session:
        return await service.get_job(session, viewer, queue, code)


async def _events(begin: Begin, queue: JobQueue, first: JobOut, request: Request) -> AsyncIterator[str]:
    shown, told_at, ends_at = first, elapsed_seconds(), elapsed_seconds() + LONGEST_SECONDS
    yield _event(shown)
    while not shown.state.is_final and elapsed_seconds() < ends_at:
        await asyncio.sleep(LOOK_EVERY)
        with suppress(RongqiaoError):  # who may no longer look hears no more
            found = await _look(begin, request.state.viewer, queue, shown.code)
            if found != shown or elapsed_seconds() - told_at > SILENCE_SECONDS:
                shown, told_at = found, elapsed_seconds()
                yield _event(shown)
            continue
        return


def _event(job: JobOut) -> str:
    name = "end" if job.state.is_final else "progress"
    return f"event: {name}\ndata: {json.dumps(job.model_dump(mode='json'), ensure_ascii=False)}\n\n"


@router.post("/{job}/cancellation", openapi_extra=does(Action.OWN_JOBS, own_transactions=True))
async def cancel_job(begin: BeginDep, viewer: ViewerDep, queue: QueueDep, job: JobCode) -> JobOut:
    """Cancel a job 取消任务: what waits is taken back, what runs is stopped and changes nothing, what ended stays.

    What a job has already kept stays kept: it is then `done`.
    """
    return await service.cancel(begin, viewer, queue, job, now=utc_now())
