"""Pages of anonymous cards: what an institution sees of needs before their firms consent, and what can be done."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation import cards_service
from app.allocation.cards_schemas import CardFilter
from app.desks.forms import Form
from app.desks.manager.names import names
from app.desks.pages import page
from app.desks.texts import Text
from app.docking import worklist_service
from app.kernel.clock import utc_now
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.policy.facts import PURPOSES, SIZE_CLASSES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
WordQuery = Annotated[str, Query(max_length=20)]
STANDINGS: Final[Sequence[tuple[str, Text]]] = (
    ("held", Text("由我方负责或协办")),
    ("none", Text("在服务区域内，由别家负责")),
)
STANDING_NAMES: Final = {
    "responsible": Text("责任机构"),
    "supporting": Text("协办机构"),
    "none": Text("在服务区域内"),
}


@router.get("/manager/cards", openapi_extra=does(Action.READ_CARDS, is_recorded=True))
async def show_cards(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    edition: WordQuery = "",
    standing: WordQuery = "",
    cursor: Cursor = None,
) -> Response:
    """Show the cards of the viewer's institutions whose firms are not shown yet."""
    now = utc_now()
    editions = await worklist_service.edition_codes(session, viewer)
    chosen = edition if edition in editions else next(iter(editions), None)
    wanted = CardFilter(is_held={"held": True, "none": False}.get(standing), is_consented=False)
    found = await cards_service.list_cards(
        session, viewer, PageRequest(cursor=cursor), edition=chosen, wanted=wanted, now=now
    )
    context = {
        "found": found,
        "form": Form({"edition": chosen or "", "standing": standing}),
        "editions": [(code, code) for code in editions],
        "standings": STANDINGS,
        "standing_names": STANDING_NAMES,
        "names": await names(session, viewer),
        "sizes": SIZE_CLASSES,
        "purposes": PURPOSES,
    }
    return page(request, "manager/cards.html", context)
