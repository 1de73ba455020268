"""Running matching and allocation, and what each run came to."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation import preview_service
from app.allocation import service as allocation
from app.allocation.schemas import AllocationPreviewOut, AllocationRunOut
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster.errands import STATES, JobPath, job_of, progress_context, send_off, told_by
from app.desks.roster.lists import editions_of
from app.desks.rounds import words
from app.desks.texts import Text
from app.jobs import service as jobs
from app.jobs.rules import State
from app.jobs.schemas import JobOut
from app.jobs.service import Errand
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import Cursor, PageRequest, encode_cursor
from app.kernel.requests import SessionDep, TransactionRoute
from app.matching import service as matching
from app.matching.schemas import MatchRunOut

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
RunPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
Flag = Annotated[str | None, Query(max_length=3)]
ROWS: Final = 50
MATCH, PREVIEW, RUN = "/api/v1/matches/runs", "/api/v1/allocations/preview", "/api/v1/allocations"
NAMES: Final[Mapping[str, Text]] = {
    MATCH: Text("运行匹配"),
    PREVIEW: Text("分派试算"),
    RUN: Text("运行分派"),
}
PAGES: Final[Mapping[str, str]] = {MATCH: "/rounds/matches", RUN: "/rounds/allocations"}
CODES: Final[Mapping[str, str]] = {"match": MATCH, "preview": PREVIEW, "run": RUN}


@router.post("/rounds/matches", openapi_extra=does(Action.RUN_MATCHING))
async def run_matching(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Have a worker match an edition."""
    return await _send(request, session, viewer, "match", Action.RUN_MATCHING, {})


@router.post("/rounds/previews", openapi_extra=does(Action.RUN_ALLOCATION))
async def preview(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Have a worker look what a run would change."""
    return await _allocate(request, session, viewer, "preview")


@router.post("/rounds/allocations", openapi_extra=does(Action.RUN_ALLOCATION))
async def run_allocation(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Have a worker allocate an edition."""
    return await _allocate(request, session, viewer, "run")


async def _allocate(request: Request, session: AsyncSession, viewer: Viewer, what: str) -> Response:
    form = await typed(request)
    more = {"keep_settled": form["anew"] != "yes"}
    return await _send(request, session, viewer, what, Action.RUN_ALLOCATION, more)


async def _send(
    request: Request, session: AsyncSession, viewer: Viewer, what: str, action: Action, more: dict[str, Any]
) -> Response:
    edition = (await typed(request))["edition"]
    if edition not in {one.code for one in await editions_of(session, viewer)}:
        raise Refused("There is no such edition.")
    body = json.dumps({"edition": edition} | more).encode()
    path = CODES[what]
    errand = Errand(action, NAMES[path].chinese, path, "application/json", body)
    return go_to(f"/rounds/jobs/{what}/{await send_off(request, session, errand)}")


@router.get("/rounds/jobs/{what}/{job}", openapi_extra=does(Action.READ_RUNS))
async def watch(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    what: Annotated[str, Path(pattern="^(match|preview|run)$")],
    job: JobPath,
) -> Response:
    """Show how far a run has come; then go to what it came to."""
    found = await job_of(request, session, viewer, job)
    path = CODES[what]
    if not found.state.is_final:
        waiting = {"what": NAMES[path], "places": [("/rounds", Text("匹配与分派"))]} | progress_context(found)
        return page(request, "roster/progress.html", waiting)
    if found.state is not State.DONE:
        context = {"job": found, "state": STATES[found.state], "told": told_by(found), "what": NAMES[path]}
        return page(request, "rounds/refused.html", context)
    if what == "preview":
        return await _show_preview(request, session, viewer, found)
    answer = json.loads((await jobs.get_result(session, viewer, job)).body)
    reused = Text("与上次相比没有变化，沿用上次的运行。") if answer["reused"] else None
    return go_to(f"{PAGES[path]}/{answer['id']}", request, reused)


async def _show_preview(request: Request, session: AsyncSession, viewer: Viewer, job: JobOut) -> Response:
    answer = await jobs.get_result(session, viewer, job.code)
    seen = AllocationPreviewOut.model_validate_json(answer.body)
    newest = (await allocation.list_runs(session, viewer, PageRequest(limit=1), edition=seen.edition)).items
    before = newest[0] if newest else None
    context = {
        "seen": seen,
        "before": before,
        "rows": words.beside(words.ALLOCATION_FIGURES, seen.counts, before.counts if before else None),
        "words": words,
    }
    return page(request, "rounds/preview.html", context)


@router.get("/rounds/matches/{run}", openapi_extra=does(Action.READ_RUNS, is_recorded=True))
async def match_run(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    run: RunPath,
    without: Flag = None,
    cursor: Cursor = None,
) -> Response:
    """Show a match run beside the one before it, and how its entries came out."""
    found = await matching.get_run(session, viewer, run)
    before = await _match_before(session, viewer, found)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    entries = await matching.run_results(session, viewer, run, asked, without_product=without == "yes")
    context = {
        "run": found,
        "before": before,
        "rows": words.beside(words.MATCH_FIGURES, found.counts, before.counts if before else None),
        "entries": entries,
        "form": Form({"without": without or ""}),
    }
    return page(request, "rounds/match.html", context)


async def _match_before(session: AsyncSession, viewer: Viewer, run: MatchRunOut) -> MatchRunOut | None:
    asked = PageRequest(limit=1, cursor=encode_cursor(run.id))
    found = (await matching.list_runs(session, viewer, asked, edition=run.edition)).items
    return found[0] if found else None


@router.get("/rounds/allocations/{run}", openapi_extra=does(Action.READ_RUNS, is_recorded=True))
async def allocation_run(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    run: RunPath,
    check: Flag = None,
    cursor: Cursor = None,
) -> Response:
    """Show an allocation run beside the one before it, what it changed, and with `check` its proof made anew."""
    found = await allocation.get_run(session, viewer, run)
    asked = PageRequest(limit=1, cursor=encode_cursor(run))
    older = (await allocation.list_runs(session, viewer, asked, edition=found.edition)).items
    before: AllocationRunOut | None = older[0] if older else None
    changes = await preview_service.changes_of_run(
        session, viewer, run, PageRequest(limit=ROWS, cursor=cursor)
    )
    context: dict[str, Any] = {
        "run": found,
        "before": before,
        "rows": words.beside(words.ALLOCATION_FIGURES, found.counts, before.counts if before else None),
        "changes": changes,
        "words": words,
        "proof": await _proof(session, viewer, run) if check else None,
    }
    return page(request, "rounds/allocation.html", context)


async def _proof(session: AsyncSession, viewer: Viewer, run: int) -> Any:
    try:
        return await allocation.check_run(session, viewer, run)
    except Conflict:
        return "unreadable"
