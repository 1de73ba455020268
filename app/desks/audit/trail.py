"""Searching the audit trail: by who, what, subject and period; one event; whether the chain is whole; a download."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import audit_trail_service as trail
from app.accounts.api import ViewerDep
from app.accounts.audit import EventFilter
from app.accounts.permissions import Action, does
from app.desks.audit import words
from app.desks.forms import Form, day_typed
from app.desks.pages import page
from app.desks.texts import Text
from app.kernel.errors import NotFound
from app.kernel.paging import Cursor, PageRequest, encode_cursor
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
READS: Final = does(Action.READ_AUDIT, is_recorded=True)
ROWS: Final = 50
Word = Annotated[str, Query(max_length=200)]


@router.get("/audit", openapi_extra=READS)
async def search(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    actor: Word = "",
    action: Word = "",
    subject: Word = "",
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    cursor: Cursor = None,
) -> Response:
    """List the events that are asked for, the newest first."""
    form = Form({"actor": actor, "action": action, "subject": subject, "from": first, "to": last})
    faults = {
        name: Text("请写日期，例如 2023-11-01。")
        for name in ("from", "to")
        if form[name] and day_typed(form[name]) is None
    }
    context: dict[str, Any] = {"form": form.with_faults(faults), "words": words, "found": None}
    if not faults:
        asked = PageRequest(limit=ROWS, cursor=cursor)
        context["found"] = await trail.list_events(session, viewer, asked, _filter(form))
    context["is_filtered"] = any(form[name] for name in ("actor", "action", "subject", "from", "to"))
    return page(request, "audit/list.html", context, 422 if faults else 200)


def _filter(form: Form) -> EventFilter:
    def plain(name: str) -> str | None:
        return "".join(one for one in form[name] if one.isprintable()) or None

    return trail.asked_events(
        actor=plain("actor"),
        action=plain("action"),
        subject=plain("subject"),
        first=day_typed(form["from"]),
        last=day_typed(form["to"]),
    )


@router.get("/audit/chain", openapi_extra=READS)
async def chain(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    until: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Walk along a part of the chain, the newest one if none is named, and say whether it is whole."""
    section = await trail.verified_section(session, viewer, until)
    newer = min(section.last + trail.LINKS_A_LOOK, section.total) if section.last < section.total else None
    return page(request, "audit/chain.html", {"section": section, "newer": newer})


@router.get("/audit/events/{sequence}", openapi_extra=READS)
async def event(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    sequence: Annotated[int, Path(ge=1, le=2**62)],
) -> Response:
    """Show one event whole."""
    asked = PageRequest(limit=1, cursor=encode_cursor(sequence + 1))
    found = (await trail.list_events(session, viewer, asked, EventFilter())).items
    if not found or found[0].sequence != sequence:
        raise NotFound(f"There is no event {sequence}.")
    return page(request, "audit/event.html", {"event": found[0], "words": words})
