"""JSON routes of the library as a living thing: declared against observed, and the quarter's confirmations."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.awards import confirming_service, observed_service
from app.awards.confirming_schemas import CallOut, ConfirmationPage
from app.awards.observed_schemas import ObservationIn, ObservationRunOut, ObservedOut, ObservedPage
from app.catalogue.offering_api import PathCode
from app.catalogue.quarters import QUARTER_PATTERN
from app.catalogue.schemas import INSTITUTION_PATTERN
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, responses=PROBLEMS)
Quarter = Annotated[str, Path(pattern=QUARTER_PATTERN, description="季度", examples=["2023Q4"])]
ByInstitution = Annotated[
    str | None, Query(pattern=INSTITUTION_PATTERN, description="提供机构（含其下辖）编码", examples=["SJYH"])
]
Flagged = Annotated[bool, Query(description="只列与申报或总体有偏离的产品")]
Waiting = Annotated[bool, Query(description="只列有产品待确认的机构")]


@router.get(
    "/products/{code}/observed",
    tags=["products"],
    summary="What a product declares beside what was observed (申报与实际)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_observed_product(session: SessionDep, viewer: ViewerDep, code: PathCode) -> ObservedOut:
    """Read rate, days and share of approvals of the newest four quarters; what is too little to be told is null."""
    return await observed_service.observed_product(session, viewer, code)


@router.get(
    "/library/observations",
    tags=["library"],
    summary="Quarters of which figures were observed (使用情况统计)",
    openapi_extra=does(Action.READ_OBSERVED),
)
async def list_observations(
    session: SessionDep, viewer: ViewerDep, page: PageQuery
) -> Page[ObservationRunOut]:
    """List what was computed, the newest quarter first."""
    return await observed_service.list_runs(session, viewer, page)


@router.post(
    "/library/observations",
    tags=["library"],
    status_code=201,
    summary="Compute what was observed up to a quarter (统计使用情况)",
    openapi_extra=does(Action.MANAGE_AWARDS, can_wait=True),
)
async def observe_products(
    session: SessionDep,
    viewer: ViewerDep,
    body: ObservationIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ObservationRunOut:
    """Compute the figures of four whole quarters, in the place of those that were there."""
    made = await observed_service.observe(session, viewer, body.quarter, now=utc_now())
    response.headers["Location"] = f"/api/v1/library/observations/{made.quarter}"
    return made


@router.get(
    "/library/observations/{quarter}",
    tags=["library"],
    summary="One computation of observed figures",
    openapi_extra=does(Action.READ_OBSERVED),
)
async def get_observation(session: SessionDep, viewer: ViewerDep, quarter: Quarter) -> ObservationRunOut:
    """Read of how much it tells, and its hashes."""
    return await observed_service.get_run(session, viewer, quarter)


@router.get(
    "/library/observations/{quarter}/products",
    tags=["library"],
    summary="Products, declared beside observed (各产品申报与实际)",
    openapi_extra=does(Action.READ_OBSERVED),
)
async def list_observed_products(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    quarter: Quarter,
    institution: ByInstitution = None,
    *,
    flagged: Flagged = False,
) -> ObservedPage:
    """List products by code; a bank's people see their own."""
    return await observed_service.observed_page(
        session, viewer, quarter, page, institution=institution, flagged=flagged
    )


@router.get(
    "/library/confirmations",
    tags=["library"],
    summary="Who has confirmed for the coming quarter, and who has not (季度确认情况)",
    openapi_extra=does(Action.MANAGE_PRODUCTS),
)
async def list_confirmations(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, *, waiting: Waiting = False
) -> ConfirmationPage:
    """List institutions by code with their products that wait."""
    return await confirming_service.confirmations(session, viewer, page, now=utc_now(), waiting=waiting)


@router.post(
    "/library/calls",
    tags=["library"],
    status_code=201,
    summary="Call institutions to confirm for the coming quarter (发出确认通知)",
    openapi_extra=does(Action.PUBLISH_LIBRARY),
)
async def call_for_confirmations(
    session: SessionDep,
    viewer: ViewerDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CallOut:
    """Call them once a quarter: products that nobody confirms are then left out of its edition."""
    made = await confirming_service.call(session, viewer, now=utc_now())
    response.headers["Location"] = f"/api/v1/library/calls/{made.quarter}"
    return made


@router.get(
    "/library/calls/{quarter}",
    tags=["library"],
    summary="The call for a quarter (确认通知)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_call(session: SessionDep, viewer: ViewerDep, quarter: Quarter) -> CallOut:
    """Read until when institutions have to confirm."""
    return await confirming_service.get_call(session, viewer, quarter)
