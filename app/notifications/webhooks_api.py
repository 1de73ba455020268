"""JSON routes of one's own webhook receivers."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.auth_api import SettingsDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    BeginDep,
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.notifications import webhook_service as service
from app.notifications.schemas import DeliveryOut, WebhookChange, WebhookIn, WebhookMade, WebhookOut

router = APIRouter(route_class=TransactionRoute, prefix="/webhooks", tags=["webhooks"], responses=PROBLEMS)
WebhookId = Annotated[
    int, Path(ge=1, le=2**63 - 1, description="Number of the receiver 接收端编号", examples=[1])
]


@router.post(
    "",
    status_code=201,
    openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True, own_transactions=True),
)
async def add_webhook(
    begin: BeginDep, viewer: ViewerDep, settings: SettingsDep, body: WebhookIn, response: Response
) -> WebhookMade:
    """Add a receiver of your notices (Standard Webhooks); its secret is shown this once."""
    made = await service.add(begin, viewer, body, settings, now=utc_now())
    response.headers["Location"] = f"/api/v1/webhooks/{made.id}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("", openapi_extra=does(Action.OWN_ACCOUNT))
async def list_webhooks(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[WebhookOut]:
    """List your receivers, the newest first, with how their last message went."""
    return await service.list_receivers(session, viewer, page)


@router.get("/{webhook}", openapi_extra=does(Action.OWN_ACCOUNT))
async def get_webhook(
    session: SessionDep, viewer: ViewerDep, webhook: WebhookId, response: Response
) -> WebhookOut:
    """Read a receiver of yours."""
    found = await service.get(session, viewer, webhook)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.patch("/{webhook}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.OWN_ACCOUNT))
async def change_webhook(
    session: SessionDep,
    viewer: ViewerDep,
    webhook: WebhookId,
    body: WebhookChange,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookOut:
    """Change which kinds a receiver wants, or enable or disable it; another address is another receiver."""
    done = await service.change(
        session,
        viewer,
        webhook,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.delete("/{webhook}", status_code=204, openapi_extra=does(Action.OWN_ACCOUNT, is_final=True))
async def remove_webhook(session: SessionDep, viewer: ViewerDep, webhook: WebhookId) -> Response:
    """Remove a receiver; nothing more is sent to it."""
    await service.remove(session, viewer, webhook, now=utc_now())
    return Response(status_code=204)


@router.post("/{webhook}/test", status_code=202, openapi_extra=does(Action.OWN_ACCOUNT))
async def try_webhook(
    session: SessionDep,
    viewer: ViewerDep,
    webhook: WebhookId,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DeliveryOut:
    """Send a test message with the next delivery; `last_sent_at` or `last_error` of the receiver says how it went."""
    return await service.send_test(session, viewer, webhook, now=utc_now())
