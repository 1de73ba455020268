"""The year: what is held when, one's own invitations; a year is planned, looked at, kept; single events are added."""

from collections import defaultdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.desks.bottlenecks.classes import chain_names, divisions
from app.desks.events import words
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.events import guest_service, planning_service, service
from app.events.schemas import (
    FIRST_YEAR,
    LAST_YEAR,
    EventFilter,
    HostedEventIn,
    HostedEventOut,
    YearIn,
    YearOut,
    YearPlanOut,
)
from app.events.states import EVENT_STATE_LABELS
from app.events.year import RHYTHM_LABELS, Rhythm
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.policy.facts import SOURCE_CLASSES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
YearQuery = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
INVITATIONS: Final = 50
COUNTS: Final = ("conferences", "field_events_per_quarter", "chain_events_per_month", "conference_month")
NO_NUMBER: Final = Text("请填整数，或留空。")


@router.get("/events", openapi_extra=does(Action.READ_EVENTS, is_recorded=True))
async def year_page(
    request: Request, session: SessionDep, viewer: ViewerDep, year: YearQuery = None
) -> Response:
    """Show a year month by month; above it the viewer's own invitations."""
    planned = (await planning_service.list_years(session, viewer, PageRequest(limit=MOST_ROWS))).items
    years = sorted({shanghai_today().year, *(one.year for one in planned)})
    shown = year or await _year_with_events(session, viewer, [one.year for one in planned])
    events = await _events(session, viewer, shown)
    months: dict[str, list[HostedEventOut]] = defaultdict(list)
    for event in events:
        months[f"{event.day:%Y-%m}"].append(event)
    own = await guest_service.own_invitations(session, viewer, PageRequest(limit=INVITATIONS), now=utc_now())
    context = {
        "year": shown,
        "years": sorted({*years, shown}),
        "months": dict(months),
        "count": len(events),
        "is_planned": any(one.year == shown for one in planned),
        "own": own.items,
        "event_tones": words.EVENT_TONES,
        "event_states": EVENT_STATE_LABELS,
        "guest_tones": words.GUEST_TONES,
        "may_plan": words.may_plan(viewer),
        "may_add": may_try(viewer, Action.MANAGE_EVENTS),
        "may_read_results": may_try(viewer, Action.READ_EVENT_RESULTS),
        "rhythm_names": RHYTHM_LABELS,
    }
    return page(request, "events/year.html", context)


async def _year_with_events(session: AsyncSession, viewer: Viewer, planned: list[int]) -> int:
    """Answer this year, or the last planned one while nothing is held this year."""
    today = shanghai_today().year
    now = await service.list_events(
        session, viewer, PageRequest(limit=1), EventFilter(year=today), now=utc_now()
    )
    return today if now.items or not planned else planned[0]


async def _events(session: AsyncSession, viewer: Viewer, year: int) -> list[HostedEventOut]:
    found, asked = list[HostedEventOut](), PageRequest(limit=MOST_ROWS)
    while True:
        more = await service.list_events(session, viewer, asked, EventFilter(year=year), now=utc_now())
        found += more.items
        if more.next is None:
            return found
        asked = PageRequest(limit=MOST_ROWS, cursor=more.next)


@router.get("/events/years", openapi_extra=does(Action.MANAGE_EVENTS))
async def planning_page(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Ask what a year's calendar is to hold, and list the years that have one."""
    return await _planning(request, session, viewer, Form({"year": str(shanghai_today().year + 1)}))


async def _planning(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    planned = (await planning_service.list_years(session, viewer, PageRequest(limit=MOST_ROWS))).items
    return page(
        request,
        "events/planning.html",
        {"form": form, "planned": planned, "may_plan": words.may_plan(viewer)},
        status,
    )


def _wanted(form: Form) -> YearIn | Form:
    """Read what a year is to hold; the form with its faults where it is none."""
    faults: dict[str, Text | str] = {}
    values: dict[str, Any] = {}
    for name in ("year", *COUNTS):
        text = form[name]
        if text.isascii() and text.isdecimal() and len(text) <= len("2027"):
            values[name] = int(text)
        elif text:
            faults[name] = NO_NUMBER
    if form["first_day"]:
        values["first_day"] = form["first_day"]
    if form["expected_hash"]:
        values["expected_hash"] = form["expected_hash"]
    if faults:
        return form.with_faults(faults)
    try:
        return YearIn.model_validate(values)
    except ValidationError as error:
        return form.misfit(error)


@router.post("/events/years/preview", openapi_extra=does(Action.MANAGE_EVENTS, stores_nothing=True))
async def preview(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show the calendar that would be kept."""
    form = await typed(request)
    wanted = _wanted(form)
    if isinstance(wanted, Form):
        return await _planning(request, session, viewer, wanted, 422)
    try:
        plan = await planning_service.preview_year(session, viewer, wanted, now=utc_now())
    except Refused as error:
        return await _planning(request, session, viewer, form.refused(error), error.status)
    return _plan_page(request, plan, form)


def _plan_page(request: Request, plan: YearPlanOut, form: Form, status: int = 200) -> Response:
    return page(request, "events/plan.html", _planned(plan, form), status)


def _planned(plan: YearPlanOut, form: Form) -> dict[str, Any]:
    kept = plan if isinstance(plan, YearOut) else None
    return {"plan": plan, "form": form, "kept": kept, "rhythm_names": RHYTHM_LABELS}


@router.post("/events/years", openapi_extra=does(Action.MANAGE_EVENTS))
async def keep(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Keep the calendar that was looked at."""
    form = await typed(request)
    wanted = _wanted(form)
    if isinstance(wanted, Form):
        return await _planning(request, session, viewer, wanted, 422)
    try:
        async with attempt(session):
            made = await planning_service.keep_year(session, viewer, wanted, now=utc_now())
    except (Refused, Conflict) as error:
        return await _planning(request, session, viewer, form.refused(error), error.status)
    said = Text("%(year)s年计划已保存，共%(count)s场。", year=made.year, count=len(made.events))
    return go_to(f"/events?year={made.year}", request, said)


@router.get("/events/years/{year}", openapi_extra=does(Action.READ_EVENTS))
async def planned_page(request: Request, session: SessionDep, viewer: ViewerDep, year: int) -> Response:
    """Show a calendar as it was planned."""
    kept = await planning_service.get_year(session, viewer, min(max(year, 0), LAST_YEAR))
    return page(request, "events/plan.html", _planned(kept, Form()))


@router.get("/events/new", openapi_extra=does(Action.MANAGE_EVENTS))
async def new_page(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Ask for an event beside the calendar."""
    return await _new(request, session, viewer, Form({"rhythm": Rhythm.MONTHLY.value}))


async def _new(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    context = {
        "form": form,
        "rhythms": words.rhythms(),
        "chains": await chain_names(session, viewer),
        "classes": list(SOURCE_CLASSES.items()),
        "places": await divisions(session, viewer),
    }
    return page(request, "events/new.html", context, status)


@router.post("/events/new", openapi_extra=does(Action.MANAGE_EVENTS))
async def add(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Add an event."""
    form = await typed(request)
    names = ("rhythm", "chain", "source_class", "place", "day", "reason", "venue")
    try:
        wanted = HostedEventIn.model_validate({name: form[name] for name in names if form[name]})
    except ValidationError as error:
        return await _new(request, session, viewer, form.misfit(error), 422)
    try:
        async with attempt(session):
            made = await service.add_event(session, viewer, wanted, now=utc_now())
    except Refused as error:
        return await _new(request, session, viewer, form.refused(error), error.status)
    return go_to(f"/events/{made.code}", request, Text("活动已加入日历。"))
