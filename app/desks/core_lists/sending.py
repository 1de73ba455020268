"""Providing a list: a workbook is sent, its faults are shown or its changes looked at, then it is confirmed or given up."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Role, Viewer
from app.core_lists import reading_service, service
from app.core_lists.rules import MOST_REASON
from app.core_lists.schemas import USCC_PATTERN, CoreListOut, CoreUscc, WithdrawalIn
from app.desks.bottlenecks.classes import chain_names
from app.desks.core_lists.lists import ROWS, frame, sees_all, show
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster.uploads import upload_fault
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Fault, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference.credit_codes import check_uscc

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
UsccQuery = Annotated[str | None, Query(alias="uscc", pattern=f"({USCC_PATTERN})|^$")]
PROVIDES: Final = does(Action.PROVIDE_CORE_LIST)
MOST_SHOWN: Final = 200
NO_REASON: Final = Text("请写明原因。")
TOO_LONG: Final = Text("最多 %(count)s 字，请写短一些。", count=MOST_REASON)
NO_CODE: Final = Text("请填写核心企业的18位统一社会信用代码。")
NO_FIRM: Final = Text("没有登记这家企业，或者它不在您的地区。")
NOTHING_WAITS: Final = Text("没有待确认的名单，可能已在另一个窗口确认或放弃了。")
STALE: Final = Text("您打开本页之后，名单已有变化。请看过现在的内容再决定。")


@router.get("/core-lists/upload", openapi_extra=PROVIDES)
async def ask(request: Request, session: SessionDep, viewer: ViewerDep, uscc: UsccQuery = None) -> Response:
    """Ask for a workbook: of one's own firm, or of a core firm whose consent a coordinator names."""
    return await _ask(request, session, viewer, Form({"uscc": uscc or ""}), ())


async def _ask(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    form: Form,
    cells: tuple[Fault, ...],
    status: int = 200,
) -> Response:
    known = await _known(session, viewer, form["uscc"])
    own = sorted(viewer.scopes(Role.ENTERPRISE))
    context = frame(viewer) | {
        "form": form,
        "cells": cells[:MOST_SHOWN],
        "cell_count": len(cells),
        "known": known,
        "version": known.version if known else 0,
        "is_own": form["uscc"] in own,
        "own": own,
        "chains": await chain_names(session, viewer),
        "most_rows": get_settings().core_list_rows,
    }
    return page(request, "core_lists/upload.html", context, status)


async def _known(session: AsyncSession, viewer: Viewer, uscc: str) -> CoreListOut | None:
    try:
        return await reading_service.core_list(session, viewer, uscc)
    except NotFound:
        return None


