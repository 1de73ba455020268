"""JSON routes of anonymised cards."""

from fastapi import APIRouter

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation import cards_service
from app.allocation.cards_schemas import CardCode, CardOut, EditionQuery
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, prefix="/cards", tags=["cards"], responses=PROBLEMS)


@router.get(
    "",
    summary="Needs without their enterprises (匿名需求卡片)",
    openapi_extra=does(Action.READ_CARDS, is_recorded=True),
)
async def list_cards(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, edition: EditionQuery = None
) -> Page[CardOut]:
    """List the needs that the own institutions hold or whose region they serve; no card tells whose it is."""
    return await cards_service.list_cards(session, viewer, page, edition=edition, now=utc_now())


@router.get(
    "/{card}",
    summary="One anonymised card (匿名需求卡片)",
    openapi_extra=does(Action.READ_CARDS, is_recorded=True),
)
async def get_card(
    session: SessionDep, viewer: ViewerDep, card: CardCode, edition: EditionQuery = None
) -> CardOut:
    """Answer one card as the listing of its edition shows it."""
    return await cards_service.get_card(session, viewer, card, edition=edition, now=utc_now())
