"""The day itself: the timetable and its making, the door, and what happened at the tables."""

import json
from collections import defaultdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.events import words
from app.desks.events.guests import all_guests
from app.desks.forms import Form, number_typed, typed
from app.desks.pages import go_to, page
from app.desks.roster.errands import JobPath, job_of, progress_context, send_off, told_by
from app.desks.texts import Text
from app.events import attendance_service, contact_service, service, timetable_service
from app.events.guest_schemas import MOST_CONTACTS, AttendanceIn, ContactIn, ContactsIn, MeetingOut
from app.events.guests_api import count_code
from app.events.schemas import EventCode
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Refused
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
SideQuery = Annotated[str | None, Query(pattern="^(firm|bank)?$")]
MAKE: Final = Text("排洽谈时间表")
EMPTY: Final = Text("请输入签到码。")
NONE_CHOSEN: Final = Text("请勾选已洽谈的场次。")
TOO_MANY: Final = Text("一次最多登记%(count)s场。", count=MOST_CONTACTS)


@router.get("/events/{event}/timetable", openapi_extra=does(Action.READ_EVENTS, is_recorded=True))
async def timetable_page(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode, by: SideQuery = None
) -> Response:
    """Show who meets whom when: a row for each bank, or for each firm, a column for each slot."""
    return await _timetable(request, session, viewer, event, by or "bank", Form())


async def _timetable(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    by: str,
    form: Form,
    status: int = 200,
) -> Response:
    found = await service.get_event(session, viewer, code, now=utc_now())
    table = await timetable_service.get_timetable(session, viewer, code)
    last = max((one.slot for one in table.meetings if one.slot is not None), default=0)
    context = {
        "table": table,
        "by": by,
        "rows": _grid(table.meetings, by),
        "slots": found.slots[:last],
        "waiting": sum(one.slot is None for one in table.meetings),
        "form": form,
    }
    return page(request, "events/timetable.html", words.shared(viewer, found, "/timetable") | context, status)


def _grid(meetings: list[MeetingOut], by: str) -> list[tuple[str, dict[int, list[MeetingOut]]]]:
    """Answer a row for each bank or firm: its meetings by slot."""
    rows: dict[str, dict[int, list[MeetingOut]]] = defaultdict(lambda: defaultdict(list))
    for one in meetings:
        if one.slot is not None:
            rows[one.bank if by == "bank" else one.firm or "—"][one.slot].append(one)
    return sorted((name, dict(slots)) for name, slots in rows.items())


@router.post("/events/{event}/timetable", openapi_extra=does(Action.MANAGE_EVENTS))
async def make(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Have a worker make the timetable."""
    form = await typed(request)
    await service.event_of_host(session, viewer, event, now=utc_now())
    body: dict[str, Any] = {}
    if form["most_at_once"]:
        body = {"most_at_once": number_typed(form["most_at_once"])}
    path = f"/api/v1/events/{event}/timetable"
    errand = Errand(Action.MANAGE_EVENTS, MAKE.chinese, path, "application/json", json.dumps(body).encode())
    return go_to(f"/events/{event}/timetable/jobs/{await send_off(request, session, errand)}")


@router.get("/events/{event}/timetable/jobs/{job}", openapi_extra=does(Action.MANAGE_EVENTS))
async def watch(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode, job: JobPath
) -> Response:
    """Show how far the timetable is; then go to it, or say what stands against it."""
    found = await job_of(request, session, viewer, job)
    back = f"/events/{event}/timetable"
    if not found.state.is_final:
        waiting = {"what": MAKE, "places": [(back, Text("时间表"))]} | progress_context(found)
        return page(request, "roster/progress.html", waiting)
    if found.state is State.DONE:
        return go_to(back, request, Text("时间表已排定，来宾已收到通知。"))
    faults = {str(number): one for number, one in enumerate(told_by(found))}
    form = Form().with_faults({"": next(iter(faults.values()), Text("没有排成，请再试。"))})
    return await _timetable(request, session, viewer, event, "bank", form)


@router.get("/events/{event}/door", openapi_extra=does(Action.MANAGE_EVENTS, is_recorded=True))
async def door_page(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Ask for codes, and show who has come."""
    return await _door(request, session, viewer, event, Form())


async def _door(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    found = await service.event_of_host(session, viewer, code, now=utc_now())
    guests = await all_guests(session, viewer, code)
    arrived = [one for one in guests if one.arrived_at is not None]
    context = {
        "form": form,
        "arrived": sorted(arrived, key=lambda one: one.arrived_at or utc_now(), reverse=True),
        "coming": sum(one.state == "accepted" for one in guests),
    }
    return page(request, "events/door.html", words.shared(viewer, found, "/door") | context, status)


@router.post("/events/{event}/door", openapi_extra=does(Action.MANAGE_EVENTS))
async def take_code(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Take a code that a guest shows."""
    form = await typed(request)
    if not form["code"]:
        return await _door(request, session, viewer, event, form.with_faults({"code": EMPTY}), 422)
    count_code(request, viewer)
    try:
        wanted = AttendanceIn(code=form["code"])
    except ValidationError as error:
        return await _door(request, session, viewer, event, form.misfit(error), 422)
    try:
        async with attempt(session):
            found = await attendance_service.attend(session, viewer, event, wanted, now=utc_now())
    except (Refused, Conflict) as error:
        return await _door(request, session, viewer, event, form.refused(error), error.status)
    said = Text("%(name)s，欢迎！已签到。", name=found.name)
    if found.was_there:
        said = Text("%(name)s此前已签到。", name=found.name)
    return go_to(f"/events/{event}/door", request, said)


@router.get("/events/{event}/contacts", openapi_extra=does(Action.MANAGE_EVENTS, is_recorded=True))
async def contacts_page(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode
) -> Response:
    """List the meetings, to be written down as they took place."""
    return await _contacts(request, session, viewer, event, Form())


async def _contacts(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    found = await service.event_of_host(session, viewer, code, now=utc_now())
    table = await timetable_service.get_timetable(session, viewer, code)
    context = {
        "form": form,
        "open": [one for one in table.meetings if one.met_at is None],
        "met": [one for one in table.meetings if one.met_at is not None],
    }
    return page(request, "events/contacts.html", words.shared(viewer, found, "/contacts") | context, status)


@router.post("/events/{event}/contacts", openapi_extra=does(Action.MANAGE_EVENTS))
async def log(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Write down which meetings took place."""
    form = await typed(request)
    numbers = list(dict.fromkeys(number_typed(one) for one in form.all("meeting")))
    if not numbers or len(numbers) > MOST_CONTACTS:
        fault = TOO_MANY if numbers else NONE_CHOSEN
        return await _contacts(request, session, viewer, event, form.with_faults({"": fault}), 422)
    try:
        wanted = ContactsIn(meetings=[ContactIn(meeting=one, note=form["note"]) for one in numbers])
    except ValidationError as error:
        return await _contacts(request, session, viewer, event, form.misfit(error), 422)
    try:
        async with attempt(session):
            done = await contact_service.log_contacts(session, viewer, event, wanted, now=utc_now())
    except (Refused, Conflict) as error:
        return await _contacts(request, session, viewer, event, form.refused(error), error.status)
    said = Text(
        "已登记%(met)s场，记入对接记录%(logged)s条，记为意向%(interests)s条。",
        met=done.met,
        logged=done.logged,
        interests=len(done.interests),
    )
    return go_to(f"/events/{event}/contacts", request, said)
