"""Where an edition stands: matched and allocated as of when, and what to run next."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.desks.pages import page
from app.desks.roster.lists import EditionQuery, editions_of
from app.desks.rounds import words
from app.kernel.database import AsyncSession
from app.kernel.errors import Unavailable
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.matching import service as matching

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS: Final = 10


@router.get("/rounds", openapi_extra=does(Action.READ_RUNS))
async def home(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    edition: EditionQuery = None,
    check: Annotated[str | None, Query(max_length=3)] = None,
) -> Response:
    """Show the newest runs of an edition; with `check`, what has changed since it was matched."""
    editions = await editions_of(session, viewer, is_counted=True)
    chosen = next((one for one in editions if one.code == edition), editions[0] if editions else None)
    context: dict[str, Any] = {"editions": editions, "edition": chosen, "words": words, "changed": None}
    if chosen is None:
        return page(request, "rounds/empty.html", context)
    asked = PageRequest(limit=ROWS)
    matches = (await matching.list_runs(session, viewer, asked, edition=chosen.code)).items
    runs = (await allocation.list_runs(session, viewer, asked, edition=chosen.code)).items
    if check and matches:
        context["changed"] = await _changed(session, viewer, matches[0].id)
    whole = Target(region=viewer.jurisdiction)
    context |= {
        "matches": matches,
        "runs": runs,
        "may_run": may_do(viewer, Action.RUN_ALLOCATION, whole),
        "is_allocated": bool(matches and runs and runs[0].match_run == matches[0].id),
        "listed": chosen.entries.get("admitted", 0),
    }
    return page(request, "rounds/home.html", context)


async def _changed(session: AsyncSession, viewer: Viewer, run: int) -> list[str]:
    try:
        return await matching.inputs_changed(session, viewer, run)
    except Unavailable:
        # Without the day's loan prime rate nothing can be compared: it is what has changed.
        return ["lpr"]
