"""Awards: all of them, one with its criteria, candidates and result, and each step of it looked at before it is taken."""

from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.awards import service
from app.awards.rules import USUAL_NAME, AwardAct
from app.awards.schemas import (
    FIRST_YEAR,
    LAST_YEAR,
    AwardCandidateOut,
    AwardIn,
    AwardOut,
    CriteriaIn,
    WeightsIn,
)
from app.awards.scoring import PART_LABELS, TIE_RULE, Part
from app.desks.awards import words
from app.desks.forms import Form, expected, number_typed, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import MOST_ROWS, Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR)]
ROWS = 50
MOST_DIGITS = 7
COUNTS = (
    "places",
    "shortlist",
    "least_credits",
    "least_answers",
    "least_ratings",
    "least_ballots",
    "most_per_bank",
)
NO_NUMBER = Text("请填写整数。")


class _LookedAtError(Exception):
    """What a look came to: all of it is taken back."""


def _take_back() -> NoReturn:
    raise _LookedAtError


@router.get("/awards", openapi_extra=does(Action.READ_REFERENCE))
async def awards_page(
    request: Request, session: SessionDep, viewer: ViewerDep, cursor: Cursor = None
) -> Response:
    """List the awards, the newest year first."""
    found = await service.list_awards(session, viewer, PageRequest(limit=ROWS, cursor=cursor), now=utc_now())
    context = {
        "awards": found,
        "tabs": words.library_tabs(viewer),
        "tones": words.STATE_TONES,
        "may_announce": may_try(viewer, Action.MANAGE_AWARDS),
        "may_verify": may_try(viewer, Action.READ_RUNS),
    }
    return page(request, "awards/list.html", context)


@router.get("/awards/new", openapi_extra=does(Action.MANAGE_AWARDS))
async def announcing(request: Request, _session: SessionDep, _viewer: ViewerDep) -> Response:
    """Ask for an award's criteria and days."""
    year = shanghai_today().year
    usual = CriteriaIn()
    values = {name: str(getattr(usual, name)) for name in COUNTS}
    values |= {f"weight_{part.value}": str(weight) for part, weight in usual.weights.by_part().items()}
    values |= {
        "year": str(year),
        "name": USUAL_NAME.format(year=year),
        "appeal_days": "5",
        "quarter": f"{year}Q4",
    }
    return _form(request, Form(values))


def _form(request: Request, form: Form, status: int = 200, looked: AwardIn | None = None) -> Response:
    context = {
        "form": form,
        "parts": list(PART_LABELS.items()),
        "formulas": words.FORMULAS,
        "looked": looked,
        "tie_rule": TIE_RULE,
    }
    return page(request, "awards/announce.html", context, status)


