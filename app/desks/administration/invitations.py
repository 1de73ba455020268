"""Pages of invitations: made for a role, shown once as a link, taken back."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import invitation_service as service
from app.accounts.api import ViewerDep
from app.accounts.invitation_schemas import InvitationIn
from app.accounts.people_rules import INVITED_BY_BANKS
from app.accounts.people_schemas import MOST_ID
from app.accounts.permissions import Action, does
from app.accounts.places import Places, PlacesDep
from app.accounts.rules import Role, Viewer
from app.desks.administration.words import INVITATION_STATES, SCOPE_HINT, full_address, role_options
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, RongqiaoError
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/administration/invitations",
)


@router.get("", openapi_extra=does(Action.INVITE_PEOPLE))
async def list_invitations(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    places: PlacesDep,
    cursor: Cursor = None,
) -> Response:
    """List invitations that are the viewer's to make, the newest first."""
    return await _list(request, session, viewer, places, cursor)


async def _list(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    places: Places,
    cursor: str | None = None,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    found = await service.list_invitations(session, viewer, PageRequest(cursor=cursor), places, now=utc_now())
    context = {
        "found": found,
        "form": form or Form(),
        "states": INVITATION_STATES,
        "is_administrator": _is_administrator(viewer),
    }
    return page(request, "administration/invitations.html", context, status)


@router.get("/new", openapi_extra=does(Action.INVITE_PEOPLE))
async def invitation_form(request: Request, viewer: ViewerDep) -> Response:
    """Ask whom to invite to what."""
    return _form(request, viewer, Form())


@router.post("", openapi_extra=does(Action.INVITE_PEOPLE, shows_secret=True))
async def invite(request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep) -> Response:
    """Invite somebody, and show the link once."""
    form = await typed(request)
    stated = {
        "name": form["name"],
        "role": form["role"],
        "scope": form["scope"],
        "until": form["until"] or None,
    }
    try:
        body = InvitationIn.model_validate(stated)
        async with attempt(session):
            made = await service.invite(session, viewer, body, places, now=utc_now())
    except ValidationError as error:
        return _form(request, viewer, form.misfit(error), 422)
    except RongqiaoError as error:
        return _form(request, viewer, form.refused(error), error.status)
    link = full_address(request, f"/invitation?token={made.token}")
    return page(request, "administration/invited.html", {"made": made, "link": link})


@router.post("/{invitation}/revoke", openapi_extra=does(Action.INVITE_PEOPLE))
async def revoke(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    invitation: Annotated[int, Path(ge=1, le=MOST_ID)],
    places: PlacesDep,
) -> Response:
    """Take an invitation back."""
    form = await typed(request)
    try:
        async with attempt(session):
            await service.revoke(session, viewer, invitation, places, expect=expected(form), now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await _list(request, session, viewer, places, form=form.refused(error), status=error.status)
    return go_to("/administration/invitations", request, Text("邀请已撤回"))


def _is_administrator(viewer: Viewer) -> bool:
    return viewer.is_operator or viewer.has(Role.ADMINISTRATOR)


def _form(request: Request, viewer: Viewer, form: Form, status: int = 200) -> Response:
    roles = [
        (value, name)
        for value, name in role_options()
        if _is_administrator(viewer) or value in INVITED_BY_BANKS
    ]
    context = {"form": form, "roles": roles, "scope_hint": SCOPE_HINT}
    return page(request, "administration/invite.html", context, status)
