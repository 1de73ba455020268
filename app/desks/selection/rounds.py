"""Rounds: list, one with its timeline and who has handed in, opening one, and what the coordinator does with it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.chains import service as chains
from app.desks.forms import Form, expected, typed
from app.desks.naming import Names
from app.desks.pages import go_to, page
from app.desks.selection import words
from app.desks.selection.errands import send
from app.institutions.service import institution_tree
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused, RongqiaoError
from app.kernel.paging import MOST_ROWS, PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.selection import deciding_service as deciding
from app.selection import results_service as results
from app.selection import service
from app.selection.market import Side
from app.selection.measuring import own_banks
from app.selection.preferences import DEFAULT_WEIGHTS, Part
from app.selection.round_states import Act, RoundState
from app.selection.schemas import ComputeIn, LockIn, ReopenIn, RoundCode, RoundIn, RulesIn
from app.whitelist import service as whitelist

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
FewQuery = Annotated[str | None, Query(pattern="^(chains|banks|missing)?$")]
SoughtQuery = Annotated[str, Query(alias="q", max_length=80)]
MOST_TICKED: Final = 150
"""More banks than that are named in a text field, one below the other."""
STEPS_SHOWN: Final = 30
MISSING_SHOWN: Final = 12
LEAST: Final = ("least_contacts", "least_fitting")
ACTS: Final = frozenset({"lock", "reopening", "computation", "publication", "closing"})


@router.get("/selection", openapi_extra=does(Action.READ_SELECTION))
async def rounds_page(request: Request, session: SessionDep, viewer: ViewerDep, asked: PageQuery) -> Response:
    """List rounds, the newest first."""
    found = await service.list_rounds(session, viewer, asked, now=utc_now())
    context = {"found": found, "words": words, "may_open": _may_manage(viewer)}
    return page(request, "selection/list.html", context)


def _may_manage(viewer: Viewer) -> bool:
    return may_do(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction))


@router.get("/selection/new", openapi_extra=does(Action.MANAGE_SELECTION))
async def new_page(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Ask for the terms of a round."""
    rules = RulesIn()
    usual = {
        "objection_days": "5",
        "absent_places": "0",
        "proposing": "chains",
        "tie_rule": "code",
        "which_chains": "all",
        "which_banks": "all",
    }
    usual |= {f"rules.{name}": str(getattr(rules, name)) for name in LEAST}
    usual |= {f"rules.weights.{part.value}": str(weight) for part, weight in DEFAULT_WEIGHTS.items()}
    return await _ask(request, session, viewer, Form(usual))


