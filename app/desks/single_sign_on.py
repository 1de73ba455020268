"""Pages to sign in by single sign-on: to the provider, and back from it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import page_sessions, single_sign_on
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep
from app.accounts.oidc_client import Provider
from app.accounts.page_sign_in import Browser
from app.accounts.permissions import Action, does
from app.accounts.single_sign_on import Answer
from app.desks.local_paths import local_path
from app.desks.pages import go_to
from app.desks.signing import NO_INVITATION, NOT_YOURS, BrowserDep, Next, told
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Forbidden, NotFound, RongqiaoError, Unavailable
from app.kernel.requests import BeginDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

FLOW_COOKIE: Final = "rongqiao-sso"
CALLBACK: Final = "/sign-in/single-sign-on/callback"
NOT_DONE: Final = Text("单点登录没有完成。请重新登录。")
NOT_AVAILABLE: Final = Text("单点登录暂时不可用。请稍后再试，或者用口令登录。")
UNKNOWN: Final = Text(
    "您已通过单点登录，但它还没有关联本系统的账户。请向本单位管理员索取邀请；已有账户的，请先用口令登录，再在“我的账户”中关联。"
)
LINKED: Final = Text("该单点登录身份已关联另一个账户。")


def provider_of(request: Request) -> Provider:
    """Answer the provider of single sign-on.

    Raises:
        NotFound: none is configured.
    """
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("This installation has no single sign-on.")
    return provider


ProviderDep = Annotated[Provider, Depends(provider_of)]


@router.get("/sign-in/single-sign-on", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def depart(
    request: Request,
    _viewer: ViewerDep,
    gate: GateDep,
    settings: SettingsDep,
    provider: ProviderDep,
    wanted: Next = None,
    invitation: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Send the browser to the provider of single sign-on."""
    try:
        url, flow = await single_sign_on.depart(
            provider,
            gate.ring,
            redirect_uri=callback_address(request),
            next_path=local_path(wanted),
            invitation=invitation,
            now=utc_now(),
        )
    except Unavailable:
        return told(request, NOT_AVAILABLE, 503)
    return with_flow(go_to(url), settings, flow)


@router.get(CALLBACK, openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def arrive(
    request: Request,
    viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    provider: ProviderDep,
    browser: BrowserDep,
) -> Response:
    """Take what the provider has the browser bring back; whatever comes of it, it counts once."""
    answer = await _arrived(request, viewer, begin, gate, settings, provider, browser)
    answer.delete_cookie(
        page_sessions.cookie_name(settings, FLOW_COOKIE), secure=settings.is_public_https, httponly=True
    )
    return answer


async def _arrived(
    request: Request,
    viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    provider: Provider,
    browser: Browser,
) -> Response:
    now, asked = utc_now(), request.query_params
    kept = request.cookies.get(page_sessions.cookie_name(settings, FLOW_COOKIE))
    brought = Answer(asked.get("state"), asked.get("code"), asked.get("error"), asked.get("iss"))
    try:
        arrived = await single_sign_on.arrive(provider, gate.ring, kept, brought, now=now)
    except Unavailable:
        return told(request, NOT_AVAILABLE, 503)
    if arrived is None:
        return told(request, NOT_DONE, 401)
    flow, identity = arrived
    standing = getattr(request.state, "standing", None)
    session_id = "" if standing is None or standing.owes_code else standing.session_id
    try:
        async with begin() as session:
            cookie = await single_sign_on.enter(
                session, viewer, settings, flow, identity, browser, session_id=session_id, now=now
            )
    except RongqiaoError as error:
        return told(request, _why(error), error.status)
    answer = go_to(flow.next_path)
    if cookie:
        page_sessions.set_cookie(answer, settings, cookie)
    return answer


def _why(error: RongqiaoError) -> Text:
    match error:
        case single_sign_on.NotLinked():
            return UNKNOWN
        case single_sign_on.LinkedAlready():
            return LINKED
        case NotFound():
            return NO_INVITATION
        case Conflict() | Forbidden():
            return NOT_YOURS
        case _:
            return NOT_DONE


def callback_address(request: Request) -> str:
    """Answer where the provider sends browsers back to; the envelope has checked the name we are called by."""
    settings: Settings = request.app.state.settings
    return (settings.public_origin or f"http://{request.headers['host']}") + CALLBACK


def with_flow(answer: Response, settings: Settings, flow: str) -> Response:
    """Let a browser keep its journey to the provider until it comes back."""
    answer.set_cookie(
        page_sessions.cookie_name(settings, FLOW_COOKIE),
        flow,
        max_age=single_sign_on.FLOW_SECONDS,
        secure=settings.is_public_https,
        httponly=True,
        samesite="lax",
    )
    return answer
