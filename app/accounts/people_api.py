"""JSON routes of people and their roles, for administrators, and of resets of passwords."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.accounts import account_service, people_service
from app.accounts.api import ViewerDep
from app.accounts.people_schemas import (
    MOST_ID,
    PLAIN_TEXT,
    GrantEnd,
    GrantIn,
    GrantOut,
    Password,
    PersonFilter,
    PersonOut,
    PersonPatch,
    Token,
)
from app.accounts.permissions import Action, does
from app.accounts.places import PlacesDep
from app.accounts.rules import Role
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    BeginDep,
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)

router = APIRouter(route_class=TransactionRoute, tags=["people"], responses=PROBLEMS)
PersonId = Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the person 人员编号", examples=[1])]
GrantId = Annotated[int, Path(ge=1, le=MOST_ID, description="Number of the grant 授权编号", examples=[1])]
Search = Annotated[
    str | None,
    Query(min_length=1, max_length=80, pattern=PLAIN_TEXT, description="Part of login or name 登录名或姓名"),
]
RoleFilter = Annotated[Role | None, Query(description="Only who has this role 角色")]
ScopeFilter = Annotated[
    str | None,
    Query(max_length=60, pattern=PLAIN_TEXT, description="Only who has a role in this scope 作用范围"),
]
DisabledFilter = Annotated[bool | None, Query(description="Only who is locked out, or who is not 是否停用")]


class ResetIn(BaseModel):
    """A new password, with the token that an administrator handed over."""

    model_config = ConfigDict(extra="forbid")

    token: Token
    password: Password


class ResetOut(BaseModel):
    """What came of a reset."""

    login: str = Field(description="Name to sign in with 登录名.")


@router.get("/people", openapi_extra=does(Action.MANAGE_ACCOUNTS, is_recorded=True))
async def list_people(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    search: Search = None,
    role: RoleFilter = None,
    scope: ScopeFilter = None,
    is_disabled: DisabledFilter = None,
) -> Page[PersonOut]:
    """List people 人员 by number, with all roles that they have or had."""
    which = PersonFilter(search, role, scope, is_disabled)
    return await people_service.list_people(session, viewer, page, which, now=utc_now())


@router.get("/people/{person}", openapi_extra=does(Action.MANAGE_ACCOUNTS, is_recorded=True))
async def get_person(
    session: SessionDep, viewer: ViewerDep, person: PersonId, response: Response
) -> PersonOut:
    """Read one person with all roles."""
    found = await people_service.get_person(session, viewer, person, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.patch("/people/{person}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def change_person(
    session: SessionDep,
    viewer: ViewerDep,
    person: PersonId,
    body: PersonPatch,
    response: Response,
    if_match: IfMatch = None,
) -> PersonOut:
    """Lock a person out 停用 (sessions, keys and open invitations end at once), or let the person in again 启用."""
    changed = await account_service.set_disabled(
        session,
        viewer,
        person,
        is_disabled=body.is_disabled,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(changed.version)
    return changed


@router.post("/people/{person}/grants", status_code=201, openapi_extra=does(Action.MANAGE_ACCOUNTS))
async def give_grant(
    session: SessionDep,
    viewer: ViewerDep,
    person: PersonId,
    body: GrantIn,
    places: PlacesDep,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> GrantOut:
    """Give a person a role within a scope 授权; duties that are separated (三权分立) are refused."""
    return await people_service.give_grant(session, viewer, person, body, places, now=utc_now())


@router.patch(
    "/people/{person}/grants/{grant}",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_ACCOUNTS),
)
async def end_grant(
    session: SessionDep,
    viewer: ViewerDep,
    person: PersonId,
    grant: GrantId,
    body: GrantEnd,  # noqa: ARG001 - its one value is what is done
    response: Response,
    if_match: IfMatch = None,
) -> PersonOut:
    """End a role now 收回授权; it stays on record. If-Match names the person's version."""
    changed = await people_service.end_grant(
        session,
        viewer,
        person,
        grant,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(changed.version)
    return changed


@router.post("/password-resets", openapi_extra=does(Action.SIGN_IN, own_transactions=True))
async def reset_password(begin: BeginDep, viewer: ViewerDep, body: ResetIn) -> ResetOut:  # noqa: ARG001 - every route names its viewer
    """Set a new password with a token from an administrator (`rongqiao accounts reset-password`); sessions end."""
    async with begin(writes=False) as session:
        person = await account_service.person_of_reset(session, body.token, now=utc_now())
    hashed = await account_service.hashed_password(body.password, login=person.login, name=person.name)
    async with begin() as session:
        await account_service.finish_reset(session, body.token, hashed, now=utc_now())
    return ResetOut(login=person.login)
