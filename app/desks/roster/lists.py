"""The roster's front page: editions, the entries of one by filter, and how two editions differ."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do, may_try
from app.accounts.rules import Viewer
from app.chains.naming import CodeNames
from app.chains.service import chain_names
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.roster import words
from app.desks.roster.fact_words import fact_said
from app.desks.texts import Text, language_of
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.policy.facts import SOURCE_CLASSES
from app.reference.service import current_book
from app.whitelist import service as whitelist
from app.whitelist.rules import Change, edition_on
from app.whitelist.schemas import EditionOut, EntryFilter

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 50
MOST_EDITIONS = 20
EditionQuery = Annotated[str | None, Query(max_length=6)]
Word = Annotated[str | None, Query(max_length=60)]


@router.get("/roster", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def home(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    edition: EditionQuery = None,
    region: Word = None,
    chain: Word = None,
    source: Word = None,
    status: Word = None,
    q: Annotated[str | None, Query(max_length=80)] = None,
    cursor: Cursor = None,
) -> Response:
    """Show the editions, and the entries of one that pass the filters."""
    editions = await editions_of(session, viewer, is_counted=True)
    chosen = next((one for one in editions if one.code == edition), editions[0] if editions else None)
    context = await frame(session, viewer) | {"editions": editions, "edition": chosen}
    if chosen is None:
        context |= {"form": Form({"code": edition_on(shanghai_today())})}
        return page(request, "roster/empty.html", context)
    which = EntryFilter(
        chosen.code,
        region if region and region.isascii() and region.isdecimal() else None,
        _plain(chain),
        status if status in words.STATUSES else None,
        source if source in SOURCE_CLASSES else None,
        _plain(q),
    )
    found = await whitelist.list_entries(session, viewer, PageRequest(limit=ROWS, cursor=cursor), which)
    filters = Form({k: v for k, v in request.query_params.items() if k != "cursor"})
    context |= {"entries": found, "form": filters, "is_filtered": any(filters[k] for k in _FILTERS)}
    return page(request, "roster/list.html", context)


def _plain(text: str | None) -> str | None:
    """Answer what was typed without what no database holds; None for nothing."""
    return "".join(one for one in text or "" if one.isprintable()).strip() or None


_FILTERS = ("region", "chain", "source", "status", "q")


async def editions_of(session: AsyncSession, viewer: Viewer, *, is_counted: bool = False) -> list[EditionOut]:
    """Answer the newest editions, as choices offer them; with how many entries there are, if counted."""
    asked = PageRequest(limit=MOST_EDITIONS)
    return (await whitelist.list_editions(session, viewer, asked, is_counted=is_counted)).items


async def frame(session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
    """Answer what all pages of the roster name things by, and what the viewer may do about them."""
    book = await current_book(session, get_settings().seed_dir)
    chains = await chain_names(session, viewer)
    whole = Target(region=viewer.jurisdiction)
    return {
        "words": words,
        "regions": book.regions,
        "region_options": partial(words.region_options, book.regions, viewer.jurisdiction),
        "chains": chains,
        "naming": CodeNames(book.regions, book.industries, chains),
        "chain_options": list(chains.items()),
        "may_import": may_do(viewer, Action.MANAGE_ROSTER, whole),
        "may_run": may_do(viewer, Action.READ_RUNS, whole),
        "may_move": may_try(viewer, Action.REROUTE_ENTRIES),
        "may_confirm": may_try(viewer, Action.CONFIRM_ENTERPRISES),
    }


@router.get("/roster/editions/new", openapi_extra=does(Action.MANAGE_ROSTER))
async def new_edition(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Ask which half-year to open."""
    known = {one.code for one in await editions_of(session, viewer)}
    code = edition_on(shanghai_today())
    return page(request, "roster/edition.html", {"form": Form({"code": _next_code(code, known)})})


def _next_code(code: str, known: set[str]) -> str:
    while code in known:
        year, half = int(code[:4]), int(code[-1])
        code = f"{year}H2" if half == 1 else f"{year + 1}H1"
    return code


@router.post("/roster/editions", openapi_extra=does(Action.MANAGE_ROSTER))
async def open_edition(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Open a half-year's edition."""
    form = await typed(request)
    code = form["code"].upper()
    try:
        async with attempt(session):
            await whitelist.open_edition(session, viewer, code, now=utc_now())
    except Conflict as error:
        form = form.with_faults({"code": Text("名单版次 %(code)s 已经设立。", code=code)})
        return page(request, "roster/edition.html", {"form": form}, error.status)
    except Refused as error:
        form = form.with_faults({"code": Text("版次由年份和半年组成，例如 2023H2 表示2023年下半年。")})
        return page(request, "roster/edition.html", {"form": form}, error.status)
    return go_to(f"/roster?edition={code}", request, Text("已设立名单版次 %(code)s", code=code))


@router.get("/roster/differences", openapi_extra=does(Action.READ_RUNS, is_recorded=True))
async def differences(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    before: EditionQuery = None,
    after: EditionQuery = None,
    change: Word = None,
    cursor: Cursor = None,
) -> Response:
    """Compare two editions, need by need; without a choice, the two newest."""
    editions = await editions_of(session, viewer)
    codes = [one.code for one in editions]
    newest = after if after in codes else (codes[0] if codes else None)
    oldest = before if before in codes else next((one for one in codes if newest and one < newest), None)
    context = await frame(session, viewer) | {"editions": editions}
    context |= {"form": Form({"before": oldest or "", "after": newest or "", "change": change or ""})}
    diff = None
    if newest and oldest and newest != oldest:
        wanted: Change | None = next((one for one in _CHANGES if one == change), None)
        asked = PageRequest(limit=ROWS, cursor=cursor)
        diff = await whitelist.diff_editions(session, viewer, oldest, newest, asked, change=wanted)
    context["fact_said"] = partial(fact_said, naming=context["naming"], language=language_of(request))
    return page(request, "roster/differences.html", context | {"diff": diff})


_CHANGES: tuple[Change, ...] = ("new", "changed", "removed", "kept")
