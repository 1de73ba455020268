"""JSON routes of plans as a workflow: drafted, compared with the one in force, published, archived."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains.fields import CODE_PATTERN
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
from app.plans import comparing_service, reallocating_service, service
from app.plans.rules import DraftState, Effect
from app.plans.schemas import (
    ArchiveIn,
    ComparisonNumber,
    ComparisonOut,
    ComparisonSummary,
    DraftIn,
    DraftNumber,
    DraftOut,
    DraftSummary,
    EffectFilter,
    NeedEffectOut,
    PlanVersionOut,
    ReallocatedOut,
    ReallocationOut,
    VersionNumber,
)

router = APIRouter(route_class=TransactionRoute, prefix="/chains", tags=["plans"], responses=PROBLEMS)
Code = Annotated[str, Path(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])]
StateQuery = Annotated[DraftState | None, Query(description="只列此状态 状态", examples=["draft"])]
EffectQuery = Annotated[
    Effect | None, Query(description="只列：增加产品、失去产品、匹配度升高或降低的需求", examples=["gains"])
]
CountyQuery = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="只列此行政区划的需求", examples=["230102"])
]
DRAFT = "/api/v1/chains/{}/plan-drafts/{}"


@router.get(
    "/{code}/plans",
    summary="Published versions of a chain's plan (一链一策各版)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_plan_versions(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, code: Code
) -> Page[PlanVersionOut]:
    """List the versions, the newest first, each with its days, whether it holds today, and whether it is archived."""
    return await service.list_versions(session, viewer, code, page, now=utc_now())


@router.get(
    "/{code}/plans/{version}",
    summary="Where a published version stands (一链一策一版)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_plan_version(
    session: SessionDep, viewer: ViewerDep, code: Code, version: VersionNumber, response: Response
) -> PlanVersionOut:
    """Read where a version stands; what it says is at `/chains/{code}/plan?version=`."""
    found = await service.get_version(session, viewer, code, version, now=utc_now())
    response.headers["ETag"] = etag_of(service.version_of(found))
    return found


@router.post(
    "/{code}/plans/{version}/archive",
    summary="Archive a version that holds no more (归档)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def archive_plan_version(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    version: VersionNumber,
    body: ArchiveIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> PlanVersionOut:
    """Archive a version; it goes on saying what held on its days. One that holds today or will is refused."""
    done = await service.archive_version(
        session,
        viewer,
        code,
        version,
        body,
        expect=lambda stored: check_if_match(if_match, stored),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(service.version_of(done))
    return done


@router.get(
    "/{code}/plan-drafts",
    summary="Drafts of a chain's plan (一链一策草案)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def list_plan_drafts(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, code: Code, state: StateQuery = None
) -> Page[DraftSummary]:
    """List the drafts, the newest first; a chain's manager reads those of the own chains."""
    return await service.list_drafts(session, viewer, code, page, state=state)


@router.post(
    "/{code}/plan-drafts",
    status_code=201,
    summary="Draft a chain's next plan (起草)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def draft_plan(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: DraftIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DraftOut:
    """Draft a version. What is unknown or contradicts packs, products or what banks hold is refused, all at once."""
    made = await service.create_draft(session, viewer, code, body, now=utc_now())
    response.headers["Location"] = DRAFT.format(code, made.number)
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get(
    "/{code}/plan-drafts/{draft}",
    summary="One draft, and how it differs from the plan in force (草案)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def get_plan_draft(
    session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber, response: Response
) -> DraftOut:
    """Read a draft."""
    found = await service.get_draft(session, viewer, code, draft, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{code}/plan-drafts/{draft}",
    summary="Change a draft (修改草案)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def revise_plan_draft(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    body: DraftIn,
    response: Response,
    if_match: IfMatch = None,
) -> DraftOut:
    """Say it anew, whole; with other content or days it has to be compared again."""
    done = await service.revise_draft(
        session,
        viewer,
        code,
        draft,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{code}/plan-drafts/{draft}/giving-up",
    summary="Give up a draft (放弃草案)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def give_up_plan_draft(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DraftOut:
    """Give it up; it stays on record, and its days are free for another."""
    done = await service.give_up_draft(
        session,
        viewer,
        code,
        draft,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{code}/plan-drafts/{draft}/publication",
    summary="Publish a compared draft (发布)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def publish_plan_draft(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DraftOut:
    """Publish it as the next version, if the comparison of what it says still holds; else every reason why not."""
    done = await service.publish_draft(
        session,
        viewer,
        code,
        draft,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/{code}/plan-drafts/{draft}/comparisons",
    summary="Comparisons of a draft (比较)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def list_plan_comparisons(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, code: Code, draft: DraftNumber
) -> Page[ComparisonSummary]:
    """List them, the newest first."""
    return await comparing_service.list_comparisons(session, viewer, code, draft, page)


@router.post(
    "/{code}/plan-drafts/{draft}/comparisons",
    status_code=201,
    summary="Compare a draft with the plan in force over the whole edition (比较)",
    openapi_extra=does(Action.MANAGE_CHAINS, can_wait=True),
)
async def compare_plan_draft(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ComparisonOut:
    """Compute which needs would gain or lose which products and banks; exactly what two full matches differ by."""
    made = await comparing_service.compare_draft(session, viewer, code, draft, now=utc_now())
    response.headers["Location"] = f"{DRAFT.format(code, draft)}/comparisons/{made.number}"
    return made


@router.get(
    "/{code}/plan-drafts/{draft}/comparisons/{comparison}",
    summary="A comparison, and whether it still holds (比较结果)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def get_plan_comparison(
    session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber, comparison: ComparisonNumber
) -> ComparisonOut:
    """Read its figures, by product, bank and county, and what has changed since of what it rests on."""
    return await comparing_service.get_comparison(session, viewer, code, draft, comparison, now=utc_now())


@router.get(
    "/{code}/plan-drafts/{draft}/comparisons/{comparison}/needs",
    summary="Needs that a draft changes, each with the reason (有变化的需求)",
    openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True),
)
async def list_plan_effects(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
    effect: EffectQuery = None,
    region: CountyQuery = None,
) -> Page[NeedEffectOut]:
    """List them by entry code, as far as the viewer sees the entries."""
    wanted = EffectFilter(effect=effect, region=region)
    return await comparing_service.list_effects(session, viewer, code, draft, comparison, page, wanted)


@router.post(
    "/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation",
    status_code=201,
    summary="Allocate the edition anew with both plans (分派试算比较)",
    openapi_extra=does(Action.RUN_ALLOCATION, can_wait=True),
)
async def reallocate_plan(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ReallocationOut:
    """Solve both to optimality and keep what differs; no assignment is changed. Once for each comparison."""
    made = await reallocating_service.reallocate(session, viewer, code, draft, comparison, now=utc_now())
    response.headers["Location"] = f"{DRAFT.format(code, draft)}/comparisons/{comparison}/allocation"
    return made


@router.get(
    "/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation",
    summary="What an allocation anew would come to (分派试算比较)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def get_plan_reallocation(
    session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber, comparison: ComparisonNumber
) -> ReallocationOut:
    """Read entries served, total fit, and entries of each bank, with the plan in force and with the draft."""
    return await reallocating_service.get_reallocation(session, viewer, code, draft, comparison)


@router.get(
    "/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation/entries",
    summary="Entries that would have another bank, each with the reason (改变责任机构的条目)",
    openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True),
)
async def list_plan_reallocated(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
) -> Page[ReallocatedOut]:
    """List them by entry code, as far as the viewer sees the entries."""
    return await reallocating_service.list_reallocated(session, viewer, code, draft, comparison, page)
