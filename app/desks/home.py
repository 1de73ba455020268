"""The front door of the pages: everybody's own first page, and the language switch."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts import registration_service as registrations
from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.areas import areas_of
from app.desks.local_paths import local_path
from app.desks.pages import go_to, page
from app.desks.texts import COOKIE, LANGUAGES
from app.kernel.errors import NotFound
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
YEAR_SECONDS = 365 * 86_400


@router.get("/", openapi_extra=does(Action.OWN_ACCOUNT))
async def home(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Go to the first of the viewer's areas; who has none is told whom to ask, who owes a second factor goes there.

    Who has registered a firm and waits for its confirmation sees how that stands.
    """
    standing = getattr(request.state, "standing", None)
    if standing is not None and standing.lacks_second_factor:
        return go_to("/account/second-factor")
    areas = areas_of(viewer)
    if not areas and await registrations.own_registrations(session, viewer):
        return go_to("/enterprise")
    return go_to(areas[0].path) if areas else page(request, "no_areas.html")


@router.get("/language/{language}", openapi_extra=does(Action.SIGN_IN))
async def choose_language(
    request: Request,
    _viewer: ViewerDep,
    language: str,
    wanted: Annotated[str | None, Query(alias="next")] = None,
) -> Response:
    """Keep the chosen language in this browser, and go back.

    Raises:
        NotFound: the pages do not speak it.
    """
    if language not in LANGUAGES:
        raise NotFound("The pages do not speak this language.")
    answer = go_to(local_path(wanted))
    is_https = request.app.state.settings.is_public_https
    answer.set_cookie(
        COOKIE, language, YEAR_SECONDS, path="/", secure=is_https, httponly=True, samesite="lax"
    )
    return answer
