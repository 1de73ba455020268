"""The steps in which a need is stated or changed: each a page, kept when it is left, sent at the end."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Role, Viewer
from app.desks.amounts_in_words import in_words
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.submission import reading, sending
from app.desks.submission.answers import Read, read_step
from app.desks.submission.fields import CHECK, CHECK_NAME, PICKED, STEPS, Asked, Kind, Step
from app.desks.submission.review import chapters, is_asked
from app.desks.submission.work import Work, new_work, stored_work
from app.desks.texts import Text, language_of, say
from app.enterprises import draft_service
from app.enterprises.api import NeedCode, UsccPath
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused, RongqiaoError
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/enterprise/needs",
)
MOST_TYPED: Final = 4_000
LATER: Final = "later"
READS: Final = does(Action.STATE_NEEDS, is_recorded=True)
CHANGES: Final = does(Action.STATE_NEEDS)
_BY_SLUG: Final = {step.slug: step for step in STEPS}
Slug = Annotated[str, Path(pattern=r"^[a-z]{1,20}$")]


@router.get("/new", openapi_extra=READS)
async def choose_firm(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Go to the first step of the viewer's firm; who speaks for several, or for a region's, says which."""
    firms = sorted(viewer.scopes(Role.ENTERPRISE))
    if len(firms) == 1 and not viewer.has(Role.COORDINATOR):
        return go_to(f"/enterprise/needs/new/{firms[0]}/{STEPS[0].slug}")
    drafts = await draft_service.own_drafts(session, viewer)
    context = {"firms": firms, "may_type": viewer.has(Role.COORDINATOR), "form": Form(), "drafts": drafts}
    return page(request, "submission/firm.html", context)


