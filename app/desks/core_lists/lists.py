"""Core firms' lists: whose there are, one with what its viewer is told of it, its rows and versions, its template."""

from io import BytesIO
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Role, Viewer
from app.core_lists import match_service, reading_service
from app.core_lists.counts import FEWEST
from app.core_lists.kinds import DECOUPLED, KIND_NAMES, ON_CORE
from app.core_lists.rules import (
    ANSWER_NAMES,
    LIST_STATE_NAMES,
    OPEN,
    OUTCOME_NAMES,
    Answer,
    ListAct,
    ListState,
    Outcome,
)
from app.core_lists.schemas import CoreListOut, CoreUscc
from app.core_lists.workbook import write_template
from app.desks.bottlenecks.classes import chain_names
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.roster.imports import workbook
from app.enterprises import service as enterprises
from app.kernel.database import AsyncSession
from app.kernel.money import fen_from_yuan
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS: Final = 50
STATE_TONES: Final = {
    ListState.DRAFT: "wait",
    ListState.WAITING: "wait",
    ListState.ACTIVE: "good",
    ListState.REFUSED: "bad",
    ListState.WITHDRAWN: "",
}
ANSWER_TONES: Final = {Answer.ASKED: "wait", Answer.CONSENTED: "good", Answer.REFUSED: "bad"}
StateQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(ListState)})?$")]
OutcomeQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(Outcome)}|open)?$")]
VersionQuery = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/core-lists", openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True))
async def home(
    request: Request, session: SessionDep, viewer: ViewerDep, state: StateQuery = None, cursor: Cursor = None
) -> Response:
    """List what the viewer provides or judges; a core firm without a list is told how to provide one."""
    asked = PageRequest(limit=ROWS, cursor=cursor)
    found = await reading_service.list_lists(
        session, viewer, asked, state=ListState(state) if state else None
    )
    listed = {one.uscc for one in found.items}
    firms = [one for one in await enterprises.own_firms(session, viewer) if one.uscc not in listed]
    context = frame(viewer) | {"found": found, "firms": firms, "shown": state or ""}
    return page(request, "core_lists/home.html", context)


@router.get("/core-lists/template", openapi_extra=does(Action.READ_REFERENCE))
async def template(_viewer: ViewerDep) -> Response:
    """Send the empty list."""
    target = BytesIO()
    write_template(target)
    return workbook(target, "core-list-template.xlsx")


@router.get("/core-lists/{uscc}", openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True))
async def one_list(request: Request, session: SessionDep, viewer: ViewerDep, uscc: CoreUscc) -> Response:
    """Show one list: counts to the core firm, how rows and firms stand to who judges it."""
    return await show(request, session, viewer, uscc, Form({"share": "20", "months": "12"}))


async def show(
    request: Request, session: AsyncSession, viewer: Viewer, uscc: str, form: Form, status: int = 200
) -> Response:
    """Answer the page of a list, with a form that was refused."""
    one = await reading_service.core_list(session, viewer, uscc)
    versions = await reading_service.list_versions(session, viewer, uscc, PageRequest(limit=ROWS))
    context = frame(viewer) | {
        "one": one,
        "versions": versions.items,
        "form": form,
        "sees_all": sees_all(viewer, one),
        "is_judge": reading_service.is_judge(viewer, one.region),
        "may_provide": may_provide(viewer, one),
        "chains": await chain_names(session, viewer),
        "fewest": FEWEST,
    }
    if sees_all(viewer, one):
        context |= await _standing(session, viewer, one)
    return page(request, "core_lists/list.html", context, status)


async def _standing(session: AsyncSession, viewer: Viewer, one: CoreListOut) -> dict[str, Any]:
    runs = await match_service.list_runs(session, viewer, one.uscc, PageRequest(limit=1))
    outcomes = await reading_service.outcomes_of(session, one.uscc) if one.current or one.draft else {}
    return {
        "run": runs.items[0] if runs.items else None,
        "outcomes": outcomes,
        "open_rows": sum(outcomes.get(each, 0) for each in OPEN),
        "answers": await reading_service.answers_of(session, one.uscc),
        "families": ((True, ON_CORE), (False, DECOUPLED)),
    }


@router.get("/core-lists/{uscc}/rows", openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True))
async def rows(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    outcome: OutcomeQuery = None,
    version: VersionQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List the rows of a version as they were written; to who judges the list with whom they mean."""
    one = await reading_service.core_list(session, viewer, uscc)
    chosen = tuple(OPEN) if outcome == "open" else (Outcome(outcome),) if outcome else ()
    asked = PageRequest(limit=ROWS, cursor=cursor)
    found = await reading_service.list_rows(session, viewer, uscc, asked, number=version, outcomes=chosen)
    context = frame(viewer) | {
        "one": one,
        "found": found,
        "outcome": outcome or "",
        "version": version,
        "sees_all": sees_all(viewer, one),
        "is_judge": reading_service.is_judge(viewer, one.region),
    }
    if sees_all(viewer, one):
        context["counts"] = await reading_service.outcomes_of(session, uscc, number=version)
    return page(request, "core_lists/rows.html", context)


def frame(viewer: Viewer) -> dict[str, Any]:
    """Answer what all pages of lists name things by."""
    return {
        "states": LIST_STATE_NAMES,
        "tones": STATE_TONES,
        "outcomes_named": OUTCOME_NAMES,
        "answers_named": ANSWER_NAMES,
        "answer_tones": ANSWER_TONES,
        "kinds_named": KIND_NAMES,
        "acts": ListAct,
        "fen": fen_from_yuan,
        "may_open_chains": may_try(viewer, Action.MANAGE_CHAINS),
        "is_staff": viewer.is_operator or viewer.has(Role.COORDINATOR, Role.AUDITOR),
        "may_enter": viewer.is_operator or viewer.has(Role.COORDINATOR),
    }


def sees_all(viewer: Viewer, one: CoreListOut) -> bool:
    """Tell whether a viewer is told whom rows mean and what firms answered."""
    return reading_service.is_judge(viewer, one.region) or viewer.has(Role.AUDITOR)


def may_provide(viewer: Viewer, one: CoreListOut) -> bool:
    """Tell whether a viewer sends this list's versions."""
    return one.uscc in viewer.scopes(Role.ENTERPRISE) or reading_service.is_judge(viewer, one.region)
