"""What would come of a roster: watched while it is read, its possible duplicates decided side by side, then taken in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster import deciding
from app.desks.roster.deciding import Choices
from app.desks.roster.errands import STATES, JobPath, job_of, progress_context, told_by
from app.desks.roster.imports import PREVIEW, TAKING, send, workbook
from app.desks.roster.lists import frame
from app.desks.roster.uploads import packed, unpacked
from app.desks.texts import Text
from app.jobs import service as jobs
from app.jobs.rules import State
from app.jobs.schemas import JobOut
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import import_service
from app.whitelist.import_rules import ImportOptions
from app.whitelist.schemas import ImportOut

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
PartQuery = Annotated[str | None, Query(alias="from", max_length=10)]


@dataclass(frozen=True, slots=True)
class Sent:
    """A workbook that was sent for a look and is kept, with what was chosen on the way."""

    fields: dict[str, str]
    name: str
    content: bytes


async def _kept(session: AsyncSession, viewer: Viewer, code: str, *, is_held: bool = False) -> Sent | None:
    try:
        media_type, body = await jobs.kept_body(session, viewer, code, is_held=is_held)
    except Conflict:
        return None
    fields, name, content = await unpacked(media_type, body)
    return Sent(dict(fields), name, content)


@router.get("/roster/imports/jobs/{job}", openapi_extra=does(Action.MANAGE_ROSTER, is_recorded=True))
async def watch(
    request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath, part: PartQuery = None
) -> Response:
    """Show how far reading has come; then what would come of the workbook, or what came of it."""
    found = await job_of(request, session, viewer, job)
    if not found.state.is_final:
        places = [("/roster", Text("名单")), ("/roster/imports", Text("导入"))]
        # Nothing of the roster is shown, and on SQLite a record would wait for the pen that the job holds.
        request.state.shows_nothing = True
        what = PREVIEW if found.summary == PREVIEW.chinese else TAKING
        waiting = {"what": what, "places": places} | progress_context(found)
        return page(request, "roster/progress.html", waiting)
    if found.state is not State.DONE:
        context = {"job": found, "state": STATES[found.state], "told": told_by(found)}
        return page(request, "roster/import_refused.html", context)
    result = await _result(session, viewer, found)
    if result.id is not None:
        return go_to(f"/roster/imports/{result.id}")
    return await _show(request, session, viewer, found, result, None, part)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    job: JobOut,
    result: ImportOut,
    form: Form | None,
    part: str | None,
    status: int = 200,
) -> Response:
    kept = await _kept(session, viewer, job.code)
    fields = kept.fields if kept else {}
    choices, questions = deciding.choices_in(fields), result.questions
    first = deciding.first_shown(part, questions)
    context = await frame(session, viewer) | {
        "job": job,
        "result": result,
        "form": form or deciding.filled(questions, choices),
        "is_kept": kept is not None,
        "is_usable": bool(result.counts.rows) or not result.faults,  # else the heading could not be read
        "mark": deciding.mark_of(fields),
        "first": first,
        "beside": await deciding.beside(session, viewer, questions, first),
        "shown_at_once": deciding.SHOWN,
        "chosen": len(choices),
        "choices": deciding.CHOICES,
    }
    return page(request, "roster/preview.html", context, status)


async def _result(session: AsyncSession, viewer: Viewer, job: JobOut) -> ImportOut:
    answer = await jobs.get_result(session, viewer, job.code)
    return ImportOut.model_validate_json(answer.body)


@router.get("/roster/imports/jobs/{job}/faults", openapi_extra=does(Action.MANAGE_ROSTER))
async def faults(request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath) -> Response:
    """Send the workbook back with a column of its faults."""
    found = await job_of(request, session, viewer, job)
    sent = await _kept(session, viewer, found.code)
    if sent is None:
        raise NotFound("The workbook is kept no more; send it anew.")
    options = ImportOptions(
        dry_run=True,
        amounts_confirmed=sent.fields.get("amounts_confirmed") == "true",
        sheet=sent.fields.get("sheet"),
    )
    outcome = await import_service.import_roster(
        session,
        viewer,
        sent.fields["edition"],
        BytesIO(sent.content),
        sent.name,
        now=utc_now(),
        options=options,
    )
    target = BytesIO()
    await outcome.write_faults(target)
    return workbook(target, "roster-faults.xlsx")


@router.post("/roster/imports/jobs/{job}/decisions", openapi_extra=does(Action.MANAGE_ROSTER))
async def decide(request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath) -> Response:
    """Keep with the workbook what was chosen on possible duplicates; nothing is decided before it is taken in."""
    form = await typed(request)
    found = await job_of(request, session, viewer, job)
    if found.state is not State.DONE:
        return go_to(f"/roster/imports/jobs/{job}")
    result = await _result(session, viewer, found)
    made = await _chosen(session, viewer, job, result, form)
    if isinstance(made, _Refusal):
        return await _show(request, session, viewer, found, result, made.form, form["part"], made.status)
    sent, choices = made
    await jobs.replace_body(session, viewer, job, packed(sent.fields, sent.name, sent.content)[1])
    where = f"?from={form['to']}#duplicates" if form["to"].isdecimal() else "#next"
    said = Text("已保存；疑似重复%(all)s户，已决定%(done)s户。", all=len(result.questions), done=len(choices))
    return go_to(f"/roster/imports/jobs/{job}{where}", request, said)


@dataclass(frozen=True, slots=True)
class _Refusal:
    form: Form
    status: int


async def _chosen(
    session: AsyncSession,
    viewer: Viewer,
    job: str,
    result: ImportOut,
    form: Form,
    also: Mapping[str, Text] | None = None,
) -> tuple[Sent, Choices] | _Refusal:
    """Answer the kept workbook with what is chosen now, held until the transaction ends; else what is to be shown again.

    `also` is what else is wrong with the form: all of it is told at once.
    """
    sent = await _kept(session, viewer, job, is_held=True)
    if sent is None:
        gone = Text("这份工作簿已经提交导入，或保留期已过。请在导入记录中查看，需要时重新上传。")
        return _Refusal(form.with_faults({"": gone}), 409)
    if result.questions and form["mark"] != deciding.mark_of(sent.fields):
        told = Text("另一个窗口刚刚改过这里的决定。您选择的内容还在下面；再次提交以这里为准。")
        return _Refusal(form.with_faults({"": told}), 412)
    choices, wrong = deciding.chosen(form, result.questions, deciding.choices_in(sent.fields))
    if wrong or also:
        return _Refusal(form.with_faults({**wrong, **(also or {})}), 422)
    return replace(sent, fields=deciding.with_choices(sent.fields, choices)), choices


@router.post("/roster/imports/jobs/{job}/commit", openapi_extra=does(Action.MANAGE_ROSTER))
async def commit(request: Request, session: SessionDep, viewer: ViewerDep, job: JobPath) -> Response:
    """Have a worker take the workbook in that was looked at, with what was chosen on possible duplicates.

    All of it is taken, or its faultless rows if that is wanted.
    """
    form = await typed(request)
    found = await job_of(request, session, viewer, job)
    if found.state is not State.DONE:
        return go_to(f"/roster/imports/jobs/{job}")
    result = await _result(session, viewer, found)
    wrong: dict[str, Text] = {}
    if result.faults and not form["accept_valid"]:
        wrong["accept_valid"] = Text("有错误的行没有改正。请改好后重新上传，或勾选只导入没有错误的行。")
    async with attempt(session):
        made = await _chosen(session, viewer, job, result, form, wrong)
        if not isinstance(made, _Refusal):
            await jobs.take_body(session, viewer, job)
    if isinstance(made, _Refusal):
        return await _show(request, session, viewer, found, result, made.form, form["part"], made.status)
    sent, _choices = made
    fields = {key: value for key, value in sent.fields.items() if key != "dry_run"}
    fields |= {"accept_valid": "true"} if form["accept_valid"] else {}
    return go_to(f"/roster/imports/jobs/{await send(request, session, fields, sent.name, sent.content)}")
