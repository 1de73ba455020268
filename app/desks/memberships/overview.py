"""How membership stands on all chains; objections and questions that wait; runs that propose."""

import json
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.chains import post_service
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster.errands import STATES, JobPath, job_of, progress_context, send_off, told_by
from app.desks.texts import Text
from app.jobs import service as jobs
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.paging import PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.membership import objection_service, question_service, run_service, service
from app.membership.rules import CONFIDENCES
from app.membership.schemas import DismissIn, MembershipAnswerIn, MembershipRunOut, QuestionFilter

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
ChainQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{0,60}$")]
StateQuery = Annotated[str | None, Query(pattern="^(open|answered|dismissed)?$")]
RUN, PREVIEW = "/api/v1/membership-runs", "/api/v1/membership-runs/preview"
CODES: Final[Mapping[str, str]] = {"run": RUN, "preview": PREVIEW}
NAMES: Final[Mapping[str, Text]] = {"run": Text("运行归链提议"), "preview": Text("归链提议试算")}
READS: Final = does(Action.CONFIRM_MEMBERSHIPS, is_recorded=True)
LAST_RUNS: Final = 5


@router.get("/memberships", openapi_extra=READS)
async def overview(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show how membership stands on each chain, and what waits for people."""
    standings = await service.standings(session, viewer, now=utc_now())
    may_propose = may_try(viewer, Action.PROPOSE_MEMBERSHIPS)
    runs = (
        (await run_service.list_runs(session, viewer, PageRequest(limit=LAST_RUNS))).items
        if may_propose
        else []
    )
    totals = {
        name: sum(getattr(one, name) for one in standings)
        for name in ("proposed", "confirmed", "declined", "questions", "objections")
    }
    context = {
        "standings": standings,
        "totals": totals,
        "runs": runs,
        "may_propose": may_propose,
        "vacancies": await post_service.list_vacancies(session, viewer, now=utc_now()),
    }
    return page(request, "memberships/overview.html", context)


@router.post("/memberships/runs", openapi_extra=does(Action.PROPOSE_MEMBERSHIPS))
async def run(request: Request, session: SessionDep, _viewer: ViewerDep) -> Response:
    """Have a worker propose memberships, or look what a run would change."""
    what = "run" if (await typed(request))["act"] == "run" else "preview"
    path = CODES[what]
    errand = Errand(Action.PROPOSE_MEMBERSHIPS, NAMES[what].chinese, path, "application/json", b"{}")
    return go_to(f"/memberships/jobs/{what}/{await send_off(request, session, errand)}")


@router.get("/memberships/jobs/{what}/{job}", openapi_extra=does(Action.PROPOSE_MEMBERSHIPS))
async def watch(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    what: Annotated[str, Path(pattern="^(run|preview)$")],
    job: JobPath,
) -> Response:
    """Show how far a run has come; then what it came to."""
    found = await job_of(request, session, viewer, job)
    if not found.state.is_final:
        waiting = {"what": NAMES[what], "places": [("/memberships", Text("归链"))]} | progress_context(found)
        return page(request, "roster/progress.html", waiting)
    if found.state is not State.DONE:
        context = {"state": STATES[found.state], "told": told_by(found), "what": NAMES[what]}
        return page(request, "memberships/refused.html", context)
    answer = json.loads((await jobs.get_result(session, viewer, job)).body)
    if what == "run":
        return go_to(f"/memberships/runs/{answer['id']}", request, Text("归链提议已保存。"))
    return await _run(request, session, viewer, MembershipRunOut.model_validate(answer))


@router.get("/memberships/runs/{number}", openapi_extra=does(Action.READ_RUNS))
async def run_page(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Show what a run came to."""
    return await _run(request, session, viewer, await run_service.get_run(session, viewer, number))


async def _run(request: Request, session: AsyncSession, viewer: Viewer, found: MembershipRunOut) -> Response:
    profiles = await service.profiles_by_code(session, viewer, utc_now())
    chains = [
        (code, profiles[code].name if code in profiles else code, count)
        for code, count in found.chains.items()
    ]
    chains.sort(key=lambda one: (-one[2], one[0]))
    return page(request, "memberships/run.html", {"run": found, "chains": chains, "names": CONFIDENCES})


@router.get("/memberships/questions", openapi_extra=READS)
async def questions(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    asked: PageQuery,
    chain: ChainQuery = None,
    state: StateQuery = None,
) -> Response:
    """List what speaks against confirmed memberships."""
    return await _questions(request, session, viewer, asked, chain, state, Form())


async def _questions(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    asked: PageRequest,
    chain: str | None,
    state: str | None,
    form: Form,
    status: int = 200,
) -> Response:
    shown = "dismissed" if state == "dismissed" else "open"
    wanted = QuestionFilter(chain=chain or None, state=shown)
    found = await question_service.list_questions(session, viewer, asked, wanted, now=utc_now())
    context = {
        "found": found,
        "shown": shown,
        "form": form,
        "chain": chain or "",
        "chains": await _chains(session, viewer),
    }
    return page(request, "memberships/questions.html", context, status)


@router.post("/memberships/questions/{number}/dismissal", openapi_extra=does(Action.CONFIRM_MEMBERSHIPS))
async def dismiss(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Leave what was confirmed as it is."""
    form = await typed(request)
    try:
        body = DismissIn.model_validate({"reason": form["reason"]})
        async with attempt(session):
            await question_service.dismiss(
                session, viewer, number, body, expect=expected(form), now=utc_now()
            )
    except (ValidationError, RongqiaoError) as error:
        again, status = refused(form, error)
        return await _questions(
            request, session, viewer, PageRequest(), form["chain"] or None, None, again, status
        )
    return go_to("/memberships/questions", request, Text("已写明理由，归链不变。"))


@router.get("/memberships/objections", openapi_extra=READS)
async def objections(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    asked: PageQuery,
    chain: ChainQuery = None,
    state: StateQuery = None,
) -> Response:
    """List what firms object to."""
    return await _objections(request, session, viewer, asked, chain, state, Form())


async def _objections(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    asked: PageRequest,
    chain: str | None,
    state: str | None,
    form: Form,
    status: int = 200,
) -> Response:
    shown = "answered" if state == "answered" else "open"
    found = await objection_service.list_objections(
        session,
        viewer,
        asked,
        chain=chain or None,
        state=None if shown == "answered" else "open",
        now=utc_now(),
    )
    context = {
        "found": found,
        "shown": shown,
        "form": form,
        "chain": chain or "",
        "chains": await _chains(session, viewer),
        "may_answer": may_try(viewer, Action.ANSWER_OBJECTIONS),
    }
    return page(request, "memberships/objections.html", context, status)


@router.post("/memberships/objections/{number}/answer", openapi_extra=does(Action.ANSWER_OBJECTIONS))
async def answer(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Answer an objection."""
    form = await typed(request)
    try:
        body = MembershipAnswerIn.model_validate(
            {"outcome": form["outcome"] or None, "answer": form["answer"]}
        )
        async with attempt(session):
            await objection_service.answer(
                session, viewer, number, body, expect=expected(form), now=utc_now()
            )
    except (ValidationError, RongqiaoError) as error:
        again, status = refused(form, error)
        return await _objections(request, session, viewer, PageRequest(), None, None, again, status)
    return go_to("/memberships/objections", request, Text("已答复，企业会收到通知。"))


async def _chains(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str]]:
    profiles = await service.profiles_by_code(session, viewer, utc_now())
    return [(code, one.name) for code, one in sorted(profiles.items())]


def refused(
    form: Form, error: ValidationError | RongqiaoError, fields: Mapping[str, str] | None = None
) -> tuple[Form, int]:
    """Answer the form with what stands against it; what the viewer may not see or do is raised again."""
    if isinstance(error, ValidationError):
        return form.misfit(error, fields), 422
    if error.status in {403, 404}:
        raise error
    return form.refused(error, fields), error.status
