"""The page of one's own account: roles, sessions, second factor, keys, password, single sign-on."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import auth_service, own_second_factor, page_sessions, sessions, single_sign_on
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.auth_schemas import PasswordIn
from app.accounts.own_account import own_account
from app.accounts.page_sessions import visitor_of
from app.accounts.permissions import Action, does
from app.accounts.sign_in import Attempt
from app.accounts.standings import Standing
from app.desks.pages import ROLE_NAMES, go_to, guest_of, page
from app.desks.signing import (
    NEW_PASSWORD,
    NOT_AVAILABLE,
    TOO_MANY,
    ProviderDep,
    callback_address,
    told,
    with_flow,
)
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Refused, RongqiaoError, TooMany, Unavailable
from app.kernel.requests import Begin, BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/account",
)

WRONG_CODE: Final = "验证码不正确，或者已经用过。请等下一个验证码，或者用恢复码。"
WRONG_FIRST_CODE: Final = "验证码不正确。请核对手机时间，再输入应用当前显示的 6 位数字。"
IN_FORCE: Final = "第二因素已经启用；要更换，请先停用。"
BOTH: Final = "请填写现口令和新口令。"
CHANGED: Final = "口令已修改；其他设备上的会话已结束。"
Code = Annotated[str, Form(max_length=40)]
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
    return _account(request, settings, standing, account=account, refusals=(), done=None)


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
    refusals: tuple[str, ...] = (BOTH,)
    if old and new:
        try:
            body = PasswordIn(old=old, new=new)
            await auth_service.change_password(begin, gate, standing, attempt, body, now=utc_now())
            refusals, status = (), 200
        except (Refused, Conflict, TooMany) as error:
            refusals, status = _said(error), error.status
    async with begin(writes=False) as session:
        account = await own_account(session, standing, settings, now=utc_now())
    done = None if refusals else CHANGED
    return _account(request, settings, standing, account=account, refusals=refusals, done=done, status=status)


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
        return told(NOT_AVAILABLE, 503)
    context = {"url": url, "sign_on": settings.oidc_name}
    return with_flow(page("leave.html", context, guest=guest_of(request)), settings, flow)


@router.get("/second-factor", openapi_extra=does(Action.OWN_ACCOUNT))
async def second_factor_page(
    request: Request, session: SessionDep, viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """Show how it stands with the second factor, and what can be done about it."""
    _person, found = await own_second_factor.shown(session, viewer, settings, now=utc_now())
    return _second_factor(request, standing, {"found": found})


@router.post("/second-factor", openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
async def enrol(
    request: Request, session: SessionDep, viewer: ViewerDep, standing: StandingDep, gate: GateDep
) -> Response:
    """Show a new secret, as text and as QR code."""
    try:
        enrolment = await own_second_factor.enrol(session, viewer, gate, now=utc_now())
    except Conflict:
        return _second_factor(request, standing, {"refusal": IN_FORCE}, 409)
    return _second_factor(request, standing, {"enrolment": enrolment})


@router.post(
    "/second-factor/confirmation",
    openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True, shows_secret=True),
)
async def confirm(
    request: Request,
    viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    begin: BeginDep,
    gate: GateDep,
    code: Code = "",
) -> Response:
    """Put the second factor in force with its first code, and show the recovery codes once."""
    visitor, now = visitor_of(request), utc_now()
    try:
        async with begin() as session:
            codes = await own_second_factor.confirm(
                session, viewer, gate, visitor, code, session_id=standing.session_id, now=now
            )
            cookie = await page_sessions.renew(session, standing.session_id, viewer.person or 0)
    except (Refused, TooMany) as error:
        async with begin(writes=False) as session:
            enrolment = await own_second_factor.pending(session, viewer, gate)
        refusal = WRONG_FIRST_CODE if isinstance(error, Refused) else _of_code(error)
        context = {"refusal": refusal, "enrolment": enrolment}
        return _second_factor(request, standing, context, error.status)
    except Conflict:
        return _second_factor(request, standing, {"refusal": IN_FORCE}, 409)
    answer = _second_factor(request, standing, {"codes": codes})
    page_sessions.set_cookie(answer, settings, cookie)
    return answer


@router.post("/second-factor/proof", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def give_code(
    request: Request,
    viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    begin: BeginDep,
    gate: GateDep,
    code: Code = "",
) -> Response:
    """Take the code that signing in by single sign-on did not ask for."""
    try:
        async with begin() as session:
            await own_second_factor.give(session, viewer, gate, visitor_of(request), code, now=utc_now())
            cookie = await page_sessions.renew(session, standing.session_id, viewer.person or 0)
    except RongqiaoError as error:
        return await _refused(request, viewer, standing, settings, begin, error)
    answer = go_to("/")
    page_sessions.set_cookie(answer, settings, cookie)
    return answer


@router.post("/second-factor/removal", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def switch_off(
    request: Request,
    viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    begin: BeginDep,
    gate: GateDep,
    code: Code = "",
) -> Response:
    """Switch the second factor off, with a code."""
    try:
        async with begin() as session:
            await own_second_factor.switch_off(
                session, viewer, gate, visitor_of(request), code, now=utc_now()
            )
    except RongqiaoError as error:
        return await _refused(request, viewer, standing, settings, begin, error)
    return go_to("/account/second-factor")


@router.post(
    "/second-factor/recovery-codes",
    openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True, shows_secret=True),
)
async def renew_recovery_codes(
    request: Request,
    viewer: ViewerDep,
    standing: StandingDep,
    settings: SettingsDep,
    begin: BeginDep,
    gate: GateDep,
    code: Code = "",
) -> Response:
    """Show ten new recovery codes, with a code."""
    try:
        async with begin() as session:
            codes = await own_second_factor.renew_recovery_codes(
                session, viewer, gate, visitor_of(request), code, now=utc_now()
            )
    except RongqiaoError as error:
        return await _refused(request, viewer, standing, settings, begin, error)
    return _second_factor(request, standing, {"codes": codes})


async def _refused(
    request: Request,
    viewer: ViewerDep,
    standing: Standing,
    settings: Settings,
    begin: Begin,
    error: RongqiaoError,
) -> Response:
    if not isinstance(error, Refused | TooMany):
        raise error
    async with begin(writes=False) as session:
        _person, found = await own_second_factor.shown(session, viewer, settings, now=utc_now())
    return _second_factor(request, standing, {"found": found, "refusal": _of_code(error)}, error.status)


def _of_code(error: RongqiaoError) -> str:
    return TOO_MANY.format(error.headers.get("Retry-After", "")) if isinstance(error, TooMany) else WRONG_CODE


def _said(error: RongqiaoError) -> tuple[str, ...]:
    """Answer in Chinese why a password was not changed."""
    if isinstance(error, TooMany):
        return (_of_code(error),)
    if isinstance(error, Conflict):
        return ("口令刚刚在别处修改过，请重新登录。",)
    return tuple("现口令不正确。" if fault.where == "old" else NEW_PASSWORD for fault in error.faults[:1])


def _second_factor(
    request: Request, standing: Standing, context: dict[str, Any], status: int = 200
) -> Response:
    shown = {
        "found": None,
        "enrolment": None,
        "codes": None,
        "refusal": None,
        "owes_code": standing.owes_code,
    }
    return page("second_factor.html", shown | context, status, guest=guest_of(request))


def _account(
    request: Request, settings: Settings, standing: Standing, *, status: int = 200, **context: Any
) -> Response:
    shown = {
        "role_names": ROLE_NAMES,
        "now": utc_now(),
        "lacks": standing.lacks_second_factor,
        "sign_on": settings.oidc_name if settings.oidc_issuer else None,
    }
    return page("account.html", shown | context, status, guest=guest_of(request))
