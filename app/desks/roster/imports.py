"""Importing a roster: send it, see what came of it, take it back. What would come of it is in previews.py."""

from collections.abc import Mapping
from io import BytesIO
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation import undo_service
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster.entries import reason_fault
from app.desks.roster.errands import send_off
from app.desks.roster.lists import EditionQuery, editions_of, frame
from app.desks.roster.uploads import packed, upload_fault
from app.desks.texts import Text
from app.jobs.service import Errand
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.whitelist import import_service, review_service

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ImportPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
JSON_ROUTE: Final = "/api/v1/whitelist/imports"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PREVIEW: Final = Text("核对名单")
TAKING: Final = Text("导入名单")
ROWS: Final = 25
MOST_WAITING: Final = 50


@router.get("/roster/imports", openapi_extra=does(Action.READ_RUNS))
async def imports(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    edition: EditionQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List what was imported, the newest first."""
    editions = await editions_of(session, viewer)
    chosen = next((one for one in editions if one.code == edition), None)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    found = await import_service.list_imports(
        session, viewer, asked, edition_code=chosen.code if chosen else None
    )
    context = await frame(session, viewer) | {"found": found, "editions": editions, "edition": chosen}
    return page(request, "roster/imports.html", context)


@router.get("/roster/imports/new", openapi_extra=does(Action.MANAGE_ROSTER))
async def new_import(
    request: Request, session: SessionDep, viewer: ViewerDep, edition: EditionQuery = None
) -> Response:
    """Ask for a workbook."""
    return await _ask(request, session, viewer, Form({"edition": edition or ""}))


async def _ask(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    editions = await editions_of(session, viewer)
    context = {"form": form, "editions": [(one.code, one.code) for one in editions], "most": _most_mib()}
    return page(request, "roster/import_new.html", context, status)


def _most_mib() -> int:
    return get_settings().max_upload_bytes // (1024 * 1024)


@router.get("/roster/imports/template", openapi_extra=does(Action.READ_REFERENCE))
async def template(session: SessionDep, viewer: ViewerDep) -> Response:
    """Send the empty roster with its lists."""
    target = BytesIO()
    await import_service.make_template(session, viewer, target, on=shanghai_today())
    return workbook(target, "roster-template.xlsx")


def workbook(target: BytesIO, name: str) -> Response:
    """Answer a workbook as a file of a name."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(target.getvalue(), media_type=XLSX, headers=headers)


@router.post("/roster/imports", openapi_extra=does(Action.MANAGE_ROSTER))
async def look(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Have a worker look what would come of a workbook; what cannot be one is refused at once."""
    form = await typed(request)
    file = (await request.form()).get("file")
    name, content = (file.filename or "", await file.read()) if isinstance(file, UploadFile) else ("", b"")
    faults: dict[str, Text] = {}
    if form["edition"] not in {one.code for one in await editions_of(session, viewer)}:
        faults["edition"] = Text("请选择导入到哪个版次。")
    if fault := upload_fault(name, content[:8], len(content), get_settings().max_upload_bytes):
        faults["file"] = fault
    if faults:
        return await _ask(request, session, viewer, form.with_faults(faults), 422)
    fields = {"edition": form["edition"], "dry_run": "true"}
    fields |= {"amounts_confirmed": "true"} if form["amounts_confirmed"] else {}
    fields |= {"sheet": form["sheet"]} if form["sheet"] else {}
    code = await send(request, session, fields, name, content)
    return go_to(f"/roster/imports/jobs/{code}")


async def send(
    request: Request, session: AsyncSession, fields: Mapping[str, str], name: str, content: bytes
) -> str:
    """Have a worker look at a workbook (`dry_run`), or take it in; answer the job's code."""
    is_look = fields.get("dry_run") == "true"
    media_type, body = packed(fields, name, content)
    summary = PREVIEW if is_look else TAKING
    errand = Errand(Action.MANAGE_ROSTER, summary.chinese, JSON_ROUTE, media_type, body, keeps_body=is_look)
    return await send_off(request, session, errand)


@router.get("/roster/imports/{number}", openapi_extra=does(Action.READ_RUNS))
async def one_import(
    request: Request, session: SessionDep, viewer: ViewerDep, number: ImportPath
) -> Response:
    """Show what came of an import."""
    return await _show(request, session, viewer, number, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, number: int, form: Form, status: int = 200
) -> Response:
    found = await import_service.get_import(session, viewer, number)
    waiting = await review_service.list_reviews(
        session, viewer, PageRequest(limit=MOST_WAITING), edition_code=found.edition, state="open"
    )
    context = await frame(session, viewer) | {
        "result": found,
        "form": form,
        "waiting": len(waiting.items),
        "may_undo": await undo_service.may_undo(session, viewer, found),
    }
    return page(request, "roster/import.html", context, status)


@router.post("/roster/imports/{number}/undoing", openapi_extra=does(Action.MANAGE_ROSTER))
async def undo(request: Request, session: SessionDep, viewer: ViewerDep, number: ImportPath) -> Response:
    """Take back what an import listed."""
    form = await typed(request)
    if fault := reason_fault(form["reason"]):
        return await _show(request, session, viewer, number, form.with_faults({"reason": fault}), 422)
    try:
        async with attempt(session):
            done = await undo_service.undo_import(session, viewer, number, form["reason"], now=utc_now())
    except (Refused, Conflict) as error:
        told = {"": Text("不能撤销：已撤销过，或已有分派用到这次导入。请逐户退出，或导入更正后的名单。")}
        return await _show(request, session, viewer, number, form.with_faults(told), error.status)
    count = done.undone.entries if done.undone else 0
    return go_to(f"/roster/imports/{number}", request, Text("已撤销导入，%(count)s户退出名单。", count=count))
