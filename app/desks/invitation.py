"""The page of an invitation: taken up with a new account, by single sign-on, or as who is signed in."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import invitation_service, page_sessions, page_sign_in
from app.accounts.api import ViewerDep
from app.accounts.auth_api import SettingsDep
from app.accounts.invitation_schemas import AcceptanceIn
from app.accounts.permissions import Action, does
from app.accounts.rules import Grant
from app.desks.forms import Form as Typed
from app.desks.pages import go_to, page
from app.desks.signing import NEW_PASSWORD, NO_INVITATION, NOT_YOURS, BrowserDep, told
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Forbidden, NotFound, Refused, RongqiaoError
from app.kernel.requests import BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

LOGIN_RULE: Final = Text("登录名为 3 至 80 个字符，只用英文字母、数字和 . _ - @。")
LOGIN_TAKEN: Final = Text("该登录名已被使用，请换一个。")
ALL_THREE: Final = Text("请填写登录名、姓名和口令。")
Field = Annotated[str, Form(max_length=200)]
Token = Annotated[str, Form(max_length=200)]


@router.get("/invitation", openapi_extra=does(Action.SIGN_IN))
async def invitation_page(
    request: Request,
    session: SessionDep,
    _viewer: ViewerDep,
    settings: SettingsDep,
    token: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show what an invitation offers, and how to take it up."""
    try:
        name, grant = await invitation_service.offered(session, token, now=utc_now())
    except NotFound:
        return told(request, NO_INVITATION, 404)
    return _form(request, settings, token, grant, Typed({"name": name}))


@router.post("/invitation", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def take_up(
    request: Request,
    viewer: ViewerDep,
    settings: SettingsDep,
    begin: BeginDep,
    browser: BrowserDep,
    token: Token = "",
    login: Field = "",
    name: Field = "",
    password: Field = "",
) -> Response:
    """Make an account, give it the role, and sign in to it."""
    now, faults = utc_now(), {"": ALL_THREE}
    try:
        body = AcceptanceIn(token=token, login=login, name=name, password=password)
        cookie = await page_sign_in.with_invitation(begin, settings, browser, viewer, body, now=now)
    except ValidationError:
        pass  # what `faults` says from the start: the form comes back and asks for all three
    except NotFound:
        return told(request, NO_INVITATION, 404)
    except (Refused, Conflict) as error:
        faults = _why(error)
    else:
        answer = go_to("/")
        page_sessions.set_cookie(answer, settings, cookie)
        return answer
    async with begin(writes=False) as session:
        try:
            _name, grant = await invitation_service.offered(session, token, now=now)
        except NotFound:
            return told(request, NO_INVITATION, 404)
    return _form(request, settings, token, grant, Typed({"name": name, "login": login}, faults=faults), 422)


@router.post("/account/invitation", openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def take_up_as_signed_in(
    request: Request, viewer: ViewerDep, begin: BeginDep, token: Token = ""
) -> Response:
    """Give the role to the account of who is signed in."""
    try:
        body = AcceptanceIn(token=token)
        async with begin() as session:
            await invitation_service.accept(session, viewer, body, None, now=utc_now())
    except (NotFound, ValidationError):
        return told(request, NO_INVITATION, 404)
    except (Forbidden, Conflict) as error:
        return told(request, NOT_YOURS, error.status)
    return go_to("/account")


def _why(error: RongqiaoError) -> dict[str, Text]:
    """Answer why no account was made, at its fields."""
    if isinstance(error, Conflict):
        return {"login": LOGIN_TAKEN}
    is_login = any(fault.where == "login" for fault in error.faults)
    return {"login": LOGIN_RULE} if is_login else {"password": NEW_PASSWORD}


def _form(
    request: Request, settings: Settings, token: str, grant: Grant, form: Typed, status: int = 200
) -> Response:
    sign_on = settings.oidc_name if settings.oidc_issuer else None
    context = {"token": token, "grant": grant, "form": form, "sign_on": sign_on}
    return page(request, "invitation.html", context, status)
