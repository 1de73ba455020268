"""The policy and product booklet as pages: the value that the document is written from, to be read in parts and searched.

Whole it is one page for printing alone: with a library of thousands of products that page is as heavy as the document.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.booklet import service
from app.booklet.booklet import Booklet, BookletSection, entries_saying
from app.booklet.parts import NEED, Choice, chosen, find, items_of, offering, places, products_of, window
from app.catalogue import libraries
from app.catalogue.quarters import QUARTER_PATTERN
from app.desks.booklet.drawing import chapters
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.texts import language_of
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import Cursor, PageRequest, encode_cursor
from app.kernel.requests import SessionDep, TransactionRoute
from app.policy.facts import PURPOSES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Library = Annotated[str, Path(pattern=QUARTER_PATTERN)]
Asked = Annotated[str, Query(max_length=60)]
Part = Annotated[str, Query(max_length=120)]
EDITIONS: Final = 8
MOST_FOUND: Final = 100
ITEMS: Final = 50
SHORT: Final = 60
"""Items up to which a chapter is shown with all its sections; of a longer one the sections are listed."""
WHOLE: Final = "all"
PathOf = Callable[[str], str]


@router.get("/booklet", openapi_extra=does(Action.READ_REFERENCE))
async def newest(request: Request, session: SessionDep, viewer: ViewerDep, q: Asked = "") -> Response:
    """Show the overview of the newest edition's booklet; without an edition say what is missing."""
    editions = await libraries.list_libraries(session, viewer, PageRequest(limit=1))
    if not editions.items:
        return page(request, "booklet/none.html")
    made = await service.booklet(session, viewer, editions.items[0].code)
    return await _overview(request, session, viewer, made, q)


@router.get("/booklet/{library}", openapi_extra=does(Action.READ_REFERENCE))
async def of_edition(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    library: Library,
    q: Asked = "",
    part: Part = "",
    purpose: Asked = "",
    institution: Asked = "",
    cursor: Cursor = None,
) -> Response:
    """Show the booklet of an edition: its overview, a part of it, or all of it for printing."""
    made = await service.booklet(session, viewer, library)
    if not part:
        return await _overview(request, session, viewer, made, q)
    if part == WHOLE:
        drawn = await chapters(made, language_of(request))
        within = {"chapters": drawn, "part_path": "#".__add__}
        return page(request, "booklet/whole.html", _frame(made, WHOLE) | within)
    choice = Choice(purpose if purpose in PURPOSES else "", institution)
    return await _part(request, session, viewer, made, part, choice, cursor)


async def _overview(
    request: Request, session: AsyncSession, viewer: Viewer, made: Booklet, asked: str
) -> Response:
    wanted = asked.strip()
    editions = await libraries.list_libraries(session, viewer, PageRequest(limit=EDITIONS))
    found = entries_saying(made, wanted) if wanted else []
    context = _frame(made, "") | {
        "editions": [one.code for one in editions.items if one.code != made.library],
        "form": Form({"q": wanted}),
        "found": found[:MOST_FOUND] if wanted else None,
        "count": len(found),
    }
    return page(request, "booklet/overview.html", context)


async def _part(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    made: Booklet,
    key: str,
    choice: Choice,
    cursor: str | None,
) -> Response:
    found = find(made, key)
    if found is None or not found[0].sections:
        raise NotFound(f"The booklet of {made.library} has no part {key}.")
    chapter, section = found
    context = _frame(made, key) | {
        "chapter": chapter,
        "heading": (section or chapter).heading,
        "window": None,
    }
    if section is None:
        context["is_short"] = sum(items_of(one) for one in chapter.sections) <= SHORT
        return page(request, "booklet/part.html", context)
    before = PageRequest(limit=ITEMS, cursor=cursor).after_number() or 0
    seen = window(chosen(made, section, choice), before, ITEMS)
    tree = await institution_tree(session, viewer)
    codes = _institutions(made, section)
    context |= {
        "window": seen,
        "next": encode_cursor(seen.last) if seen.has_more else None,
        "form": Form({"purpose": choice.purpose, "institution": choice.institution}),
        "is_filtered": choice != Choice(),
        "institutions": [(code, node.name) for code in codes if (node := tree.find(code))],
        "purposes": _purposes(made) if codes and not key.startswith(NEED) else [],
    }
    return page(request, "booklet/part.html", context)


def _frame(made: Booklet, here: str) -> dict[str, Any]:
    """Answer what all pages of a booklet need: where its parts and entries stand."""
    home = f"/booklet/{made.library}"

    def part_path(key: str) -> str:
        return f"{home}?{urlencode({'part': key})}"

    return {
        "booklet": made,
        "home": home,
        "here": here,
        "part_path": part_path,
        "path_of": _path_of(made, part_path),
        "items_of": items_of,
    }


def _path_of(made: Booklet, part_path: PathOf) -> PathOf:
    """Answer how the page of a section is found on which an entry stands."""
    known = places(made)

    def path_of(key: str) -> str:
        section, place = known[key]
        before = place // ITEMS * ITEMS
        at = "&" + urlencode({"cursor": encode_cursor(before)}) if before else ""
        return f"{part_path(section)}{at}#{key}"

    return path_of


def _institutions(made: Booklet, section: BookletSection) -> list[str]:
    """Answer the codes of those that offer the products of a section, if it is about products."""
    offered = offering(made)
    return sorted({offered[key] for key in products_of(section) if key in offered})


def _purposes(made: Booklet) -> list[tuple[str, str]]:
    return [(word, name) for word, name in PURPOSES.items() if find(made, NEED + word)]
