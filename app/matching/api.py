"""JSON routes of matching: what fits a need and why, what-if previews, and runs over editions."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.catalogue.quarters import QUARTER_PATTERN
from app.catalogue.schemas import CODE_PATTERN
from app.enterprises.need_facts import NeedFacts
from app.enterprises.schemas import NEED_CODE_PATTERN
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS, UNAVAILABLE_PROBLEMS
from app.kernel.requests import BeginDep, IdempotencyKey, SessionDep, TransactionRoute
from app.matching import service
from app.matching.schemas import (
    EARLIEST,
    EDITION_PATTERN,
    LATEST,
    MOST_SHOWN,
    EntryMatchesOut,
    ExplanationOut,
    MatchesOut,
    MatchRunIn,
    MatchRunOut,
)

router = APIRouter(route_class=TransactionRoute, tags=["matching"], responses=PROBLEMS | UNAVAILABLE_PROBLEMS)

MOST_RUN_ID = 2**63 - 1
NeedCode = Annotated[
    str, Path(pattern=NEED_CODE_PATTERN, description="融资需求编码", examples=["91230199MA1BQXYE20"])
]
ProductCode = Annotated[str, Path(pattern=CODE_PATTERN, description="产品编码", examples=["SJYH-KCED"])]
RunId = Annotated[int, Path(ge=1, le=MOST_RUN_ID, description="匹配运行编号", examples=[1])]
Limit = Annotated[int, Query(ge=1, le=MOST_SHOWN, description="列出的产品数", examples=[10])]
Library = Annotated[
    str | None,
    Query(pattern=QUARTER_PATTERN, description="产品库版次；空为当日有效的全部产品", examples=["2023Q4"]),
]
Edition = Annotated[
    str | None, Query(pattern=EDITION_PATTERN, description="名单版次；空为全部", examples=["2023H2"])
]
OnDay = Annotated[
    date | None,
    Query(ge=EARLIEST, le=LATEST, description="判定日期；空为今日（北京时间）", examples=["2023-11-15"]),
]
WithoutProduct = Annotated[bool, Query(description="只列无匹配产品的条目")]
REUSED: dict[int | str, dict[str, Any]] = {
    200: {"model": MatchRunOut, "description": "The same inputs were matched before: that run, `reused`"}
}


@router.get(
    "/needs/{need}/matches",
    summary="What a need qualifies for today (需求匹配)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_need_matches(
    session: SessionDep, viewer: ViewerDep, need: NeedCode, limit: Limit = 10, library: Library = None
) -> MatchesOut:
    """Judge every product in force today against the need as it is worded now."""
    return await service.matches_of_need(session, viewer, need, now=utc_now(), limit=limit, library=library)


@router.post(
    "/matches/preview",
    summary="What stated facts qualify for, stored nowhere (匹配预判)",
    openapi_extra=does(Action.PREVIEW, stores_nothing=True),
)
async def preview_matches(
    session: SessionDep, viewer: ViewerDep, facts: NeedFacts, limit: Limit = 10, library: Library = None
) -> MatchesOut:
    """Judge every product in force today: what fits, what nearly does and why not, what to ask."""
    return await service.preview(session, viewer, facts, now=utc_now(), limit=limit, library=library)


@router.get(
    "/needs/{need}/matches/{product}",
    summary="Why a product fits a need, or not (匹配说明)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def explain_need_match(
    session: SessionDep, viewer: ViewerDep, need: NeedCode, product: ProductCode, on: OnDay = None
) -> ExplanationOut:
    """Explain the pair: each criterion with the need's value, what is asked, verdict and source."""
    return await service.explain(session, viewer, need, product, now=utc_now(), on=on)


@router.get(
    "/matches/runs", summary="Match runs, the newest first (匹配运行)", openapi_extra=does(Action.READ_RUNS)
)
async def list_match_runs(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, edition: Edition = None
) -> Page[MatchRunOut]:
    """List the runs of an edition, or of all."""
    return await service.list_runs(session, viewer, page, edition=edition)


@router.post(
    "/matches/runs",
    status_code=201,
    responses=REUSED,
    summary="Match an edition's entries (运行匹配)",
    openapi_extra=does(Action.RUN_MATCHING, can_wait=True, saves_last=True),
)
async def create_match_run(
    begin: BeginDep,
    viewer: ViewerDep,
    body: MatchRunIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MatchRunOut:
    """Match every admitted entry against the products in force; the same inputs are not matched twice."""
    async with begin(writes=False) as session:
        read = await service.read_run(
            session, viewer, body.edition, now=utc_now(), library=body.library, on=body.on
        )
    ranking = await service.rank(read)
    async with begin() as session:
        made = await service.keep_run(session, viewer, read, ranking, now=utc_now(), force=body.force)
    response.headers["Location"] = f"/api/v1/matches/runs/{made.id}"
    response.status_code = 200 if made.reused else 201
    return made


@router.get("/matches/runs/{run}", summary="One match run (匹配运行)", openapi_extra=does(Action.READ_RUNS))
async def get_match_run(session: SessionDep, viewer: ViewerDep, run: RunId) -> MatchRunOut:
    """Read a run: what it rests on and what it came to."""
    return await service.get_run(session, viewer, run)


@router.get(
    "/matches/runs/{run}/entries",
    summary="How the entries of a run came out (匹配结果)",
    openapi_extra=does(Action.READ_RUNS, is_recorded=True),
)
async def list_match_run_entries(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    run: RunId,
    without_product: WithoutProduct = False,  # noqa: FBT002 - a query parameter
) -> Page[EntryMatchesOut]:
    """List entries by code with their best products, or only those that no product fits."""
    return await service.run_results(session, viewer, run, page, without_product=without_product)
