"""JSON routes of allocation: runs, their proof, and who is responsible for an entry."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation import cards_api, preview_service, service, undo_service
from app.allocation.schemas import (
    EDITION_PATTERN,
    AllocationIn,
    AllocationPreviewOut,
    AllocationRunOut,
    AssignmentOut,
    CheckOut,
    EntryCode,
    RunChangeOut,
    RunId,
)
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import BeginDep, IdempotencyKey, SessionDep, TransactionRoute
from app.whitelist.api import ItemId
from app.whitelist.schemas import ImportOut, UndoIn

router = APIRouter(route_class=TransactionRoute, tags=["allocation"], responses=PROBLEMS)

REUSED: dict[int | str, dict[str, Any]] = {
    200: {"model": AllocationRunOut, "description": "Nothing to change since the newest run, which this is"}
}
EditionQuery = Annotated[
    str | None, Query(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])
]


@router.post(
    "/allocations",
    status_code=201,
    responses=REUSED,
    summary="Give every entry its responsible party (分配责任机构)",
    openapi_extra=does(Action.RUN_ALLOCATION, can_wait=True, saves_last=True),
)
async def run_allocation(
    begin: BeginDep,
    viewer: ViewerDep,
    response: Response,
    body: AllocationIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> AllocationRunOut:
    """Allocate an edition on its newest match run; entries keep the party they have unless asked otherwise.

    A run that would change nothing since the newest one is not recorded again.
    """
    async with begin(writes=False) as session:
        read = await service.read_matches(session, viewer, body.edition)
    async with begin() as session:
        run = await service.run_allocation(
            session, viewer, body.edition, now=utc_now(), keep_settled=body.keep_settled, read=read
        )
    response.headers["location"] = f"/api/v1/allocations/{run.id}"
    response.status_code = 200 if run.reused else 201
    return run


@router.post(
    "/allocations/preview",
    summary="What a run would change (分配试算)",
    openapi_extra=does(Action.RUN_ALLOCATION, can_wait=True, saves_last=True),
)
async def preview_allocation(
    begin: BeginDep,
    viewer: ViewerDep,
    body: AllocationIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> AllocationPreviewOut:
    """Decide as a run decides, say what would change, and keep nothing of it."""
    async with begin(writes=False) as session:
        read = await service.read_matches(session, viewer, body.edition)
    async with begin() as session:
        return await preview_service.preview_allocation(
            session, viewer, body.edition, now=utc_now(), keep_settled=body.keep_settled, read=read
        )


@router.get(
    "/allocations",
    summary="Allocation runs, the newest first (分配运行)",
    openapi_extra=does(Action.READ_RUNS),
)
async def list_allocations(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, edition: EditionQuery = None
) -> Page[AllocationRunOut]:
    """List runs of one edition, or of all."""
    return await service.list_runs(session, viewer, page, edition=edition)


@router.get("/allocations/{run}", summary="One allocation run", openapi_extra=does(Action.READ_RUNS))
async def get_allocation(session: SessionDep, viewer: ViewerDep, run: RunId) -> AllocationRunOut:
    """Answer a run with its counts, objective, settings and hashes."""
    return await service.get_run(session, viewer, run)


@router.get(
    "/allocations/{run}/check",
    summary="Prove a run independently (复核)",
    openapi_extra=does(Action.READ_RUNS),
)
async def check_allocation(session: SessionDep, viewer: ViewerDep, run: RunId) -> CheckOut:
    """Recount every limit from the stored problem, bound the optimum, and compare with the stored assignments."""
    return await service.check_run(session, viewer, run)


@router.get(
    "/allocations/{run}/changes",
    summary="To whom a run gave entries (分配变化)",
    openapi_extra=does(Action.READ_RUNS, is_recorded=True),
)
async def list_changes(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, run: RunId
) -> Page[RunChangeOut]:
    """List the assignments that a run made, by entry code, each with who had the entry before."""
    return await preview_service.changes_of_run(session, viewer, run, page)


@router.get(
    "/whitelist/entries/{entry}/assignment",
    summary="Who is responsible for an entry, and why (责任机构)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def get_assignment(session: SessionDep, viewer: ViewerDep, entry: EntryCode) -> AssignmentOut:
    """Answer the responsible party with its reasons, who was next, who supports, and who was before."""
    return await service.assignment_of_entry(session, viewer, entry)


@router.post(
    "/whitelist/imports/{import_id}/undoing",
    summary="Take back what an import listed (撤销导入)",
    openapi_extra=does(Action.MANAGE_ROSTER),
)
async def undo_import(
    session: SessionDep,
    viewer: ViewerDep,
    import_id: ItemId,
    body: UndoIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> ImportOut:
    """Take the entries off the roster that an import listed, until an allocation has used it; all stays on record."""
    return await undo_service.undo_import(session, viewer, import_id, body.reason, now=utc_now())


router.include_router(cards_api.router)
