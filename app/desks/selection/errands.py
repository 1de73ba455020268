"""What measures a whole edition is done by a worker: opening a round, locking it, computing it on new measures."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.pages import go_to, page
from app.desks.roster.errands import STATES, JobPath, job_of, progress_context, send_off, told_by
from app.desks.selection import words
from app.desks.texts import Text
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.database import AsyncSession
from app.kernel.requests import SessionDep, TransactionRoute, etag_of
from app.selection.schemas import RoundCode

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
WhatPath = Annotated[str, Path(pattern="^(opening|lock|computation)$")]
NAMES: Final[Mapping[str, Text]] = {
    "opening": Text("开启一轮双向选择"),
    "lock": Text("锁定名单并重新测算"),
    "computation": Text("重新测算、计算并核验"),
}


async def send(
    request: Request, session: AsyncSession, code: str, what: str, body: BaseModel, version: str = ""
) -> Response:
    """Have a worker do it to the version that the page showed, and go to where it can be watched."""
    path = "/api/v1/selection/rounds" + ("" if what == "opening" else f"/{code}/{what}")
    errand = Errand(
        Action.MANAGE_SELECTION,
        NAMES[what].chinese,
        path,
        "application/json",
        body.model_dump_json().encode(),
        if_match=etag_of(version) if version else None,
    )
    return go_to(f"/selection/{code}/jobs/{what}/{await send_off(request, session, errand)}")


@router.get("/selection/{round}/jobs/{what}/{job}", openapi_extra=does(Action.MANAGE_SELECTION))
async def watch(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - the word of the house
    what: WhatPath,
    job: JobPath,
) -> Response:
    """Show how far it has come; then go to the round, or say what stood against it."""
    found = await job_of(request, session, viewer, job)
    back = "/selection/new" if what == "opening" else f"/selection/{round}"
    if not found.state.is_final:
        context = {"what": NAMES[what], "places": [("/selection", Text("双向选择"))]}
        return page(request, "roster/progress.html", context | progress_context(found))
    if found.state is not State.DONE:
        context = {"state": STATES[found.state], "told": told_by(found), "what": NAMES[what], "back": back}
        return page(request, "selection/refused.html", context)
    return go_to(f"/selection/{round}", request, words.DONE[what])