@router.post("/core-lists/upload", openapi_extra=PROVIDES)
async def send(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Read a workbook: show all its faults, or keep it as a draft to be looked at."""
    form = await typed(request)
    file = (await request.form()).get("file")
    name, content = (file.filename or "", await file.read()) if isinstance(file, UploadFile) else ("", b"")
    uscc = check_uscc(form["uscc"]).code
    faults: dict[str, Text] = {}
    if not check_uscc(form["uscc"]).is_valid:
        faults["uscc"] = NO_CODE
    if len(form["evidence"]) > MOST_REASON:
        faults["evidence"] = TOO_LONG
    if fault := upload_fault(name, content[:8], len(content), get_settings().max_upload_bytes):
        faults["file"] = fault
    if faults or not isinstance(file, UploadFile):
        return await _ask(request, session, viewer, form.with_faults(faults), (), 422)
    try:
        async with attempt(session):
            await file.seek(0)
            await _keep(session, viewer, uscc, file, name, form)
    except NotFound as error:
        return await _ask(request, session, viewer, form.with_faults({"uscc": NO_FIRM}), (), error.status)
    except Refused as error:
        cells = tuple(one for one in error.faults if not one.message.isascii())
        rest = [one for one in error.faults if one.message.isascii()]
        told = form.refused(Refused(error.detail, rest)) if rest else form
        return await _ask(request, session, viewer, told, cells, error.status)
    except (Conflict, PreconditionFailed) as error:
        return await _ask(request, session, viewer, form.with_faults({"": STALE}), (), error.status)
    return go_to(f"/core-lists/{uscc}/draft")


async def _keep(
    session: AsyncSession, viewer: Viewer, uscc: str, file: UploadFile, name: str, form: Form
) -> None:
    evidence, now = form["evidence"] or None, utc_now()
    if await reading_service.has_list(session, uscc):
        await service.replace(
            session,
            viewer,
            uscc,
            file.file,
            name,
            expect=expected(form),
            now=now,
            evidence=evidence,
            is_confirmed=False,
        )
    else:
        await service.provide(
            session,
            viewer,
            uscc,
            file.file,
            name,
            now=now,
            evidence=evidence,
            chain=form["chain"] or None,
            is_confirmed=False,
        )


@router.get("/core-lists/{uscc}/draft", openapi_extra=PROVIDES)
async def draft(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Show what a sent workbook changes, before it counts."""
    return await _draft(request, session, viewer, uscc, Form())


async def _draft(
    request: Request, session: AsyncSession, viewer: Viewer, uscc: str, form: Form, status: int = 200
) -> Response:
    one = await reading_service.core_list(session, viewer, uscc)
    if one.draft is None:
        return go_to(f"/core-lists/{uscc}", request, NOTHING_WAITS)
    changes = await reading_service.list_differences(session, viewer, uscc, number=one.draft)
    asked = PageRequest(limit=ROWS)
    context = frame(viewer) | {
        "one": one,
        "form": form,
        "changes": changes[:MOST_SHOWN],
        "change_count": len(changes),
        "rows": await reading_service.list_rows(session, viewer, uscc, asked, number=one.draft),
        "sees_all": sees_all(viewer, one),
        "listed": await _listed(session, viewer, uscc, one.draft),
    }
    if sees_all(viewer, one):
        context["counts"] = await reading_service.outcomes_of(session, uscc, number=one.draft)
    return page(request, "core_lists/draft.html", context, status)


async def _listed(session: AsyncSession, viewer: Viewer, uscc: str, number: int) -> int:
    versions = await reading_service.list_versions(session, viewer, uscc, PageRequest(limit=1))
    return next((each.listed for each in versions.items if each.number == number), 0)


@router.post("/core-lists/{uscc}/draft/confirmation", openapi_extra=PROVIDES)
async def confirm(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Have the draft count."""
    form = await typed(request)
    try:
        async with attempt(session):
            await service.confirm(session, viewer, uscc, expect=expected(form), now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await _draft(request, session, viewer, uscc, form.with_faults({"": STALE}), error.status)
    return go_to(f"/core-lists/{uscc}", request, Text("名单已提交。"))


@router.post("/core-lists/{uscc}/draft/discarding", openapi_extra=PROVIDES)
async def discard(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Give the draft up."""
    form = await typed(request)
    try:
        async with attempt(session):
            await service.discard(session, viewer, uscc, expect=expected(form), now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await _draft(request, session, viewer, uscc, form.with_faults({"": STALE}), error.status)
    return go_to(f"/core-lists/{uscc}", request, Text("已放弃，没有改变什么。"))


@router.post("/core-lists/{uscc}/withdrawal", openapi_extra=PROVIDES)
async def withdraw(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """End a list."""
    form = await typed(request)
    if fault := reason_fault(form["reason"]):
        return await show(request, session, viewer, uscc, form.with_faults({"reason": fault}), 422)
    try:
        async with attempt(session):
            body = WithdrawalIn(reason=form["reason"])
            await service.withdraw(session, viewer, uscc, body, expect=expected(form), now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await show(request, session, viewer, uscc, form.with_faults({"": STALE}), error.status)
    return go_to(f"/core-lists/{uscc}", request, Text("名单已撤回，列入的企业不再据此匹配。"))


def reason_fault(text: str) -> Text | None:
    """Say what is wrong with a reason; None if it may be kept."""
    if not text:
        return NO_REASON
    if not all(one.isprintable() for one in text):
        return Text("请只用一行文字。")
    return TOO_LONG if len(text) > MOST_REASON else None
