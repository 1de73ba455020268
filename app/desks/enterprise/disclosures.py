"""The page that tells a firm who was shown what of its need, when, and by which consent."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.desks.enterprise.consent_forms import GROUP_TITLES
from app.desks.enterprise.consents import own_needs
from app.desks.enterprise.own import own_need
from app.desks.pages import page
from app.enterprises import disclosure_service
from app.enterprises.consents import FieldGroup
from app.enterprises.schemas import NEED_CODE_PATTERN
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
NeedQuery = Annotated[str | None, Query(alias="need", pattern=NEED_CODE_PATTERN)]
InstitutionQuery = Annotated[str | None, Query(pattern=r"^[0-9A-Za-z_.:-]{0,40}$")]
ROWS: Final = 25


@router.get(
    "/enterprise/disclosures",
    openapi_extra=does(Action.READ_DISCLOSURES, is_recorded=True, writes=True),
)
async def show(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: NeedQuery = None,
    institution: InstitutionQuery = None,
    cursor: Cursor = None,
) -> Response:
    """Show who was shown what of a need, the newest first; of one institution if asked."""
    needs = await own_needs(session, viewer)
    need = await own_need(session, viewer, code) if code else next(iter(needs), None)
    context: dict[str, Any] = {"needs": needs, "need": need, "institution": institution or ""}
    if need is not None:
        asked = PageRequest(limit=ROWS, cursor=cursor)
        looks = await disclosure_service.last_looks(session, viewer, need.code)
        context |= {
            "found": await disclosure_service.list_disclosures(
                session, viewer, need.code, asked, institution=institution or None
            ),
            "institutions": sorted({(one.institution_name, one.institution) for one in looks}),
            "groups": {group.value: title for group, title in GROUP_TITLES.items() if group in FieldGroup},
        }
    return page(request, "enterprise/disclosures.html", context)
