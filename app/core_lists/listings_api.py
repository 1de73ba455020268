"""JSON routes of a listed firm: where it is listed, and its answer 列入与答复."""

from fastapi import APIRouter, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.core_lists import listing_service
from app.core_lists.schemas import AnswerIn, ListingId, MemberOut
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import IfMatch, SessionDep, TransactionRoute, check_if_match, etag_of

router = APIRouter(route_class=TransactionRoute, prefix="/listings", tags=["core lists"], responses=PROBLEMS)


@router.get(
    "",
    summary="Where the viewer's firms are listed (列入情况)",
    openapi_extra=does(Action.ANSWER_LISTING, is_recorded=True),
)
async def list_own_listings(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[MemberOut]:
    """List which core firms name one's own firm, what they say of it, and what was answered."""
    return await listing_service.own_listings(session, viewer, page, now=utc_now())


@router.get(
    "/{listing}",
    summary="One listing of one's own firm (列入情况)",
    openapi_extra=does(Action.ANSWER_LISTING, is_recorded=True),
)
async def get_own_listing(
    session: SessionDep, viewer: ViewerDep, listing: ListingId, response: Response
) -> MemberOut:
    """Read a listing with the products that it was matched with."""
    found = await listing_service.own_listing(session, viewer, listing, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{listing}/answer",
    summary="Consent, or not (答复)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.ANSWER_LISTING),
)
async def answer_own_listing(
    session: SessionDep,
    viewer: ViewerDep,
    listing: ListingId,
    body: AnswerIn,
    response: Response,
    if_match: IfMatch = None,
) -> MemberOut:
    """Consent to be matched and shown to the banks whose products fit, or refuse; the core firm is not told."""
    done = await listing_service.answer_listing(
        session,
        viewer,
        listing,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
