"""Coordinators look at firms' registrations, and confirm them or send them back with a reason."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.registration_schemas import RegistrationDecision, RegistrationState
from app.accounts.rules import Viewer
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.registration.words import STATES, remarks
from app.desks.submission import reading
from app.desks.texts import Text
from app.enterprises import registration_service as service
from app.enterprises.registration_api import RegistrationId
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, PreconditionFailed, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/roster/registrations",
)
ROWS: Final = 25
MOST_REASON: Final = 1_000
READS: Final = does(Action.CONFIRM_ENTERPRISES, is_recorded=True)
State = Annotated[RegistrationState | None, Query()]


@router.get("", openapi_extra=READS)
async def list_registrations(
    request: Request, session: SessionDep, viewer: ViewerDep, state: State = "pending", cursor: Cursor = None
) -> Response:
    """List the registrations of the viewer's regions in a state, the newest first."""
    wanted = PageRequest(limit=ROWS, cursor=cursor)
    found = await service.list_registrations(session, viewer, wanted, state=state, now=utc_now())
    regions = load_reference_book(get_settings().seed_dir).regions
    context: dict[str, Any] = {"found": found, "state": state, "states": STATES, "regions": regions}
    context["grave"] = {one.id: any(each.is_grave for each in remarks(one, regions)) for one in found.items}
    return page(request, "registration/list.html", context)


@router.get("/{registration}", openapi_extra=READS)
async def show_registration(
    request: Request, session: SessionDep, viewer: ViewerDep, registration: RegistrationId
) -> Response:
    """Show one registration with what to look at twice, and how to decide."""
    return await _show(request, session, viewer, registration, Form())


@router.post("/{registration}", openapi_extra=does(Action.CONFIRM_ENTERPRISES))
async def decide(
    request: Request, session: SessionDep, viewer: ViewerDep, registration: RegistrationId
) -> Response:
    """Confirm a registration, or send it back with a reason."""
    form = await typed(request)
    is_confirmed, reason = form["decision"] == "confirmed", reading.visible(form["reason"])
    if faults := _faults(form, reason):
        return await _show(request, session, viewer, registration, form.with_faults(faults), 422)
    decision = RegistrationDecision(
        decision="confirmed" if is_confirmed else "refused", reason=" ".join(reason.split()) or None
    )
    try:
        async with attempt(session):
            done = await service.decide(
                session,
                viewer,
                registration,
                decision,
                expect=expected(form),
                now=utc_now(),
            )
    except Forbidden as error:
        said = Text("库中企业所在地不在您的范围内，请由两地的共同上级统筹部门确认")
        return await _show(request, session, viewer, registration, form.with_faults({"": said}), error.status)
    except (Refused, Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, registration, form.refused(error), error.status)
    said = (
        Text("已确认“%(firm)s”的登记", firm=done.enterprise)
        if is_confirmed
        else Text("已退回“%(firm)s”的登记", firm=done.enterprise)
    )
    return go_to("/roster/registrations", request, said)


def _faults(form: Form, reason: str) -> dict[str, Text]:
    if form["decision"] not in {"confirmed", "refused"}:
        return {"decision": Text("请选择确认还是退回")}
    if form["decision"] == "refused" and not reason:
        return {"reason": Text("退回须写明理由，申请人会看到")}
    if len(reason) > MOST_REASON:
        return {
            "reason": Text(
                "太长了：最多 %(most)s 个字，现有 %(count)s 个", most=MOST_REASON, count=len(reason)
            )
        }
    return {}


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, registration: int, form: Form, status: int = 200
) -> Response:
    found = await service.get_registration(session, viewer, registration, now=utc_now())
    regions = load_reference_book(get_settings().seed_dir).regions
    context: dict[str, Any] = {"one": found, "form": form, "states": STATES, "regions": regions}
    context["remarks"] = remarks(found, regions)
    return page(request, "registration/decide.html", context, status)
