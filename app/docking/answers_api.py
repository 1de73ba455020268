"""JSON routes of what a decline leads to for the enterprise, and of what guarantees cost."""

from fastapi import APIRouter

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.docking import answer_service, guarantee_service
from app.docking.answer_schemas import AnswerOut
from app.docking.guarantee_schemas import GuarantorFeeOut
from app.docking.schemas import EntryCode
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, tags=["docking"], responses=PROBLEMS)


@router.get(
    "/whitelist/entries/{entry}/answers",
    summary="Declines of an entry, answered to the enterprise (婉拒答复)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def list_answers(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, entry: EntryCode
) -> Page[AnswerOut]:
    """Answer what blocked the entry, by which clause it is handled, who has it now, and what the enterprise can do.

    The last decline comes first; an institution reads its own.
    """
    return await answer_service.answers_page(session, viewer, entry, page, now=utc_now())


@router.get(
    "/docking/guarantee-fees",
    summary="What guarantors ask for on average, beside the aim (平均担保费率)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_guarantee_fees(session: SessionDep, viewer: ViewerDep) -> list[GuarantorFeeOut]:
    """Answer each guarantor's average fee over the guarantees that the viewer is shown or made itself."""
    return await guarantee_service.guarantor_fees(session, viewer, now=utc_now())
