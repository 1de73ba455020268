"""One entry as who answers for its chain sees it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.chains import service as chains
from app.coordination import service as coordination
from app.coordination.schemas import CaseFilter
from app.desks.pages import page
from app.desks.roster.entries import if_any, institution_names
from app.docking import history_service, life_service
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import member_service
from app.whitelist import service as whitelist
from app.whitelist.schemas import ENTRY_CODE_PATTERN

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
EntryPath = Annotated[str, Path(pattern=ENTRY_CODE_PATTERN)]
MOST_CASES = 20


@router.get("/chain/entries/{code}", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def entry_page(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show one entry of the viewer's chain."""
    entry, now = await whitelist.get_entry(session, viewer, code), utc_now()
    member_service.require_overseer(viewer, entry.chain or "")
    blocks = await if_any(bottlenecks.cases_of_need(session, viewer, entry.need)) or []
    context = {
        "entry": entry,
        "chain_name": (await chains.chain_names(session, viewer)).get(entry.chain or "", entry.chain),
        "institutions": institution_names(await institution_tree(session, viewer)),
        "assignment": await if_any(allocation.assignment_of_entry(session, viewer, code)),
        "docking": await if_any(history_service.docking_state(session, viewer, code, now=now)),
        "life": await if_any(life_service.life_of(session, viewer, code)) or [],
        "blocks": [one for one in blocks if one.entry == code],
        "cases": await coordination.list_cases(
            session, viewer, PageRequest(limit=MOST_CASES), CaseFilter(entry=code), now=now
        ),
    }
    return page(request, "chain/entry.html", context)
