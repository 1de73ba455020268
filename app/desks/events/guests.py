"""Guests: computed, looked at, kept, invited; each with its own page, where it answers."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.events import words
from app.desks.forms import Form, day_typed, expected, number_typed, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.events import guest_service, inviting_service, service
from app.events.guest_schemas import GuestId, GuestOut, GuestsIn, InvitationAnswerIn, SendingIn
from app.events.schemas import EventCode
from app.events.states import GuestSide, GuestState
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
NO_DAY: Final = Text("请填写日期。")
NO_ANSWER: Final = Text("请选择是否参加。")


async def all_guests(session: AsyncSession, viewer: Viewer, code: str) -> list[GuestOut]:
    """Answer all guests of an event that the viewer sees."""
    found, asked = list[GuestOut](), PageRequest(limit=MOST_ROWS)
    while True:
        more = await guest_service.list_guests(session, viewer, code, asked, now=utc_now())
        found += more.items
        if more.next is None:
            return found
        asked = PageRequest(limit=MOST_ROWS, cursor=more.next)


@router.get("/events/{event}/guests", openapi_extra=does(Action.READ_EVENTS, is_recorded=True))
async def guests_page(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """List who is invited, and to the host what to do next."""
    return await _show(request, session, viewer, event, Form({"tables": "1"}))


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    found = await service.get_event(session, viewer, code, now=utc_now())
    guests = await all_guests(session, viewer, code)
    counts = [
        (
            side,
            [
                (state, sum(1 for one in guests if one.side is side and one.state is state))
                for state in GuestState
            ],
        )
        for side in GuestSide
    ]
    context = {
        "form": form,
        "guests": guests,
        "counts": counts,
        "unsent": sum(one.state is GuestState.PROPOSED for one in guests),
    }
    return page(request, "events/guests.html", words.shared(viewer, found, "/guests") | context, status)


def _asked(form: Form) -> GuestsIn:
    sent = {"tables": number_typed(form["tables"])}
    return GuestsIn.model_validate(
        sent | ({"expected_hash": form["expected_hash"]} if form["expected_hash"] else {})
    )


@router.post(
    "/events/{event}/guests/preview",
    openapi_extra=does(Action.MANAGE_EVENTS, stores_nothing=True, is_recorded=True),
)
async def preview(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Show who would be invited to meet whom, with everyone's reason."""
    form = await typed(request)
    try:
        plan = await inviting_service.preview_guests(session, viewer, event, _asked(form))
    except ValidationError as error:
        return await _show(request, session, viewer, event, form.misfit(error), 422)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, event, form.refused(error), error.status)
    found = await service.get_event(session, viewer, event, now=utc_now())
    context = {"plan": plan, "form": form, "not_invited": words.NOT_INVITED}
    return page(request, "events/guest_plan.html", words.shared(viewer, found, "/guests") | context)


@router.post("/events/{event}/guests", openapi_extra=does(Action.MANAGE_EVENTS))
async def keep(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Keep the invite list that was looked at."""
    form = await typed(request)
    try:
        async with attempt(session):
            made = await inviting_service.keep_guests(
                session, viewer, event, _asked(form), expect=expected(form), now=utc_now()
            )
    except ValidationError as error:
        return await _show(request, session, viewer, event, form.misfit(error), 422)
    except PreconditionFailed as error:
        fault = {"": words.OTHERS_FIRST}
        return await _show(request, session, viewer, event, form.with_faults(fault), error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, event, form.refused(error), error.status)
    said = Text(
        "名单已保存：企业%(firms)s家，银行%(banks)s家，洽谈%(meetings)s场。",
        firms=made.invited_firms,
        banks=made.invited_banks,
        meetings=made.meetings,
    )
    return go_to(f"/events/{event}/guests", request, said)


@router.post("/events/{event}/guests/sending", openapi_extra=does(Action.MANAGE_EVENTS))
async def send(request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode) -> Response:
    """Send the invitations that were not sent yet."""
    form = await typed(request)
    day = day_typed(form["answer_by"])
    if day is None:
        return await _show(request, session, viewer, event, form.with_faults({"answer_by": NO_DAY}), 422)
    try:
        async with attempt(session):
            sent = await inviting_service.send_invitations(
                session, viewer, event, SendingIn(answer_by=day), expect=expected(form), now=utc_now()
            )
    except PreconditionFailed as error:
        fault = {"": words.OTHERS_FIRST}
        return await _show(request, session, viewer, event, form.with_faults(fault), error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, event, form.refused(error), error.status)
    return go_to(f"/events/{event}/guests", request, Text("已发出%(count)s份邀请。", count=sent.sent))


@router.get("/events/{event}/guests/{guest}", openapi_extra=does(Action.READ_EVENTS, is_recorded=True))
async def guest_page(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode, guest: GuestId
) -> Response:
    """Show an invitation with its meetings; who may, answers it here."""
    return await _guest(request, session, viewer, event, guest, None)


async def _guest(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    form: Form | None,
    status: int = 200,
) -> Response:
    found = await service.get_event(session, viewer, code, now=utc_now())
    guest = await guest_service.get_guest(session, viewer, code, number, now=utc_now())
    answered = {GuestState.ACCEPTED: "yes", GuestState.DECLINED: "no"}.get(guest.state, "")
    before = Form(
        {"accepts": answered, "note": guest.note or ""}, {"absent": [str(one) for one in guest.absent]}
    )
    context = {"guest_": guest, "form": form or before}
    return page(request, "events/guest.html", words.shared(viewer, found, "/guests") | context, status)


@router.post("/events/{event}/guests/{guest}/answer", openapi_extra=does(Action.ANSWER_INVITATION))
async def answer(
    request: Request, session: SessionDep, viewer: ViewerDep, event: EventCode, guest: GuestId
) -> Response:
    """Answer an invitation."""
    form = await typed(request)
    if form["accepts"] not in {"yes", "no"}:
        faulty = form.with_faults({"accepts": NO_ANSWER})
        return await _guest(request, session, viewer, event, guest, faulty, 422)
    try:
        wanted = InvitationAnswerIn(
            accepts=form["accepts"] == "yes",
            absent=[number_typed(one) for one in form.all("absent")],
            note=form["note"],
        )
    except ValidationError as error:
        return await _guest(request, session, viewer, event, guest, form.misfit(error), 422)
    try:
        async with attempt(session):
            await guest_service.answer(
                session, viewer, event, guest, wanted, expect=expected(form), now=utc_now()
            )
    except PreconditionFailed as error:
        fault = {"": words.OTHERS_FIRST}
        return await _guest(request, session, viewer, event, guest, form.with_faults(fault), error.status)
    except (Refused, Conflict) as error:
        return await _guest(request, session, viewer, event, guest, form.refused(error), error.status)
    return go_to(f"/events/{event}/guests/{guest}", request, Text("已答复，谢谢。"))


@router.get(
    "/events/{event}/guests/{guest}/calendar.ics", openapi_extra=does(Action.READ_EVENTS, is_recorded=True)
)
async def calendar(session: SessionDep, viewer: ViewerDep, event: EventCode, guest: GuestId) -> Response:
    """Answer a guest's meetings for its calendar."""
    content = await guest_service.calendar_of(session, viewer, event, guest, now=utc_now())
    headers = {"content-disposition": f'attachment; filename="{event}.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)
