"""JSON routes of an event's guests: invitations and answers, timetable, the door, what happened at the tables."""

from fastapi import APIRouter, Request, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.events import (
    attendance_service,
    contact_service,
    guest_service,
    inviting_service,
    timetable_service,
)
from app.events.guest_schemas import (
    AttendanceIn,
    AttendanceOut,
    ContactsIn,
    ContactsOut,
    GuestId,
    GuestOut,
    GuestPlanOut,
    GuestsIn,
    InvitationAnswerIn,
    SendingIn,
    SentOut,
    TimetableIn,
    TimetableOut,
)
from app.events.schemas import EventCode
from app.kernel.clock import utc_now
from app.kernel.limits import RateLimit, address_of
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    BeginDep,
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)

router = APIRouter(route_class=TransactionRoute, prefix="/events", tags=["events"], responses=PROBLEMS)


@router.get(
    "/invitations",
    summary="Invitations of one's own firm or bank, the newest first (我的邀请)",
    openapi_extra=does(Action.READ_EVENTS, is_recorded=True),
)
async def list_own_invitations(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[GuestOut]:
    """List the invitations that the viewer's firms and banks have had, with their meetings."""
    return await guest_service.own_invitations(session, viewer, page, now=utc_now())


@router.get(
    "/{event}/guests",
    summary="Guests of an event (来宾)",
    openapi_extra=does(Action.READ_EVENTS, is_recorded=True),
)
async def list_guests(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, event: EventCode
) -> Page[GuestOut]:
    """List the guests whom the viewer may see: a host all, a guest itself and who has accepted to meet it."""
    return await guest_service.list_guests(session, viewer, event, page, now=utc_now())


@router.post(
    "/{event}/guests/preview",
    summary="Compute the invite list and look (试算邀请名单)",
    openapi_extra=does(Action.MANAGE_EVENTS, stores_nothing=True, is_recorded=True),
)
async def preview_guests(
    session: SessionDep, viewer: ViewerDep, event: EventCode, body: GuestsIn
) -> GuestPlanOut:
    """Answer who would be invited to meet whom, from open needs and fitting banks, with everyone's reason."""
    return await inviting_service.preview_guests(session, viewer, event, body)


@router.put(
    "/{event}/guests",
    summary="Compute the invite list and keep it (保存邀请名单)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_EVENTS),
)
async def keep_guests(
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    body: GuestsIn,
    if_match: IfMatch = None,
) -> GuestPlanOut:
    """Keep it; who was told already stays invited, who declined stays away, meetings that go on keep their places."""
    return await inviting_service.keep_guests(
        session, viewer, event, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )


@router.post(
    "/{event}/guests/sending",
    summary="Send invitations (发出邀请)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_EVENTS),
)
async def send_invitations(
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    body: SendingIn,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> SentOut:
    """Invite every guest who has not been; the people of each get a notice, and mail as they have set it."""
    return await inviting_service.send_invitations(
        session, viewer, event, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )


@router.get(
    "/{event}/guests/{guest}",
    summary="One guest with its meetings (来宾)",
    openapi_extra=does(Action.READ_EVENTS, is_recorded=True),
)
async def get_guest(
    session: SessionDep, viewer: ViewerDep, event: EventCode, guest: GuestId, response: Response
) -> GuestOut:
    """Read an invitation, its answer, its meetings; hosts and the guest itself also the attendance code."""
    found = await guest_service.get_guest(session, viewer, event, guest, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{event}/guests/{guest}/answer",
    summary="Answer an invitation (答复邀请)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.ANSWER_INVITATION),
)
async def answer_invitation(
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    guest: GuestId,
    body: InvitationAnswerIn,
    response: Response,
    if_match: IfMatch = None,
) -> GuestOut:
    """Accept or decline; a firm that accepts agrees that the banks it meets learn its name."""
    done = await guest_service.answer(
        session,
        viewer,
        event,
        guest,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/{event}/guests/{guest}/calendar.ics",
    summary="A guest's meetings for its calendar (日历文件)",
    openapi_extra=does(Action.READ_EVENTS, is_recorded=True),
    responses={200: {"content": {"text/calendar": {}}, "description": "iCalendar (RFC 5545)"}},
    response_class=Response,
)
async def get_calendar(session: SessionDep, viewer: ViewerDep, event: EventCode, guest: GuestId) -> Response:
    """Answer an iCalendar file; the whole day while there is no timetable."""
    content = await guest_service.calendar_of(session, viewer, event, guest, now=utc_now())
    return Response(content, media_type="text/calendar; charset=utf-8")


@router.get(
    "/{event}/timetable",
    summary="Timetable of an event (洽谈时间表)",
    openapi_extra=does(Action.READ_EVENTS, is_recorded=True),
)
async def get_timetable(
    session: SessionDep, viewer: ViewerDep, event: EventCode, response: Response
) -> TimetableOut:
    """Read who meets whom when at which table: hosts all of it, guests their own."""
    found = await timetable_service.get_timetable(session, viewer, event)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/{event}/timetable",
    summary="Make the timetable (排洽谈时间表)",
    openapi_extra=does(Action.MANAGE_EVENTS, can_wait=True, saves_last=True),
)
async def make_timetable(
    begin: BeginDep,
    viewer: ViewerDep,
    event: EventCode,
    body: TimetableIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> TimetableOut:
    """Give each meeting slot and table without clashes, with the fewest idle slots; anew, with the fewest changes."""
    async with begin(writes=False) as session:
        problem = await timetable_service.pose(session, viewer, event, body, now=utc_now())
    made = await timetable_service.compute(problem)
    async with begin() as session:
        kept = await timetable_service.save(session, viewer, event, body, problem, made, now=utc_now())
    response.headers["ETag"] = etag_of(kept.version)
    return kept


def count_code(request: Request, viewer: Viewer) -> None:
    """Bound how often somebody tries attendance codes."""
    limit: RateLimit = request.app.state.attendance_limit
    limit.count(f"person:{viewer.person}" if viewer.person else address_of(request))


@router.post(
    "/{event}/attendance",
    summary="Take an attendance code (签到)",
    openapi_extra=does(Action.MANAGE_EVENTS),
)
async def attend(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    body: AttendanceIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AttendanceOut:
    """Write down that the guest came whose code it is; shown again, say since when. Tries are bounded."""
    count_code(request, viewer)
    return await attendance_service.attend(session, viewer, event, body, now=utc_now())


@router.post(
    "/{event}/contacts",
    summary="Write down which meetings took place (登记洽谈)",
    openapi_extra=does(Action.MANAGE_EVENTS, can_wait=True),
)
async def log_contacts(
    session: SessionDep,
    viewer: ViewerDep,
    event: EventCode,
    body: ContactsIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ContactsOut:
    """Log each as a docking event where the bank is a party of the firm's entry, else as an interest with the reason."""
    return await contact_service.log_contacts(session, viewer, event, body, now=utc_now())
