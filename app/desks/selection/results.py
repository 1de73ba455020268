"""The result of a round: pairs, what each obtained, the alternative, the proof; objections; the result computed again."""

import json
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.desks.forms import Form, expected, typed
from app.desks.naming import Names
from app.desks.pages import go_to, page
from app.desks.refusals import Refusal
from app.desks.selection import words
from app.desks.texts import Text
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import MOST_ROWS, Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.selection import objections_service as objections
from app.selection import plans_service
from app.selection import results_service as service
from app.selection import service as rounds
from app.selection.market import Side
from app.selection.result_schemas import PlansIn
from app.selection.round_states import Act, RoundState
from app.selection.schemas import ObjectionAnswerIn, ObjectionIn, ObjectionNumber, RoundCode

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
TabQuery = Annotated[str, Query(pattern="^(pairs|chains|banks|proof|objections)$")]
ROWS: Final = 50


@router.get("/selection/{round}/result", openapi_extra=does(Action.READ_SELECTION))
async def result_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - the word of the house
    tab: TabQuery = "pairs",
    cursor: Cursor = None,
) -> Response:
    """Show one view of the result."""
    return await _show(request, session, viewer, round, tab, Form(), cursor=cursor)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    tab: str,
    form: Form,
    *,
    cursor: str | None = None,
    status: int = 200,
) -> Response:
    one = await rounds.get_round(session, viewer, code, now=utc_now())
    result = await service.result(session, viewer, code)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    own = await rounds.own_participants(session, viewer, code)
    contracts = (
        await service.contracts(session, viewer, code, now=utc_now())
        if one.state is RoundState.CLOSED and tab == "proof"
        else []
    )
    contracted = [bank.institution for each in contracts for bank in each.contracted]
    context = {
        "round": one,
        "result": result,
        "tab": tab,
        "form": form,
        "words": words,
        "own": [(each.code, each.name) for each in own],
        "may_object": bool(own) and Act.OBJECT in one.possible,
        "may_answer": may_do(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction)),
        "objections": (
            await objections.list_objections(session, viewer, code, PageRequest(limit=MOST_ROWS))
        ).items,
        "contracts": contracts,
        "names": await _names(session, viewer, code, contracted),
    }
    if tab == "pairs":
        context["found"] = await service.pairs(session, viewer, code, asked)
    elif tab in {"chains", "banks"}:
        context["found"] = await service.outcomes(session, viewer, code, asked, side=Side(tab))
    return page(request, "selection/result.html", context, status)


async def _names(session: AsyncSession, viewer: Viewer, code: str, others: Iterable[str]) -> Names:
    """Answer the names of who takes part in a round and of other banks (codes), such as those of plans in force."""
    tree = await institution_tree(session, viewer)
    known = {other: node.short_name for other in others if (node := tree.find(other)) is not None}
    return Names(known | await rounds.names(session, viewer, code))


@router.get("/selection/{round}/result.json", openapi_extra=does(Action.READ_SELECTION))
async def download(session: SessionDep, viewer: ViewerDep, round: RoundCode) -> Response:  # noqa: A002 - as above
    """Send the result with all its inputs as a file, which anyone can compute again."""
    found = await service.inputs(session, viewer, round)
    text = json.dumps(found.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    headers = {"content-disposition": f'attachment; filename="selection-{round}.json"'}
    return Response(text.encode(), media_type="application/json", headers=headers)


@router.get("/selection/{round}/verification", openapi_extra=does(Action.READ_SELECTION, is_recorded=True))
async def verification_page(
    request: Request, session: SessionDep, viewer: ViewerDep, round: RoundCode  # noqa: A002 - as above
) -> Response:  # fmt: skip
    """Compute the result again and show every hash beside the stored one."""
    one = await rounds.get_round(session, viewer, round, now=utc_now())
    found = await service.verification(session, viewer, round)
    return page(request, "selection/verification.html", {"round": one, "found": found})


@router.post("/selection/{round}/plans", openapi_extra=does(Action.MANAGE_SELECTION))
async def draft_plans(request: Request, session: SessionDep, viewer: ViewerDep, round: RoundCode) -> Response:  # noqa: A002 - as above
    """Draft the next plan of each chain that got new banks, and show the drafts."""
    form = await typed(request)
    try:
        body = PlansIn.model_validate({"since": form["since"], "until": form["until"] or None})
        async with attempt(session):
            made = await plans_service.draft_plans(session, viewer, round, body, now=utc_now())
    except ValidationError as error:
        wrong = form.misfit(error)
        return await _show(request, session, viewer, round, "proof", wrong, status=422)
    except Conflict as error:
        wrong = form.refused(error)
        return await _show(request, session, viewer, round, "proof", wrong, status=error.status)
    one = await rounds.get_round(session, viewer, round, now=utc_now())
    reasons = {each.chain: [Refusal(told) for told in each.refused] for each in made}
    names = await _names(session, viewer, round, ())
    return page(
        request, "selection/plans.html", {"round": one, "made": made, "reasons": reasons, "names": names}
    )


@router.post("/selection/{round}/objections", openapi_extra=does(Action.TAKE_PART))
async def object_to(request: Request, session: SessionDep, viewer: ViewerDep, round: RoundCode) -> Response:  # noqa: A002 - as above
    """Object to the result on a participant's behalf."""
    form = await typed(request)
    try:
        body = ObjectionIn(participant=form["participant"], text=" ".join(form["text"].split()))
        async with attempt(session):
            await objections.object_to(session, viewer, round, body, now=utc_now())
    except ValidationError as error:
        wrong = form.misfit(error)
        return await _show(request, session, viewer, round, "objections", wrong, status=422)
    except (Refused, Conflict) as error:
        wrong = form.refused(error)
        return await _show(request, session, viewer, round, "objections", wrong, status=error.status)
    return go_to(f"/selection/{round}/result?tab=objections", request, Text("异议已提交，与结果一并公开。"))


@router.post("/selection/{round}/objections/{number}/answer", openapi_extra=does(Action.MANAGE_SELECTION))
async def answer(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    number: ObjectionNumber,
) -> Response:
    """Answer an objection; one that is upheld voids the result."""
    form = await typed(request)
    try:
        stated = {
            "is_upheld": {"yes": True, "no": False}.get(form["upheld"]),
            "reason": " ".join(form["reason"].split()),
        }
        body = ObjectionAnswerIn.model_validate(stated)
        async with attempt(session):
            await objections.answer(
                session, viewer, round, number, body, expect=expected(form), now=utc_now()
            )
    except ValidationError as error:
        wrong = form.misfit(error, {"is_upheld": "upheld"})
        return await _show(request, session, viewer, round, "objections", wrong, status=422)
    except (Refused, Conflict, PreconditionFailed) as error:
        wrong = form.refused(error)
        return await _show(request, session, viewer, round, "objections", wrong, status=error.status)
    if body.is_upheld:
        return go_to(f"/selection/{round}", request, Text("异议成立：结果作废，轮次回到已锁定，可重新计算。"))
    return go_to(f"/selection/{round}/result?tab=objections", request, Text("已答复。"))
