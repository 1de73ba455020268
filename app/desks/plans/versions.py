"""The versions and drafts of a chain's plan as a timeline, one version, its archive."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains import service as chains
from app.chains.fields import CODE_PATTERN
from app.chains.plan_states import PlanState
from app.chains.schemas import PlanContent, PlanOut
from app.coverage import service as coverage
from app.coverage.chain_targets_schemas import ChainTargetsOut
from app.coverage.chain_targets_service import chain_targets
from app.desks.forms import Form, expected, typed
from app.desks.naming import Names
from app.desks.pages import go_to, page
from app.desks.plans import words
from app.desks.texts import Text
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed
from app.kernel.money import wan_text
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date
from app.plans import service
from app.plans.schemas import ArchiveIn, PlanChangeOut, VersionNumber
from app.policy.facts import CHAIN_ROLES, PURPOSES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
WHY = Text("请写明归档理由，不超过300字。")
MANAGES = does(Action.MANAGE_CHAINS)


@router.get("/chain/{code}/plans", openapi_extra=MANAGES)
async def timeline(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show all versions of a chain's plan and its drafts."""
    chain, every = await chains.get_chain(session, viewer, code), PageRequest(limit=MOST_ROWS)
    drafts = (await service.list_drafts(session, viewer, code, every)).items
    versions = (await service.list_versions(session, viewer, code, every, now=utc_now())).items
    context = {"chain": chain, "versions": versions, "drafts": drafts, "words": words}
    return page(request, "plans/timeline.html", context)


@router.get("/chain/{code}/plans/{version}", openapi_extra=MANAGES)
async def version_page(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, version: VersionNumber
) -> Response:
    """Show one published version with all that it says."""
    return await _show(request, session, viewer, code, version, Form())


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    version: int,
    form: Form,
    status: int = 200,
) -> Response:
    now = utc_now()
    chain = await chains.get_chain(session, viewer, code)
    shown = await service.get_version(session, viewer, code, version, now=now)
    plan = await chains.get_plan(session, viewer, code, version=version)
    context = {
        "chain": chain,
        "shown": shown,
        "stored": service.version_of(shown),
        "may_archive": shown.state is PlanState.PUBLISHED
        and not shown.is_in_force
        and shown.since <= shanghai_date(now),
        "form": form,
        "kept": await _kept(session, viewer, code, plan),
    }
    return page(request, "plans/version.html", context | await plan_context(session, viewer, plan), status)


async def _kept(session: AsyncSession, viewer: Viewer, code: str, plan: PlanOut) -> ChainTargetsOut | None:
    """Answer whether the targets of a version are met at the end of the month that coverage opens with."""
    _months, month = await coverage.listed_months(session, viewer, now=utc_now())
    if month is None or not plan.targets:
        return None
    return await chain_targets(session, viewer, code, month, version=plan.version, now=utc_now())


async def plan_context(
    session: AsyncSession, viewer: Viewer, plan: PlanContent, changes: Sequence[PlanChangeOut] = ()
) -> dict[str, Any]:
    """Answer what a template needs to show what a plan says, and what it changes."""
    tree = await institution_tree(session, viewer)
    banks = {one.institution for one in plan.contracted}
    banks |= {one.what for one in changes if one.part == "contracted"}
    products = {*plan.products, *(one.product for one in plan.granted if one.product)}
    products |= {one.what for one in changes if one.part == "products"}
    products |= {one.product for one in changes if one.product}
    return {
        "plan": plan,
        "banks": Names({code: node.short_name for code in banks if (node := tree.find(code))}),
        "products": Names(await catalogue.product_names(session, viewer, sorted(products))),
        "purposes": PURPOSES,
        "roles": CHAIN_ROLES,
        "targets": words.targets_of(plan),
        "wan_text": wan_text,
        "words": words,
    }


@router.post("/chain/{code}/plans/{version}/archive", openapi_extra=MANAGES)
async def archive(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, version: VersionNumber
) -> Response:
    """Archive a version that holds no more."""
    form = await typed(request)
    try:
        data = ArchiveIn(reason=form["reason"])
    except ValidationError:
        return await _show(request, session, viewer, code, version, form.with_faults({"reason": WHY}), 422)
    try:
        async with attempt(session):
            await service.archive_version(
                session, viewer, code, version, data, expect=expected(form), now=utc_now()
            )
    except (Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, code, version, form.refused(error), error.status)
    return go_to(f"/chain/{code}/plans", request, Text("已归档。"))
