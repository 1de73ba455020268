"""What waits for a person: admissions that are unknown, and firms that may be one, side by side."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster import words
from app.desks.roster.entries import reason_fault
from app.desks.roster.likeness import Line, compared
from app.desks.roster.lists import EditionQuery, editions_of, frame
from app.desks.texts import Text
from app.enterprises import service as enterprises
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference.service import current_book
from app.whitelist import review_service
from app.whitelist import service as whitelist
from app.whitelist.rules import Decision, ReviewKind
from app.whitelist.schemas import EntryOut, ReviewOut

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ItemPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
ROWS: Final = 50
KINDS: Final[Sequence[ReviewKind]] = ("admission_unknown", "duplicate_name")
CHOICES: Final[Sequence[Decision]] = ("admit", "refuse", "same_firm", "different_firm")
LATER: Final = "later"


@router.get("/roster/reviews", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def reviews(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    edition: EditionQuery = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[str | None, Query(max_length=10)] = None,
    cursor: Cursor = None,
) -> Response:
    """List what waits for a person, or what was decided."""
    editions = await editions_of(session, viewer)
    chosen = next((one for one in editions if one.code == edition), None)
    found = await review_service.list_reviews(
        session,
        viewer,
        PageRequest(limit=ROWS, cursor=cursor),
        edition_code=chosen.code if chosen else None,
        kind=next((one for one in KINDS if one == kind), None),
        state="decided" if state == "decided" else "open",
    )
    form = Form({k: v for k, v in request.query_params.items() if k != "cursor"})
    context = await frame(session, viewer) | {"editions": editions, "edition": chosen, "found": found}
    return page(request, "roster/reviews.html", context | {"form": form, "is_decided": state == "decided"})


@router.get("/roster/reviews/{item}", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def review_page(request: Request, session: SessionDep, viewer: ViewerDep, item: ItemPath) -> Response:
    """Show what is to be decided: what to ask, or the firms beside each other."""
    return await _show(request, session, viewer, item, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, item: int, form: Form, status: int = 200
) -> Response:
    found = await review_service.get_review(session, viewer, item)
    entry = await whitelist.get_entry(session, viewer, found.entry)
    context: dict[str, Any] = await frame(session, viewer) | {
        "item": found,
        "entry": entry,
        "form": form,
        "pairs": await _pairs(session, viewer, found, entry),
        "may_decide": may_do(viewer, Action.REVIEW_ENTRIES, Target(region=entry.region)),
        "choices": [(one, words.DECISIONS[one], None) for one in found.decisions]
        + [(LATER, Text("以后再定"), Text("条目保持待复核，不会分派给银行。"))],
    }
    return page(request, "roster/review.html", context, status)


async def _pairs(
    session: AsyncSession, viewer: Viewer, item: ReviewOut, entry: EntryOut
) -> list[tuple[dict[str, Any], list[Line]]]:
    """Answer each firm that it may be, with the fields of both beside each other."""
    found = []
    book = await current_book(session, get_settings().seed_dir)
    mine = await _firm_of(session, viewer, entry) if item.detail.get("candidates") else {}
    for candidate in item.detail.get("candidates", ()):
        other = None
        if candidate["uscc"] is not None:
            try:
                other = await _statement(session, viewer, item.edition, candidate["uscc"])
            except NotFound:
                other = {"name": candidate["name"], "uscc": candidate["uscc"]}
        found.append((candidate, compared(mine, other or {}, book)))
    return found


async def _firm_of(session: AsyncSession, viewer: Viewer, entry: EntryOut) -> dict[str, Any]:
    firm = (await enterprises.enterprise_by_uscc(session, viewer, entry.uscc)).model_dump(mode="json")
    return firm | entry.facts.model_dump(mode="json")


async def _statement(session: AsyncSession, viewer: Viewer, edition: str, uscc: str) -> dict[str, Any]:
    """Answer what is known of the other firm: its profile, and its entry on the same edition if it has one."""
    firm = (await enterprises.enterprise_by_uscc(session, viewer, uscc)).model_dump(mode="json")
    try:
        entry = await whitelist.get_entry(session, viewer, f"{edition}-{uscc}")
    except NotFound:
        return firm
    return firm | entry.facts.model_dump(mode="json")


@router.post("/roster/reviews/{item}", openapi_extra=does(Action.REVIEW_ENTRIES))
async def decide(request: Request, session: SessionDep, viewer: ViewerDep, item: ItemPath) -> Response:
    """Keep what a person decided; `later` decides nothing and leads on to the list."""
    form = await typed(request)
    if form["decision"] == LATER:
        return go_to("/roster/reviews", request, Text("留待以后决定；条目保持待复核。"))
    decision = next((one for one in CHOICES if one == form["decision"]), None)
    faults = {"decision": Text("请选择一项。")} if decision is None else {}
    if fault := reason_fault(form["reason"]):
        faults["reason"] = fault
    if faults or decision is None:
        return await _show(request, session, viewer, item, form.with_faults(faults), 422)
    try:
        async with attempt(session):
            await review_service.decide(
                session, viewer, item, decision, form["reason"], expect=expected(form), now=utc_now()
            )
    except (PreconditionFailed, Conflict) as error:
        told = {"": Text("您打开本页之后，已有人作了决定，见下。")}
        return await _show(request, session, viewer, item, form.with_faults(told), error.status)
    except Refused as error:
        return await _show(request, session, viewer, item, form.refused(error), error.status)
    said = Text("已记录：%(decision)s", decision=words.DECISIONS[decision])
    return go_to("/roster/reviews", request, said)
