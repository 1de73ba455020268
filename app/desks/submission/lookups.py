"""Regions and industries by search: for the suggestions below a field, and as a page for who has no scripts."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.pages import page
from app.kernel.requests import TransactionRoute
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.reference.name_search import MOST_ASKED, Named, NameSearches, find_regions, load_name_searches

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, prefix="/lookups")
KEPT: Final = {"cache-control": "private, max-age=3600", "vary": "accept"}
AskedFor = Annotated[str, Query(alias="q", max_length=4 * MOST_ASKED)]


@router.get("/regions", openapi_extra=does(Action.SIGN_IN))
async def regions(request: Request, viewer: ViewerDep, text: AskedFor = "") -> Response:
    """Answer regions of the jurisdiction by code, name, pinyin or initials."""
    seed = get_settings().seed_dir
    searches = await _searches()
    found = find_regions(load_reference_book(seed).regions, searches.regions, text, viewer.jurisdiction)
    return _answer(request, text, found)


@router.get("/industries", openapi_extra=does(Action.SIGN_IN))
async def industries(request: Request, _viewer: ViewerDep, text: AskedFor = "") -> Response:
    """Answer industries of GB/T 4754-2017 by code, name, pinyin or initials."""
    return _answer(request, text, (await _searches()).industries.find(text))


async def _searches() -> NameSearches:
    return await asyncio.to_thread(load_name_searches, get_settings().seed_dir)


def _answer(request: Request, text: str, found: Sequence[Named]) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        items = [{"code": one.code, "name": one.name, "path": one.path} for one in found]
        return JSONResponse({"items": items}, headers=KEPT)
    return page(request, "submission/lookup.html", {"text": text, "found": found})
