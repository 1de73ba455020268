"""Pages of people and their roles: found, given a role, locked out, let in again, helped to a new password."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import account_service, people_service
from app.accounts.api import ViewerDep
from app.accounts.people_schemas import MOST_ID, PLAIN_TEXT, GrantIn, PersonFilter
from app.accounts.permissions import Action, does
from app.accounts.places import PlacesDep
from app.accounts.rules import Viewer
from app.desks.administration.words import SCOPE_HINT, full_address, role_options
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/administration",
)
PersonPath = Annotated[int, Path(ge=1, le=MOST_ID)]
Filter = Annotated[str, Query(max_length=80, pattern=PLAIN_TEXT)]


@router.get("", openapi_extra=does(Action.MANAGE_ACCOUNTS, is_recorded=True))
async def list_people(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    q: Filter = "",
    role: Filter = "",
    state: Filter = "",
    cursor: Cursor = None,
) -> Response:
    """List people with their roles."""
    is_disabled = {"disabled": True, "active": False}.get(state)
    which = PersonFilter(q.strip() or None, role or None, None, is_disabled)
    found = await people_service.list_people(
        session, viewer, PageRequest(cursor=cursor), which, now=utc_now()
    )
    form = Form({"q": q, "role": role, "state": state})
    return page(
        request, "administration/people.html", {"found": found, "form": form, "roles": role_options()}
    )


@router.get("/people/{person}", openapi_extra=does(Action.MANAGE_ACCOUNTS, is_recorded=True))
async def person_page(
    request: Request, session: SessionDep, viewer: ViewerDep, person: PersonPath
) -> Response:
    """Show a person with all roles, and what can be done."""
    return await _person(request, session, viewer, person)


@router.post("/people/{person}/grants", openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def give_grant(
    request: Request, session: SessionDep, viewer: ViewerDep, person: PersonPath, places: PlacesDep
) -> Response:
    """Give a role."""
    form = await typed(request)
    try:
        body = GrantIn.model_validate(
            {
                "role": form["role"],
                "scope": form["scope"],
                "since": form["since"] or None,
                "until": form["until"] or None,
            }
        )
        async with attempt(session):
            await people_service.give_grant(session, viewer, person, body, places, now=utc_now())
    except ValidationError as error:
        return await _person(request, session, viewer, person, form.misfit(error), status=422)
    except RongqiaoError as error:
        return await _person(request, session, viewer, person, form.refused(error), status=error.status)
    return go_to(f"/administration/people/{person}", request, Text("角色已授予"))


@router.post("/people/{person}/grants/{grant}/end", openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def end_grant(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    person: PersonPath,
    grant: Annotated[int, Path(ge=1, le=MOST_ID)],
) -> Response:
    """End a role now."""
    form = await typed(request)
    try:
        async with attempt(session):
            await people_service.end_grant(
                session, viewer, person, grant, expect=expected(form), now=utc_now()
            )
    except RongqiaoError as error:
        return await _person(request, session, viewer, person, form.refused(error), status=error.status)
    return go_to(f"/administration/people/{person}", request, Text("角色已结束"))


@router.post("/people/{person}/access", openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def set_access(
    request: Request, session: SessionDep, viewer: ViewerDep, person: PersonPath
) -> Response:
    """Lock a person out, or let the person in again."""
    form = await typed(request)
    is_disabled = form["disabled"] == "yes"
    try:
        async with attempt(session):
            await account_service.set_disabled(
                session, viewer, person, is_disabled=is_disabled, expect=expected(form), now=utc_now()
            )
    except RongqiaoError as error:
        return await _person(request, session, viewer, person, form.refused(error), status=error.status)
    said = Text("账户已停用，会话、密钥和未接受的邀请随即失效") if is_disabled else Text("账户已恢复使用")
    return go_to(f"/administration/people/{person}", request, said)


@router.post("/people/{person}/sessions/end", openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def end_sessions(
    request: Request, session: SessionDep, viewer: ViewerDep, person: PersonPath
) -> Response:
    """End all sessions of a person."""
    count = await account_service.end_sessions(session, viewer, person, now=utc_now())
    return go_to(f"/administration/people/{person}", request, Text("已结束 %(count)s 个会话", count=count))


@router.post("/people/{person}/reset", openapi_extra=does(Action.MANAGE_ACCOUNTS, shows_secret=True))
async def issue_reset(
    request: Request, session: SessionDep, viewer: ViewerDep, person: PersonPath
) -> Response:
    """Show once the link with which a person sets a new password."""
    try:
        async with attempt(session):
            token = await account_service.begin_reset(session, viewer, person, now=utc_now())
    except RongqiaoError as error:
        return await _person(request, session, viewer, person, Form().refused(error), status=error.status)
    link = full_address(request, f"/password-reset?token={token}")
    return await _person(request, session, viewer, person, link=link)


async def _person(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    person: int,
    form: Form | None = None,
    *,
    link: str = "",
    status: int = 200,
) -> Response:
    found = await people_service.get_person(session, viewer, person, now=utc_now())
    context: dict[str, Any] = {
        "person": found,
        "form": form or Form(),
        "roles": role_options(),
        "scope_hint": SCOPE_HINT,
        "link": link,
        "is_self": viewer.person == found.id,
    }
    return page(request, "administration/person.html", context, status)
