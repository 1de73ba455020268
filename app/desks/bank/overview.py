"""The institution at a glance: load by branch and colleague, the own figures of the last closed month, products to confirm."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.catalogue import offering_service
from app.coverage import own_service
from app.desks.areas import areas_of
from app.desks.bank.reach import own
from app.desks.pages import page
from app.desks.roster.bulk_views import ALL, moves
from app.docking import load_service, worklist_service
from app.kernel.clock import utc_now
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Edition = Annotated[str | None, Query(max_length=6)]


@router.get("/bank", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def overview(
    request: Request, session: SessionDep, viewer: ViewerDep, edition: Edition = None
) -> Response:
    """Show the load of the viewer's institutions and people, and what waits for a decision."""
    now, mine = utc_now(), await own(session, viewer)
    editions = await worklist_service.edition_codes(session, viewer)
    chosen = edition if edition in editions else (editions[0] if editions else None)
    loads = (
        await load_service.loads_of(session, viewer, chosen, mine.nodes, now=now)
        if chosen is not None
        else None
    )
    offering = await offering_service.offering(session, viewer, now=now)
    month = await own_service.last_closed(session, viewer)
    context = {
        "mine": mine.in_tree_order(),
        "edition": chosen,
        "editions": editions,
        "loads": loads,
        "load_of": {one.node.id: one for one in loads.branches} if loads else {},
        "offering": offering,
        "states": Counter(one.state.value for one in offering.products),
        "month": month,
        "may_invite": may_try(viewer, Action.INVITE_PEOPLE),
        "may_read_coverage": any(area.path == "/coverage" for area in areas_of(viewer)),
        "moves": {
            node.id: moves(viewer, edition=chosen, institution=node.code, state=ALL) for node in mine.nodes
        },
    }
    return page(request, "bank/overview.html", context)
