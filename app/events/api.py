"""JSON routes of docking events 对接活动: the year's calendar, events, what followed."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains.fields import CODE_PATTERN as CHAIN_PATTERN
from app.events import planning_service, results_service, service
from app.events.guest_schemas import ResultsOut, YearResultsOut
from app.events.schemas import (
    FIRST_YEAR,
    LAST_YEAR,
    EventChange,
    EventCode,
    EventFilter,
    HostedEventIn,
    HostedEventOut,
    YearIn,
    YearListed,
    YearNumber,
    YearOut,
    YearPlanOut,
)
from app.events.states import EventState
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)

router = APIRouter(route_class=TransactionRoute, prefix="/events", tags=["events"], responses=PROBLEMS)
YearQuery = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="年份", examples=[2024])]
ChainQuery = Annotated[str | None, Query(pattern=CHAIN_PATTERN, description="产业链编码")]
StateQuery = Annotated[
    EventState | None, Query(description="planned 待邀请, invited 已邀请, cancelled 已取消")
]


@router.get("", summary="Docking events by day (对接活动)", openapi_extra=does(Action.READ_EVENTS))
async def list_events(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    year: YearQuery = None,
    chain: ChainQuery = None,
    state: StateQuery = None,
) -> Page[HostedEventOut]:
    """List events of the calendar with subject, day and reasons; they tell of no firm."""
    wanted = EventFilter(year=year, chain=chain, state=state)
    return await service.list_events(session, viewer, page, wanted, now=utc_now())


@router.post(
    "", status_code=201, summary="Add one event (增办活动)", openapi_extra=does(Action.MANAGE_EVENTS)
)
async def add_event(
    session: SessionDep,
    viewer: ViewerDep,
    body: HostedEventIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> HostedEventOut:
    """Add an event beside the calendar; a day off is refused unless a reason is given, which is kept with it."""
    made = await service.add_event(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/events/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get(
    "/years",
    summary="Years with a calendar, the newest first (年度计划)",
    openapi_extra=does(Action.READ_EVENTS),
)
async def list_years(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[YearListed]:
    """List the years that were planned."""
    return await planning_service.list_years(session, viewer, page)


@router.post(
    "/years/preview",
    summary="Plan a year and look (试排年度计划)",
    openapi_extra=does(Action.MANAGE_EVENTS, stores_nothing=True),
)
async def preview_year(session: SessionDep, viewer: ViewerDep, body: YearIn) -> YearPlanOut:
    """Answer the calendar that would be kept: every chain has a turn before any has two; each day with its reason."""
    return await planning_service.preview_year(session, viewer, body, now=utc_now())


@router.post(
    "/years",
    status_code=201,
    summary="Plan a year and keep it (保存年度计划)",
    openapi_extra=does(Action.MANAGE_EVENTS),
)
async def keep_year(
    session: SessionDep,
    viewer: ViewerDep,
    body: YearIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> YearOut:
    """Keep a year's calendar; `expected_hash` of the preview makes sure that it is the one that was looked at."""
    made = await planning_service.keep_year(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/events/years/{made.year}"
    return made


@router.get(
    "/years/{year}",
    summary="A year's calendar as it was planned (年度计划)",
    openapi_extra=does(Action.READ_EVENTS),
)
async def get_year(session: SessionDep, viewer: ViewerDep, year: YearNumber) -> YearOut:
    """Read what was planned, why, who was left out, and what is open; events have moved since, perhaps."""
    return await planning_service.get_year(session, viewer, year)


@router.get(
    "/years/{year}/results",
    summary="What followed a year's events (年度成效)",
    openapi_extra=does(Action.READ_EVENT_RESULTS, is_recorded=True),
)
async def get_year_results(session: SessionDep, viewer: ViewerDep, year: YearNumber) -> YearResultsOut:
    """Read contacts, credit and payments within thirty and ninety days, by event and in sum; nothing counts twice."""
    return await results_service.year_results(session, viewer, year, now=utc_now())


@router.get("/{event}", summary="One docking event (对接活动)", openapi_extra=does(Action.READ_EVENTS))
async def get_event(
    session: SessionDep, viewer: ViewerDep, event: EventCode, response: Response
) -> HostedEventOut:
    """Read an event with its hours and slots, and why it is on this day."""
    found = await service.get_event(session, viewer, event, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.patch(
    "/{event}",
    summary="Move, change or cancel an event (改期、改时段、取消)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_EVENTS),
)
async def change_event(
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    body: EventChange,
    response: Response,
    if_match: IfMatch = None,
) -> HostedEventOut:
    """Change what is sent; a day off, people asked twice in a week or another period need a reason, which is kept."""
    done = await service.change_event(
        session, viewer, event, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/{event}/results",
    summary="What followed an event (活动成效)",
    openapi_extra=does(Action.READ_EVENT_RESULTS, is_recorded=True),
)
async def get_event_results(session: SessionDep, viewer: ViewerDep, event: EventCode) -> ResultsOut:
    """Read what the banks met there did first within thirty and ninety days; a window that is over is kept."""
    return await results_service.event_results(session, viewer, event, now=utc_now())
