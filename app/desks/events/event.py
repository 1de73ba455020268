"""One event: what, when and why; it is moved, its hours are changed, it is cancelled."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.events import words
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.events import guest_service, results_service, service
from app.events.schemas import FIRST_YEAR, LAST_YEAR, EventChange, EventCode, HostedEventOut
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.money import fen_from_yuan
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
NUMBERS = ("slot_minutes", "change_minutes", "most_a_firm")
MANY = 200


@router.get("/events/{event}", openapi_extra=does(Action.READ_EVENTS, is_recorded=True))
async def event_page(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Show an event, and to its host what can be changed."""
    return await _show(request, session, viewer, event, None)


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form | None, status: int = 200
) -> Response:
    found = await service.get_event(session, viewer, code, now=utc_now())
    own = await guest_service.own_invitations(session, viewer, PageRequest(limit=MANY), now=utc_now())
    context = {
        "form": form or Form(_values(found)),
        "own": [one for one in own.items if one.event == code],
    }
    return page(request, "events/event.html", words.shared(viewer, found, "") | context, status)


def _values(found: HostedEventOut) -> dict[str, str]:
    hours = found.hours
    pause = hours.breaks[0] if hours.breaks else None
    return {
        "day": found.day.isoformat(),
        "venue": found.venue,
        "opens": hours.opens,
        "closes": hours.closes,
        "slot_minutes": str(hours.slot_minutes),
        "change_minutes": str(hours.change_minutes),
        "most_a_firm": str(hours.most_a_firm),
        "break_starts": pause.starts if pause else "",
        "break_ends": pause.ends if pause else "",
    }


@router.post("/events/{event}/change", openapi_extra=does(Action.MANAGE_EVENTS))
async def change(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Move the event, change its hours and venue, or cancel it."""
    form = await typed(request)
    shown = Form(_values(await service.get_event(session, viewer, event, now=utc_now())) | dict(form.values))
    try:
        wanted = EventChange.model_validate(_changes(form))
    except ValidationError as error:
        places = {f"hours.{name}": name for name in (*NUMBERS, "opens", "closes")}
        return await _show(request, session, viewer, event, shown.misfit(error, places), 422)
    try:
        async with attempt(session):
            await service.change_event(session, viewer, event, wanted, expect=expected(form), now=utc_now())
    except PreconditionFailed as error:
        fault = {"": words.OTHERS_FIRST}
        return await _show(request, session, viewer, event, shown.with_faults(fault), error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, event, shown.refused(error), error.status)
    return go_to(f"/events/{event}", request, Text("已保存。"))


def _changes(form: Form) -> dict[str, Any]:
    """Answer what a form asks for, as the service reads it."""
    if form["act"] == "cancel":
        return {"is_cancelled": True, "reason": form["reason"]}
    if form["act"] == "move":
        return {"day": form["day"] or None, "reason": form["reason"]}
    hours: dict[str, Any] = {name: form[name] for name in ("opens", "closes")}
    for name in NUMBERS:
        text = form[name]
        is_number = text.isascii() and text.isdecimal() and len(text) <= len("240")
        hours[name] = int(text) if is_number else text
    starts, ends = form["break_starts"], form["break_ends"]
    hours["breaks"] = [{"starts": starts, "ends": ends}] if starts or ends else []
    return {"venue": form["venue"], "hours": hours}


@router.get("/events/{event}/results", openapi_extra=does(Action.READ_EVENT_RESULTS, is_recorded=True))
async def results_page(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode
) -> Response:
    """Show what followed the event within thirty and ninety days."""
    found = await service.get_event(session, viewer, event, now=utc_now())
    results = await results_service.event_results(session, viewer, event, now=utc_now())
    context = {"results": results.results, "fen": fen_from_yuan}
    return page(request, "events/results.html", words.shared(viewer, found, "/results") | context)


@router.get("/events/years/{year}/results", openapi_extra=does(Action.READ_EVENT_RESULTS, is_recorded=True))
async def year_results_page(request: Request, session: SessionDep, viewer: ViewerDep, year: int) -> Response:
    """Show what followed the events of a year, one by one and in sum; say what is missing while none is over."""
    year = min(max(year, FIRST_YEAR), LAST_YEAR)
    try:
        found = await results_service.year_results(session, viewer, year, now=utc_now())
    except NotFound:
        return page(request, "events/no_results.html", {"year": year})
    return page(request, "events/year_results.html", {"found": found, "fen": fen_from_yuan})
