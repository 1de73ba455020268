"""JSON routes of one's own notices, and of how one gets them by mail."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.auth_api import SettingsDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.notifications import service, settings_service
from app.notifications.schemas import (
    EmailCodeIn,
    NoticeOut,
    NoticeSettingsIn,
    NoticeSettingsOut,
    ReadIn,
    ReadOut,
    UnreadOut,
)

router = APIRouter(route_class=TransactionRoute, tags=["notices"], responses=PROBLEMS)
NoticeId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the notice 通知编号", examples=[1])]


@router.get("/notices", openapi_extra=does(Action.OWN_NOTICES, is_recorded=True))
async def list_notices(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    unread: Annotated[bool, Query(description="Only unread ones 仅未读")] = False,  # noqa: FBT002 - a query parameter
) -> Page[NoticeOut]:
    """List your notices 通知, the newest first; of an entry that you see no more only the kind."""
    return await service.list_notices(session, viewer, page, is_unread=unread)


@router.get("/notices/unread", openapi_extra=does(Action.OWN_NOTICES))
async def count_unread(session: SessionDep, viewer: ViewerDep) -> UnreadOut:
    """Count your unread notices 未读."""
    return await service.unread(session, viewer)


@router.post("/notices/read", openapi_extra=does(Action.OWN_NOTICES))
async def mark_read(
    session: SessionDep,
    viewer: ViewerDep,
    body: ReadIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ReadOut:
    """Mark notices of yours read 标记已读: some, or all up to one."""
    return await service.mark_read(session, viewer, body, now=utc_now())


@router.get("/notices/{notice}", openapi_extra=does(Action.OWN_NOTICES, is_recorded=True))
async def get_notice(session: SessionDep, viewer: ViewerDep, notice: NoticeId) -> NoticeOut:
    """Read a notice of yours."""
    return await service.get_notice(session, viewer, notice)


@router.get("/notice-settings", openapi_extra=does(Action.OWN_ACCOUNT))
async def get_settings(
    session: SessionDep, viewer: ViewerDep, settings: SettingsDep, response: Response
) -> NoticeSettingsOut:
    """Read how you get mail 通知设置."""
    found = await settings_service.shown(session, viewer, settings)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put("/notice-settings", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.OWN_ACCOUNT))
async def put_settings(
    session: SessionDep,
    viewer: ViewerDep,
    settings: SettingsDep,
    body: NoticeSettingsIn,
    response: Response,
    if_match: IfMatch = None,
) -> NoticeSettingsOut:
    """Set how you get mail (`If-Match: "0"` the first time); a new address counts once its code comes back."""
    done = await settings_service.change(
        session,
        viewer,
        body,
        settings,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post("/notice-settings/confirmation", openapi_extra=does(Action.OWN_ACCOUNT))
async def confirm_address(
    session: SessionDep,
    viewer: ViewerDep,
    settings: SettingsDep,
    body: EmailCodeIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> NoticeSettingsOut:
    """Confirm your new address with the code that was mailed to it 验证邮箱."""
    return await settings_service.confirm(session, viewer, body.code, settings, now=utc_now())
