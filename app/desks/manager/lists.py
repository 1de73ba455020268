"""Pages of what an institution's people have to do: the list, and many entries accepted at once."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Role, Viewer
from app.desks.forms import Form, typed
from app.desks.manager.deadlines import deadline
from app.desks.manager.filters import asked, offered
from app.desks.manager.names import names
from app.desks.pages import go_to, page
from app.desks.refusals import Refusal, refusal_of
from app.desks.texts import Text
from app.docking import worklist_service
from app.docking.kinds import KIND_LABELS
from app.docking.rules import STAGE_LABELS
from app.docking.worklist import Pile
from app.docking.worklist_service import MOST_AT_ONCE, Acceptance
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
TONES: Final = {
    "waiting": "wait",
    "declined": "bad",
    "accepted": "",
    "contacted": "",
    "credited": "good",
    "disbursed": "good",
}
Codes = Annotated[list[str], Query(max_length=MOST_AT_ONCE)]
NOTHING_CHOSEN: Final = Text("请先勾选要接单的条目。")


@router.get("/manager", openapi_extra=does(Action.READ_CARDS, is_recorded=True))
async def show_list(
    request: Request, session: SessionDep, viewer: ViewerDep, cursor: Cursor = None
) -> Response:
    """Show what is in the viewer's hands, the most urgent first."""
    now, read = utc_now(), asked(request.query_params)
    editions = await worklist_service.edition_codes(session, viewer)
    if not editions:
        return page(request, "manager/list.html", {"found": None})
    edition = read.form["edition"] if read.form["edition"] in editions else editions[0]
    found = await worklist_service.worklist(
        session, viewer, PageRequest(cursor=cursor), edition, read.wanted, now=now
    )
    known = await names(session, viewer)
    context = {
        "found": found,
        "form": read.form,
        "wanted": read.wanted,
        "edition": edition,
        "editions": [(code, code) for code in editions],
        "offered": offered(found.tallies, read.wanted, known.region, known.chain),
        "names": known,
        "is_filtered": any(
            read.form[name] for name in ("step", "region", "chain", "whose", "late", "least", "most")
        ),
        "Pile": Pile,
    }
    return page(request, "manager/list.html", _words() | context, 422 if read.form.faults else 200)


@router.get("/manager/acceptance", openapi_extra=does(Action.READ_CARDS, is_recorded=True))
async def preview(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    entry: Codes = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Show which entries would be accepted, and by when each has to be contacted or answered then."""
    return await _preview(request, session, viewer, entry, utc_now())


@router.post("/manager/acceptance", openapi_extra=does(Action.LOG_DOCKING))
async def accept(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Accept the chosen entries, and tell of each what became of it."""
    form, now = await typed(request), utc_now()
    codes = list(form.all("entry"))[:MOST_AT_ONCE]
    if not codes:
        return go_to("/manager", request, NOTHING_CHOSEN)
    done = await worklist_service.accept_entries(
        session, viewer, codes, claims=form["claims"] == "1", now=now
    )
    accepted = [one for one in done if one.refusal is None and one.taken_by is None]
    if len(done) == 1 and accepted:
        return go_to(f"/manager/entries/{codes[0]}", request, Text("已接单。"))
    context = {"done": [(one, _said(one)) for one in done], "accepted": len(accepted)}
    return page(request, "manager/accepted.html", context)


async def _preview(
    request: Request, session: AsyncSession, viewer: Viewer, codes: list[str], now: datetime
) -> Response:
    found = await worklist_service.entries_in_hand(session, viewer, codes, now=now) if codes else []
    ready = [one for one in found if one.can_be_accepted]
    if not ready:
        return go_to("/manager", request, NOTHING_CHOSEN if not codes else Text("所选条目都不待接单。"))
    context: dict[str, Any] = {
        "items": ready,
        "left": [one for one in found if not one.can_be_accepted],
        "gone": len(set(codes)) - len(found),
        "may_claim": viewer.has(Role.RELATIONSHIP_MANAGER),
        "me": viewer.person,
        "form": Form(),
        "names": await names(session, viewer),
    }
    return page(request, "manager/acceptance.html", _words() | context)


def _words() -> dict[str, Any]:
    return {"deadline": deadline, "stages": STAGE_LABELS, "tones": TONES, "kinds": KIND_LABELS}


def _said(one: Acceptance) -> Text | Refusal | str:
    if one.taken_by is not None:
        return Text("由%(name)s经办，没有接单。请与其联系，或由机构管理员分派。", name=one.taken_by)
    if one.refusal is None:
        return Text("已接单")
    if one.refusal.faults:
        return refusal_of(one.refusal.faults[0])
    return Refusal(one.refusal.detail)
