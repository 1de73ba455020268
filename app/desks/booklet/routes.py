"""The policy and product booklet as a page: the value that the document is written from, to be read and searched."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.booklet import service
from app.booklet.booklet import entries_saying
from app.catalogue import libraries
from app.catalogue.quarters import QUARTER_PATTERN
from app.desks.booklet.drawing import chapters
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.texts import language_of
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Library = Annotated[str, Path(pattern=QUARTER_PATTERN)]
Asked = Annotated[str, Query(max_length=60)]
EDITIONS: Final = 8
MOST_FOUND: Final = 100


@router.get("/booklet", openapi_extra=does(Action.READ_REFERENCE))
async def newest(request: Request, session: SessionDep, viewer: ViewerDep, q: Asked = "") -> Response:
    """Show the booklet of the newest edition; without one say what is missing."""
    editions = await libraries.list_libraries(session, viewer, PageRequest(limit=1))
    if not editions.items:
        return page(request, "booklet/none.html")
    return await _shown(request, session, viewer, editions.items[0].code, q)


@router.get("/booklet/{library}", openapi_extra=does(Action.READ_REFERENCE))
async def of_edition(
    request: Request, session: SessionDep, viewer: ViewerDep, library: Library, q: Asked = ""
) -> Response:
    """Show the booklet of an edition."""
    return await _shown(request, session, viewer, library, q)


async def _shown(
    request: Request, session: AsyncSession, viewer: Viewer, library: str, asked: str
) -> Response:
    made, wanted = await service.booklet(session, viewer, library), asked.strip()
    editions = await libraries.list_libraries(session, viewer, PageRequest(limit=EDITIONS))
    found = entries_saying(made, wanted) if wanted else []
    context = {
        "booklet": made,
        "editions": [one.code for one in editions.items if one.code != library],
        "form": Form({"q": wanted}),
        "found": found[:MOST_FOUND] if wanted else None,
        "count": len(found),
        "chapters": await chapters(made, language_of(request)),
    }
    return page(request, "booklet/booklet.html", context)
