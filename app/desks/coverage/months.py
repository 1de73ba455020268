"""The month on one page, and month by month."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do, may_try
from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter, ClassCount
from app.coverage import listing_service
from app.coverage import service as coverage
from app.coverage.listing import WHICH_LABELS
from app.coverage.months import month_of, shifted
from app.coverage.ranking import RankingLevel, Sort
from app.coverage.ranking_service import ranking
from app.coverage.rules import Cut
from app.coverage.schemas import MONTH_PATTERN, CoverageOut, Month
from app.coverage.targets import STATE_LABELS
from app.coverage.trend_schemas import TrendOut
from app.coverage.trend_service import trend
from app.desks import charts
from app.desks.coverage import views
from app.desks.coverage.words import LEVEL_NAMES, SORT_NAMES
from app.desks.pages import go_to, page
from app.desks.texts import Text, language_of, say
from app.docking import clock_service
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
MonthQuery = Annotated[str | None, Query(pattern=f"({MONTH_PATTERN})|^$", max_length=7)]
RegionQuery = Annotated[str | None, Query(pattern=r"^[0-9]{6}$")]
MOST_LATE = 12
MOST_RANKED = 15
MONTHS_ON_PAGE = 12
CUTS = (Cut.REGION, Cut.CHAIN, Cut.INSTITUTION)
MONTHS_OF_TREND = 36


@router.get("/coverage", openapi_extra=does(Action.READ_COVERAGE))
async def newest(
    request: Request, session: SessionDep, viewer: ViewerDep, month: MonthQuery = None
) -> Response:
    """Go to a month that was chosen, else to the newest that has something to show."""
    months, first = await coverage.listed_months(session, viewer, now=utc_now())
    if chosen := month or first:
        return go_to(f"/coverage/{chosen}")
    return page(request, "coverage/empty.html", {"month": None, "years": views.years_of(months)})


@router.get("/coverage/trend", openapi_extra=does(Action.READ_COVERAGE))
async def trend_page(
    request: Request, session: SessionDep, viewer: ViewerDep, until: MonthQuery = None
) -> Response:
    """Show coverage month by month, three years at a time."""
    now = utc_now()
    last = min(until or "9999-12", month_of(shanghai_date(now)))
    first = shifted(last, 1 - MONTHS_OF_TREND)
    found = await trend(session, viewer, first=first, last=last, now=now)
    shown = [one for one in found.months if one.total is not None]
    context = {
        "trend": shown,
        "drawing": await _trend_drawing(request, found),
        "earlier": shifted(first, -1) if len(shown) == MONTHS_OF_TREND else None,
        "later": min(shifted(last, MONTHS_OF_TREND), month_of(shanghai_date(now))) if until else None,
        "shares": [(which.value, WHICH_LABELS[which]) for which in views.SHARES],
    }
    return page(request, "coverage/trend.html", context)


@router.get("/coverage/{month}", openapi_extra=does(Action.READ_COVERAGE))
async def month_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    city: RegionQuery = None,
    level: RankingLevel = RankingLevel.HEAD_OFFICE,
    sort: Sort = Sort.COVERAGE,
) -> Response:
    """Show a month: coverage, funnel, cuts, what is late and what blocks; every figure leads to its entries."""
    context = await frame(session, viewer, month)
    try:
        shown = await coverage.show_by(session, viewer, month, CUTS, now=utc_now())
    except NotFound:
        return page(request, "coverage/empty.html", context)
    by_region = shown[Cut.REGION]
    if by_region.total.entries == 0:
        return page(request, "coverage/empty.html", context)
    found = views.divisions(by_region.rows, viewer.jurisdiction)
    context |= {
        "coverage": by_region,
        "funnel": views.funnel(by_region),
        "divisions": found,
        "opened": city,
        "states": STATE_LABELS,
        "restated": views.restated_rows(by_region.total, by_region.restated) if by_region.restated else [],
        "bars": await _region_drawing(request, month, found),
    }
    context |= {
        "chains": shown[Cut.CHAIN].rows,
        "banks": {row.key: row.figures for row in shown[Cut.INSTITUTION].rows},
    }
    context |= await _ranked(session, viewer, month, level, sort)
    context |= await _open_matters(session, viewer, by_region.edition)
    months = await trend(session, viewer, first=shifted(month, 1 - MONTHS_ON_PAGE), last=month, now=utc_now())
    context["drawing"] = await _trend_drawing(request, months)
    context["trend"] = [one for one in months.months if one.total is not None]
    context["shares"] = [(which.value, WHICH_LABELS[which]) for which in views.SHARES]
    return page(request, "coverage/month.html", context)


async def frame(session: AsyncSession, viewer: Viewer, month: str) -> dict[str, Any]:
    """Answer what every page of a month shows: the way to other months, and what the viewer may do."""
    months, _first = await coverage.listed_months(session, viewer, now=utc_now())
    before, after = views.neighbours(month, months)
    whole = Target(region=viewer.jurisdiction)
    return {
        "month": month,
        "years": views.years_of({*months, month}),
        "before": before,
        "after": after,
        "may_close": may_do(viewer, Action.CLOSE_MONTH, whole),
        "may_open_chains": may_try(viewer, Action.MANAGE_CHAINS),
        "may_verify": may_do(viewer, Action.READ_COVERAGE_FACTS, whole),
        "behind": partial(views.behind, month),
    }


async def shown_or_none(
    session: AsyncSession, viewer: Viewer, month: str, by: Cut | None = None
) -> CoverageOut | None:
    """Answer a month by a cut; None where there is nothing to show of it."""
    try:
        return await coverage.show(session, viewer, month, by=by, now=utc_now())
    except NotFound:
        return None


async def _ranked(
    session: AsyncSession, viewer: Viewer, month: str, level: RankingLevel, sort: Sort
) -> dict[str, Any]:
    now = utc_now()
    heat = await listing_service.heat(session, viewer, month, now=now)
    ranked = await ranking(session, viewer, month, level, sort, now=now)
    return {
        "ranking": ranked,
        "most_ranked": MOST_RANKED,
        "levels": LEVEL_NAMES,
        "sorts": SORT_NAMES,
        "heat": heat,
        "heat_lines": views.heat_lines(heat),
    }


async def _open_matters(session: AsyncSession, viewer: Viewer, edition: str) -> Mapping[str, Any]:
    now = utc_now()
    tree = await institution_tree(session, viewer)

    def root_of(code: str) -> tuple[str, str]:
        node = tree.find(code)
        root = tree.root_of(node.id) if node else None
        return (root.code, root.name) if root else (code, code)

    late = await clock_service.late_entries(session, viewer, edition, now=now)
    counts = await bottlenecks.counts_of(session, viewer, CaseFilter(edition=edition))
    blocked: list[ClassCount] = await bottlenecks.classes_of(session, viewer, counts, now=now)
    owners = views.late_by_owner(late, root_of)
    return {
        "late": owners[:MOST_LATE],
        "late_more": len(owners) - MOST_LATE,
        "late_total": sum(one.count for one in owners),
        "blocked": blocked,
        "blocked_total": sum(one.count for one in blocked),
    }


async def _trend_drawing(request: Request, found: TrendOut) -> charts.Drawing | None:
    language = language_of(request)
    drawn = views.trend_lines(found.months, lambda text: say(language, text))
    about = Text("各月末已对接、已授信、已放款占名单的百分比；空心为未关账月份。同样的数字见旁边的表。")
    return await charts.lines("trend", say(language, Text("逐月走势")), say(language, about), drawn)


async def _region_drawing(request: Request, month: str, found: list[views.Division]) -> charts.Drawing | None:
    language = language_of(request)
    about = Text("各地区已对接占名单的百分比。同样的数字见旁边的表。")
    title = say(language, Text("各地区对接覆盖率"))
    return await charts.bars("regions", title, say(language, about), views.region_points(month, found))
