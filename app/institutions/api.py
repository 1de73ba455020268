"""JSON routes of institutions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.institutions import service
from app.institutions.rules import InstitutionKind
from app.institutions.schemas import (
    CODE_PATTERN,
    REGION_PATTERN,
    InstitutionIn,
    InstitutionOut,
    InstitutionPatch,
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

router = APIRouter(
    route_class=TransactionRoute, prefix="/institutions", tags=["institutions"], responses=PROBLEMS
)
Code = Annotated[str, Path(pattern=CODE_PATTERN, description="机构编码", examples=["SJYH-HRB"])]
KindFilter = Annotated[InstitutionKind | None, Query(description="机构类型")]
RegionFilter = Annotated[
    str | None, Query(pattern=REGION_PATTERN, description="所在区划（含其下辖）", examples=["230100"])
]
ParentFilter = Annotated[str | None, Query(pattern=CODE_PATTERN, description="上级机构编码")]


@router.get("", openapi_extra=does(Action.READ_REFERENCE))
async def list_institutions(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    kind: KindFilter = None,
    region: RegionFilter = None,
    parent: ParentFilter = None,
) -> Page[InstitutionOut]:
    """List institutions 机构 by code."""
    return await service.list_institutions(session, viewer, page, kind=kind, region=region, parent=parent)


@router.get("/{code}", openapi_extra=does(Action.READ_REFERENCE))
async def get_institution(
    session: SessionDep, viewer: ViewerDep, code: Code, response: Response
) -> InstitutionOut:
    """Read one institution."""
    found = await service.get_institution(session, viewer, code)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post("", status_code=201, openapi_extra=does(Action.MANAGE_INSTITUTIONS))
async def create_institution(
    session: SessionDep,
    viewer: ViewerDep,
    body: InstitutionIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> InstitutionOut:
    """Create an institution: a head office, or a branch below one."""
    made = await service.create_institution(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/institutions/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.patch("/{code}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.MANAGE_INSTITUTIONS))
async def change_institution(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: InstitutionPatch,
    response: Response,
    if_match: IfMatch = None,
) -> InstitutionOut:
    """Change an institution's name, place, areas, capacity or limits."""
    changed = await service.change_institution(
        session, viewer, code, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(changed.version)
    return changed
