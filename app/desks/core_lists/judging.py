"""What a coordinator does with a list: take it up or not, say whom its rows mean, match its firms."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.core_lists import match_service, reading_service, review_service, service
from app.core_lists.rules import Choice
from app.core_lists.schemas import CoreUscc, DecisionIn, ResolutionIn, RowNumber, RunIn
from app.desks.core_lists.lists import frame, show
from app.desks.core_lists.sending import STALE, reason_fault
from app.desks.forms import Form, expected, number_typed, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.requests import SessionDep, TransactionRoute
from app.reference.credit_codes import check_uscc

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
JUDGES: Final = does(Action.REVIEW_CORE_LISTS)
OTHER: Final = "other"
CHOOSE: Final = Text("请选一项。")
NO_CODE: Final = Text("请填写18位统一社会信用代码。")
SHARE: Final = Text("请填1至100的整数。")
MONTHS: Final = Text("请填1至60的整数。")
REPLACED: Final = Text("这一行所在的版本已被替换，或者刚刚由别人核对过。下面是现在的内容。")


@router.post("/core-lists/{uscc}/decision", openapi_extra=JUDGES)
async def decide(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Take a list up, or not."""
    form = await typed(request)
    is_accepted = form["decision"] == "accept"
    faults: dict[str, Text | str] = {}
    if form["decision"] not in {"accept", "refuse"}:
        faults["decision"] = CHOOSE
    elif not is_accepted and (fault := reason_fault(form["why"])):
        faults["why"] = fault
    if faults:
        return await show(request, session, viewer, uscc, form.with_faults(faults), 422)
    try:
        async with attempt(session):
            body = DecisionIn(
                accept=is_accepted,
                reason=form["why"] or None if not is_accepted else None,
                chain=form["chain"] or None,
            )
            await service.decide(session, viewer, uscc, body, expect=expected(form), now=utc_now())
    except ValidationError as error:
        return await show(request, session, viewer, uscc, form.misfit(error, {"reason": "why"}), 422)
    except Refused as error:
        return await show(
            request, session, viewer, uscc, form.refused(error, {"reason": "why"}), error.status
        )
    except (Conflict, PreconditionFailed) as error:
        return await show(request, session, viewer, uscc, form.with_faults({"": STALE}), error.status)
    said = Text("已受理，列入的企业已收到通知。") if is_accepted else Text("未受理，核心企业会看到原因。")
    return go_to(f"/core-lists/{uscc}", request, said)


@router.post("/core-lists/{uscc}/runs", openapi_extra=JUDGES)
async def match(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Match the firms of a list that consented."""
    form = await typed(request)
    share, months = number_typed(form["share"]), number_typed(form["months"])
    try:
        body = RunIn(share_percent=share, term_months=months)
    except ValidationError as error:
        wrong = {item["loc"][0] for item in error.errors()}
        faults = {"share": SHARE} if "share_percent" in wrong else {}
        faults |= {"months": MONTHS} if "term_months" in wrong else {}
        return await show(request, session, viewer, uscc, form.with_faults(faults), 422)
    try:
        async with attempt(session):
            done = await match_service.run_match(session, viewer, uscc, body, now=utc_now())
    except Conflict as error:
        return await show(request, session, viewer, uscc, form.with_faults({"": STALE}), error.status)
    said = Text(
        "匹配完成：同意的%(all)s户中%(matched)s户有符合的产品。", all=done.consented, matched=done.matched
    )
    return go_to(f"/core-lists/{uscc}", request, said)


@router.get("/core-lists/{uscc}/rows/{row}", openapi_extra=does(Action.REVIEW_CORE_LISTS, is_recorded=True))
async def row_page(
    request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, row: RowNumber
) -> Response:
    """Show whom a row may mean, side by side."""
    return await _row(request, session, viewer, uscc, row, Form())


async def _row(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    uscc: str,
    row: int,
    form: Form,
    status: int = 200,
) -> Response:
    one = await reading_service.core_list(session, viewer, uscc)
    found = await review_service.get_row(session, viewer, uscc, row)
    context = frame(viewer) | {"one": one, "row": found, "form": form, "other": OTHER}
    return page(request, "core_lists/row.html", context, status)


@router.post("/core-lists/{uscc}/rows/{row}", openapi_extra=JUDGES)
async def resolve(
    request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, row: RowNumber
) -> Response:
    """Keep whom a row means."""
    form = await typed(request)
    chosen = form["firm"]
    code = check_uscc(form["code"]).code if chosen == OTHER else chosen
    faults: dict[str, Text | str] = {}
    if not chosen:
        faults["firm"] = CHOOSE
    elif chosen != Choice.NOBODY.value and not check_uscc(code).is_valid:
        faults["code"] = NO_CODE
    if fault := reason_fault(form["reason"]):
        faults["reason"] = fault
    if faults:
        return await _row(request, session, viewer, uscc, row, form.with_faults(faults), 422)
    is_nobody = chosen == Choice.NOBODY.value
    body = ResolutionIn(
        choice=Choice.NOBODY if is_nobody else Choice.FIRM,
        uscc=None if is_nobody else code,
        reason=form["reason"],
    )
    try:
        async with attempt(session):
            await review_service.resolve_row(
                session, viewer, uscc, row, body, expect=expected(form), now=utc_now()
            )
    except Refused as error:
        refused = form.refused(error, {"uscc": "code"})
        return await _row(request, session, viewer, uscc, row, refused, error.status)
    except (Conflict, PreconditionFailed) as error:
        told = form.with_faults({"": REPLACED})
        return await _row(request, session, viewer, uscc, row, told, error.status)
    return go_to(f"/core-lists/{uscc}/rows?outcome=open", request, Text("已记下。"))
