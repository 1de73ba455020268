"""JSON routes of invitations."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts import account_service
from app.accounts import invitation_service as service
from app.accounts.api import ViewerDep
from app.accounts.invitation_schemas import (
    AcceptanceIn,
    AcceptanceOut,
    InvitationEnd,
    InvitationIn,
    InvitationMade,
    InvitationOut,
)
from app.accounts.people_schemas import MOST_ID
from app.accounts.permissions import Action, does
from app.accounts.places import PlacesDep
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import BeginDep, IfMatch, SessionDep, TransactionRoute, check_if_match, etag_of

router = APIRouter(route_class=TransactionRoute, prefix="/invitations", tags=["people"], responses=PROBLEMS)
InvitationId = Annotated[
    int, Path(ge=1, le=MOST_ID, description="Number of the invitation 邀请编号", examples=[1])
]


@router.get("", openapi_extra=does(Action.INVITE_PEOPLE))
async def list_invitations(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, places: PlacesDep
) -> Page[InvitationOut]:
    """List invitations 邀请, the newest first: all, or for a bank administrator those to the bank's own roles."""
    return await service.list_invitations(session, viewer, page, places, now=utc_now())


@router.post("", status_code=201, openapi_extra=does(Action.INVITE_PEOPLE, shows_secret=True))
async def invite(
    session: SessionDep, viewer: ViewerDep, body: InvitationIn, places: PlacesDep, response: Response
) -> InvitationMade:
    """Invite somebody to a role; the answer shows the token once, it can be taken up once within seven days."""
    made = await service.invite(session, viewer, body, places, now=utc_now())
    response.headers["Location"] = f"/api/v1/invitations/{made.id}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.post("/accept", status_code=201, openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def accept(begin: BeginDep, viewer: ViewerDep, body: AcceptanceIn) -> AcceptanceOut:
    """Take an invitation up 接受邀请: with a new account (login, name, password), or as who is signed in."""
    async with begin(writes=False) as session:
        await service.check_open(session, body.token, now=utc_now())
    hashed = await account_service.hashed(body)
    async with begin() as session:
        return await service.accept(session, viewer, body, hashed, now=utc_now())


@router.get("/{invitation}", openapi_extra=does(Action.INVITE_PEOPLE))
async def get_invitation(
    session: SessionDep, viewer: ViewerDep, invitation: InvitationId, places: PlacesDep, response: Response
) -> InvitationOut:
    """Read one invitation; its token is shown never again."""
    found = await service.get_invitation(session, viewer, invitation, places, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.patch("/{invitation}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.INVITE_PEOPLE))
async def revoke(
    session: SessionDep,
    viewer: ViewerDep,
    invitation: InvitationId,
    body: InvitationEnd,  # noqa: ARG001 - its one value is what is done
    places: PlacesDep,
    response: Response,
    if_match: IfMatch = None,
) -> InvitationOut:
    """Revoke an invitation 撤回邀请 that was not taken up."""
    changed = await service.revoke(
        session,
        viewer,
        invitation,
        places,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(changed.version)
    return changed