async def _ask(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    editions = await whitelist.list_editions(session, viewer, PageRequest(limit=MOST_ROWS), is_counted=False)
    listed = await chains.list_chains(
        session, viewer, PageRequest(limit=MOST_ROWS), jurisdiction=viewer.jurisdiction
    )
    tree = await institution_tree(session, viewer)
    banks = [
        (code, node.short_name) for code in own_banks(tree, viewer.jurisdiction) if (node := tree.find(code))
    ]
    context = {
        "form": form,
        "editions": [(one.code, one.code) for one in editions.items],
        "chains": [(one.code, one.name, "") for one in listed.items],
        "banks": [(code, name, "") for code, name in banks] if len(banks) <= MOST_TICKED else [],
        "bank_count": len(banks),
        "words": words,
        "today": shanghai_today(),
    }
    return page(request, "selection/new.html", context, status)


@router.post("/selection/new", openapi_extra=does(Action.MANAGE_SELECTION))
async def open_round(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show what a round would be; open it once it is confirmed."""
    form = await typed(request)
    try:
        body = RoundIn.model_validate(_stated(form))
    except ValidationError as error:
        return await _ask(request, session, viewer, form.misfit(error), 422)
    try:
        seen = await service.preview_round(session, viewer, body, now=utc_now())
    except (Refused, Conflict, NotFound) as error:
        return await _ask(request, session, viewer, form.refused(error, _places(error)), error.status)
    if form["step"] == "open":
        return await send(request, session, body.code, "opening", body)
    context = {"round": seen, "fields": _fields(form), "words": words, "edition": body.edition}
    return page(request, "selection/preview.html", context)


def _places(error: RongqiaoError) -> dict[str, str]:
    """Answer the field for what is wrong with who takes part, and the group of fields where a side weighs nothing."""
    sides = {"chains": "which_chains", "banks": "which_banks"}
    wheres = (fault.where for fault in error.faults)
    found = {where: sides[side] for where in wheres if (side := where.partition("[")[0]) in sides}
    return found | {f"rules.weights.{side}": f"rules.weights.{side}" for side in sides}


def _stated(form: Form) -> dict[str, Any]:
    named = {
        side: [code for text in form.all(side) for code in text.replace(",", " ").split()]
        if form[f"which_{side}"] == "some"
        else None
        for side in ("chains", "banks")
    }
    plain = ("code", "name", "edition", "proposing", "tie_rule", "lottery_source", "submit_until")
    numbers = {name: form[name] or "0" for name in ("objection_days", "absent_places")}
    rules: dict[str, Any] = {name: form[f"rules.{name}"] for name in LEAST}
    rules["weights"] = {part.value: form[f"rules.weights.{part.value}"] for part in Part}
    return {name: form[name] for name in plain} | numbers | named | {"rules": rules}


def _fields(form: Form) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name in form.several
        if name not in {"csrf", "once", "step"}
        for value in form.all(name)
    ]


@router.get("/selection/{round}", openapi_extra=does(Action.READ_SELECTION))
async def round_page(request: Request, session: SessionDep, viewer: ViewerDep, round: RoundCode) -> Response:  # noqa: A002 - the word of the house
    """Show a round."""
    return await _show(request, session, viewer, round, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    one = await service.get_round(session, viewer, code, now=utc_now())
    done = PageRequest(limit=MOST_ROWS)
    steps = await service.list_steps(session, viewer, code, done, has_lists=False)
    missing = await service.list_participants(
        session, viewer, code, PageRequest(limit=MISSING_SHOWN), has_submitted=False
    )
    own = await service.own_participants(session, viewer, code)
    try:
        result = await results.result(session, viewer, code)
    except NotFound:
        result = None
    context = {
        "round": one,
        "steps": steps.items[-STEPS_SHOWN:],
        "missing": missing,
        "own": own,
        "names": Names({one.code: one.name for one in (*own, *missing.items)}),
        "result": result,
        "form": form,
        "words": words,
        "stages": words.stages(one),
        "acts": set(one.possible) if _may_manage(viewer) else set(),
        "takes_lists": Act.SUBMIT in one.possible,
        "Act": Act,
        "is_lottery": one.tie_rule.value == "lottery",
    }
    return page(request, "selection/round.html", context, status)


@router.post("/selection/{round}/acts", openapi_extra=does(Action.MANAGE_SELECTION))
async def act(request: Request, session: SessionDep, viewer: ViewerDep, round: RoundCode) -> Response:  # noqa: A002 - as above
    """Lock, reopen, compute, publish or close a round."""
    form = await typed(request)
    what, expect, now = form["act"], expected(form), utc_now()
    if what not in ACTS:
        return await _show(request, session, viewer, round, form, 422)
    try:
        if what == "lock":
            body = LockIn(seed=form["seed"])
            await deciding.check_lock(session, viewer, round, body, expect=expect, now=now)
            return await send(request, session, round, what, body, form["version"])
        if what == "computation" and form["measure_anew"] == "yes":
            await deciding.check_computation(session, viewer, round, expect=expect, now=now)
            anew = ComputeIn(measure_anew=True)
            return await send(request, session, round, what, anew, form["version"])
        async with attempt(session):
            await _done(session, viewer, round, form, what)
    except ValidationError as error:
        return await _show(request, session, viewer, round, form.misfit(error), 422)
    except (Refused, Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, round, form.refused(error), error.status)
    return go_to(f"/selection/{round}", request, words.DONE[what])


async def _done(session: AsyncSession, viewer: Viewer, code: str, form: Form, what: str) -> None:
    """Do what needs no measuring: it takes no longer than a page does."""
    expect, now = expected(form), utc_now()
    if what == "reopening":
        again = ReopenIn.model_validate(
            {"submit_until": form["submit_until"], "reason": " ".join(form["reason"].split())}
        )
        await deciding.reopen(session, viewer, code, again, expect=expect, now=now)
    elif what == "computation":
        await deciding.compute_round(session, viewer, code, ComputeIn(), expect=expect, now=now)
    elif what == "publication":
        await deciding.publish(session, viewer, code, expect=expect, now=now)
    else:
        await deciding.close(session, viewer, code, expect=expect, now=now)


@router.get("/selection/{round}/participants", openapi_extra=does(Action.READ_SELECTION))
async def participants_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    asked: PageQuery,
    few: FewQuery = None,
    sought: SoughtQuery = "",
) -> Response:
    """List who takes part and whose list is in."""
    one = await service.get_round(session, viewer, round, now=utc_now())
    found = await service.list_participants(
        session,
        viewer,
        round,
        asked,
        side=Side(few) if few in {"chains", "banks"} else None,
        has_submitted=False if few == "missing" else None,
        text=sought.strip().replace("\0", ""),
    )
    form = Form({"few": few or "", "q": sought})
    context = {
        "round": one,
        "found": found,
        "names": Names(await service.names(session, viewer, round)),
        "form": form,
        "words": words,
        "is_open": one.state is RoundState.OPEN,
    }
    return page(request, "selection/participants.html", context)
