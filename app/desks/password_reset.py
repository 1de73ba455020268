"""The page on which somebody who forgot the password sets a new one, with a link from an administrator."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import account_service
from app.accounts.api import ViewerDep
from app.accounts.people_api import ResetIn
from app.accounts.permissions import Action, does
from app.desks.forms import Form as Typed
from app.desks.pages import go_to, page
from app.desks.signing import NEW_PASSWORD
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.errors import NotFound, Refused
from app.kernel.requests import BeginDep, TransactionRoute

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/password-reset",
)

NO_RESET: Final = Text("该链接不存在、已过期或已使用。请向账户管理员另索取一个。")
DIFFERENT: Final = Text("两次输入的口令不一样。")
DONE: Final = Text("新口令已设置。请用它登录 %(login)s。")
Field = Annotated[str, Form(max_length=200)]


@router.get("", openapi_extra=does(Action.SIGN_IN))
async def reset_page(
    request: Request, _viewer: ViewerDep, token: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Ask for the new password; without a link say how to get one."""
    return page(request, "password_reset.html", {"token": token, "form": Typed()})


@router.post("", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def reset(
    request: Request,
    _viewer: ViewerDep,
    begin: BeginDep,
    token: Field = "",
    password: Field = "",
    again: Field = "",
) -> Response:
    """Set the new password; all sessions of the person end."""
    faults = {"again": DIFFERENT}
    if password == again:
        try:
            return go_to("/sign-in", request, Text(DONE.chinese, login=await _reset(begin, token, password)))
        except ValidationError as error:
            is_token = any(item["loc"] == ("token",) for item in error.errors())
            faults = {"": NO_RESET} if is_token else {"password": NEW_PASSWORD}
        except Refused:
            faults = {"password": NEW_PASSWORD}
        except NotFound:
            faults = {"": NO_RESET}
    return page(request, "password_reset.html", {"token": token, "form": Typed(faults=faults)}, 422)


async def _reset(begin: BeginDep, token: str, password: str) -> str:
    """Answer the login whose password was set."""
    body = ResetIn(token=token, password=password)
    async with begin(writes=False) as session:
        person = await account_service.person_of_reset(session, body.token, now=utc_now())
    hashed = await account_service.hashed_password(body.password, login=person.login, name=person.name)
    async with begin() as session:
        await account_service.finish_reset(session, body.token, hashed, now=utc_now())
    return person.login
