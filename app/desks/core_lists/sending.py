"""Providing a list: a workbook is sent, its faults are shown or its changes looked at, then it is confirmed or given up."""

from io import BytesIO
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
from app.desks.roster.errands import JobPath, job_of, progress_context, send_off, told_by
from app.desks.roster.uploads import packed, unpacked, upload_fault
from app.desks.texts import Text
from app.jobs import service as jobs
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Fault, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import BeginDep, SessionDep, TransactionRoute, etag_of
from app.kernel.settings import get_settings
from app.reference.credit_codes import check_uscc

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
UsccQuery = Annotated[str | None, Query(alias="uscc", pattern=f"({USCC_PATTERN})|^$")]
PROVIDES: Final = does(Action.PROVIDE_CORE_LIST)
MOST_SHOWN: Final = 200
JSON_ROUTE: Final = "/api/v1/core-lists"
READING: Final = Text("核对上下游名单")
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


@router.post("/core-lists/upload", openapi_extra=does(Action.PROVIDE_CORE_LIST, saves_last=True))
async def send(request: Request, begin: BeginDep, viewer: ViewerDep) -> Response:
    """Read a workbook: show all its faults, or have a worker find whom its rows mean and keep it as a draft."""
    form = await typed(request)
    file = (await request.form()).get("file")
    name, content = (file.filename or "", await file.read()) if isinstance(file, UploadFile) else ("", b"")
    async with begin(writes=False) as session:
        if faulty := await _faulty(request, session, viewer, form, name, content):
            return faulty
        uscc = check_uscc(form["uscc"]).code
        errand = await _errand(session, form, uscc, name, content)
    async with begin() as session:
        code = await send_off(request, session, errand)
    return go_to(f"/core-lists/upload/jobs/{code}")


async def _faulty(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, name: str, content: bytes
) -> Response | None:
    """Answer the form again with what is wrong; None if a worker can have it."""
    code, faults = check_uscc(form["uscc"]), dict[str, Text]()
    if not code.is_valid:
        faults["uscc"] = NO_CODE
    if len(form["evidence"]) > MOST_REASON:
        faults["evidence"] = TOO_LONG
    if fault := upload_fault(name, content[:8], len(content), get_settings().max_upload_bytes):
        faults["file"] = fault
    if faults:
        return await _ask(request, session, viewer, form.with_faults(faults), (), 422)
    evidence, chain = form["evidence"] or None, form["chain"] or None
    try:
        known = await _known(session, viewer, code.code)
        expected(form)(known.version if known else 0)
        await service.check(
            session, viewer, code.code, BytesIO(content), name, now=utc_now(), evidence=evidence, chain=chain
        )
    except NotFound as error:
        return await _ask(request, session, viewer, form.with_faults({"uscc": NO_FIRM}), (), error.status)
    except Refused as error:
        return await _refused(request, session, viewer, form, error, error.status)
    except PreconditionFailed as error:
        return await _ask(request, session, viewer, form.with_faults({"": STALE}), (), error.status)
    return None


async def _refused(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, error: Refused, status: int
) -> Response:
    """Show what a service refused: faults of cells in a table, the rest at the fields."""
    cells = tuple(one for one in error.faults if not one.message.isascii())
    rest = [one for one in error.faults if one.message.isascii()]
    told = form.refused(Refused(error.detail, rest)) if rest else form
    return await _ask(request, session, viewer, told, cells, status)


async def _errand(session: AsyncSession, form: Form, uscc: str, name: str, content: bytes) -> Errand:
    fields = {"uscc": uscc, "draft": "true"}
    fields |= {key: form[key] for key in ("evidence", "chain") if form[key]}
    is_next = await reading_service.has_list(session, uscc)
    media_type, body = packed(fields, name, content)
    return Errand(
        Action.PROVIDE_CORE_LIST,
        READING.chinese,
        f"{JSON_ROUTE}/{uscc}/versions" if is_next else JSON_ROUTE,
        media_type,
        body,
        keeps_body=True,
        if_match=etag_of(form["version"]) if is_next else None,
    )


@router.get("/core-lists/upload/jobs/{job}", openapi_extra=PROVIDES)
async def watch(request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath) -> Response:
    """Show how far comparing names is; then go to the draft, or say what stood against it."""
    found = await job_of(request, session, viewer, job)
    if not found.state.is_final:
        waiting = {"what": READING, "places": [("/core-lists", Text("核心企业名单"))]} | progress_context(
            found
        )
        return page(request, "roster/progress.html", waiting)
    media_type, body = await jobs.kept_body(session, viewer, job)
    fields, _name, _content = await unpacked(media_type, body)
    if found.state is State.DONE:
        return go_to(f"/core-lists/{fields['uscc']}/draft")
    told = {str(number): one for number, one in enumerate(told_by(found))}
    form = Form(fields).with_faults({"": next(iter(told.values()), Text("没有完成，请再上传一次。"))})
    return await _ask(request, session, viewer, form, (), 409)


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
