"""Closing a month from its page, and looking whether a closed one is what it was."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, require
from app.accounts.rules import Viewer
from app.coverage import service as coverage
from app.coverage.months import bounds_of, shifted
from app.coverage.schemas import Month
from app.desks.coverage import views
from app.desks.coverage.months import frame
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.search.ways import entry_path
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
NOT_CONFIRMED = Text("请先勾选确认。关账不能撤销。")
MOST_LISTED = 50
Again = Annotated[str | None, Query(max_length=3)]


@router.get("/coverage/{month}/close", openapi_extra=does(Action.CLOSE_MONTH))
async def closing_page(request: Request, session: SessionDep, viewer: ViewerDep, month: Month) -> Response:
    """Show what closing would freeze, and ask whether to."""
    return await _show(request, session, viewer, month, Form())


@router.post("/coverage/{month}/close", openapi_extra=does(Action.CLOSE_MONTH))
async def close(request: Request, session: SessionDep, viewer: ViewerDep, month: Month) -> Response:
    """Freeze the month."""
    form = await typed(request)
    if form["confirmed"] != "yes":
        return await _show(
            request, session, viewer, month, form.with_faults({"confirmed": NOT_CONFIRMED}), 422
        )
    try:
        async with attempt(session):
            await coverage.close(session, viewer, month, now=utc_now())
    except Conflict as error:
        return await _show(request, session, viewer, month, form.refused(error), error.status)
    return go_to(f"/coverage/{month}", request, Text("已关账。数字从此不变；以后补登的事实以重述显示。"))


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, month: str, form: Form, status: int = 200
) -> Response:
    require(viewer, Action.CLOSE_MONTH, Target(region=viewer.jurisdiction))
    now = utc_now()
    found = await coverage.show(session, viewer, month, now=now)
    following = await coverage.next_close(session, viewer)
    context = await frame(session, viewer, month) | {
        "coverage": found,
        "form": form,
        "funnel": views.funnel(found),
        "following": following,
        "has_ended": now >= bounds_of(month)[1],
        "month_after": shifted(month, 1),
    }
    return page(request, "coverage/close.html", context, status)


@router.get("/coverage/{month}/verification", openapi_extra=does(Action.READ_COVERAGE_FACTS))
async def verification_page(
    request: Request, session: SessionDep, viewer: ViewerDep, month: Month, again: Again = None
) -> Response:
    """Show under what a month was closed; if asked, recompute it, and show what has become known since."""
    require(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction))
    context = await frame(session, viewer, month) | {
        "closed": await coverage.closed_under(session, viewer, month)
    }
    if not again:
        return page(request, "coverage/verification.html", context)
    found = await coverage.verify(session, viewer, month)
    changes = [
        (Text("关账后才有的条目"), found.entries_added),
        (Text("关账时有、现在没有的条目"), found.entries_removed),
        (Text("事实有变的条目"), found.entries_changed),
    ]
    context |= {
        "found": found,
        "changes": changes,
        "most": MOST_LISTED,
        "restated": views.restated_rows(found.total, found.today),
        "path_of": lambda code: entry_path(viewer, code, ""),
    }
    return page(request, "coverage/verification.html", context)
