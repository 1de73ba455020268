"""Taking part in an award: nominations, the jury, the own ballot, appeals and their answers."""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.awards import service
from app.awards.rules import AwardAct
from app.awards.schemas import AppealAnswerIn, AppealIn, BallotIn, JurorIn, NominationIn
from app.awards.scoring import MOST_POINTS
from app.desks.awards import words
from app.desks.awards.award_pages import Year
from app.desks.forms import Form, expected, number_typed, typed
from app.desks.naming import Choices, Offer
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, PreconditionFailed, Refused, RongqiaoError
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
ALL = PageRequest(limit=MOST_ROWS)
POINTS = "points-"
_CODES = re.compile(r"[^\s,\uff0c\u3001]+")
NOT_POINTS = Text("请填写 0 至 10 的整数，或留空表示弃权。")
NOTHING_GIVEN = Text("请至少给一个产品打分。")
TAKEN = (Refused, Conflict, Forbidden, PreconditionFailed)


@router.get("/awards/{year}/nominations", openapi_extra=does(Action.JOIN_AWARDS))
async def nominations(
    request: Request, session: SessionDep, viewer: ViewerDep, year: Year, product: str = ""
) -> Response:
    """Show the nominations that the viewer may see, and ask for another."""
    return await _nominations(request, session, viewer, year, Form({"product": product[:60], "reason": ""}))


async def _nominations(
    request: Request, session: AsyncSession, viewer: Viewer, year: int, form: Form, status: int = 200
) -> Response:
    award = await service.award(session, viewer, year, now=utc_now())
    choices = await _choices(session, viewer)
    named = {"product": choices.shown(form["product"])}
    context = {
        "award": award,
        "nominations": (await service.nominations(session, viewer, year, ALL)).items,
        "choices": choices,
        "form": replace(form, values={**form.values, **named}),
        "is_open": AwardAct.NOMINATE in award.possible,
        "me": viewer.name,
    }
    return page(request, "awards/nominations.html", context, status)


async def _choices(session: AsyncSession, viewer: Viewer) -> Choices:
    """Answer the products that the viewer could put forward."""
    nominees = await service.nominees(session, viewer)
    return Choices(Offer(code, name, (), f"{bank} · {code}") for code, name, bank in nominees)


