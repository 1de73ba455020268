"""JSON routes of chains. A plan names products, so publishing one is a route of the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains import service
from app.chains.fields import CODE_PATTERN
from app.chains.schemas import (
    ChainIn,
    ChainOut,
    ManagerEnd,
    ManagerIn,
    ManagerOut,
    PlanOut,
    Role,
)
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.policy.schemas import Day as WrittenDay

router = APIRouter(route_class=TransactionRoute, prefix="/chains", tags=["chains"], responses=PROBLEMS)
Code = Annotated[str, Path(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])]
Jurisdiction = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="所属行政区划（含其下辖）", examples=["230000"])
]
OnDay = Annotated[
    WrittenDay | None, Query(description="该日有效的版本；缺省为最新版本", examples=["2023-11-15"])
]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="指定版本", examples=[1])]
RolePath = Annotated[Role, Path(description="职责", examples=["leader"])]
SincePath = Annotated[WrittenDay, Path(description="起始日", examples=["2023-10-01"])]
Managers = Annotated[list[ManagerOut], Field(description="链长等任职")]


@router.get("", openapi_extra=does(Action.READ_REFERENCE))
async def list_chains(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, jurisdiction: Jurisdiction = None
) -> Page[ChainOut]:
    """List chains 产业链 by code."""
    return await service.list_chains(session, viewer, page, jurisdiction=jurisdiction)


@router.post("", status_code=201, openapi_extra=does(Action.MANAGE_CHAINS))
async def create_chain(
    session: SessionDep,
    viewer: ViewerDep,
    body: ChainIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ChainOut:
    """Create a chain."""
    made = await service.create_chain(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/chains/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("/{code}", openapi_extra=does(Action.READ_REFERENCE))
async def get_chain(session: SessionDep, viewer: ViewerDep, code: Code, response: Response) -> ChainOut:
    """Read one chain."""
    found = await service.get_chain(session, viewer, code)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/{code}/plan", openapi_extra=does(Action.READ_REFERENCE))
async def get_plan(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    response: Response,
    on: OnDay = None,
    version: Version = None,
) -> PlanOut:
    """Read a chain's plan 一链一策: the latest version, one in force on a day, or a numbered one."""
    found = await service.get_plan(session, viewer, code, on=on, version=version)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/{code}/managers", openapi_extra=does(Action.READ_REFERENCE))
async def list_managers(session: SessionDep, viewer: ViewerDep, code: Code) -> Managers:
    """List who answered and answers for a chain 链长、链办, by first day."""
    return await service.list_managers(session, viewer, code)


@router.post("/{code}/managers", status_code=201, openapi_extra=does(Action.MANAGE_CHAINS))
async def appoint_manager(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: ManagerIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ManagerOut:
    """Appoint somebody; a role is held by one person at a time."""
    made = await service.appoint_manager(session, viewer, code, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/chains/{code}/managers/{made.role}/{made.since}"
    response.headers["ETag"] = etag_of(service.manager_version(made.until))
    return made


@router.get("/{code}/managers/{role}/{since}", openapi_extra=does(Action.READ_REFERENCE))
async def get_manager(
    session: SessionDep, viewer: ViewerDep, code: Code, role: RolePath, since: SincePath, response: Response
) -> ManagerOut:
    """Read one period."""
    found = await service.get_manager(session, viewer, code, role, since)
    response.headers["ETag"] = etag_of(service.manager_version(found.until))
    return found


@router.patch(
    "/{code}/managers/{role}/{since}",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def end_manager(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    role: RolePath,
    since: SincePath,
    body: ManagerEnd,
    response: Response,
    if_match: IfMatch = None,
) -> ManagerOut:
    """Set the last day of a period, or clear it."""
    changed = await service.end_manager(
        session,
        viewer,
        code,
        role,
        since,
        body,
        expect=lambda version: check_if_match(if_match, version),
    )
    response.headers["ETag"] = etag_of(service.manager_version(changed.until))
    return changed
