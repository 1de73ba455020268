"""The list that a chain or bank hands in: a number for each candidate, equals alike, some refused, the rest as computed."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.forms import Form, expected, typed
from app.desks.naming import Names
from app.desks.pages import go_to, page
from app.desks.selection import words
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.selection import drafts_service as drafts
from app.selection import lists_service, service
from app.selection.drafting import Draft, written
from app.selection.round_states import Act
from app.selection.schemas import ParticipantPath, RoundCode
from app.selection.statements import Rest

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
SoughtQuery = Annotated[str, Query(alias="q", max_length=80)]
ROWS: Final = 40


@router.get("/selection/{round}/lists/{participant}", openapi_extra=does(Action.TAKE_PART, is_recorded=True))
async def list_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - the word of the house
    participant: ParticipantPath,
    cursor: Cursor = None,
    sought: SoughtQuery = "",
) -> Response:
    """Show what is written so far and some of the candidates."""
    place = {"q": sought.strip().replace("\0", ""), "cursor": cursor or ""}
    return await _show(request, session, viewer, (round, participant), place)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    whose: tuple[str, str],
    place: dict[str, str],
    form: Form | None = None,
    status: int = 200,
) -> Response:
    one = await service.get_round(session, viewer, whose[0], now=utc_now())
    writing = await drafts.writing(session, viewer, *whose, now=utc_now())
    asked = PageRequest(limit=ROWS, cursor=place["cursor"] or None)
    found = await lists_service.candidates(session, viewer, *whose, asked, text=place["q"])
    draft = writing.draft
    context: dict[str, Any] = {
        "round": one,
        "list": writing.handed_in,
        "draft": draft,
        "version": writing.version,
        "is_changed": _differs(writing),
        "found": found,
        "names": Names(await service.names(session, viewer, whose[0])),
        "form": form or Form({"quota": draft.quota, "rest": draft.rest.value}),
        "typed": form is not None,
        "place": place,
        "path": f"/selection/{whose[0]}/lists/{whose[1]}",
        "takes_lists": Act.SUBMIT in one.possible,
        "words": words,
    }
    return page(request, "selection/write.html", context, status)


def _differs(writing: drafts.Writing) -> bool:
    """Tell whether what is written is something else than what was handed in."""
    stands, draft = writing.handed_in, writing.draft
    told = (str(stands.quota), stands.tiers, sorted(stands.refuses), stands.rest)
    return not stands.is_handed_in or told != (
        draft.quota, draft.tiers(), sorted(draft.refuses), draft.rest,
    )  # fmt: skip


@router.post("/selection/{round}/lists/{participant}", openapi_extra=does(Action.TAKE_PART))
async def write(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    participant: ParticipantPath,
) -> Response:
    """Keep what was written of the candidates shown; then go on, look for others, hand in or take back."""
    form, whose = await typed(request), (round, participant)
    place = {"q": form["q"][:80], "cursor": form["cursor"]}
    path = f"/selection/{round}/lists/{participant}"
    if form["act"] == "withdraw":
        return await _take_back(request, session, viewer, whose, place, form)
    before = await drafts.writing(session, viewer, *whose, now=utc_now())
    rest = Rest(form["rest"]) if form["rest"] in set(Rest) else before.draft.rest
    begun = Draft(form["quota"][:20], rest, before.draft.ranks, before.draft.refuses)
    shown = form["shown"].split()[:ROWS]
    numbers = {code: form[f"rank-{code}"] for code in shown}
    draft, faults = written(begun, shown, numbers, form.all("refuse"))
    if faults:
        wrong = form.refused(Refused("The list cannot be taken", faults))
        return await _show(request, session, viewer, whose, place, wrong, 422)
    try:
        async with attempt(session):
            await drafts.keep(session, viewer, *whose, draft, expect=expected(form), now=utc_now())
            if form["act"] == "submit":
                handed = expected(form, "list_version")
                await drafts.hand_in(session, viewer, *whose, draft, expect=handed, now=utc_now())
    except (Refused, Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, whose, place, form.refused(error), error.status)
    return _onward(request, whose[0], path, place, form)


def _onward(request: Request, code: str, path: str, place: dict[str, str], form: Form) -> Response:
    """Go where the button that was pressed leads."""
    if form["act"] == "submit":
        return go_to(f"/selection/{code}", request, Text("名单已提交。锁定之前可以随时改动再交。"))
    if form["act"] == "find":
        return go_to(_address(path, {"q": form["sought"][:80]}))
    if form["act"] == "next":
        return go_to(_address(path, {"q": place["q"], "cursor": form["following"]}))
    return go_to(_address(path, place), request, Text("已保存，还没有提交。"))


def _address(path: str, query: dict[str, str]) -> str:
    kept = {name: value for name, value in query.items() if value}
    return path + (f"?{urlencode(kept)}" if kept else "")


async def _take_back(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    whose: tuple[str, str],
    place: dict[str, str],
    form: Form,
) -> Response:
    try:
        async with attempt(session):
            expect = expected(form, "list_version")
            await lists_service.take_back(session, viewer, *whose, expect=expect, now=utc_now())
    except (Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, whose, place, form.refused(error), error.status)
    return go_to(f"/selection/{whose[0]}", request, Text("名单已撤回。"))
