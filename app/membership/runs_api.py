"""JSON routes of the runs that propose memberships 归链提议."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute
from app.membership import run_service
from app.membership.schemas import MOST_NUMBER, MembershipRunIn, MembershipRunOut

router = APIRouter(route_class=TransactionRoute, tags=["memberships"], responses=PROBLEMS)
Number = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="编号", examples=[1])]


@router.get(
    "/membership-runs", summary="Runs of proposals (归链提议运行)", openapi_extra=does(Action.READ_RUNS)
)
async def list_membership_runs(
    session: SessionDep, viewer: ViewerDep, page: PageQuery
) -> Page[MembershipRunOut]:
    """List runs, the newest first."""
    return await run_service.list_runs(session, viewer, page)


@router.post(
    "/membership-runs/preview",
    summary="What a run would change, stored nowhere (归链提议试算)",
    openapi_extra=does(Action.PROPOSE_MEMBERSHIPS, stores_nothing=True, can_wait=True),
)
async def preview_membership_run(
    session: SessionDep,
    viewer: ViewerDep,
    body: MembershipRunIn,  # noqa: ARG001 - an empty object, as for the run itself
) -> MembershipRunOut:
    """Propose memberships for all firms, and count what would come of it."""
    return await run_service.run(session, viewer, now=utc_now(), is_dry=True)


@router.post(
    "/membership-runs",
    status_code=201,
    summary="Propose memberships for all firms (运行归链提议)",
    openapi_extra=does(Action.PROPOSE_MEMBERSHIPS, can_wait=True),
)
async def create_membership_run(
    session: SessionDep,
    viewer: ViewerDep,
    body: MembershipRunIn,  # noqa: ARG001 - an empty object: what more a run may be asked for can come later
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipRunOut:
    """Propose from industry, business scope and core firms' lists; what people said is never changed."""
    made = await run_service.run(session, viewer, now=utc_now())
    response.headers["Location"] = f"/api/v1/membership-runs/{made.id}"
    return made


@router.get(
    "/membership-runs/{number}", summary="One run (归链提议运行)", openapi_extra=does(Action.READ_RUNS)
)
async def get_membership_run(session: SessionDep, viewer: ViewerDep, number: Number) -> MembershipRunOut:
    """Read what a run came to."""
    return await run_service.get_run(session, viewer, number)
