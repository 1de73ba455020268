"""JSON routes of coverage: a month, its close and verification, files, trend and ranking."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains.fields import CODE_PATTERN
from app.coverage import listing_service, service
from app.coverage.chain_targets_schemas import ChainTargetsOut
from app.coverage.chain_targets_service import chain_targets
from app.coverage.listing import Wanted, Which
from app.coverage.listing_schemas import (
    BehindPage,
    HeatOut,
    InRegion,
    OfInstitution,
    OfSize,
    OfSource,
    OnChain,
    OwnOnly,
    WhichQuery,
)
from app.coverage.ranking import RankingLevel, Sort
from app.coverage.ranking_schemas import LevelQuery, RankingOut, SortQuery
from app.coverage.ranking_service import ranking
from app.coverage.schemas import (
    ClosedOut,
    CoverageOut,
    CutQuery,
    EditionCode,
    FiguresFileOut,
    Month,
    VerificationOut,
)
from app.coverage.trend_schemas import FirstMonth, LastMonth, TrendCut, TrendKey, TrendOut, TrendRestated
from app.coverage.trend_service import trend
from app.kernel.clock import utc_now
from app.kernel.paging import PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute

Answers = dict[int | str, dict[str, Any]]
ChainPath = Annotated[str, Path(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ANSWER: Answers = {
    200: {
        "description": "The workbook",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}
FACTS_ANSWER: Answers = {
    200: {
        "description": "The facts as canonical JSON; `Repr-Digest` (RFC 9530) holds their SHA-256",
        "content": {"application/json": {"schema": {"type": "object", "required": ["format", "entries"]}}},
    }
}
PYTHON = "text/x-python; charset=utf-8"
PROGRAM_ANSWER: Answers = {
    200: {"description": "The program", "content": {"text/x-python": {"schema": {"type": "string"}}}}
}
router = APIRouter(route_class=TransactionRoute, prefix="/coverage", tags=["coverage"], responses=PROBLEMS)


@router.get(
    "/verifier.py",
    summary="Stand-alone verifier (独立核验程序)",
    response_class=Response,
    responses=PROGRAM_ANSWER,
    openapi_extra=does(Action.READ_COVERAGE),
)
async def coverage_verifier(_viewer: ViewerDep) -> Response:
    """Answer a program of one file that recomputes a month from its facts and shares no code with this service.

    `python verifier.py facts.json figures.json` exits 0 when they agree, 1 when not, naming each difference.
    """
    headers = {"content-disposition": 'attachment; filename="verifier.py"'}
    return Response(service.verifier_source(), media_type=PYTHON, headers=headers)


@router.get("/trend", summary="Coverage month by month (逐月走势)", openapi_extra=does(Action.READ_COVERAGE))
async def coverage_trend(
    session: SessionDep,
    viewer: ViewerDep,
    first: FirstMonth = None,
    last: LastMonth = None,
    by: TrendCut = None,
    key: TrendKey = None,
    *,
    restated: TrendRestated = False,
) -> TrendOut:
    """Answer closed figures of closed months and today's of open ones, each marked."""
    return await trend(
        session, viewer, first=first, last=last, by=by, key=key, restated=restated, now=utc_now()
    )