@router.post("/awards/new", openapi_extra=does(Action.MANAGE_AWARDS))
async def announce(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show what would be announced; asked again with `sure`, announce it."""
    form = await typed(request)
    stated, faults = _stated(form)
    if faults:
        return _form(request, form.with_faults(faults), 422)
    fields = {f"criteria.weights.{part.value}": f"weight_{part.value}" for part in Part}
    fields |= {f"criteria.{name}": name for name in COUNTS} | {"criteria.weights": "weight_reach"}
    try:
        body = AwardIn.model_validate(stated)
    except ValidationError as error:
        return _form(request, form.misfit(error, fields), 422)
    is_sure = form["act"] == "announce"
    try:
        async with attempt(session):
            await service.announce(session, viewer, body, now=utc_now())
            if not is_sure:
                _take_back()
    except _LookedAtError:
        return _form(request, form, looked=body)
    except (Refused, Conflict) as error:
        return _form(request, form.refused(error), error.status)
    return go_to(f"/awards/{body.year}", request, Text("评选已公告，银行已收到通知。"))


def _stated(form: Form) -> tuple[dict[str, Any], dict[str, Text]]:
    numbers = ("year", "appeal_days", *COUNTS, *(f"weight_{part.value}" for part in Part))
    faults = {
        name: NO_NUMBER for name in numbers if not form[name].isdecimal() or len(form[name]) > MOST_DIGITS
    }
    read = {name: number_typed(form[name]) for name in numbers}
    weights = {part.value: read[f"weight_{part.value}"] for part in Part}
    stated = {
        "year": read["year"],
        "name": form["name"],
        "statement": form["statement"],
        "quarter": form["quarter"] or None,
        "nominations_until": form["nominations_until"],
        "votes_until": form["votes_until"],
        "appeal_days": read["appeal_days"],
        "criteria": {name: read[name] for name in COUNTS} | {"weights": weights},
    }
    if not faults and sum(weights.values()) != sum(WeightsIn().by_part().values()):
        faults["weight_reach"] = Text("各项权重合计须为 100，现为 %(sum)s。", sum=sum(weights.values()))
    return stated, faults


@router.get("/awards/{year}", openapi_extra=does(Action.READ_REFERENCE))
async def award_page(
    request: Request, session: SessionDep, viewer: ViewerDep, year: Year, cursor: Cursor = None
) -> Response:
    """Show an award: where it stands, its criteria, its candidates with reasons."""
    return await _show(request, session, viewer, year, Form(), cursor=cursor)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    year: int,
    form: Form,
    status: int = 200,
    cursor: str | None = None,
) -> Response:
    award = await service.award(session, viewer, year, now=utc_now())
    candidates = await service.candidates(session, viewer, year, PageRequest(limit=ROWS, cursor=cursor))
    jury = await service.jury(session, viewer, year)
    context = shown_with(award, candidates.items) | {
        "next": candidates.next,
        "form": form,
        "jury": jury,
        "may_manage": may_try(viewer, Action.MANAGE_AWARDS),
        "may_join": may_try(viewer, Action.JOIN_AWARDS),
        "may_verify": may_try(viewer, Action.READ_RUNS) and award.result_hash is not None,
        "sits": viewer.person in {one.person for one in jury},
        "steps": words.steps_of(award),
        "acts": [act for act in words.ACTS if act in award.possible],
        "act_names": words.ACTS,
    }
    return page(request, "awards/award.html", context, status)


def shown_with(award: AwardOut, candidates: list[AwardCandidateOut]) -> dict[str, Any]:
    """Answer what every page of an award knows."""
    return {
        "award": award,
        "candidates": candidates,
        "awarded": [one for one in candidates if one.is_awarded],
        "parts": [(part, PART_LABELS[part]) for part in Part],
        "formulas": words.FORMULAS,
        "why": words.WHY_SAID,
        "why_tones": words.WHY_TONES,
        "tones": words.STATE_TONES,
        "Act": AwardAct,
    }


@router.post("/awards/{year}/steps", openapi_extra=does(Action.MANAGE_AWARDS))
async def step(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Show what a step would come to; asked again with `sure`, take it."""
    form = await typed(request)
    act = next((one for one in words.ACTS if one.value == form["act"]), None)
    if act is None:
        return await _show(
            request, session, viewer, year, form.with_faults({"": Text("请选择要办理的一步。")}), 422
        )
    do = {
        AwardAct.SHORTLIST: service.shortlist,
        AwardAct.DECIDE: service.decide,
        AwardAct.PUBLISH: service.publish,
    }[act]
    looked: dict[str, Any] = {}
    try:
        async with attempt(session):
            await do(session, viewer, year, expect=expected(form), now=utc_now())
            if form["sure"] != "yes":
                award = await service.award(session, viewer, year, now=utc_now())
                listed = await service.candidates(session, viewer, year, PageRequest(limit=MOST_ROWS))
                looked = shown_with(award, listed.items)
                _take_back()
    except _LookedAtError:
        more = {
            "act": act,
            "name": words.ACTS[act],
            "meaning": words.ACTS_MEAN[act],
            "version": form["version"],
        }
        return page(request, "awards/step.html", looked | more)
    except (Conflict, PreconditionFailed, Refused) as error:
        return await _show(request, session, viewer, year, form.refused(error), error.status)
    return go_to(f"/awards/{year}", request, Text("已办理：%(act)s", act=words.ACTS[act]))


@router.get("/awards/{year}/verification", openapi_extra=does(Action.READ_RUNS))
async def verification(request: Request, session: SessionDep, viewer: ViewerDep, year: Year) -> Response:
    """Show whether the result follows from what it was made from."""
    award = await service.award(session, viewer, year, now=utc_now())
    try:
        found = await service.verify(session, viewer, year)
    except Conflict as error:
        return await _show(request, session, viewer, year, Form().refused(error), error.status)
    return page(request, "awards/verification.html", {"award": award, "found": found})
