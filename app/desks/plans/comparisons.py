"""Comparing a draft by a worker, what came of it need by need, and the edition allocated anew with it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains import service as chains
from app.chains.fields import CODE_PATTERN
from app.desks.forms import Form
from app.desks.naming import Names
from app.desks.pages import go_to, page
from app.desks.plans import words
from app.desks.roster.errands import STATES, JobPath, job_of, progress_context, send_off, told_by
from app.desks.texts import Text
from app.institutions.service import institution_tree
from app.jobs import service as jobs
from app.jobs.rules import State
from app.jobs.service import Errand
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.plans import comparing_service, reallocating_service, service
from app.plans.rules import OPEN, Effect
from app.plans.schemas import ComparisonNumber, DraftNumber, EffectFilter, NeedEffectOut, ReallocationOut
from app.reference.book import load_reference_book

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
WhatPath = Annotated[str, Path(pattern="^(comparison|allocation)$")]
EffectQuery = Annotated[str, Query(pattern=f"^({'|'.join(Effect)})?$")]
RegionQuery = Annotated[str, Query(pattern="^([0-9]{6})?$")]
MANAGES: Final = does(Action.MANAGE_CHAINS)
ROWS: Final = 25
NAMES: Final[Mapping[str, Text]] = {
    "comparison": Text("与现行方案比较"),
    "allocation": Text("重新分派试算"),
}


@router.post("/chain/{code}/drafts/{draft}/comparisons", openapi_extra=MANAGES)
async def compare(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, draft: DraftNumber
) -> Response:
    """Have a worker compare a draft over the whole edition."""
    await service.get_draft(session, viewer, code, draft, now=utc_now())
    path = f"/api/v1/chains/{code}/plan-drafts/{draft}/comparisons"
    return await _send(request, session, code, draft, "comparison", Action.MANAGE_CHAINS, path)


@router.post(
    "/chain/{code}/drafts/{draft}/comparisons/{comparison}/allocation",
    openapi_extra=does(Action.RUN_ALLOCATION),
)
async def allocate(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
) -> Response:
    """Have a worker allocate the edition anew with both plans."""
    await service.get_draft(session, viewer, code, draft, now=utc_now())
    path = f"/api/v1/chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation"
    return await _send(request, session, code, draft, "allocation", Action.RUN_ALLOCATION, path)


async def _send(
    request: Request, session: AsyncSession, code: str, draft: int, what: str, action: Action, path: str
) -> Response:
    errand = Errand(action, NAMES[what].chinese, path, "application/json", b"{}")
    return go_to(f"/chain/{code}/drafts/{draft}/jobs/{what}/{await send_off(request, session, errand)}")


@router.get("/chain/{code}/drafts/{draft}/jobs/{what}/{job}", openapi_extra=MANAGES)
async def watch(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    what: WhatPath,
    job: JobPath,
) -> Response:
    """Show how far it has come; then go to what it came to."""
    found = await job_of(request, session, viewer, job)
    back = f"/chain/{code}/drafts/{draft}"
    if not found.state.is_final:
        places = [
            (f"/chain/{code}/plans", Text("一链一策")),
            (back, Text("草案%(number)s", number=draft)),
        ]
        return page(
            request, "roster/progress.html", {"what": NAMES[what], "places": places} | progress_context(found)
        )
    if found.state is not State.DONE:
        context = {"state": STATES[found.state], "told": told_by(found), "what": NAMES[what], "back": back}
        return page(request, "plans/refused.html", context | {"code": code, "draft": draft})
    answer = json.loads((await jobs.get_result(session, viewer, job)).body)
    number = answer["number"] if what == "comparison" else answer["comparison"]
    return go_to(f"{back}/comparisons/{number}{'' if what == 'comparison' else '#allocation'}")


@router.get(
    "/chain/{code}/drafts/{draft}/comparisons/{comparison}",
    openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True),
)
async def comparison_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
    effect: EffectQuery = "",
    region: RegionQuery = "",
    cursor: Cursor = None,
) -> Response:
    """Show a comparison: who gains, who loses, by bank and by county, each need with the reason."""
    now = utc_now()
    found = await comparing_service.get_comparison(session, viewer, code, draft, comparison, now=now)
    wanted = EffectFilter(effect=Effect(effect) if effect else None, region=region or None)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    needs = await comparing_service.list_effects(session, viewer, code, draft, comparison, asked, wanted)
    shown = await service.get_draft(session, viewer, code, draft, now=now)
    regions = load_reference_book(get_settings().seed_dir).regions
    allocation = await _allocation(session, viewer, code, draft, comparison)
    context = {
        "chain": await chains.get_chain(session, viewer, code),
        "draft": shown,
        "is_open": shown.state in OPEN,
        "is_newest": shown.comparison == comparison,
        "found": found,
        "needs": needs,
        "names": await _names(session, viewer, needs.items),
        "regions": {
            one.region: place.name if (place := regions.get(one.region)) else one.region
            for one in found.counties
        },
        "form": Form({"effect": effect, "region": region}),
        "gainers": Names({one.code: one.name for one in (*found.banks, *found.products)}),
        "allocation": allocation,
        "movers": Names({one.institution: one.name for one in allocation.banks} if allocation else {}),
        "may_allocate": may_do(viewer, Action.RUN_ALLOCATION, Target(region=viewer.jurisdiction)),
        "words": words,
    }
    return page(request, "plans/comparison.html", context)


async def _names(session: AsyncSession, viewer: Viewer, needs: list[NeedEffectOut]) -> Names:
    """Answer the names of the products and banks that needs gain or lose, by code."""
    products = {code for one in needs for code in (*one.gained.codes, *one.lost.codes)}
    products |= {best.product for one in needs for best in (one.before, one.after) if best}
    products |= {step.product for one in needs for step in one.steps}
    tree = await institution_tree(session, viewer)
    codes = {code for one in needs for code in (*one.banks_gained.codes, *one.banks_lost.codes)}
    banks = {code: node.short_name for code in codes if (node := tree.find(code))}
    return Names({**banks, **await catalogue.product_names(session, viewer, products)})


async def _allocation(
    session: AsyncSession, viewer: Viewer, code: str, draft: int, comparison: int
) -> ReallocationOut | None:
    try:
        return await reallocating_service.get_reallocation(session, viewer, code, draft, comparison)
    except NotFound:
        return None


@router.get(
    "/chain/{code}/drafts/{draft}/comparisons/{comparison}/entries",
    openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True),
)
async def entries_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    draft: DraftNumber,
    comparison: ComparisonNumber,
    cursor: Cursor = None,
) -> Response:
    """Show the entries that would have another bank if the edition were allocated anew, each with the reason."""
    found = await reallocating_service.get_reallocation(session, viewer, code, draft, comparison)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    moved = await reallocating_service.list_reallocated(session, viewer, code, draft, comparison, asked)
    context: dict[str, Any] = {
        "chain": await chains.get_chain(session, viewer, code),
        "found": found,
        "moved": moved,
        "words": words,
    }
    return page(request, "plans/entries.html", context)
