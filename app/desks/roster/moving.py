"""Moving one entry by hand: candidates with why not, a look at before and after, and the move with its reason."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.allocation.reroute_schemas import MoveOut, RerouteIn
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster.entries import OTHERS_FIRST, EntryPath, if_any, reason_fault
from app.desks.roster.lists import frame
from app.desks.texts import Text
from app.docking import reroute_service
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryOut

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
LOOKING = "look"
MOST_REASON = 500
NOT_FREE = frozenset({"taken_from", "no_room", "quota", "declined"})
"""Why-nots of candidates that cannot be chosen."""


@router.get("/roster/entries/{code}/move", openapi_extra=does(Action.CHANGE_ENTRIES, is_recorded=True))
async def candidates(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show who could have the entry next, and who not and why."""
    entry = await whitelist.get_entry(session, viewer, code)
    look = await _reroute(session, viewer, entry, LOOKING)
    form = Form({"to": look.to if look.is_moved and look.to else ""})
    return await _show(request, session, viewer, entry, look, form)


async def _reroute(
    session: AsyncSession, viewer: Viewer, entry: EntryOut, reason: str, *, to: str = "", dry_run: bool = True
) -> MoveOut:
    order = RerouteIn(
        edition=entry.edition, entries=[entry.code], to=to or None, reason=reason, dry_run=dry_run
    )
    done = await reroute_service.reroute_in_bulk(session, viewer, order, now=utc_now())
    return done.items[0]


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    entry: EntryOut,
    look: MoveOut,
    form: Form,
    status: int = 200,
    after: MoveOut | None = None,
) -> Response:
    context: dict[str, Any] = await frame(session, viewer) | {
        "entry": entry,
        "assignment": await if_any(allocation.assignment_of_entry(session, viewer, entry.code)),
        "look": look,
        "after": after,
        "free": [one for one in look.considered if one.why_not not in NOT_FREE],
        "others": [one for one in look.considered if one.why_not in NOT_FREE],
        "form": form,
    }
    return page(request, "roster/move.html", context, status)


@router.post("/roster/entries/{code}/move", openapi_extra=does(Action.CHANGE_ENTRIES))
async def move(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show before and after, then, once that was seen, move the entry."""
    form = await typed(request)
    entry = await whitelist.get_entry(session, viewer, code)
    look = await _reroute(session, viewer, entry, LOOKING)
    fault = reason_fault(form["reason"])
    if fault is None and len(form["reason"]) > MOST_REASON:
        fault = Text("理由最多%(most)s字。", most=MOST_REASON)
    if fault is not None:
        return await _show(request, session, viewer, entry, look, form.with_faults({"reason": fault}), 422)
    reason = " ".join(form["reason"].split())
    is_final = form["step"] == "carry-out"
    try:
        async with attempt(session):
            if is_final:
                _check_unchanged(form, entry, look)
            after = await _reroute(session, viewer, entry, reason, to=form["to"], dry_run=not is_final)
    except PreconditionFailed as error:
        return await _show(
            request, session, viewer, entry, look, form.with_faults({"": OTHERS_FIRST}), error.status
        )
    except (Refused, Conflict, NotFound) as error:
        return await _show(request, session, viewer, entry, look, form.refused(error), 422)
    if not is_final or not after.is_moved:
        form = (
            form
            if after.is_moved
            else form.with_faults({"to": Text("不能这样改派：%(why)s", why="；".join(after.why))})
        )
        status = 200 if after.is_moved else 409
        return await _show(
            request, session, viewer, entry, look, form, status, after if after.is_moved else None
        )
    return go_to(f"/roster/entries/{code}", request, Text("已改派给%(body)s", body=after.to_body))


def _check_unchanged(form: Form, entry: EntryOut, look: MoveOut) -> None:
    """Refuse what was decided on another version of the entry, or while somebody else had it."""
    expected(form)(entry.version)
    if form["held"] != look.from_body:
        raise PreconditionFailed("Somebody else has the entry meanwhile.")
