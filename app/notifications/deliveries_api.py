"""JSON routes of the outbox, for who keeps the installation running: states, never contents."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute
from app.notifications import delivery_service as service
from app.notifications.delivery import deliver_due
from app.notifications.rules import DeliveryState
from app.notifications.schemas import DeliveryCounts, DeliveryOut

router = APIRouter(
    route_class=TransactionRoute, prefix="/notices/deliveries", tags=["notices"], responses=PROBLEMS
)
DeliveryId = Annotated[
    int, Path(ge=1, le=2**63 - 1, description="Number of the message 投递编号", examples=[1])
]


@router.get("", openapi_extra=does(Action.MANAGE_DELIVERIES))
async def list_deliveries(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    state: Annotated[
        DeliveryState | None, Query(description="Only in this state 状态", examples=["dead"])
    ] = None,
) -> Page[DeliveryOut]:
    """List messages of the outbox 投递记录, the newest first; `dead` ones were given up."""
    return await service.list_deliveries(session, viewer, page, state)


@router.post("/sending", openapi_extra=does(Action.MANAGE_DELIVERIES, own_transactions=True, can_wait=True))
async def send_now(viewer: ViewerDep, request: Request) -> DeliveryCounts:  # noqa: ARG001 - each route names its viewer
    """Write and send now what is due 立即投递; workers do so by themselves every round."""
    state = request.app.state
    return await deliver_due(state.sessions, state.settings, now=utc_now())


@router.post("/{delivery}/retry", openapi_extra=does(Action.MANAGE_DELIVERIES))
async def retry(
    session: SessionDep,
    viewer: ViewerDep,
    delivery: DeliveryId,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DeliveryOut:
    """Try a message again that was given up 重新投递."""
    return await service.retry(session, viewer, delivery, now=utc_now())
