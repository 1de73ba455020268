"""JSON routes of coordination cases 协调事项: what a public body or the coordinator has to settle."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.coordination import service
from app.coordination.rules import CaseKind, CaseState
from app.coordination.schemas import (
    CaseCode,
    CaseFilter,
    CaseIn,
    CommentIn,
    CommentOut,
    CoordinationCaseOut,
    CoordinationCasePage,
    OutcomeIn,
)
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
from app.whitelist.api import EditionQuery, RegionQuery
from app.whitelist.schemas import ENTRY_CODE_PATTERN

router = APIRouter(
    route_class=TransactionRoute, prefix="/coordination/cases", tags=["coordination"], responses=PROBLEMS
)
EntryQuery = Annotated[str | None, Query(pattern=ENTRY_CODE_PATTERN, description="名单条目编码")]
KindQuery = Annotated[CaseKind | None, Query(description="事项类别")]
StateQuery = Annotated[CaseState | None, Query(description="open 协调中, resolved 已解决, refused 不予解决")]
BodyQuery = Annotated[
    str | None, Query(pattern=CODE_PATTERN, description="责任单位的机构编码", examples=["XTJZ"])
]
OverdueQuery = Annotated[bool, Query(description="只列逾期未办结的")]


@router.get(
    "",
    summary="Coordination cases, the most urgent first (协调事项清单)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_coordination_cases(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionQuery = None,
    entry: EntryQuery = None,
    region: RegionQuery = None,
    kind: KindQuery = None,
    state: StateQuery = None,
    body: BodyQuery = None,
    *,
    overdue: OverdueQuery = False,
) -> CoordinationCasePage:
    """List cases by the day on which they are due, with counts by state and kind."""
    wanted = CaseFilter(
        edition=edition, entry=entry, region=region, kind=kind, state=state, body=body, is_overdue=overdue
    )
    return await service.list_cases(session, viewer, page, wanted, now=utc_now())


@router.post(
    "", status_code=201, summary="Raise a case (提出协调事项)", openapi_extra=does(Action.RAISE_CASE)
)
async def raise_coordination_case(
    session: SessionDep,
    viewer: ViewerDep,
    body: CaseIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoordinationCaseOut:
    """Raise a case of an admitted entry; the clause says who has to answer, by when the operator's deadlines."""
    made = await service.raise_case(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/coordination/cases/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get(
    "/{case}",
    summary="One coordination case (协调事项)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_coordination_case(
    session: SessionDep, viewer: ViewerDep, case: CaseCode, response: Response
) -> CoordinationCaseOut:
    """Read a case with who has to answer, by when, and how it ended."""
    found = await service.case(session, viewer, case, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get(
    "/{case}/comments",
    summary="Comments of a case, in the order in which they were written (留言)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_coordination_comments(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, case: CaseCode
) -> Page[CommentOut]:
    """List what was added to a case; nothing of it is ever changed or deleted."""
    return await service.comments(session, viewer, case, page)


@router.post(
    "/{case}/comments",
    status_code=201,
    summary="Comment on a case (留言)",
    openapi_extra=does(Action.COMMENT_CASE),
)
async def add_coordination_comment(
    session: SessionDep,
    viewer: ViewerDep,
    case: CaseCode,
    body: CommentIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CommentOut:
    """Add to a case, open or closed; whoever sees the case reads it."""
    return await service.comment(session, viewer, case, body, now=utc_now())


@router.post(
    "/{case}/resolution",
    summary="Close a case as settled (解决)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.ANSWER_CASE),
)
async def resolve_coordination_case(
    session: SessionDep,
    viewer: ViewerDep,
    case: CaseCode,
    body: OutcomeIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoordinationCaseOut:
    """Write down on the body's behalf that it is settled; an element is no longer missing then."""
    done = await service.resolve(
        session, viewer, case, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{case}/refusal",
    summary="Close a case as not to be settled (不予解决)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.ANSWER_CASE),
)
async def refuse_coordination_case(
    session: SessionDep,
    viewer: ViewerDep,
    case: CaseCode,
    body: OutcomeIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoordinationCaseOut:
    """Write down on the body's behalf that it cannot be settled, and why; what is missing stays missing."""
    done = await service.refuse(
        session, viewer, case, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
