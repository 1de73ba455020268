"""Moving many entries at once: chosen by filter, looked at, carried out once, and told entry by entry."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation.reroute_schemas import RerouteIn, RerouteOut
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster import words
from app.desks.roster.bulk_views import (
    ALL,
    LATE,
    NOBODY_CHOSEN,
    OTHERWISE_NOW,
    Asked,
    asked_by,
    fingerprint,
    receivers,
)
from app.desks.roster.entries import reason_fault
from app.desks.roster.lists import editions_of, frame
from app.desks.roster.moving import MOST_REASON
from app.desks.texts import Text
from app.docking import clock_service, reroute_service
from app.docking.clock import TURN_LABELS
from app.docking.working_time import STEP_LABELS
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import service as whitelist
from app.whitelist.schemas import ENTRY_CODE_PATTERN

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
MOST_AT_ONCE: Final = 100
CARRY_OUT: Final = "carry-out"


@router.get("/roster/moves", openapi_extra=does(Action.REROUTE_ENTRIES, is_recorded=True))
async def choose(request: Request, session: SessionDep, viewer: ViewerDep, cursor: Cursor = None) -> Response:
    """Show the entries that pass the filters, the most urgent first, to be chosen from."""
    form = Form(dict(request.query_params) | {"cursor": cursor or ""})
    return await _choice(request, session, viewer, form, utc_now())


async def _choice(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, now: datetime, status: int = 200
) -> Response:
    tree, editions = await institution_tree(session, viewer), await editions_of(session, viewer)
    asked = asked_by(form, [one.code for one in editions], tree)
    if asked.edition is None:
        return go_to("/roster")
    form = replace(form, values={**form.values, **asked.shown}, faults={**asked.faults, **form.faults})
    found = None
    if "institution" not in asked.faults:
        found = await clock_service.clocks_page(
            session,
            viewer,
            PageRequest(limit=MOST_AT_ONCE, cursor=form["cursor"] or None),
            asked.edition,
            institution=asked.institution.code if asked.institution else None,
            is_overdue=asked.is_late,
            turn=asked.turn,
            step=asked.step,
            chain=asked.chain,
            region=asked.region,
            now=now,
        )
    items = found.items if found else []
    chosen = set(form.all("entry"))
    context = await frame(session, viewer) | {
        "form": form,
        "asked": asked,
        "editions": editions,
        "found": found,
        "entries": await whitelist.entries_of_codes(session, viewer, [one.entry for one in items]),
        "is_chosen": {one.entry: request.method == "GET" or one.entry in chosen for one in items},
        "institutions": tree.nodes.values(),
        "states": [(LATE, Text("逾期的")), (ALL, Text("全部"))],
        "turns": [(turn.value, name) for turn, name in TURN_LABELS.items()],
        "steps": [(step.value, name) for step, name in STEP_LABELS.items()],
        "most": MOST_AT_ONCE,
        "most_reason": MOST_REASON,
    }
    return page(request, "roster/moves.html", context, 422 if asked.faults and status == 200 else status)  # noqa: PLR2004 - HTTP


@router.post("/roster/moves", openapi_extra=does(Action.REROUTE_ENTRIES))
async def move(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show what would become of each chosen entry; then, once that was seen, carry it out and tell what became."""
    form, now = await typed(request), utc_now()
    tree, editions = await institution_tree(session, viewer), await editions_of(session, viewer)
    asked = asked_by(form, [one.code for one in editions], tree)
    if asked.edition is None:
        return go_to("/roster")
    if faults := _faults(form, asked):
        return await _choice(request, session, viewer, form.with_faults(faults), now, 422)
    is_final = form["step"] == CARRY_OUT
    order = _order(form, asked, asked.edition, dry_run=not is_final)
    try:
        async with attempt(session):
            done = await reroute_service.reroute_in_bulk(session, viewer, order, now=now)
            if is_final:
                _check_as_seen(form, done)
    except PreconditionFailed as error:
        look = order.model_copy(update={"dry_run": True})
        now_so = await reroute_service.reroute_in_bulk(session, viewer, look, now=now)
        told = form.with_faults({"": OTHERWISE_NOW})
        return await _told(request, session, viewer, told, asked, now_so, error.status)
    except (Refused, Conflict, NotFound) as error:
        refused = form.refused(error, {"entries": "entry"})
        return await _choice(request, session, viewer, refused, now, error.status)
    return await _told(request, session, viewer, form, asked, done)


def _faults(form: Form, asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = dict(asked.faults)
    codes = form.all("entry")
    if not codes or not all(re.fullmatch(ENTRY_CODE_PATTERN, code) for code in codes):
        found["entry"] = NOBODY_CHOSEN
    elif len(codes) > MOST_AT_ONCE:
        found["entry"] = Text("一次最多改派%(most)s户，请分批办理。", most=MOST_AT_ONCE)
    if fault := reason_fault(form["reason"]):
        found["reason"] = fault
    elif len(form["reason"]) > MOST_REASON:
        found["reason"] = Text("理由最多%(most)s字。", most=MOST_REASON)
    return found


def _order(form: Form, asked: Asked, edition: str, *, dry_run: bool) -> RerouteIn:
    is_barred = form["bar"] == "yes" and asked.institution is not None
    return RerouteIn(
        edition=edition,
        entries=list(dict.fromkeys(form.all("entry"))),
        institution=asked.institution.code if asked.institution and is_barred else None,
        to=asked.to.code if asked.to else None,
        reason=" ".join(form["reason"].split()),
        dry_run=dry_run,
    )


def _check_as_seen(form: Form, done: RerouteOut) -> None:
    """Refuse what comes to something else than the viewer was shown."""
    if fingerprint(done) != form["seen"]:
        raise PreconditionFailed("What would become of these entries has changed.")


async def _told(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    form: Form,
    asked: Asked,
    done: RerouteOut,
    status: int = 200,
) -> Response:
    """Show entry by entry what would become of it, or what became of it."""
    context = {
        "form": form,
        "asked": asked,
        "done": done,
        "seen": fingerprint(done),
        "moved": [one for one in done.items if one.is_moved],
        "left": [one for one in done.items if not one.is_moved],
        "receivers": receivers(done),
        "entries": await whitelist.entries_of_codes(session, viewer, [one.entry for one in done.items]),
        "words": words,
    }
    return page(request, "roster/moved.html", context, status)
