"""Pages to sign in and out: with login and password, a code where one is asked for, or by single sign-on."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import page_sessions, page_sign_in, sessions, single_sign_on
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.oidc_client import Provider
from app.accounts.page_sign_in import Browser, Entered
from app.accounts.permissions import Action, does
from app.accounts.single_sign_on import Answer
from app.desks.local_paths import local_path
from app.desks.pages import go_to, page
from app.kernel.clock import utc_now
from app.kernel.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RongqiaoError,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.kernel.requests import BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

FLOW_COOKIE: Final = "rongqiao-sso"
CALLBACK: Final = "/sign-in/single-sign-on/callback"
WRONG: Final = "登录名、口令或验证码不正确，或者该账户不能使用。"
TOO_MANY: Final = "尝试次数过多，请在 {} 秒后再试。"
NEW_PASSWORD: Final = "新口令太短、太常见，或者包含您的登录名或姓名。请用至少 10 个字符的、不易猜到的口令。"  # noqa: S105 - a sentence
NOT_DONE: Final = "单点登录没有完成。请重新登录。"
NOT_AVAILABLE: Final = "单点登录暂时不可用。请稍后再试，或者用口令登录。"
UNKNOWN: Final = "您已通过单点登录，但它还没有关联本系统的账户。请向本单位管理员索取邀请；已有账户的，请先用口令登录，再在“我的账户”中关联。"
LINKED: Final = "该单点登录身份已关联另一个账户。"
NO_INVITATION: Final = "邀请不存在、已过期、已撤回或已被接受。请向邀请人索取新的邀请。"
NOT_YOURS: Final = "该邀请不能由您接受：邀请本人、或与已有角色相冲突。"

Next = Annotated[str | None, Query(alias="next")]
NextField = Annotated[str, Form(alias="next")]
Text = Annotated[str, Form(max_length=200)]


def browser_of(request: Request) -> Browser:
    """Answer who asks, and the session cookie that their browser holds."""
    settings: Settings = request.app.state.settings
    cookie = request.cookies.get(page_sessions.cookie_name(settings))
    return Browser(page_sessions.visitor_of(request), cookie)


def provider_of(request: Request) -> Provider:
    """Answer the provider of single sign-on.

    Raises:
        NotFound: none is configured.
    """
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotFound("This installation has no single sign-on.")
    return provider


BrowserDep = Annotated[Browser, Depends(browser_of)]
ProviderDep = Annotated[Provider, Depends(provider_of)]


@router.get("/sign-in", openapi_extra=does(Action.SIGN_IN))
async def sign_in_page(
    request: Request, _viewer: ViewerDep, settings: SettingsDep, wanted: Next = None
) -> Response:
    """Show the form; who is signed in already goes on."""
    standing = getattr(request.state, "standing", None)
    if standing is not None and not standing.lacks_second_factor:
        return go_to(local_path(wanted))
    return _form(settings, local_path(wanted))


@router.post("/sign-in", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def sign_in(
    _viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    browser: BrowserDep,
    login: Text = "",
    password: Text = "",
    wanted: NextField = "",
) -> Response:
    """Take login and password; ask for a code where a second factor is in force."""
    path = local_path(wanted)
    try:
        entered = await page_sign_in.with_password(
            begin, gate, settings, browser, login, password, now=utc_now()
        )
    except (Unauthenticated, TooMany) as error:
        return _form(settings, path, login=login, error=error)
    return _entered(settings, entered, path)


@router.post("/sign-in/code", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def sign_in_code(
    _viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    browser: BrowserDep,
    code: Text = "",
    step: Annotated[str, Form(max_length=2_000)] = "",
    wanted: NextField = "",
) -> Response:
    """Take the code of the second factor."""
    path, now = local_path(wanted), utc_now()
    try:
        entered = await page_sign_in.with_code(begin, gate, settings, browser, step, code, now=now)
    except (Unauthenticated, TooMany) as error:
        is_open = page_sign_in.is_open(gate, step, now=now)
        return _form(settings, path, step=step if is_open else "", error=error)
    return _entered(settings, entered, path)


@router.post("/sign-out", openapi_extra=does(Action.OWN_ACCOUNT))
async def sign_out(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """End the session of this browser."""
    await sessions.end_own(session, viewer, standing.session_id, now=utc_now())
    answer = go_to("/sign-in")
    page_sessions.clear_cookie(answer, settings)
    return answer


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
        return told(NOT_AVAILABLE, 503)
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
        return told(NOT_AVAILABLE, 503)
    if arrived is None:
        return told(NOT_DONE, 401)
    flow, identity = arrived
    standing = getattr(request.state, "standing", None)
    session_id = "" if standing is None or standing.owes_code else standing.session_id
    try:
        async with begin() as session:
            cookie = await single_sign_on.enter(
                session, viewer, settings, flow, identity, browser, session_id=session_id, now=now
            )
    except RongqiaoError as error:
        return told(_why(error), error.status)
    answer = go_to(flow.next_path)
    if cookie:
        page_sessions.set_cookie(answer, settings, cookie)
    return answer


def _why(error: RongqiaoError) -> str:
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


def told(text: str, status: int) -> Response:
    """Tell why somebody was not signed in, and where to go from there."""
    return page("told.html", {"text": text}, status)


def _entered(settings: Settings, entered: Entered, path: str) -> Response:
    if entered.step:
        return _form(settings, path, step=entered.step)
    answer = go_to(path)
    page_sessions.set_cookie(answer, settings, entered.cookie)
    return answer


def _form(
    settings: Settings, path: str, *, login: str = "", step: str = "", error: RongqiaoError | None = None
) -> Response:
    context: dict[str, Any] = {"next": path, "login": login, "step": step, "refusal": None}
    context["sign_on"] = settings.oidc_name if settings.oidc_issuer else None
    context["sign_on_path"] = f"/sign-in/single-sign-on?next={quote(path, safe='')}"
    if error is None:
        return page("sign_in.html", context)
    wait = error.headers.get("Retry-After", "")
    context["refusal"] = TOO_MANY.format(wait) if isinstance(error, TooMany) else WRONG
    answer = page("sign_in.html", context, error.status)
    if wait:
        answer.headers["Retry-After"] = wait
    return answer
