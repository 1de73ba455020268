"""The coordinator's month on one page: coverage, its levels, cities, and what blocks the rest."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter
from app.coverage import service as coverage
from app.coverage.rules import Cut
from app.coverage.schemas import MONTH_PATTERN
from app.coverage.targets import STATE_LABELS
from app.desks.pages import guest_of, page
from app.kernel.clock import utc_now
from app.kernel.errors import NotFound
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

LEVELS = (
    ("assigned", "已落实"),
    ("contacted", "已对接"),
    ("answered", "已答复"),
    ("credited", "已授信"),
    ("disbursed", "已放款"),
)
MOST_MONTHS = 12
MonthQuery = Annotated[str | None, Query(pattern=MONTH_PATTERN, max_length=7)]


@router.get("/", openapi_extra=does(Action.READ_COVERAGE))
async def home(
    request: Request, session: SessionDep, viewer: ViewerDep, month: MonthQuery = None
) -> HTMLResponse:
    """Show a month of coverage; without one, the last month that has something to show."""
    now, guest = utc_now(), guest_of(request)
    months, first = await coverage.listed_months(session, viewer, now=now)
    chosen = month or first
    context: dict[str, Any] = {"months": months[-MOST_MONTHS:], "month": chosen, "levels": LEVELS}
    context["states"] = STATE_LABELS
    try:
        shown = await coverage.show(session, viewer, chosen, by=Cut.REGION, now=now) if chosen else None
    except NotFound:
        shown = None
    if shown is None or shown.total.entries == 0:
        return page("empty.html", context, guest=guest)
    wanted = CaseFilter(edition=shown.edition)
    cases = await bottlenecks.list_cases(session, viewer, PageRequest(limit=1), wanted)
    blocked = await bottlenecks.counts_by_name(session, viewer, cases.counts, now=now)
    return page("month.html", context | {"coverage": shown, "blocked": blocked}, guest=guest)
