"""The page of what was found."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.search.ways import entry_path, need_path
from app.desks.texts import Text
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.whitelist import search_service

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
MOST_CHARACTERS = 80
TOO_LONG = Text("最多输入 80 个字。")
TOO_SHORT = Text("请至少输入两个字或字母。")
Typed = Annotated[str, Query(max_length=20_000)]


@router.get("/search", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def search(request: Request, session: SessionDep, viewer: ViewerDep, q: Typed = "") -> Response:
    """Show the firms, entries and needs that a text finds, as far as the viewer may see them."""
    typed = q.strip()
    form = Form({"q": typed[:MOST_CHARACTERS]})
    if len(typed) > MOST_CHARACTERS:
        form = form.with_faults({"q": TOO_LONG})
    elif typed and search_service.asked(typed) is None:
        form = form.with_faults({"q": TOO_SHORT})
    found = await search_service.find(session, viewer, typed if form.is_sound else "")
    regions = load_reference_book(get_settings().seed_dir).regions
    listed = {one.uscc for one in found.entries}
    has_entry = {one.need for one in found.entries}
    context = {
        "form": form,
        "found": found,
        "regions": {
            one.uscc: regions.full_name(one.region) for one in found.firms if regions.get(one.region)
        },
        "entries_of": {uscc: [one for one in found.entries if one.uscc == uscc] for uscc in listed},
        # Staff read of a need by its entries; what is not listed stands by itself.
        "needs": [one for one in found.needs if need_path(viewer, one.code) or one.code not in has_entry],
        "entry_path": lambda one: entry_path(viewer, one.code, one.need),
        "need_path": lambda one: need_path(viewer, one.code),
    }
    return page(request, "search/found.html", context)
