"""The entries behind a figure of a month, and those that are late."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.chains import service as chains
from app.coverage import listing_service
from app.coverage.edition_service import edition_of
from app.coverage.listing import WHICH_LABELS, Wanted, Which
from app.coverage.listing_schemas import (
    InRegion,
    OfInstitution,
    OfSize,
    OfSource,
    OnChain,
    OwnOnly,
    WhichQuery,
)
from app.coverage.rules import UNKNOWN_LABELS, Cut
from app.coverage.schemas import Month
from app.desks.coverage.months import frame
from app.desks.pages import page
from app.desks.roster.bulk_views import ALL, moves
from app.desks.search.ways import entry_path
from app.desks.texts import Text
from app.docking import clock_service
from app.docking.clock import TURN_LABELS, Turn
from app.docking.working_time import STEP_LABELS, Step
from app.institutions.schemas import CODE_PATTERN
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import PageQuery
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.policy.facts import SIZE_CLASSES, SOURCE_CLASSES
from app.reference import service as reference
from app.whitelist import service as whitelist

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
InstitutionQuery = Annotated[str | None, Query(pattern=CODE_PATTERN)]


@router.get("/coverage/{month}/entries", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def entries_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    asked: PageQuery,
    level: WhichQuery = Which.ENTRIES,
    region: InRegion = None,
    chain: OnChain = None,
    institution: OfInstitution = None,
    source_class: OfSource = None,
    size_class: OfSize = None,
    *,
    own: OwnOnly = False,
) -> Response:
    """List the entries that make a figure."""
    wanted = Wanted(level, region, chain, institution, source_class, size_class, own)
    found = await listing_service.entries_behind(session, viewer, month, wanted, asked, now=utc_now())
    cut = {"edition": found.edition, "institution": institution, "region": region, "chain": chain}
    context = await frame(session, viewer, month) | {
        "found": found,
        "label": WHICH_LABELS[level],
        "cuts": await _cuts(session, viewer, wanted),
        "paths": {one.code: entry_path(viewer, one.code, "") for one in found.items},
        "moves": moves(viewer, **cut, state=ALL) if institution or region or chain else "",
        "chain_names": await chains.chain_names(session, viewer),
    }
    return page(request, "coverage/entries.html", context)


async def _cuts(session: AsyncSession, viewer: Viewer, wanted: Wanted) -> list[tuple[Text, str]]:
    """Answer what was asked for, as pairs of the cut's name and the group's."""
    found: list[tuple[Text, str]] = []
    if wanted.region is not None:
        regions = (await reference.current_book(session, get_settings().seed_dir)).regions
        place = regions.get(wanted.region)
        found.append((Text("地区"), place.name if place else wanted.region))
    if wanted.chain is not None:
        names = await chains.chain_names(session, viewer)
        found.append((Text("产业链"), names.get(wanted.chain, wanted.chain) or UNKNOWN_LABELS[Cut.CHAIN]))
    if wanted.institution is not None:
        node = (await institution_tree(session, viewer)).find(wanted.institution)
        name = node.name if node else wanted.institution
        found.append((Text("机构"), name or UNKNOWN_LABELS[Cut.INSTITUTION]))
    if wanted.source_class is not None:
        found.append((Text("名单类别"), SOURCE_CLASSES.get(wanted.source_class, wanted.source_class)))
    if wanted.size_class is not None:
        size = SIZE_CLASSES.get(wanted.size_class, wanted.size_class) or UNKNOWN_LABELS[Cut.SIZE_CLASS]
        found.append((Text("企业规模"), size))
    return found


@router.get("/coverage/{month}/late", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def late_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    month: Month,
    asked: PageQuery,
    turn: Turn | None = None,
    step: Step | None = None,
    institution: InstitutionQuery = None,
    chain: OnChain = None,
) -> Response:
    """List the entries of the month's edition that are late now, the latest first."""
    now = utc_now()
    edition = await edition_of(session, viewer, month, None)
    found = await clock_service.clocks_page(
        session,
        viewer,
        asked,
        edition.code,
        institution=institution,
        is_overdue=True,
        turn=turn,
        step=step,
        chain=chain,
        now=now,
    )
    tree = await institution_tree(session, viewer)
    node = tree.find(institution) if institution else None
    cuts: list[tuple[Text, Any]] = [
        *([(Text("机构"), node.name)] if node else []),
        *([(Text("产业链"), (await chains.chain_names(session, viewer)).get(chain, chain))] if chain else []),
        *([(Text("该谁办"), TURN_LABELS[turn])] if turn and not node else []),
        *([(Text("环节"), STEP_LABELS[step])] if step else []),
    ]
    codes = [one.entry for one in found.items]
    stated = {"edition": edition.code, "institution": institution, "chain": chain, "turn": turn, "due": step}
    context = await frame(session, viewer, month) | {
        "found": found,
        "moves": moves(viewer, **stated),
        "cuts": cuts,
        "names": await whitelist.entries_of_codes(session, viewer, codes),
        "paths": {code: entry_path(viewer, code, "") for code in codes},
    }
    return page(request, "coverage/late.html", context)
