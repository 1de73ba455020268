"""JSON routes of who handles an entry; the list of entries is here because it can be asked by who handles them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation import handler_service as service
from app.allocation.handler_schemas import (
    ASSIGNED_PATTERN,
    ColleagueOut,
    HandlerIn,
    HandlerOut,
    HandoverIn,
    HandoverOut,
)
from app.allocation.schemas import EntryCode
from app.institutions.schemas import CODE_PATTERN
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
from app.whitelist.api import ChainQuery, ClassQuery, EditionQuery, RegionQuery
from app.whitelist.rules import EntryStatus
from app.whitelist.schemas import EntryFilter, EntrySummary

router = APIRouter(route_class=TransactionRoute, responses=PROBLEMS)
AssignedTo = Annotated[
    str | None,
    Query(
        pattern=ASSIGNED_PATTERN,
        description="经办客户经理: `me`, `unhandled` (nobody handles it yet) or a person's number",
        examples=["me"],
    ),
]
InstitutionQuery = Annotated[
    str | None,
    Query(
        pattern=CODE_PATTERN,
        description="机构编码, the responsible or a supporting one",
        examples=["SJYH-HRB"],
    ),
]
InstitutionCode = Annotated[str, Path(pattern=CODE_PATTERN, description="机构编码", examples=["SJYH-HRB"])]
Colleagues = Annotated[list[ColleagueOut], Field(description="可分派的客户经理")]


@router.get("/whitelist/entries", tags=["whitelist"], openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def list_entries(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionQuery = None,
    region: RegionQuery = None,
    chain: ChainQuery = None,
    status: Annotated[EntryStatus | None, Query(description="状态")] = None,
    source_class: ClassQuery = None,
    assigned_to: AssignedTo = None,
) -> Page[EntrySummary]:
    """List entries 名单条目 by code."""
    which = EntryFilter(edition, region, chain, status, source_class)
    return await service.list_entries(session, viewer, page, which, assigned_to)


@router.get(
    "/whitelist/entries/{entry}/handler",
    tags=["allocation"],
    openapi_extra=does(Action.READ_CASES, of_entry="entry"),
)
async def get_handler(
    session: SessionDep,
    viewer: ViewerDep,
    entry: EntryCode,
    response: Response,
    institution: InstitutionQuery = None,
) -> HandlerOut:
    """Read who handles an entry within its institution 经办客户经理."""
    found = await service.handler_of(session, viewer, entry, institution)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/whitelist/entries/{entry}/handler",
    tags=["allocation"],
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.DISPATCH_ENTRIES),
)
async def hand_to(
    session: SessionDep,
    viewer: ViewerDep,
    entry: EntryCode,
    body: HandlerIn,
    response: Response,
    if_match: IfMatch = None,
) -> HandlerOut:
    """Give an entry to a colleague 分派, take a free one 认领, or set it free (`If-Match: "0"` while it is free)."""
    done = await service.hand_to(
        session, viewer, entry, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post("/handovers", tags=["allocation"], openapi_extra=does(Action.DISPATCH_ENTRIES))
async def hand_over(
    session: SessionDep,
    viewer: ViewerDep,
    body: HandoverIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> HandoverOut:
    """Pass all or listed entries of one person to a colleague, together 移交; a dry run says how many."""
    return await service.hand_over(session, viewer, body, now=utc_now())


@router.get(
    "/institutions/{code}/colleagues", tags=["allocation"], openapi_extra=does(Action.DISPATCH_ENTRIES)
)
async def list_colleagues(session: SessionDep, viewer: ViewerDep, code: InstitutionCode) -> Colleagues:
    """List to whom entries of an institution can be given, with how many each handles there."""
    return await service.colleagues(session, viewer, code, now=utc_now())
