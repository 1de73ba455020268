"""Matters that public bodies or the coordinator have to settle: list, one, comment, close."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do, may_try
from app.accounts.rules import Viewer
from app.coordination import service as coordination
from app.coordination.rules import KINDS, STATE_LABELS, CaseAct, CaseKind, CaseState
from app.coordination.schemas import MOST_TEXT, CaseCode, CaseFilter, CommentIn, OutcomeIn
from app.desks.bottlenecks.classes import ChainQuery, EditionQuery, RegionQuery, divisions, listed_editions
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.search.ways import entry_path
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import MOST_ROWS, PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
KindQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(CaseKind)})?$")]
StateQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(CaseState)}|overdue|all)?$")]
EMPTY = Text("请填写内容。")
TOO_LONG = Text("最多 %(count)s 字，请写短一些。", count=MOST_TEXT)
NO_ACT = Text("请选择“已解决”或“不予解决”。")
OTHERS_FIRST = Text("您打开本页之后，已有人改动了这一事项。下面是现在的内容，请看过后再决定。")
CLOSED = Text("这一事项已经办结，不能再次办结；可以留言，或另提一项。")


@router.get("/bottlenecks/cases", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def cases_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    asked: PageQuery,
    edition: EditionQuery = None,
    region: RegionQuery = None,
    chain: ChainQuery = None,
    kind: KindQuery = None,
    state: StateQuery = None,
) -> Response:
    """List matters by the day on which they are due."""
    shown = state or CaseState.OPEN.value
    wanted = CaseFilter(
        edition=edition or None,
        region=region or None,
        chain=chain or None,
        kind=CaseKind(kind) if kind else None,
        state=CaseState(shown) if shown in set(CaseState) else None,
        is_overdue=shown == "overdue",
    )
    found = await coordination.list_cases(session, viewer, asked, wanted, now=utc_now())
    form = Form({"edition": edition or "", "region": region or "", "kind": kind or ""})
    context = {
        "found": found,
        "form": form,
        "shown": shown,
        "editions": await listed_editions(session, viewer),
        "regions": await divisions(session, viewer),
        "kinds": [(one.value, KINDS[one].chinese) for one in CaseKind],
        "states": STATE_LABELS,
    }
    return page(request, "bottlenecks/cases.html", context)


@router.get("/bottlenecks/cases/{case}", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def case_page(request: Request, session: SessionDep, viewer: ViewerDep, case: CaseCode) -> Response:
    """Show one matter with what was added to it."""
    return await _show(request, session, viewer, case, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    found = await coordination.case(session, viewer, code, now=utc_now())
    comments = await coordination.comments(session, viewer, code, PageRequest(limit=MOST_ROWS))
    context = {
        "case": found,
        "comments": comments.items,
        "form": form,
        "entry_path": entry_path(viewer, found.entry, ""),
        "may_comment": may_try(viewer, Action.COMMENT_CASE),
        "may_close": CaseAct.RESOLVE in found.possible
        and may_do(viewer, Action.ANSWER_CASE, Target(region=found.region)),
    }
    return page(request, "bottlenecks/case.html", context, status)


@router.post("/bottlenecks/cases/{case}/comments", openapi_extra=does(Action.COMMENT_CASE))
async def comment(request: Request, session: SessionDep, viewer: ViewerDep, case: CaseCode) -> Response:
    """Add to a matter."""
    form = await typed(request)
    if fault := _text_fault(form["text"]):
        return await _show(request, session, viewer, case, form.with_faults({"text": fault}), 422)
    try:
        async with attempt(session):
            await coordination.comment(session, viewer, case, CommentIn(text=form["text"]), now=utc_now())
    except Refused as error:
        return await _show(request, session, viewer, case, form.refused(error), error.status)
    return go_to(f"/bottlenecks/cases/{case}", request, Text("已留言。"))


@router.post("/bottlenecks/cases/{case}/outcome", openapi_extra=does(Action.ANSWER_CASE))
async def close(request: Request, session: SessionDep, viewer: ViewerDep, case: CaseCode) -> Response:
    """Write down how a matter ended."""
    form = await typed(request)
    faults: dict[str, Text | str] = {}
    if fault := _text_fault(form["outcome"]):
        faults["outcome"] = fault
    if form["act"] not in {CaseAct.RESOLVE.value, CaseAct.REFUSE.value}:
        faults["act"] = NO_ACT
    if faults:
        return await _show(request, session, viewer, case, form.with_faults(faults), 422)
    act = coordination.resolve if form["act"] == CaseAct.RESOLVE.value else coordination.refuse
    try:
        async with attempt(session):
            await act(
                session,
                viewer,
                case,
                OutcomeIn(outcome=form["outcome"]),
                expect=expected(form),
                now=utc_now(),
            )
    except PreconditionFailed as error:
        return await _show(request, session, viewer, case, form.with_faults({"": OTHERS_FIRST}), error.status)
    except Conflict as error:
        return await _show(request, session, viewer, case, form.with_faults({"": CLOSED}), error.status)
    except Refused as error:
        return await _show(request, session, viewer, case, form.refused(error), error.status)
    return go_to(f"/bottlenecks/cases/{case}", request, Text("已办结。"))


def _text_fault(text: str) -> Text | None:
    if not text:
        return EMPTY
    return TOO_LONG if len(text) > MOST_TEXT else None
