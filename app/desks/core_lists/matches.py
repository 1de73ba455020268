"""Products for listed firms that consented, by kind: of all lists that the viewer may see, or of one; and its firms."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.core_lists import match_service, reading_service
from app.core_lists.kinds import DECOUPLED, KIND_CITATIONS, KIND_NOTE_LABELS, ON_CORE, ProductKind
from app.core_lists.rules import Answer
from app.core_lists.schemas import CoreUscc
from app.desks.core_lists.lists import ROWS, frame
from app.desks.pages import page
from app.kernel.clock import shanghai_today
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
KindQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(ProductKind)})?$")]
FitQuery = Annotated[str | None, Query(pattern="^(fits|asks)?$")]
AnswerQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(Answer)})?$")]
FAMILIES: Final = ((True, ON_CORE), (False, DECOUPLED))


@router.get("/core-lists/matches", openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True))
async def all_matches(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    kind: KindQuery = None,
    fit: FitQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List what the viewer may see of all lists: a bank its own products, while the firms consent."""
    asked = PageRequest(limit=ROWS, cursor=cursor)
    chosen = ProductKind(kind) if kind else None
    found = await match_service.list_matches(session, viewer, asked, kind=chosen, fit=fit or None)
    context = frame(viewer) | _shown(kind, fit) | {"found": found, "one": None}
    return page(request, "core_lists/matches.html", context)


@router.get("/core-lists/{uscc}/matches", openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True))
async def matches(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    kind: KindQuery = None,
    fit: FitQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List products for the firms of one list."""
    one = await reading_service.core_list(session, viewer, uscc)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    chosen = ProductKind(kind) if kind else None
    found = await match_service.list_matches(
        session, viewer, asked, core_uscc=uscc, kind=chosen, fit=fit or None
    )
    context = frame(viewer) | _shown(kind, fit) | {"found": found, "one": one}
    return page(request, "core_lists/matches.html", context)


def _shown(kind: str | None, fit: str | None) -> dict[str, object]:
    return {
        "kind": kind or "",
        "fit": fit or "",
        "families": FAMILIES,
        "kind_notes": KIND_NOTE_LABELS,
        "citations": KIND_CITATIONS,
    }


@router.get("/core-lists/{uscc}/members", openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True))
async def members(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    answer: AnswerQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List the known firms on a list with what each answered."""
    one = await reading_service.core_list(session, viewer, uscc)
    asked = PageRequest(limit=ROWS, cursor=cursor)
    found = await match_service.list_members(
        session, viewer, uscc, asked, answer=answer or None, today=shanghai_today()
    )
    context = frame(viewer) | {"one": one, "found": found, "answer": answer or ""}
    context["counts"] = await reading_service.answers_of(session, uscc)
    return page(request, "core_lists/members.html", context)
