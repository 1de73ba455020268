"""The page of a need for its firm, and what the firm does there: rate who answered, take a rating back, add to a case."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.coordination import service as coordination
from app.coordination.rules import CODE_PATTERN as CASE_PATTERN
from app.coordination.schemas import MOST_TEXT, CaseFilter, CommentIn
from app.desks.enterprise.need_page import MOST_EVENTS, SCORES, show_need
from app.desks.enterprise.own import own_need
from app.desks.enterprise.progress import ratings_of
from app.desks.forms import Form, typed
from app.desks.pages import go_to
from app.desks.texts import Text
from app.docking import history_service, service
from app.docking.kinds import EventKind
from app.docking.legality import SHORTEST_EVIDENCE
from app.docking.schemas import EventIn
from app.enterprises.schemas import NEED_CODE_PATTERN
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import service as whitelist

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)

NeedCode = Annotated[str, Path(pattern=NEED_CODE_PATTERN)]
CaseCode = Annotated[str, Path(pattern=CASE_PATTERN)]
Sequence = Annotated[int, Path(ge=1, le=2**31 - 1)]
Edition = Annotated[str | None, Query(pattern=r"^[0-9]{4}H[12]$")]
UNSETTLED: Final = Text("【仍未解决】%(text)s")
"""Goes before what a firm says is not settled; whoever reads the case reads it in Chinese."""
RATING: Final = "rating"
REFUSED, CHANGED = 422, 412


@router.get("/enterprise/needs/{code}", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def show(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode, edition: Edition = None
) -> Response:
    """Show a need: what fits, who is responsible and by when, what happened, what to do."""
    return await show_need(request, session, viewer, code, edition=edition)


@router.post("/enterprise/needs/{code}/ratings", openapi_extra=does(Action.LOG_DOCKING))
async def rate(request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode) -> Response:
    """Rate an institution that has answered; a later rating takes the place of the one before."""
    form = await typed(request)
    entry = await _own_entry(session, viewer, code, form["entry"])
    form = form.with_faults(_rating_faults(form))
    if not form.is_sound:
        return await _again(request, session, viewer, code, form, RATING)
    if await _seen(session, viewer, entry, form["institution"]) != form["seen"]:
        form = form.with_faults(
            {"": Text("您已在另一个窗口评价过该机构。下面是现在的评价；要修改请重新提交。")}
        )
        return await _again(request, session, viewer, code, form, RATING, CHANGED)
    fields = {"institution": form["institution"], "score": int(form["score"]), "note": form["note"] or None}
    refused = await _log(session, viewer, entry, form, kind=EventKind.RATED, **fields)
    if refused is not None:
        return await _again(request, session, viewer, code, *refused)
    return go_to(f"/enterprise/needs/{code}#rating", request, Text("已记录您的评价，谢谢"))


@router.post("/enterprise/needs/{code}/ratings/{sequence}/withdrawal", openapi_extra=does(Action.LOG_DOCKING))
async def withdraw_rating(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode, sequence: Sequence
) -> Response:
    """Take a rating back: it stays on record and counts nowhere."""
    form = await typed(request)
    entry = await _own_entry(session, viewer, code, form["entry"])
    if len(form["evidence"]) < SHORTEST_EVIDENCE:
        told = Text("请说明撤回的原因，至少 %(count)s 个字", count=SHORTEST_EVIDENCE)
        return await _again(request, session, viewer, code, form.with_faults({"evidence": told}), RATING)
    fields = {"corrects": sequence, "evidence": form["evidence"]}
    refused = await _log(session, viewer, entry, form, kind=EventKind.CORRECTED, **fields)
    if refused is not None:
        return await _again(request, session, viewer, code, *refused)
    return go_to(f"/enterprise/needs/{code}#rating", request, Text("评价已撤回"))


@router.post("/enterprise/needs/{code}/cases/{case}", openapi_extra=does(Action.COMMENT_CASE))
async def add_to_case(
    request: Request, session: SessionDep, viewer: ViewerDep, code: NeedCode, case: CaseCode
) -> Response:
    """Add to a coordination case of the need, such as that it is not settled; who deals with it is told."""
    form = await typed(request)
    entry = await _own_entry(session, viewer, code, form["entry"])
    wanted = CaseFilter(entry=entry)
    cases = await coordination.list_cases(session, viewer, PageRequest(limit=200), wanted, now=utc_now())
    if case not in {one.code for one in cases.items}:
        raise NotFound("No such case of this need.")
    text = form["text"]
    if not text:
        form = form.with_faults({"text": Text("请写明情况，例如哪一项还没有解决")})
        return await _again(request, session, viewer, code, form, case)
    said = (
        " ".join((UNSETTLED.chinese % {"text": text}).split())
        if form["unsettled"]
        else " ".join(text.split())
    )
    if len(said) > MOST_TEXT:
        form = form.with_faults({"text": Text("内容太长：不超过 %(count)s 个字", count=MOST_TEXT)})
        return await _again(request, session, viewer, code, form, case)
    try:
        async with attempt(session):
            await coordination.comment(session, viewer, case, CommentIn(text=said), now=utc_now())
    except ValidationError as error:
        return await _again(request, session, viewer, code, form.misfit(error), case)
    except (Refused, Conflict, PreconditionFailed) as error:
        return await _again(request, session, viewer, code, form.refused(error), case, error.status)
    return go_to(f"/enterprise/needs/{code}#cases", request, Text("已转告责任单位和统筹部门"))


async def _log(
    session: AsyncSession, viewer: Viewer, entry: str, form: Form, **fields: Any
) -> tuple[Form, str, int] | None:
    """Log an event; answer the form with what was refused, if it was, as it is shown again."""
    try:
        async with attempt(session):
            await service.log_event(session, viewer, entry, EventIn(**fields), now=utc_now())
    except ValidationError as error:
        return form.misfit(error), RATING, REFUSED
    except (Refused, Conflict) as error:
        return form.refused(error), RATING, error.status
    return None


async def _own_entry(session: AsyncSession, viewer: Viewer, code: str, entry: str) -> str:
    """Answer the entry that a form names, if it is one of the need.

    Raises:
        NotFound: the need is none of the viewer's firms, or the entry none of the need.
    """
    await own_need(session, viewer, code)
    entries = await whitelist.entries_of_needs(session, viewer, [code])
    if entry not in {one.code for one in entries}:
        raise NotFound("No such entry of this need.")
    return entry


def _rating_faults(form: Form) -> dict[str, Text | str]:
    faults: dict[str, Text | str] = {}
    if not form["institution"]:
        faults["institution"] = Text("请选择要评价的机构")
    if form["score"] not in {str(one) for one in SCORES}:
        faults["score"] = Text("请选择 1 至 5 分")
    if len(form["note"]) > MOST_TEXT:
        faults["note"] = Text("内容太长：不超过 %(count)s 个字", count=MOST_TEXT)
    return faults


async def _seen(session: AsyncSession, viewer: Viewer, entry: str, institution: str) -> str:
    """Answer the number of the institution's rating that counts now; "0" for none."""
    events = await history_service.events_page(session, viewer, entry, PageRequest(limit=MOST_EVENTS))
    found = ratings_of(events.items).get(institution)
    return str(found.sequence if found else 0)


async def _again(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    form: Form,
    about: str,
    status: int = REFUSED,
) -> Response:
    return await show_need(request, session, viewer, code, form=form, about=about, status=status)