@router.get(
    "/{month}.xlsx",
    summary="Workbook of a month (导出)",
    response_class=Response,
    responses=XLSX_ANSWER,
    openapi_extra=does(Action.READ_COVERAGE),
)
async def export_coverage(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> Response:
    """Answer a sheet for each cut with numerators and denominators, the method and the hash of the facts."""
    data = await service.export(session, viewer, month, edition=edition, now=utc_now())
    headers = {"content-disposition": f'attachment; filename="coverage-{month}.xlsx"'}
    return Response(data, media_type=XLSX, headers=headers)


@router.get("/{month}", summary="Coverage of a month (对接覆盖率)", openapi_extra=does(Action.READ_COVERAGE))
async def show_coverage(
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    by: CutQuery = None,
    edition: EditionCode = None,
) -> CoverageOut:
    """Answer a month's figures; of a closed month the closed ones, with restatements beside them."""
    return await service.show(session, viewer, month, by=by, edition=edition, now=utc_now())


@router.get(
    "/{month}/chains/{chain}/targets",
    summary="Support targets of a chain's plan, met or not (支持目标)",
    openapi_extra=does(Action.READ_COVERAGE),
)
async def coverage_chain_targets(
    session: SessionDep, viewer: ViewerDep, month: Month, chain: ChainPath
) -> ChainTargetsOut:
    """Hold the chain's figures at the end of the month against the plan in force then, "not lower than last year"."""
    return await chain_targets(session, viewer, chain, month, now=utc_now())


@router.get(
    "/{month}/ranking", summary="Ranking of institutions (机构排名)", openapi_extra=does(Action.READ_COVERAGE)
)
async def coverage_ranking(
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    level: LevelQuery = RankingLevel.HEAD_OFFICE,
    sort: SortQuery = Sort.COVERAGE,
    edition: EditionCode = None,
) -> RankingOut:
    """Answer institutions of a level by rank, with denominators; what would tell of a single firm is hidden."""
    return await ranking(session, viewer, month, level, sort, edition=edition, now=utc_now())


@router.get(
    "/{month}/entries",
    summary="The entries behind a figure (数字背后的条目)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def coverage_entries(
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    page: PageQuery,
    level: WhichQuery = Which.ENTRIES,
    region: InRegion = None,
    chain: OnChain = None,
    institution: OfInstitution = None,
    source_class: OfSource = None,
    size_class: OfSize = None,
    edition: EditionCode = None,
    *,
    own: OwnOnly = False,
) -> BehindPage:
    """List the entries that make a figure; the figure is the whole roster's, the list what the viewer may see of it."""
    wanted = Wanted(level, region, chain, institution, source_class, size_class, own)
    return await listing_service.entries_behind(
        session, viewer, month, wanted, page, edition=edition, now=utc_now()
    )


@router.get(
    "/{month}/heat",
    summary="Entries by region and chain (热力图)",
    openapi_extra=does(Action.READ_COVERAGE),
)
async def coverage_heat(
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    level: WhichQuery = Which.CONTACTED,
    edition: EditionCode = None,
) -> HeatOut:
    """Count entries, and those that reached a level, by division right below the jurisdiction and by chain."""
    return await listing_service.heat(session, viewer, month, level, edition=edition, now=utc_now())


@router.get(
    "/{month}/figures",
    summary="All figures of a month (全部数字)",
    openapi_extra=does(Action.READ_COVERAGE_FACTS, is_recorded=True),
)
async def coverage_figures(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> FiguresFileOut:
    """Answer the figures by every cut, as the stand-alone verifier compares them with the facts."""
    return await service.figures_file(session, viewer, month, edition=edition, now=utc_now())


@router.post(
    "/{month}/close",
    status_code=201,
    summary="Close a month (关账)",
    openapi_extra=does(Action.CLOSE_MONTH, can_wait=True),
)
async def close_coverage(
    session: SessionDep,
    viewer: ViewerDep,
    response: Response,
    month: Month,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> ClosedOut:
    """Freeze facts, hash and figures; a month closes once, after it has ended in Shanghai, without gaps."""
    closed = await service.close(session, viewer, month, now=utc_now())
    response.headers["location"] = f"/api/v1/coverage/{month}"
    return closed


@router.get(
    "/{month}/verification",
    summary="Recompute a closed month (核验)",
    openapi_extra=does(Action.READ_COVERAGE_FACTS),
)
async def verify_coverage(session: SessionDep, viewer: ViewerDep, month: Month) -> VerificationOut:
    """Answer whether the frozen facts still have the hash and give the figures, and what today's facts say."""
    return await service.verify(session, viewer, month)


@router.get(
    "/{month}/facts",
    summary="Facts of a month (事实)",
    response_class=Response,
    responses=FACTS_ANSWER,
    openapi_extra=does(Action.READ_COVERAGE_FACTS, is_recorded=True),
)
async def coverage_facts(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> Response:
    """Answer the facts from which anyone can recompute the month; of a closed month the frozen bytes."""
    file = await service.facts_file(session, viewer, month, edition=edition, now=utc_now())
    digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    return Response(file.data, media_type="application/json", headers={"repr-digest": f"sha-256=:{digest}:"})
