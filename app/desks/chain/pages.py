"""The pages of chains: mine, one with all that belongs to it, its members by role, its events."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter as BottleneckFilter
from app.catalogue import service as catalogue
from app.chains import post_service as posts
from app.chains import service as chains
from app.chains.fields import CODE_PATTERN
from app.chains.schemas import PlanOut
from app.coordination import service as coordination
from app.coordination.rules import CaseState
from app.coordination.schemas import CaseFilter
from app.coverage import listing_service
from app.coverage import service as coverage
from app.coverage.edition_service import edition_of
from app.coverage.listing import Wanted
from app.coverage.months import last_day_of
from app.coverage.rules import Cut
from app.coverage.trend_service import trend
from app.desks import charts
from app.desks.chain import views
from app.desks.coverage.months import shown_or_none
from app.desks.coverage.views import behind, neighbours, years_of
from app.desks.pages import go_to, page
from app.desks.texts import Text, language_of, say
from app.docking import chain_service, clock_service
from app.institutions.service import institution_tree
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import MOST_ROWS, PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.policy.facts import PURPOSES
from app.whitelist import member_service
from app.whitelist import service as whitelist

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
MonthQuery = Annotated[str | None, Query(pattern=r"^(20[0-9]{2}-(0[1-9]|1[0-2]))?$")]
RoleQuery = Annotated[str, Query(pattern=r"^(core|upstream|downstream|supporting|unknown)$")]
FIRST_MEMBERS = 6
FEW = 8


@router.get("/chain", openapi_extra=does(Action.MANAGE_CHAINS))
async def my_chains(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """List the viewer's chains; who answers for one alone goes there."""
    own = views.own_codes(viewer)
    found = await chains.list_chains(
        session, viewer, PageRequest(limit=MOST_ROWS), jurisdiction=viewer.jurisdiction
    )
    mine = [one for one in found.items if own is None or one.code in own]
    if own is not None and len(mine) == 1:
        return go_to(f"/chain/{mine[0].code}")
    _months, month = await coverage.listed_months(session, viewer, now=utc_now())
    shown = await shown_or_none(session, viewer, month, Cut.CHAIN) if month else None
    figures = {row.key: row.figures for row in shown.rows} if shown else {}
    mine.sort(key=lambda one: (one.code not in figures, one.code))
    vacant = {one.chain: one for one in await posts.list_vacancies(session, viewer, now=utc_now())}
    context: dict[str, Any] = {
        "chains": mine,
        "figures": figures,
        "month": month,
        "behind": partial(behind, month or ""),
    }
    context["vacant"] = vacant
    return page(request, "chain/list.html", context)


@router.get("/chain/{code}", openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True))
async def chain_page(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, month: MonthQuery = None
) -> Response:
    """Show one chain."""
    member_service.require_overseer(viewer, code)
    chain = await chains.get_chain(session, viewer, code)
    months, newest = await coverage.listed_months(session, viewer, now=utc_now())
    chosen = month or newest
    context: dict[str, Any] = {"chain": chain, "month": chosen, "years": years_of(months)}
    context["before"], context["after"] = neighbours(chosen or "", months)
    shown = await shown_or_none(session, viewer, chosen, Cut.CHAIN) if chosen else None
    context |= await _about(session, viewer, code, chosen if shown else None)
    if shown is None or chosen is None:
        return page(request, "chain/chain.html", context | {"edition": None})
    context |= {
        "edition": shown.edition,
        "closed": shown.closed,
        "figures": next((row.figures for row in shown.rows if row.key == code), None),
        "behind": partial(behind, chosen, chain=code),
        "drawing": await _drawing(request, session, viewer, code, chosen),
        "roles": await _roles(session, viewer, shown.edition, code),
    }
    context |= await _stuck(session, viewer, shown.edition, code)
    return page(request, "chain/chain.html", context)


