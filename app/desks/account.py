"""The page of one's own account: roles, sessions, keys, password, single sign-on."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import auth_service, page_sessions, sessions, single_sign_on
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.auth_schemas import PasswordIn
from app.accounts.own_account import own_account
from app.accounts.page_sessions import visitor_of
from app.accounts.permissions import Action, does
from app.accounts.sign_in import Attempt
from app.accounts.standings import Standing
from app.desks.forms import Form as Typed
from app.desks.pages import go_to, page
from app.desks.signing import NEW_PASSWORD, told, too_many
from app.desks.single_sign_on import NOT_AVAILABLE, ProviderDep, callback_address, with_flow
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Refused, RongqiaoError, TooMany, Unavailable
from app.kernel.requests import BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/account",
)

BOTH: Final = Text("请填写现口令和新口令。")
CHANGED: Final = Text("口令已修改；其他设备上的会话已结束。")
WRONG_PASSWORD: Final = Text("现口令不正确。")
CHANGED_ELSEWHERE: Final = Text("口令刚刚在别处修改过，请重新登录。")
Password = Annotated[str, Form(max_length=200)]
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.get("", openapi_extra=does(Action.OWN_ACCOUNT))
async def account_page(
    request: Request, session: SessionDep, _viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """Show the own account."""
    if standing.owes_code:
        return go_to("/account/second-factor")
    account = await own_account(session, standing, settings, now=utc_now())
    return _account(request, settings, standing, account=account, form=Typed(), done=None)


@router.post("/sessions/{session_id}/end", openapi_extra=does(Action.OWN_ACCOUNT))
async def end_session(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, session_id: SessionId
) -> Response:
    """End one session."""
    auth_service.check_code_given(standing)
    await sessions.end_own(session, viewer, session_id, now=utc_now())
    return go_to("/account")


@router.post("/sessions/end", openapi_extra=does(Action.OWN_ACCOUNT))
async def end_all_sessions(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """End all sessions, this one too."""
    auth_service.check_code_given(standing)
    await sessions.end_all_own(session, viewer, now=utc_now())
    answer = go_to("/sign-in")
    page_sessions.clear_cookie(answer, settings)
    return answer


@router.post("/password", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def change_password(
    request: Request,
    viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    begin: BeginDep,
    gate: GateDep,
    old: Password = "",
    new: Password = "",
) -> Response:
    """Change the password; all other sessions end."""
    attempt, status = Attempt(viewer.name, old, visitor_of(request)), 422
    faults: dict[str, Text] = {"": BOTH}
    if old and new:
        try:
            body = PasswordIn(old=old, new=new)
            await auth_service.change_password(begin, gate, standing, attempt, body, now=utc_now())
            faults, status = {}, 200
        except (Refused, Conflict, TooMany) as error:
            faults, status = _said(error), error.status
    async with begin(writes=False) as session:
        account = await own_account(session, standing, settings, now=utc_now())
    form = Typed(faults=faults)
    done = None if faults else CHANGED
    return _account(request, settings, standing, account=account, form=form, done=done, status=status)


@router.post("/identity", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def link_identity(
    request: Request,
    _viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    gate: GateDep,
    provider: ProviderDep,
) -> Response:
    """Begin to link the identity of a single sign-on; a page of its own leads to the provider.

    (Browsers let a form lead to this site only, redirects included.)
    """
    auth_service.check_code_given(standing)
    try:
        url, flow = await single_sign_on.depart(
            provider,
            gate.ring,
            redirect_uri=callback_address(request),
            next_path="/account",
            session_id=standing.session_id,
            now=utc_now(),
        )
    except Unavailable:
        return told(request, NOT_AVAILABLE, 503)
    context = {"url": url, "sign_on": settings.oidc_name}
    return with_flow(page(request, "leave.html", context), settings, flow)


def _said(error: RongqiaoError) -> dict[str, Text]:
    """Answer why a password was not changed, at its fields."""
    if isinstance(error, TooMany):
        return {"": too_many(error)}
    if isinstance(error, Conflict):
        return {"": CHANGED_ELSEWHERE}
    is_old = any(fault.where == "old" for fault in error.faults)
    return {"old": WRONG_PASSWORD} if is_old else {"new": NEW_PASSWORD}


def _account(
    request: Request, settings: Settings, standing: Standing, *, status: int = 200, **context: Any
) -> Response:
    shown = {
        "now": utc_now(),
        "lacks": standing.lacks_second_factor,
        "sign_on": settings.oidc_name if settings.oidc_issuer else None,
    }
    return page(request, "account.html", shown | context, status)
