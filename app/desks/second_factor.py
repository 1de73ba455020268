"""Pages of one's own second factor: put in force, given, replaced, switched off."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import own_second_factor, page_sessions
from app.accounts.api import ViewerDep
from app.accounts.auth_api import GateDep, SettingsDep, StandingDep
from app.accounts.page_sessions import visitor_of
from app.accounts.permissions import Action, does
from app.accounts.standings import Standing
from app.desks.pages import go_to, page
from app.desks.signing import too_many
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Refused, RongqiaoError, TooMany
from app.kernel.requests import Begin, BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/account/second-factor",
)

WRONG_CODE: Final = Text("验证码不正确，或者已经用过。请等下一个验证码，或者用恢复码。")
WRONG_FIRST_CODE: Final = Text("验证码不正确。请核对手机时间，再输入应用当前显示的 6 位数字。")
IN_FORCE: Final = Text("第二因素已经启用；要更换，请先停用。")
Code = Annotated[str, Form(max_length=40)]


@router.get("", openapi_extra=does(Action.OWN_ACCOUNT))
async def second_factor_page(
    request: Request, session: SessionDep, viewer: ViewerDep, standing: StandingDep, settings: SettingsDep
) -> Response:
    """Show how it stands with the second factor, and what can be done about it."""
    _person, found = await own_second_factor.shown(session, viewer, settings, now=utc_now())
    return _second_factor(request, standing, {"found": found})


@router.post("", openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
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
    "/confirmation",
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


@router.post("/proof", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
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


@router.post("/removal", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
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
    "/recovery-codes",
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


def _of_code(error: RongqiaoError) -> Text:
    return too_many(error) if isinstance(error, TooMany) else WRONG_CODE


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
    return page(request, "second_factor.html", shown | context, status)
