"""Pages of one's own notices: read, marked, led on from; and how they come by mail."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.auth_api import SettingsDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.forms import Form, expected, number_typed, typed
from app.desks.notices.leading import page_of_notice
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import Settings
from app.notifications import service, settings_service
from app.notifications.schemas import EmailCodeIn, NoticeSettingsIn, ReadIn

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/notices",
)
NoticePath = Annotated[int, Path(ge=1, le=2**63 - 1)]
NOT_AN_ADDRESS: Final = Text("请填写完整的邮箱地址，例如 wang@bank.example.cn")
NOT_A_CODE: Final = Text("请填写邮件中的验证码，例如 K7QF-3MZA-9XTC")


@router.get("", openapi_extra=does(Action.OWN_NOTICES, is_recorded=True))
async def list_notices(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    cursor: Cursor = None,
    unread: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """List what the viewer was told, the newest first."""
    found = await service.list_notices(session, viewer, PageRequest(cursor=cursor), is_unread=unread)
    leads = {one.id: page_of_notice(viewer, one.entry, one.link) for one in found.items}
    context = {"found": found, "leads": leads, "only_unread": unread, "is_first": cursor is None}
    return page(request, "notices/list.html", context)


@router.post("/read", openapi_extra=does(Action.OWN_NOTICES))
async def mark_read(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Mark all notices read that were there when the page was made."""
    form = await typed(request)
    up_to = number_typed(form["up_to"])
    if not up_to:
        return go_to("/notices")
    done = await service.mark_read(session, viewer, ReadIn(up_to=up_to), now=utc_now())
    return go_to("/notices", request, Text("已将 %(count)s 条通知标为已读", count=done.marked))


@router.post("/{notice}/opening", openapi_extra=does(Action.OWN_NOTICES))
async def open_notice(session: SessionDep, viewer: ViewerDep, notice: NoticePath) -> Response:
    """Mark a notice read, and lead to what it is about."""
    found = await service.get_notice(session, viewer, notice)
    await service.mark_read(session, viewer, ReadIn(ids=[notice]), now=utc_now())
    return go_to(page_of_notice(viewer, found.entry, found.link) or "/notices")


@router.get("/settings", openapi_extra=does(Action.OWN_ACCOUNT))
async def settings_page(
    request: Request, session: SessionDep, viewer: ViewerDep, settings: SettingsDep
) -> Response:
    """Show how the viewer gets mail."""
    return await _settings(request, session, viewer, settings)


@router.post("/settings", openapi_extra=does(Action.OWN_ACCOUNT))
async def change_settings(
    request: Request, session: SessionDep, viewer: ViewerDep, settings: SettingsDep
) -> Response:
    """Set how the viewer gets mail; a new address waits for its code."""
    form = await typed(request)
    wanted = form.all("wants")
    try:
        body = NoticeSettingsIn(
            email=form["email"] or None, wants_digest="digest" in wanted, wants_urgent="urgent" in wanted
        )
    except ValidationError:
        faulty = form.with_faults({"email": NOT_AN_ADDRESS})
        return await _settings(request, session, viewer, settings, faulty, 422)
    try:
        async with attempt(session):
            done = await settings_service.change(
                session, viewer, body, settings, expect=expected(form), now=utc_now()
            )
    except RongqiaoError as error:
        return await _settings(request, session, viewer, settings, form.refused(error), error.status)
    is_new = body.email is not None and done.pending_email == body.email
    said = Text("已保存。验证码已发往新邮箱，填写后生效。") if is_new else Text("通知设置已保存")
    return go_to("/notices/settings", request, said)


@router.post("/settings/confirmation", openapi_extra=does(Action.OWN_ACCOUNT))
async def confirm_address(
    request: Request, session: SessionDep, viewer: ViewerDep, settings: SettingsDep
) -> Response:
    """Take the code that was mailed to the new address."""
    form = await typed(request)
    try:
        code = EmailCodeIn(code=form["code"]).code
        async with attempt(session):
            await settings_service.confirm(session, viewer, code, settings, now=utc_now())
    except ValidationError:
        faulty = form.with_faults({"code": NOT_A_CODE})
        return await _settings(request, session, viewer, settings, faulty, 422)
    except RongqiaoError as error:
        return await _settings(request, session, viewer, settings, form.refused(error), error.status)
    return go_to("/notices/settings", request, Text("邮箱已确认"))


async def _settings(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    """Show the settings as they are; what was typed and not taken stays in its field."""
    found = await settings_service.shown(session, viewer, settings)
    wants = [
        name for name, is_on in (("digest", found.wants_digest), ("urgent", found.wants_urgent)) if is_on
    ]
    stored = Form({"email": found.pending_email or found.email or ""}, {"wants": wants})
    shown = stored if form is None else form
    if form is not None and "email" not in form.values:
        shown = Form({**stored.values, **form.values}, stored.several, form.faults)
    return page(request, "notices/settings.html", {"found": found, "form": shown}, status)
