"""JSON routes of enterprises, projects and needs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.enterprises import consent_api, need_service, service
from app.enterprises.schemas import (
    NEED_CODE_PATTERN,
    PROJECT_CODE_PATTERN,
    USCC_PATTERN,
    Contact,
    EnterpriseIn,
    EnterpriseOut,
    EnterpriseProfile,
    NeedIn,
    NeedOut,
    NeedRevisionIn,
    NeedRevisionOut,
    ProjectIn,
    ProjectOut,
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

router = APIRouter(route_class=TransactionRoute, responses=PROBLEMS)
UsccPath = Annotated[
    str, Path(pattern=USCC_PATTERN, description="统一社会信用代码", examples=["91230199MA1BQXYE20"])
]
NeedCode = Annotated[
    str, Path(pattern=NEED_CODE_PATTERN, description="融资需求编码", examples=["91230199MA1BQXYE20"])
]
ProjectCode = Annotated[
    str, Path(pattern=PROJECT_CODE_PATTERN, description="项目编码", examples=["91230199MA1BQXYE20-P1"])
]
UsccFilter = Annotated[str | None, Query(pattern=USCC_PATTERN, description="统一社会信用代码")]
RegionFilter = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="企业所在区划（含其下辖）", examples=["230100"])
]
NameFilter = Annotated[
    str | None,
    Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$", description="企业名称的一部分"),
]


@router.get("/enterprises", tags=["enterprises"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def list_enterprises(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    region: RegionFilter = None,
    name: NameFilter = None,
) -> Page[EnterpriseOut]:
    """List enterprises 企业 by credit code."""
    return await service.list_enterprises(session, viewer, page, region=region, name=name)


@router.get(
    "/enterprises/{uscc}", tags=["enterprises"], openapi_extra=does(Action.READ_CASES, is_recorded=True)
)
async def get_enterprise(
    session: SessionDep, viewer: ViewerDep, uscc: UsccPath, response: Response
) -> EnterpriseOut:
    """Read one enterprise."""
    found = await service.enterprise_by_uscc(session, viewer, uscc)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post("/enterprises", status_code=201, tags=["enterprises"], openapi_extra=does(Action.STATE_NEEDS))
async def create_enterprise(
    session: SessionDep,
    viewer: ViewerDep,
    body: EnterpriseIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> EnterpriseOut:
    """Register an enterprise under its credit code."""
    made = await service.register_enterprise(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/enterprises/{made.uscc}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.put(
    "/enterprises/{uscc}",
    tags=["enterprises"],
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.STATE_NEEDS),
)
async def revise_enterprise(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: UsccPath,
    body: EnterpriseProfile,
    response: Response,
    if_match: IfMatch = None,
) -> EnterpriseOut:
    """Replace what is known of an enterprise; equal content keeps the version."""
    found = await service.revise_enterprise(
        session, viewer, uscc, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get(
    "/enterprises/{uscc}/contact",
    tags=["enterprises"],
    openapi_extra=does(Action.READ_CONTACTS, is_recorded=True, writes=True),
)
async def get_contact(session: SessionDep, viewer: ViewerDep, uscc: UsccPath, response: Response) -> Contact:
    """Read whom to call at an enterprise 联系人."""
    found = await service.read_contact(session, viewer, uscc)
    response.headers["ETag"] = etag_of(service.contact_tag(found))
    return found


@router.put(
    "/enterprises/{uscc}/contact",
    tags=["enterprises"],
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.STATE_NEEDS),
)
async def change_contact(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: UsccPath,
    body: Contact,
    response: Response,
    if_match: IfMatch = None,
) -> Contact:
    """Replace whom to call at an enterprise."""
    found = await service.change_contact(
        session, viewer, uscc, body, expect=lambda tag: check_if_match(if_match, tag), now=utc_now()
    )
    response.headers["ETag"] = etag_of(service.contact_tag(found))
    return found


@router.get("/projects", tags=["projects"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def list_projects(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, uscc: UsccFilter = None
) -> Page[ProjectOut]:
    """List projects 项目 by code."""
    return await service.list_projects(session, viewer, page, uscc=uscc)


@router.get("/projects/{code}", tags=["projects"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def get_project(session: SessionDep, viewer: ViewerDep, code: ProjectCode) -> ProjectOut:
    """Read one project."""
    return await service.project_by_code(session, viewer, code)


@router.post("/projects", status_code=201, tags=["projects"], openapi_extra=does(Action.STATE_NEEDS))
async def create_project(
    session: SessionDep,
    viewer: ViewerDep,
    body: ProjectIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ProjectOut:
    """Register a project of an enterprise under the enterprise's next number."""
    made = await service.register_project(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/projects/{made.code}"
    return made


@router.get("/needs", tags=["needs"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def list_needs(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    uscc: UsccFilter = None,
    region: RegionFilter = None,
) -> Page[NeedOut]:
    """List needs 融资需求 by code, with their current wording."""
    return await need_service.list_needs(session, viewer, page, uscc=uscc, region=region)


@router.get("/needs/{code}", tags=["needs"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def get_need(session: SessionDep, viewer: ViewerDep, code: NeedCode, response: Response) -> NeedOut:
    """Read a need with its current wording."""
    found = await need_service.need_by_code(session, viewer, code)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.get(
    "/needs/{code}/revisions", tags=["needs"], openapi_extra=does(Action.READ_CASES, is_recorded=True)
)
async def list_revisions(
    session: SessionDep, viewer: ViewerDep, code: NeedCode, page: PageQuery
) -> Page[NeedRevisionOut]:
    """List all wordings of a need; none is ever overwritten."""
    return await need_service.need_revisions(session, viewer, code, page)


@router.post("/needs", status_code=201, tags=["needs"], openapi_extra=does(Action.STATE_NEEDS))
async def create_need(
    session: SessionDep,
    viewer: ViewerDep,
    body: NeedIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> NeedOut:
    """Submit the need of an enterprise, or of its project."""
    made = await need_service.submit_need(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/needs/{made.code}"
    response.headers["ETag"] = etag_of(made.revision)
    return made


@router.put(
    "/needs/{code}", tags=["needs"], responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.STATE_NEEDS)
)
async def revise_need(
    session: SessionDep,
    viewer: ViewerDep,
    code: NeedCode,
    body: NeedRevisionIn,
    response: Response,
    if_match: IfMatch = None,
) -> NeedOut:
    """Store a new wording of a need; equal content makes no new revision."""
    found = await need_service.revise_need(
        session,
        viewer,
        code,
        body.facts,
        expect=lambda revision: check_if_match(if_match, revision),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.revision)
    return found


router.include_router(consent_api.router)
