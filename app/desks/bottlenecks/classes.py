"""What blocks the entries of an edition, by class with its owner."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter
from app.chains import service as chains
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.search.ways import entry_path
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import Refused
from app.kernel.paging import MOST_ROWS, PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference import service as reference
from app.whitelist import service as whitelist

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
EditionQuery = Annotated[str | None, Query(pattern=r"^([0-9]{4}H[12])?$")]
RouteQuery = Annotated[str | None, Query(pattern=r"^[a-z_]{0,40}$")]
RegionQuery = Annotated[str | None, Query(pattern=r"^([0-9]{6})?$")]
ChainQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{0,60}$")]
CAUSES = {"no_product": Text("没有合适的产品"), "declined": Text("机构已婉拒")}
VERDICT_TONES = {"pass": "bad", "unknown": "wait", "fail": ""}
VERDICT_TEXTS = {"pass": Text("属于"), "unknown": Text("未知"), "fail": Text("不属于")}


@router.get("/bottlenecks", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def classes_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    asked: PageQuery,
    edition: EditionQuery = None,
    route: RouteQuery = None,
    region: RegionQuery = None,
    chain: ChainQuery = None,
) -> Response:
    """List the entries that cannot be financed yet, by the class that has to go first."""
    now = utc_now()
    editions = await listed_editions(session, viewer)
    chosen = edition or next(iter(editions), None)
    wanted = CaseFilter(edition=chosen, route=route or None, region=region or None, chain=chain or None)
    form = Form({"edition": chosen or "", "route": route or "", "region": region or "", "chain": chain or ""})
    try:
        await bottlenecks.checked_filter(session, viewer, wanted, now=now)
    except Refused as error:
        form, wanted = form.refused(error), CaseFilter(edition=chosen)
    found = await bottlenecks.list_cases(session, viewer, asked, wanted)
    context = {
        "edition": chosen,
        "editions": editions,
        "form": form,
        "found": found,
        "classes": await bottlenecks.classes_of(session, viewer, found.counts, now=now),
        "regions": await divisions(session, viewer),
        "chains": await chain_names(session, viewer),
        "causes": CAUSES,
        "verdicts": VERDICT_TEXTS,
        "tones": VERDICT_TONES,
        "paths": {one.entry: entry_path(viewer, one.entry, one.need) for one in found.items},
        "is_filtered": bool(route or region or chain),
    }
    return page(request, "bottlenecks/list.html", context, 200 if form.is_sound else 422)


async def listed_editions(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Answer the editions, the newest first."""
    found = await whitelist.list_editions(session, viewer, PageRequest(limit=MOST_ROWS), is_counted=False)
    return [one.code for one in found.items]


async def divisions(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str]]:
    """Answer the divisions right below the jurisdiction: code and name."""
    regions = (await reference.current_book(session, get_settings().seed_dir)).regions
    return [(one.code, one.name) for one in regions.children(viewer.jurisdiction)]


async def chain_names(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str]]:
    """Answer the chains of the jurisdiction: code and name."""
    return list((await chains.chain_names(session, viewer)).items())
