"""Pages of the outbox: which mails and webhooks went out, which were given up, and trying them again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.people_schemas import MOST_ID
from app.accounts.permissions import Action, does
from app.desks.administration.words import DELIVERY_STATES
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.notifications import delivery_service as service
from app.notifications.rules import DeliveryState

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/administration/deliveries",
)


@router.get("", openapi_extra=does(Action.MANAGE_DELIVERIES))
async def list_deliveries(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    state: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> Response:
    """List messages, the newest first: states, never contents."""
    wanted = DeliveryState(state) if state in set(DeliveryState) else None
    found = await service.list_deliveries(session, viewer, PageRequest(cursor=cursor), wanted)
    context = {"found": found, "states": DELIVERY_STATES, "state": wanted or ""}
    return page(request, "administration/deliveries.html", context)


@router.post("/{delivery}/retry", openapi_extra=does(Action.MANAGE_DELIVERIES))
async def retry(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    delivery: Annotated[int, Path(ge=1, le=MOST_ID)],
) -> Response:
    """Have a message tried again that was given up."""
    await service.retry(session, viewer, delivery, now=utc_now())
    return go_to("/administration/deliveries?state=dead", request, Text("将重新发送"))
