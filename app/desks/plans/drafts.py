"""Drafts of a chain's plan: written in a form, shown beside the plan in force, given up, published after a confirmation."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains import service as chains
from app.chains.citations import Cited
from app.chains.fields import CODE_PATTERN
from app.chains.schemas import PlanOut
from app.desks.forms import Form, expected, typed
from app.desks.naming import Choices, Offer
from app.desks.pages import go_to, page
from app.desks.plans import words
from app.desks.plans.versions import plan_context
from app.desks.plans.writing import MOST_FIELDS, PARTS, Known, Written, form_of, read, rows_of
from app.desks.texts import Text
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.plans import comparing_service, service
from app.plans.rules import OPEN
from app.plans.schemas import DraftNumber
from app.policy.facts import CHAIN_ROLES, PURPOSES
from app.policy.service import library

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
MANAGES: Final = does(Action.MANAGE_CHAINS)
FEW: Final = 10


@router.get("/chain/{code}/plans/new", openapi_extra=MANAGES)
async def new_draft(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show the form of a new draft: what the newest version says, to be changed."""
    await service.list_drafts(session, viewer, code, PageRequest(limit=1))
    newest = await _newest(session, viewer, code)
    known = await _known(session, viewer)
    until = "" if newest is None or newest.until is None else newest.until.isoformat()
    return await _form(request, session, viewer, code, form_of(newest, known, "", until), None, known)


async def _newest(session: AsyncSession, viewer: Viewer, code: str) -> PlanOut | None:
    try:
        return await chains.get_plan(session, viewer, code)
    except NotFound:
        return None


async def _known(session: AsyncSession, viewer: Viewer) -> Known:
    """Answer the banks and products that a plan may name, each with what helps to tell it from others."""
    tree = await institution_tree(session, viewer)
    banks = (
        Offer(node.code, node.name, (node.short_name,), node.code)
        for node in tree.roots()
        if not node.kind.is_body
    )
    products = (
        Offer(product, name, (), f"{tree.node(institution).short_name} · {product}")
        for product, name, institution in await catalogue.all_names(session, viewer)
    )
    return Known(Choices(banks), Choices(products))


async def _form(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    form: Form,
    draft: int | None,
    known: Known,
    status: int = 200,
) -> Response:
    newest = await _newest(session, viewer, code)
    context = {
        "chain": await chains.get_chain(session, viewer, code),
        "draft": draft,
        "newest": newest,
        "form": form,
        "rows": {part: rows_of(form, part, form["more"]) for part in PARTS},
        "known": known,
        "clauses": [
            (Cited(pack, one).text, one.heading or one.summary)
            for pack in library().packs
            for one in pack.clauses
        ],
        "purposes": [(key, name, "") for key, name in PURPOSES.items()],
        "roles": list(CHAIN_ROLES.items()),
        "words": words,
    }
    return page(request, "plans/form.html", context, status)


@router.post("/chain/{code}/plans/new", openapi_extra=MANAGES)
async def create(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Store a new draft; with `more`, show the form with more rows."""
    form = await typed(request, MOST_FIELDS)
    await service.list_drafts(session, viewer, code, PageRequest(limit=1))
    known = await _known(session, viewer)
    if form["more"]:
        return await _form(request, session, viewer, code, form, None, known)
    written = read(form, known)
    if written.draft is None:
        return await _form(request, session, viewer, code, written.form, None, known, 422)
    try:
        async with attempt(session):
            made = await service.create_draft(session, viewer, code, written.draft, now=utc_now())
    except (Refused, Conflict) as error:
        refused = _refused(written, error)
        return await _form(request, session, viewer, code, refused, None, known, error.status)
    said = Text("草案已保存。下一步：与现行方案比较。")
    return go_to(f"/chain/{code}/drafts/{made.number}", request, said)


def _refused(written: Written, error: Refused | Conflict | PreconditionFailed) -> Form:
    return written.form.refused(error, written.fields)


@router.get("/chain/{code}/drafts/{draft}", openapi_extra=MANAGES)
async def draft_page(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Show a draft beside the plan in force, with its comparisons and what to do next."""
    return await _show(request, session, viewer, code, draft, Form())


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    draft: int,
    form: Form,
    *,
    status: int = 200,
    template: str = "plans/draft.html",
) -> Response:
    now = utc_now()
    found = await service.get_draft(session, viewer, code, draft, now=now)
    compared = None
    if found.comparison is not None:
        compared = await comparing_service.get_comparison(
            session, viewer, code, draft, found.comparison, now=now
        )
    context: dict[str, Any] = {
        "chain": await chains.get_chain(session, viewer, code),
        "draft": found,
        "is_open": found.state in OPEN,
        "compared": compared,
        "comparisons": (
            await comparing_service.list_comparisons(session, viewer, code, draft, PageRequest(limit=FEW))
        ).items,
        "form": form,
    }
    shown = await plan_context(session, viewer, found.plan, found.changes)
    return page(request, template, context | shown, status)


