"""JSON routes of who offers products: the own ones with their standing, confirmed or paused for the coming quarter."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.catalogue import offering_service
from app.catalogue.offering_schemas import OfferedOut, OfferedPage, OfferingDecisionIn
from app.catalogue.schemas import CODE_PATTERN
from app.kernel.clock import utc_now
from app.kernel.paging import PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import IfMatch, SessionDep, TransactionRoute, check_if_match, etag_of

router = APIRouter(route_class=TransactionRoute, tags=["products"], responses=PROBLEMS)
PathCode = Annotated[str, Path(pattern=CODE_PATTERN, description="产品编码", examples=["SJYH-KCED"])]


@router.get(
    "/library/offering",
    summary="Own products and what is due on them (本机构产品)",
    openapi_extra=does(Action.MANAGE_PRODUCTS),
)
async def list_offered(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> OfferedPage:
    """List the products of the viewer's institutions by code: confirmed for the coming quarter, paused, or to confirm."""
    return await offering_service.offered_page(session, viewer, page, now=utc_now())


@router.put(
    "/products/{code}/confirmation",
    summary="Confirm a product for the coming quarter, or pause it (季度确认)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_PRODUCTS),
)
async def decide_product(
    session: SessionDep,
    viewer: ViewerDep,
    code: PathCode,
    body: OfferingDecisionIn,
    response: Response,
    if_match: IfMatch = None,
) -> OfferedOut:
    """Confirm leaves the revision as it is; a pause is the next one. `If-Match` names the revision that was looked at."""
    now = utc_now()
    made = await offering_service.decide(
        session, viewer, code, body.decision, expect=lambda number: check_if_match(if_match, number), now=now
    )
    response.headers["ETag"] = etag_of(made.revision)
    return offering_service.offered_out(await offering_service.offered(session, viewer, code, now=now))
