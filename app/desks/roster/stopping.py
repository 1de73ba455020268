"""Stopping what a worker does for a page, while its viewer watches it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.local_paths import MOST_CHARACTERS, local_path
from app.desks.pages import go_to
from app.desks.roster.errands import JobPath
from app.jobs import service as jobs
from app.jobs.queue import JobQueue
from app.kernel.clock import utc_now
from app.kernel.requests import BeginDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/jobs/{job}/cancellation", openapi_extra=does(Action.OWN_JOBS, own_transactions=True))
async def stop(
    request: Request,
    begin: BeginDep,
    viewer: ViewerDep,
    job: JobPath,
    back: Annotated[str, Form(max_length=MOST_CHARACTERS)] = "",
) -> Response:
    """Stop a job; the page from which it was watched says what became of it."""
    queue: JobQueue = request.app.state.deferral.queue
    await jobs.cancel(begin, viewer, queue, job, now=utc_now())
    return go_to(local_path(back))
