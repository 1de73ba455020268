"""JSON routes of one's own second factor."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.accounts import own_second_factor as service
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.page_sessions import Visitor, visitor_of
from app.accounts.permissions import Action, does
from app.accounts.second_factor_schemas import CodeIn, EnrolmentOut, RecoveryCodesOut, SecondFactorOut
from app.kernel.clock import utc_now
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute

router = APIRouter(
    route_class=TransactionRoute, prefix="/auth/second-factor", tags=["signing in"], responses=PROBLEMS
)
VisitorDep = Annotated[Visitor, Depends(visitor_of)]


@router.get("", openapi_extra=does(Action.OWN_ACCOUNT))
async def show_second_factor(
    session: SessionDep, viewer: ViewerDep, settings: SettingsDep
) -> SecondFactorOut:
    """Read how it stands with one's own second factor 第二因素."""
    _person, found = await service.shown(session, viewer, settings, now=utc_now())
    return SecondFactorOut(
        since=found.since, recovery_codes_left=found.recovery_codes_left, is_required=found.is_required
    )


@router.post("", status_code=201, openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
async def enrol(session: SessionDep, viewer: ViewerDep, gate: GateDep) -> EnrolmentOut:
    """Get a new secret for an authenticator app; it counts from its first code on (`confirmation`)."""
    made = await service.enrol(session, viewer, gate, now=utc_now())
    return EnrolmentOut(secret=made.secret, uri=made.uri, qr_svg=made.qr_svg())


@router.post("/confirmation", openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
async def confirm(
    session: SessionDep,
    viewer: ViewerDep,
    gate: GateDep,
    visitor: VisitorDep,
    standing: StandingDep,
    body: CodeIn,
) -> RecoveryCodesOut:
    """Put the second factor in force with the first code; the session at hand counts as signed in with it."""
    codes = await service.confirm(
        session, viewer, gate, visitor, body.code, session_id=standing.session_id, now=utc_now()
    )
    return RecoveryCodesOut(codes=list(codes))


@router.post("/recovery-codes", openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
async def renew_recovery_codes(
    session: SessionDep, viewer: ViewerDep, gate: GateDep, visitor: VisitorDep, body: CodeIn
) -> RecoveryCodesOut:
    """Get ten new recovery codes with a code; earlier ones hold no more."""
    codes = await service.renew_recovery_codes(session, viewer, gate, visitor, body.code, now=utc_now())
    return RecoveryCodesOut(codes=list(codes))


@router.post("/removal", openapi_extra=does(Action.OWN_ACCOUNT))
async def switch_off(
    session: SessionDep,
    viewer: ViewerDep,
    gate: GateDep,
    settings: SettingsDep,
    visitor: VisitorDep,
    body: CodeIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> SecondFactorOut:
    """Switch the second factor off, with a code."""
    await service.switch_off(session, viewer, gate, visitor, body.code, now=utc_now())
    _person, found = await service.shown(session, viewer, settings, now=utc_now())
    return SecondFactorOut(
        since=found.since, recovery_codes_left=found.recovery_codes_left, is_required=found.is_required
    )