@router.get("/chain/{code}/drafts/{draft}/edit", openapi_extra=MANAGES)
async def edit(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Show the form of a draft."""
    found = await service.get_draft(session, viewer, code, draft, now=utc_now())
    if found.state not in OPEN:
        return go_to(f"/chain/{code}/drafts/{draft}", request, Text("这份草案已经结束，不能再改。"))
    until = "" if found.until is None else found.until.isoformat()
    known = await _known(session, viewer)
    form = form_of(found.plan, known, found.since.isoformat(), until, found.version)
    return await _form(request, session, viewer, code, form, draft, known)


@router.post("/chain/{code}/drafts/{draft}/edit", openapi_extra=MANAGES)
async def revise(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Store what a draft says now; with `more`, show the form with more rows."""
    form = await typed(request, MOST_FIELDS)
    found = await service.get_draft(session, viewer, code, draft, now=utc_now())
    known = await _known(session, viewer)
    if form["more"]:
        return await _form(request, session, viewer, code, form, draft, known)
    written = read(form, known)
    if written.draft is None:
        return await _form(request, session, viewer, code, written.form, draft, known, 422)
    try:
        async with attempt(session):
            done = await service.revise_draft(
                session, viewer, code, draft, written.draft, expect=expected(form), now=utc_now()
            )
    except (Refused, Conflict, PreconditionFailed) as error:
        refused = _refused(written, error)
        return await _form(request, session, viewer, code, refused, draft, known, error.status)
    is_same = done.version == found.version
    said = Text("没有变化。") if is_same else Text("草案已保存。下一步：与现行方案比较。")
    return go_to(f"/chain/{code}/drafts/{draft}", request, said)


@router.post("/chain/{code}/drafts/{draft}/giving-up", openapi_extra=MANAGES)
async def give_up(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Give up a draft."""
    form = await typed(request)
    try:
        async with attempt(session):
            await service.give_up_draft(session, viewer, code, draft, expect=expected(form), now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, code, draft, form.refused(error), status=error.status)
    return go_to(f"/chain/{code}/plans", request, Text("草案已放弃，仍留在记录中。"))


@router.get("/chain/{code}/drafts/{draft}/publication", openapi_extra=MANAGES)
async def confirm(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Show what publishing would change, to be confirmed."""
    return await _show(request, session, viewer, code, draft, Form(), template="plans/publication.html")


@router.post("/chain/{code}/drafts/{draft}/publication", openapi_extra=MANAGES)
async def publish(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Publish a compared draft."""
    form = await typed(request)
    try:
        async with attempt(session):
            done = await service.publish_draft(
                session, viewer, code, draft, expect=expected(form), now=utc_now()
            )
    except (Conflict, PreconditionFailed) as error:
        refused, template = form.refused(error), "plans/publication.html"
        return await _show(
            request, session, viewer, code, draft, refused, status=error.status, template=template
        )
    said = Text("第%(version)s版已发布，已通知签约银行。", version=done.published_version)
    return go_to(f"/chain/{code}/plans/{done.published_version}", request, said)
