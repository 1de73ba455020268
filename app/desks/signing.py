"""Pages to sign in and out: with login and password, a code where one is asked for, or by single sign-on."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import page_sessions, page_sign_in, sessions
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.csrf import csrf_token
from app.accounts.page_sign_in import Browser, Entered
from app.accounts.permissions import Action, does
from app.desks import kept_forms
from app.desks.local_paths import local_path
from app.desks.pages import Guest, go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import (
    RongqiaoError,
    TooMany,
    Unauthenticated,
)
from app.kernel.requests import Begin, BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

WRONG: Final = Text("登录名、口令或验证码不正确，或者该账户不能使用。")
NEW_PASSWORD: Final = Text(
    "新口令太短、太常见，或者包含您的登录名或姓名。请用至少 10 个字符的、不易猜到的口令。"
)
NO_INVITATION: Final = Text("邀请不存在、已过期、已撤回或已被接受。请向邀请人索取新的邀请。")
NOT_YOURS: Final = Text("该邀请不能由您接受：邀请本人、或与已有角色相冲突。")
EXPIRED: Final = Text("您的登录已过期，刚才填写的内容还在。登录后可以接着提交。")
NOT_KEPT: Final = Text("您已登录。刚才填写的内容不能恢复，请重新填写。")

Next = Annotated[str | None, Query(alias="next")]
NextField = Annotated[str, Form(alias="next")]
Typed = Annotated[str, Form(max_length=200)]
KeptField = Annotated[str, Form(max_length=60_000)]


def too_many(error: RongqiaoError) -> Text:
    """Say when to try again."""
    return Text("尝试次数过多，请在 %(seconds)s 秒后再试。", seconds=error.headers.get("Retry-After", ""))


def browser_of(request: Request) -> Browser:
    """Answer who asks, and the session cookie that their browser holds."""
    settings: Settings = request.app.state.settings
    cookie = request.cookies.get(page_sessions.cookie_name(settings))
    return Browser(page_sessions.visitor_of(request), cookie)


BrowserDep = Annotated[Browser, Depends(browser_of)]


@router.get("/sign-in", openapi_extra=does(Action.SIGN_IN))
async def sign_in_page(
    request: Request, _viewer: ViewerDep, settings: SettingsDep, wanted: Next = None
) -> Response:
    """Show the form; who is signed in already goes on."""
    standing = getattr(request.state, "standing", None)
    if standing is not None and not standing.lacks_second_factor:
        return go_to(local_path(wanted))
    return _form(request, settings, local_path(wanted))


@router.post("/sign-in", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def sign_in(
    request: Request,
    _viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    browser: BrowserDep,
    login: Typed = "",
    password: Typed = "",
    kept: KeptField = "",
    wanted: NextField = "",
) -> Response:
    """Take login and password; ask for a code where a second factor is in force."""
    path = local_path(wanted)
    try:
        entered = await page_sign_in.with_password(
            begin, gate, settings, browser, login, password, now=utc_now()
        )
    except (Unauthenticated, TooMany) as error:
        return _form(request, settings, path, login=login, kept=kept, error=error)
    return await _entered(request, begin, settings, entered, path, kept)


@router.post("/sign-in/code", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def sign_in_code(
    request: Request,
    _viewer: ViewerDep,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    browser: BrowserDep,
    code: Typed = "",
    step: Annotated[str, Form(max_length=2_000)] = "",
    kept: KeptField = "",
    wanted: NextField = "",
) -> Response:
    """Take the code of the second factor."""
    path, now = local_path(wanted), utc_now()
    try:
        entered = await page_sign_in.with_code(begin, gate, settings, browser, step, code, now=now)
    except (Unauthenticated, TooMany) as error:
        is_open = page_sign_in.is_open(gate, step, now=now)
        return _form(request, settings, path, step=step if is_open else "", kept=kept, error=error)
    return await _entered(request, begin, settings, entered, path, kept)


@router.post("/sign-in/kept", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def kept_form(
    request: Request,
    _viewer: ViewerDep,
    begin: BeginDep,
    settings: SettingsDep,
    browser: BrowserDep,
    kept: KeptField = "",
) -> Response:
    """Show what was typed to who has signed in meanwhile, in another window or by single sign-on; it is not sent."""
    return await _kept(request, begin, browser.cookie, kept) or _form(
        request, settings, local_path(None), kept=kept
    )


@router.post("/sign-out", openapi_extra=does(Action.OWN_ACCOUNT))
async def sign_out(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """End the session of this browser."""
    await sessions.end_own(session, viewer, standing.session_id, now=utc_now())
    answer = go_to("/sign-in")
    page_sessions.clear_cookie(answer, settings)
    return answer


def told(request: Request, text: Text, status: int) -> Response:
    """Tell why somebody was not signed in, and where to go from there."""
    return page(request, "told.html", {"text": text}, status)


async def _entered(
    request: Request, begin: Begin, settings: Settings, entered: Entered, path: str, kept: str
) -> Response:
    if entered.step:
        return _form(request, settings, path, step=entered.step, kept=kept)
    answer = (await _kept(request, begin, entered.cookie, kept) if kept else None) or go_to(path)
    page_sessions.set_cookie(answer, settings, entered.cookie)
    return answer


async def _kept(request: Request, begin: Begin, cookie: str | None, kept: str) -> Response | None:
    """Answer the page of a kept form as the session of a cookie sees it; None while nobody is signed in."""
    ring = request.app.state.gate.ring
    async with begin(writes=False) as session:
        current = await page_sessions.recognised(session, cookie, now=utc_now())
        if current is None:
            return None
        form = await kept_forms.restored(session, ring, kept, current.person_id)
    if form is None:
        return go_to(local_path(None), request, NOT_KEPT)
    guest = Guest("", csrf_token(ring, current.id))
    return page(request, "kept.html", {"form": form, "guest": guest})


def expired_page(request: Request, kept: str) -> Response:
    """Ask who typed something to sign in again, and carry what was typed."""
    return _form(request, request.app.state.settings, local_path(None), kept=kept, status=401)


def _form(
    request: Request,
    settings: Settings,
    path: str,
    *,
    login: str = "",
    step: str = "",
    kept: str = "",
    error: RongqiaoError | None = None,
    status: int = 200,
) -> Response:
    context: dict[str, Any] = {"next": path, "login": login, "step": step, "kept": kept, "refusal": None}
    context["expired"] = EXPIRED if kept else None
    context["sign_on"] = settings.oidc_name if settings.oidc_issuer else None
    context["sign_on_path"] = f"/sign-in/single-sign-on?next={quote(path, safe='')}"
    if error is None:
        return page(request, "sign_in.html", context, status)
    context["refusal"] = too_many(error) if isinstance(error, TooMany) else WRONG
    answer = page(request, "sign_in.html", context, error.status)
    if wait := error.headers.get("Retry-After", ""):
        answer.headers["Retry-After"] = wait
    return answer
