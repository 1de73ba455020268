"""The first page of a firm's person: tasks in order, firms, needs with where each stands, registrations that wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import registration_service as registrations
from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.registration_schemas import RegistrationOwn
from app.accounts.rules import Role, Viewer
from app.desks.enterprise.tasks import NeedLine, Task, tasks_of
from app.desks.pages import page
from app.docking import history_service
from app.docking.schemas import DockingOut
from app.enterprises import consent_service, draft_service
from app.enterprises import service as enterprises
from app.enterprises.draft_service import Draft
from app.enterprises.schemas import EnterpriseOut, NeedOut
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import Cursor, Page, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntrySummary

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm that somebody speaks for: what is stored of it (None: nothing yet), its needs on this page, its tasks."""

    uscc: str
    stored: EnterpriseOut | None
    name: str
    lines: Sequence[NeedLine]
    tasks: Sequence[Task]
    drafts: Sequence[Draft]


@router.get("/enterprise", openapi_extra=does(Action.OWN_ACCOUNT, is_recorded=True))
async def home(request: Request, session: SessionDep, viewer: ViewerDep, cursor: Cursor = None) -> Response:
    """Show the firms that the viewer speaks for, what each has done and has to do next."""
    asked = await registrations.own_registrations(session, viewer)
    needs = (
        await enterprises.list_needs(session, viewer, PageRequest(cursor=cursor), is_own=True)
        if viewer.has(Role.ENTERPRISE)
        else Page[NeedOut](items=[])
    )
    lines = await _lines(session, viewer, needs.items)
    firms = await _firms(session, viewer, lines, asked)
    context = {
        "firms": firms,
        "registrations": [one for one in asked if one.state != "confirmed"],
        "next": needs.next,
    }
    return page(request, "enterprise/home.html", context)


async def _lines(session: AsyncSession, viewer: Viewer, needs: Sequence[NeedOut]) -> list[NeedLine]:
    """Answer needs with where each stands; statements do not grow with their number."""
    codes = [one.code for one in needs]
    if not codes:
        return []
    newest: dict[str, EntrySummary] = {}
    for entry in await whitelist.entries_of_needs(session, viewer, codes):
        newest.setdefault(entry.need, entry)
    now = utc_now()
    admitted = [one.code for one in newest.values() if one.status == "admitted"]
    states = await history_service.docking_states_of(session, viewer, admitted, now=now)
    consents = await consent_service.live_counts(session, viewer, codes, now=now)
    return [_line(one, newest.get(one.code), states, consents) for one in needs]


def _line(
    need: NeedOut, entry: EntrySummary | None, states: Mapping[str, DockingOut], consents: Mapping[str, int]
) -> NeedLine:
    docking = states.get(entry.code) if entry is not None else None
    return NeedLine(need, entry, docking, consents.get(need.code, 0))


async def _firms(
    session: AsyncSession, viewer: Viewer, lines: Sequence[NeedLine], asked: Sequence[RegistrationOwn]
) -> list[Firm]:
    stored = {one.uscc: one for one in await enterprises.own_firms(session, viewer)}
    stated = {one.uscc: one.enterprise for one in asked if one.state == "confirmed"}
    drafts = await draft_service.own_drafts(session, viewer)
    found = []
    for uscc in sorted(viewer.scopes(Role.ENTERPRISE)):
        own = [line for line in lines if line.need.uscc == uscc]
        begun = [one for one in drafts if one.key.uscc == uscc]
        known = stored.get(uscc)
        path = f"/enterprise/needs/new/{uscc}"
        is_new = any(not one.key.need_code for one in begun)
        tasks = tasks_of(own, has_draft=is_new, draft_path=path)
        name = known.name if known else stated.get(uscc, uscc)
        found.append(Firm(uscc, known, name, own, tasks, begun))
    return found