@router.post("/new", openapi_extra=CHANGES)
async def take_firm(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Take the credit code of the firm whose need it is."""
    form = await typed(request)
    try:
        code = reading.credit_code(form["uscc"])
    except reading.Wrong as wrong:
        drafts = await draft_service.own_drafts(session, viewer)
        context = {
            "firms": sorted(viewer.scopes(Role.ENTERPRISE)),
            "may_type": viewer.has(Role.COORDINATOR),
            "form": form.with_faults({"uscc": wrong.said}),
            "drafts": drafts,
        }
        return page(request, "submission/firm.html", context, 422)
    return go_to(f"/enterprise/needs/new/{code}/{STEPS[0].slug}")


@router.get("/new/{uscc}", openapi_extra=READS)
async def begin_new(session: SessionDep, viewer: ViewerDep, uscc: UsccPath) -> Response:
    """Go on where it was left."""
    work = await _new(session, viewer, uscc)
    return go_to(f"{work.base}/{_next_open(work)}")


@router.get("/{code}/edit", openapi_extra=READS)
async def begin_changes(session: SessionDep, viewer: ViewerDep, code: NeedCode) -> Response:
    """Go to the first step."""
    work = await _stored(session, viewer, code)
    return go_to(f"{work.base}/{STEPS[0].slug}")


@router.get("/new/{uscc}/{slug}", openapi_extra=READS)
async def show_new(
    request: Request, session: SessionDep, viewer: ViewerDep, uscc: UsccPath, slug: Slug
) -> Response:
    """Show a step of a new need, or all of them for review."""
    return _shown(request, await _new(session, viewer, uscc), slug)


@router.get("/{code}/edit/{slug}", openapi_extra=READS)
async def show_changes(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode, slug: Slug
) -> Response:
    """Show a step of a need that is being changed, or all of them for review."""
    return _shown(request, await _stored(session, viewer, code), slug)


@router.post("/new/{uscc}/discard", openapi_extra=CHANGES)
async def discard_new(request: Request, session: SessionDep, viewer: ViewerDep, uscc: UsccPath) -> Response:
    """Throw away what was typed of a new need."""
    work = await _new(session, viewer, uscc)
    await draft_service.drop_draft(session, viewer, work.key)
    return go_to("/enterprise", request, Text("已删除草稿"))


@router.post("/{code}/edit/discard", openapi_extra=CHANGES)
async def discard_changes(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode
) -> Response:
    """Throw away what was typed, and begin with the stored need again."""
    work = await _stored(session, viewer, code)
    await draft_service.drop_draft(session, viewer, work.key)
    return go_to(f"{work.base}/{STEPS[0].slug}", request, Text("已放弃修改，以下是最新内容"))


@router.post("/new/{uscc}/{slug}", openapi_extra=CHANGES)
async def take_new(
    request: Request, session: SessionDep, viewer: ViewerDep, uscc: UsccPath, slug: Slug
) -> Response:
    """Keep a step of a new need and go on; at the review, send all of it."""
    work = await _new(session, viewer, uscc)
    if slug == CHECK:
        return await _send(request, session, viewer, work)
    return await _kept(request, session, viewer, work, slug)


@router.post("/{code}/edit/{slug}", openapi_extra=CHANGES)
async def take_changes(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode, slug: Slug
) -> Response:
    """Keep a step of a changed need and go on; at the review, send all of it."""
    work = await _stored(session, viewer, code)
    if slug == CHECK:
        return await _send(request, session, viewer, work)
    return await _kept(request, session, viewer, work, slug)


async def _new(session: AsyncSession, viewer: Viewer, uscc: str) -> Work:
    return await new_work(session, viewer, uscc, today=shanghai_date(utc_now()))


async def _stored(session: AsyncSession, viewer: Viewer, code: str) -> Work:
    return await stored_work(session, viewer, code, today=shanghai_date(utc_now()))


def _shown(request: Request, work: Work, slug: str) -> Response:
    if slug == CHECK:
        return _review(request, work)
    step = _step(work, slug)
    answers = work.answers(slug)
    form = Form({name: values[-1] for name, values in answers.items() if values}, dict(answers))
    return _page(request, work, step, form, read_step(step, answers, work.around))


async def _kept(request: Request, session: AsyncSession, viewer: Viewer, work: Work, slug: str) -> Response:
    """Keep what was typed, right or wrong; go on if it is right, show it again with its faults if not."""
    step, sent = _step(work, slug), await typed(request)
    answers = _answers_of(step, sent)
    read = read_step(step, answers, work.around)
    form = Form({name: values[-1] for name, values in answers.items() if values}, answers, read.faults)
    try:
        async with attempt(session):
            draft = await draft_service.keep_step(
                session,
                viewer,
                work.key,
                slug,
                answers,
                seen=sent["seen"],
                base_revision=work.base_revision,
                now=utc_now(),
            )
    except PreconditionFailed as error:
        said = Text("另一个窗口刚刚改过这一步。您填写的内容还在下面；保存后以这里为准。")
        return _page(request, work, step, form.with_faults({"": said}), read, error.status)
    except Refused as error:
        said = Text("内容太多，没有保存。请缩短后再试。")
        return _page(request, work, step, form.with_faults({"": said}), read, error.status)
    if sent["go"] == LATER:
        return go_to("/enterprise", request, Text("已保存，可以随时回来继续填写"))
    if read.faults:
        mark = draft_service.mark_of(draft.answers[slug])
        return _page(request, work, step, form, read, 422, mark=mark)
    return go_to(f"{work.base}/{_after(work, slug) if sent['go'] != CHECK else CHECK}")


async def _send(request: Request, session: AsyncSession, viewer: Viewer, work: Work) -> Response:
    sent, now, reads = await typed(request), utc_now(), work.reads()
    if work.draft is None and work.need is None and work.around.has_own_need:
        # Sent in another window, or sent twice: it is there.
        return go_to(f"/enterprise/needs/{work.key.uscc}", request, Text("这份融资需求已经提交"))
    if any(read.faults for read in reads.values()):
        return _review(request, work, Form(), 422)
    values = {name: value for read in reads.values() for name, value in read.values.items()}
    send = sending.send_new if work.need is None else sending.send_changes
    try:
        async with attempt(session):
            code = await send(session, viewer, work, values, now=now)
    except (Refused, Conflict, PreconditionFailed) as error:
        return _review(request, work, _refused(sent, error), error.status)
    said = Text("已提交融资需求") if work.need is None else Text("已保存修改")
    return go_to(f"/enterprise/needs/{code}", request, said)


def _refused(sent: Form, error: RongqiaoError) -> Form:
    if isinstance(error, PreconditionFailed):
        return sent.with_faults(
            {"": Text("在您填写期间，这份需求已在别处修改。请放弃修改后从最新内容开始。")}
        )
    return sent.refused(error, sending.PLACES)


def _page(
    request: Request,
    work: Work,
    step: Step,
    form: Form,
    read: Read,
    status: int = 200,
    mark: str | None = None,
) -> Response:
    context = {
        "work": work,
        "step": step,
        "asked": [asked for asked in step.fields if is_asked(asked, work.around)],
        "form": form,
        "choices": read.choices if not form.is_sound else {},
        "seen": work.mark(step.slug) if mark is None else mark,
        "words": _words(read, step, language_of(request)),
        "is_reviewed": all(work.is_typed(one.slug) for one in work.steps),
        "before": _before(work, step.slug),
        "progress": _progress(work, step.slug, language_of(request)),
        "kinds": Kind,
        "picked": PICKED,
    }
    return page(request, "submission/step.html", context, status)


def _words(read: Read, step: Step, language: str) -> dict[str, str]:
    """Answer the amounts that were read, in words."""
    return {
        asked.name: in_words(read.values[asked.name], language)
        for asked in step.fields
        if asked.kind is Kind.AMOUNT and asked.name in read.values
    }


def _review(request: Request, work: Work, form: Form | None = None, status: int = 200) -> Response:
    reads = work.reads()
    shown = chapters(work.steps, reads, work.around, language_of(request))
    context = {
        "work": work,
        "chapters": shown,
        "places": {
            row.name: f"{work.base}/{chapter.step.slug}#{row.name}"
            for chapter in shown
            for row in chapter.rows
        },
        "form": form or Form(),
        "is_whole": not any(read.faults for read in reads.values()),
        "progress": _progress(work, CHECK, language_of(request)),
        "before": work.steps[-1].slug,
    }
    return page(request, "submission/check.html", context, status)


def _progress(work: Work, here: str, language: str) -> list[tuple[str, str, str]]:
    """Answer name, address and state of each step; what was not reached yet has no address."""
    reads = work.reads()
    found: list[tuple[str, str, str]] = []
    for step in work.steps:
        is_done = work.is_typed(step.slug) and not reads[step.slug].faults
        state = "now" if step.slug == here else "done" if is_done else "later"
        path = f"{work.base}/{step.slug}" if step.slug != here and work.is_typed(step.slug) else ""
        found.append((say(language, step.name), path, state))
    return [*found, (say(language, CHECK_NAME), "", "now" if here == CHECK else "later")]


def _answers_of(step: Step, sent: Form) -> dict[str, list[str]]:
    """Answer what was typed into the fields of a step, and nothing else that was sent."""
    names = [name for asked in step.fields for name in _names(asked)]
    found = {
        name: [reading.visible(value[:MOST_TYPED]) for value in sent.all(name) if value.strip()]
        for name in names
    }
    return {name: values for name, values in found.items() if values}


def _names(asked: Asked) -> tuple[str, ...]:
    is_place = asked.kind in {Kind.REGION, Kind.INDUSTRY}
    return (asked.name, asked.name + PICKED) if is_place else (asked.name,)


def _step(work: Work, slug: str) -> Step:
    step = _BY_SLUG.get(slug)
    if step is None or step not in work.steps:
        raise NotFound("There is no such step.")
    return step


def _after(work: Work, slug: str) -> str:
    slugs = [*(step.slug for step in work.steps), CHECK]
    return slugs[slugs.index(slug) + 1]


def _before(work: Work, slug: str) -> str | None:
    slugs = [step.slug for step in work.steps]
    at = slugs.index(slug)
    return slugs[at - 1] if at else None


def _next_open(work: Work) -> str:
    """Answer the first step that was not saved; all were: the review."""
    return next((step.slug for step in work.steps if not work.is_typed(step.slug)), CHECK)