@router.post("/awards/{year}/nominations", openapi_extra=does(Action.JOIN_AWARDS))
async def nominate(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Put a product forward."""
    form = await typed(request)
    product, unclear = (await _choices(session, viewer)).found(form["product"])
    if unclear is not None:
        return await _nominations(request, session, viewer, year, form.with_faults({"product": unclear}), 422)
    try:
        body = NominationIn(product=product, reason=form["reason"])
        async with attempt(session):
            await service.nominate(session, viewer, year, body, now=utc_now())
    except ValidationError as error:
        return await _nominations(request, session, viewer, year, form.misfit(error), 422)
    except TAKEN as error:
        return await _nominations(request, session, viewer, year, form.refused(error), error.status)
    return go_to(f"/awards/{year}/nominations", request, Text("已提名。"))


@router.post("/awards/{year}/nominations/{number}/withdrawal", openapi_extra=does(Action.JOIN_AWARDS))
async def withdraw(
    request: Request, session: SessionDep, viewer: ViewerDep, year: Year, number: Number
) -> Response:
    """Take an own nomination back."""
    try:
        async with attempt(session):
            await service.withdraw(session, viewer, year, number, now=utc_now())
    except TAKEN as error:
        form = Form({"product": "", "reason": ""}).refused(error)
        return await _nominations(request, session, viewer, year, form, error.status)
    return go_to(f"/awards/{year}/nominations", request, Text("已撤回提名。"))


@router.get("/awards/{year}/jury", openapi_extra=does(Action.MANAGE_AWARDS))
async def jury(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Show the jury, and ask for another juror."""
    return await _jury(request, session, viewer, year, Form())


async def _jury(
    request: Request, session: AsyncSession, viewer: Viewer, year: int, form: Form, status: int = 200
) -> Response:
    award = await service.award(session, viewer, year, now=utc_now())
    context = {
        "award": award,
        "jury": await service.jury(session, viewer, year),
        "form": form,
        "is_open": AwardAct.APPOINT in award.possible,
    }
    return page(request, "awards/jury.html", context, status)


@router.post("/awards/{year}/jury", openapi_extra=does(Action.MANAGE_AWARDS))
async def appoint(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Appoint a juror."""
    form = await typed(request)
    recused = _CODES.findall(form["recused"])
    try:
        body = JurorIn(login=form["login"], affiliation=form["affiliation"], recused=recused)
        async with attempt(session):
            await service.appoint(session, viewer, year, body, now=utc_now())
    except ValidationError as error:
        fields = {f"recused.{number}": "recused" for number in range(len(recused))}
        return await _jury(request, session, viewer, year, form.misfit(error, fields), 422)
    except TAKEN as error:
        return await _jury(request, session, viewer, year, form.refused(error), error.status)
    return go_to(f"/awards/{year}/jury", request, Text("已聘任。"))


@router.post("/awards/{year}/jury/{person}/dismissal", openapi_extra=does(Action.MANAGE_AWARDS))
async def dismiss(
    request: Request, session: SessionDep, viewer: ViewerDep, year: Year, person: Number
) -> Response:
    """Take a juror off who has not voted."""
    try:
        async with attempt(session):
            await service.dismiss(session, viewer, year, person, now=utc_now())
    except TAKEN as error:
        return await _jury(request, session, viewer, year, Form().refused(error), error.status)
    return go_to(f"/awards/{year}/jury", request, Text("已解聘。"))


@router.get("/awards/{year}/ballot", openapi_extra=does(Action.VOTE_AWARDS))
async def ballot(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Show a juror's own ballot."""
    return await _ballot(request, session, viewer, year, None)


async def _ballot(
    request: Request, session: AsyncSession, viewer: Viewer, year: int, form: Form | None, status: int = 200
) -> Response:
    own = await service.own_ballot(session, viewer, year)
    award = await service.award(session, viewer, year, now=utc_now())
    if form is None:
        values = {
            f"{POINTS}{one.product}": "" if one.points is None else str(one.points) for one in own.candidates
        }
        form = Form(values | {"comment": own.comment})
    context = {
        "award": award,
        "ballot": own,
        "form": form,
        "prefix": POINTS,
        "is_open": AwardAct.VOTE in award.possible,
    }
    return page(request, "awards/ballot.html", context, status)


@router.post("/awards/{year}/ballot", openapi_extra=does(Action.VOTE_AWARDS))
async def vote(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Cast the own ballot, or change it."""
    form = await typed(request)
    given = {
        name.removeprefix(POINTS): form[name]
        for name in form.values
        if name.startswith(POINTS) and form[name]
    }
    faults = {f"{POINTS}{code}": NOT_POINTS for code, text in given.items() if not _is_points(text)}
    if faults or not given:
        shown = form.with_faults(faults or {"": NOTHING_GIVEN})
        return await _ballot(request, session, viewer, year, shown, 422)
    points = [{"product": code, "points": number_typed(text)} for code, text in given.items()]
    fields = {f"points.{place}.product": f"{POINTS}{code}" for place, code in enumerate(given)}
    try:
        body = BallotIn.model_validate({"points": points, "comment": form["comment"]})
        async with attempt(session):
            await service.cast_ballot(session, viewer, year, body, expect=expected(form), now=utc_now())
    except ValidationError as error:
        return await _ballot(request, session, viewer, year, form.misfit(error, fields), 422)
    except TAKEN as error:
        return await _ballot(request, session, viewer, year, form.refused(error, fields), error.status)
    return go_to(f"/awards/{year}/ballot", request, Text("评审票已封存，截止前可以修改。"))


def _is_points(text: str) -> bool:
    return text in {str(number) for number in range(MOST_POINTS + 1)}


@router.get("/awards/{year}/appeals", openapi_extra=does(Action.READ_REFERENCE))
async def appeals(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Show the appeals that the viewer may see, and ask for one while that is open."""
    return await _appeals(request, session, viewer, year, Form())


async def _appeals(
    request: Request, session: AsyncSession, viewer: Viewer, year: int, form: Form, status: int = 200
) -> Response:
    award = await service.award(session, viewer, year, now=utc_now())
    candidates = (await service.candidates(session, viewer, year, ALL)).items
    context: dict[str, Any] = {
        "award": award,
        "appeals": (await service.appeals(session, viewer, year, ALL)).items,
        "products": [(one.product, f"{one.name} · {one.institution_name}") for one in candidates],
        "states": words.APPEAL_STATES,
        "form": form,
        "is_open": AwardAct.APPEAL in award.possible and may_try(viewer, Action.JOIN_AWARDS),
        "may_answer": may_try(viewer, Action.MANAGE_AWARDS),
    }
    return page(request, "awards/appeals.html", context, status)


@router.post("/awards/{year}/appeals", openapi_extra=does(Action.JOIN_AWARDS))
async def appeal(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Object to a published result."""
    form = await typed(request)
    try:
        body = AppealIn(product=form["product"] or None, grounds=form["grounds"])
        async with attempt(session):
            await service.appeal(session, viewer, year, body, now=utc_now())
    except ValidationError as error:
        return await _appeals(request, session, viewer, year, form.misfit(error), 422)
    except TAKEN as error:
        return await _appeals(request, session, viewer, year, form.refused(error), error.status)
    return go_to(f"/awards/{year}/appeals", request, Text("异议已提交，答复后会通知您。"))


@router.post("/awards/{year}/appeals/{number}/answer", openapi_extra=does(Action.MANAGE_AWARDS))
async def answer(
    request: Request, session: SessionDep, viewer: ViewerDep, year: Year, number: Number
) -> Response:
    """Answer an appeal."""
    form = await typed(request)
    problem: RongqiaoError
    try:
        body = AppealAnswerIn.model_validate({"outcome": form["outcome"], "answer": form["answer"]})
        async with attempt(session):
            await service.answer_appeal(
                session, viewer, year, number, body, expect=expected(form), now=utc_now()
            )
    except ValidationError as error:
        return await _appeals(request, session, viewer, year, form.misfit(error), 422)
    except TAKEN as error:
        problem = error
        return await _appeals(request, session, viewer, year, form.refused(problem), problem.status)
    return go_to(f"/awards/{year}/appeals", request, Text("已答复。"))
