"""The library as a living thing: what was observed of products, and the quarter's confirmations."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.awards import confirming_service, observed_service
from app.awards.observed import OFF_LABELS, last_over
from app.catalogue import service as catalogue
from app.catalogue.offering import OFFER_LABELS, OfferState
from app.desks.awards import words
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster.errands import JobPath, job_of, progress_context, send_off, told_by
from app.desks.texts import Text
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 50
OBSERVE = "/api/v1/library/observations"
Word = Annotated[str, Query(max_length=40)]
COMPUTED = Text("统计使用情况")


@router.get("/library/observed", openapi_extra=does(Action.READ_OBSERVED))
async def observed(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    quarter: Word = "",
    flagged: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Show products, declared beside observed."""
    form = Form({"quarter": quarter, "flagged": flagged})
    return await _observed(request, session, viewer, form, cursor=cursor)


async def _observed(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    form: Form,
    status: int = 200,
    cursor: str | None = None,
) -> Response:
    runs = (await observed_service.list_runs(session, viewer, PageRequest(limit=ROWS))).items
    known = {one.quarter for one in runs}
    try:
        found = await observed_service.observed_page(
            session,
            viewer,
            form["quarter"] if form["quarter"] in known else None,
            PageRequest(limit=ROWS, cursor=cursor),
            flagged=form["flagged"] == "yes",
        )
    except NotFound:
        found = None
    context = {
        "found": found,
        "runs": runs,
        "form": form,
        "tabs": words.library_tabs(viewer),
        "off_said": words.OFF_SAID,
        "off_labels": OFF_LABELS,
        "off_tones": words.OFF_TONES,
        "last_over": last_over(shanghai_today()),
        "may_compute": may_try(viewer, Action.MANAGE_AWARDS),
    }
    return page(request, "awards/observed.html", context, status)


@router.post("/library/observed", openapi_extra=does(Action.MANAGE_AWARDS))
async def compute(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Have a worker compute the figures up to a quarter."""
    form = await typed(request)
    try:
        quarter = observed_service.known_quarter(form["quarter"])
    except Refused as error:
        return await _observed(request, session, viewer, form.refused(error), error.status)
    body = f'{{"quarter": "{quarter}"}}'.encode()
    errand = Errand(Action.MANAGE_AWARDS, COMPUTED.chinese, OBSERVE, "application/json", body)
    return go_to(f"/library/observed/jobs/{await send_off(request, session, errand)}")


@router.get("/library/observed/jobs/{job}", openapi_extra=does(Action.MANAGE_AWARDS))
async def computing(request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath) -> Response:
    """Show how far a computation has come; then go to what it came to."""
    found = await job_of(request, session, viewer, job)
    if not found.state.is_final:
        waiting = {"what": COMPUTED, "places": [(words.OBSERVED, Text("申报与实际"))]}
        return page(request, "roster/progress.html", waiting | progress_context(found))
    if found.state is not State.DONE:
        told = told_by(found)
        form = Form({"quarter": "", "flagged": ""}).with_faults(
            {"": told[0] if told else Text("统计没有完成。")}
        )
        return await _observed(request, session, viewer, form, 409)
    return go_to(words.OBSERVED, request, Text("使用情况已重新统计。"))


@router.get("/library/confirmations", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def confirmations(
    request: Request, session: SessionDep, viewer: ViewerDep, waiting: Word = "", cursor: Cursor = None
) -> Response:
    """Show who has confirmed for the coming quarter, and who has not."""
    return await _confirmations(request, session, viewer, Form({"waiting": waiting}), cursor=cursor)


async def _confirmations(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    form: Form,
    status: int = 200,
    cursor: str | None = None,
) -> Response:
    found = await confirming_service.confirmations(
        session,
        viewer,
        PageRequest(limit=ROWS, cursor=cursor),
        now=utc_now(),
        waiting=form["waiting"] == "yes",
    )
    context = {
        "found": found,
        "form": form,
        "tabs": words.library_tabs(viewer),
        "names": await catalogue.product_names(
            session, viewer, [code for row in found.items for code in row.to_confirm]
        ),
        "states": [
            (one.value, OFFER_LABELS[one])
            for one in OfferState
            if any(one.value in row.states for row in found.items)
        ],
        "may_call": may_try(viewer, Action.PUBLISH_LIBRARY),
        "may_remind": may_try(viewer, Action.PUBLISH_LIBRARY) and found.call is not None and found.waiting,
    }
    return page(request, "awards/confirmations.html", context, status)


@router.post("/library/confirmations", openapi_extra=does(Action.PUBLISH_LIBRARY))
async def call(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Call institutions to confirm for the coming quarter, or remind those who have not."""
    form = await typed(request)
    if form["act"] == "remind":
        told = await confirming_service.remind(session, viewer, now=utc_now())
        return go_to(words.CONFIRMATIONS, request, Text("已提醒 %(count)s 人。", count=told))
    try:
        async with attempt(session):
            await confirming_service.call(session, viewer, now=utc_now())
    except Conflict as error:
        return await _confirmations(request, session, viewer, form.refused(error), error.status)
    return go_to(words.CONFIRMATIONS, request, Text("已发出确认通知。"))
