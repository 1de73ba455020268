"""JSON routes of bottlenecks: what blocks a need, and who receives it."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.bottlenecks import service
from app.bottlenecks.schemas import CaseFilter, CasePage, ClassificationOut, NeedCaseOut, NeedCode
from app.enterprises.need_facts import NeedFacts
from app.kernel.clock import utc_now
from app.kernel.paging import PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, tags=["bottlenecks"], responses=PROBLEMS)

EditionQuery = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}H[12]$", description="名单版次", examples=["2023H2"]),
]
RouteQuery = Annotated[
    str | None,
    Query(pattern=r"^[a-z_]{1,40}$", description="堵点路径：类别编码、ask 或 policy_gap", examples=["d"]),
]
RegionQuery = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{6}$", description="行政区划代码（含其下辖）", examples=["230100"]),
]


@router.post(
    "/bottlenecks/preview",
    summary="Classify stated facts, store nothing (堵点预判)",
    openapi_extra=does(Action.PREVIEW, stores_nothing=True),
)
async def preview_bottlenecks(session: SessionDep, viewer: ViewerDep, facts: NeedFacts) -> ClassificationOut:
    """Judge every class with its reasons, say which one leads and who would receive the need."""
    return await service.preview(session, viewer, facts, now=utc_now())


@router.get(
    "/bottlenecks",
    summary="Current bottlenecks by entry (堵点清单)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_bottlenecks(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionQuery = None,
    route: RouteQuery = None,
    region: RegionQuery = None,
) -> CasePage:
    """List the entries that cannot be financed yet, each with its classes, and counts by route."""
    wanted = CaseFilter(edition=edition, route=route, region=region)
    checked = await service.checked_filter(session, viewer, wanted, now=utc_now())
    return await service.list_cases(session, viewer, page, checked)


@router.get(
    "/needs/{need}/bottlenecks",
    summary="What blocks a need, and who receives it (需求堵点)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_need_bottlenecks(session: SessionDep, viewer: ViewerDep, need: NeedCode) -> list[NeedCaseOut]:
    """Answer the current classification in each edition that the need is on, the newest first."""
    return await service.cases_of_need(session, viewer, need)