async def _about(session: AsyncSession, viewer: Viewer, code: str, month: str | None) -> dict[str, Any]:
    today = shanghai_today()
    plan: PlanOut | None
    try:
        plan = await chains.get_plan(session, viewer, code)
    except NotFound:
        plan = None
    tree = await institution_tree(session, viewer)
    banks = plan.contracted if plan else ()
    held = [0] * len(banks)
    if month is not None:
        wanted = [Wanted(chain=code, institution=bank.institution) for bank in banks]
        held = await listing_service.counts_behind(session, viewer, month, wanted, now=utc_now())
    names = {bank.institution: node.name for bank in banks if (node := tree.find(bank.institution))}
    vacancies = await posts.list_vacancies(session, viewer, code=code, now=utc_now())
    now, other = views.in_office(await chains.list_managers(session, viewer, code), today)
    return {
        "plan": plan,
        "products": await catalogue.product_names(session, viewer, plan.products) if plan else {},
        "is_in_force": plan is not None and views.is_in_force(plan, today),
        "banks": views.contracted(banks, names, held),
        "purposes": [PURPOSES[one] for one in plan.priority_purposes] if plan else [],
        "managers": now,
        "vacancies": vacancies,
        "manager_roles": views.MANAGER_TEXTS,
        "other_managers": other,
    }


async def _roles(session: AsyncSession, viewer: Viewer, edition: str, code: str) -> list[views.RoleBox]:
    counts, first = await member_service.first_by_role(session, viewer, edition, code, FIRST_MEMBERS)
    keyed = {key: first.get(None if key == views.UNKNOWN else key, []) for key in views.ROLE_ORDER}
    return views.role_map(counts, keyed)


async def _stuck(session: AsyncSession, viewer: Viewer, edition: str, code: str) -> dict[str, Any]:
    now, few = utc_now(), PageRequest(limit=FEW)
    blocked = await bottlenecks.list_cases(
        session, viewer, few, BottleneckFilter(edition=edition, chain=code)
    )
    cases = await coordination.list_cases(
        session, viewer, few, CaseFilter(edition=edition, chain=code, state=CaseState.OPEN), now=now
    )
    late = await clock_service.clocks_page(
        session, viewer, few, edition, chain=code, is_overdue=True, now=now
    )
    return {
        "blocked": await bottlenecks.classes_of(session, viewer, blocked.counts, now=now),
        "cases": cases,
        "late": late,
        "late_names": await whitelist.entries_of_codes(session, viewer, [one.entry for one in late.items]),
        "events": await chain_service.events_of_chain(session, viewer, edition, code, few),
    }


async def _drawing(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, month: str
) -> charts.Drawing | None:
    language = language_of(request)
    found = await trend(session, viewer, last=month, by=Cut.CHAIN, key=code, now=utc_now())
    names = (say(language, Text("已对接")), say(language, Text("已授信")))
    about = say(language, Text("各月末这条链已对接、已授信占名单的百分比；空心为未关账月份。"))
    drawn = views.trend_lines(found.months, code, names)
    return await charts.lines("trend", say(language, Text("逐月走势")), about, drawn)


@router.get("/chain/{code}/members", openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True))
async def members_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    asked: PageQuery,
    role: RoleQuery = "core",
    month: MonthQuery = None,
) -> Response:
    """List the members of a chain that have a role on it."""
    chain = await chains.get_chain(session, viewer, code)
    edition = await _edition(session, viewer, month)
    counts = await member_service.counts_by_role(session, viewer, edition, code)
    stated = None if role == views.UNKNOWN else role
    found = await member_service.members(session, viewer, edition, code, stated, asked)
    context = {
        "chain": chain,
        "edition": edition,
        "role": role,
        "name": views.ROLE_TEXTS[role],
        "count": counts.get(stated, 0),
        "found": found,
        "roles": [
            (key, views.ROLE_TEXTS[key], counts.get(None if key == views.UNKNOWN else key, 0))
            for key in views.ROLE_ORDER
        ],
    }
    return page(request, "chain/members.html", context)


@router.get("/chain/{code}/events", openapi_extra=does(Action.MANAGE_CHAINS, is_recorded=True))
async def events_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    asked: PageQuery,
    month: MonthQuery = None,
) -> Response:
    """List what happened on a chain, the latest first."""
    chain = await chains.get_chain(session, viewer, code)
    edition = await _edition(session, viewer, month)
    found = await chain_service.events_of_chain(session, viewer, edition, code, asked)
    return page(request, "chain/events.html", {"chain": chain, "edition": edition, "found": found})


async def _edition(session: AsyncSession, viewer: Viewer, month: str | None) -> str:
    """Answer the edition of a month, or of the newest one that has something to show."""
    _months, newest = await coverage.listed_months(session, viewer, now=utc_now())
    chosen = month or newest
    if chosen is None:
        raise NotFound("No whitelist edition has been opened.")
    last_day_of(chosen)
    return (await edition_of(session, viewer, chosen, None)).code
