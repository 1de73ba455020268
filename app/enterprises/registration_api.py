"""JSON routes of firms' own registrations: beside what is known of firms, which is why they stand in this room."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from app.accounts import account_service
from app.accounts import registration_service as registrations
from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.registration_schemas import (
    RegistrationDecision,
    RegistrationIn,
    RegistrationOwn,
    RegistrationState,
)
from app.enterprises import registration_service as service
from app.enterprises.registration_schemas import RegistrationBeside
from app.kernel.addresses import limited_address
from app.kernel.clock import utc_now
from app.kernel.limits import RateLimit, address_of
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import BeginDep, IfMatch, SessionDep, TransactionRoute, check_if_match, etag_of

router = APIRouter(route_class=TransactionRoute, prefix="/registrations", tags=["people"], responses=PROBLEMS)
RegistrationId = Annotated[
    int, Path(ge=1, le=2**63 - 1, description="Number of the registration 注册申请编号", examples=[1])
]
StateFilter = Annotated[RegistrationState | None, Query(description="Only those in this state 状态")]
OwnRegistrations = Annotated[list[RegistrationOwn], Field(description="本人的注册申请")]


def count_registration(request: Request) -> None:
    """Bound how often an address registers: each time a password is hashed, and an account may be made."""
    limit: RateLimit = request.app.state.registration_limit
    limit.count(limited_address(address_of(request)))


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(count_registration)],
    openapi_extra=does(Action.SIGN_IN, own_transactions=True),
)
async def register(begin: BeginDep, viewer: ViewerDep, body: RegistrationIn) -> RegistrationOwn:
    """Register a firm by its credit code 企业注册; a coordinator of its region confirms, before that nothing is shown."""
    registrations.check_region(viewer, body.region)
    hashed = await account_service.hashed(body)
    async with begin() as session:
        return await registrations.register(session, viewer, body, hashed, now=utc_now())


@router.get("", openapi_extra=does(Action.CONFIRM_ENTERPRISES, is_recorded=True))
async def list_registrations(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, state: StateFilter = None
) -> Page[RegistrationBeside]:
    """List registrations 注册申请 of the own region, the newest first, with what to look at twice."""
    return await service.list_registrations(session, viewer, page, state=state, now=utc_now())


@router.get("/own", openapi_extra=does(Action.OWN_ACCOUNT))
async def own_registrations(session: SessionDep, viewer: ViewerDep) -> OwnRegistrations:
    """List what the signed-in person registered, the newest first."""
    return await registrations.own_registrations(session, viewer)


@router.get("/{registration}", openapi_extra=does(Action.CONFIRM_ENTERPRISES, is_recorded=True))
async def get_registration(
    session: SessionDep, viewer: ViewerDep, registration: RegistrationId, response: Response
) -> RegistrationBeside:
    """Read one registration of the own region."""
    found = await service.get_registration(session, viewer, registration, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.patch(
    "/{registration}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.CONFIRM_ENTERPRISES)
)
async def decide(
    session: SessionDep,
    viewer: ViewerDep,
    registration: RegistrationId,
    body: RegistrationDecision,
    response: Response,
    if_match: IfMatch = None,
) -> RegistrationBeside:
    """Confirm a registration 确认, which lets its person act for the firm, or refuse it with a reason 退回."""
    done = await service.decide(
        session,
        viewer,
        registration,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
