"""JSON routes of objections to a published result of two-sided selection, and their answers."""

from fastapi import APIRouter, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.selection import objections_service
from app.selection.schemas import ObjectionAnswerIn, ObjectionIn, ObjectionNumber, ObjectionOut, RoundCode

router = APIRouter(
    route_class=TransactionRoute, prefix="/selection/rounds", tags=["selection"], responses=PROBLEMS
)


@router.get(
    "/{round}/objections",
    summary="Objections with their answers (异议)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_objections(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, round: RoundCode  # noqa: A002 - as above
) -> Page[ObjectionOut]:  # fmt: skip
    """List objections by number; they and their answers are part of what is published."""
    return await objections_service.list_objections(session, viewer, round, page)


@router.post(
    "/{round}/objections",
    status_code=201,
    summary="Object to the published result (提出异议)",
    openapi_extra=does(Action.TAKE_PART),
)
async def object_to_selection(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    body: ObjectionIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ObjectionOut:
    """Object on a participant's behalf within the objection period."""
    made = await objections_service.object_to(session, viewer, round, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/selection/rounds/{round}/objections/{made.number}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get(
    "/{round}/objections/{number}", summary="One objection (异议)", openapi_extra=does(Action.READ_SELECTION)
)
async def get_selection_objection(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    number: ObjectionNumber,
    response: Response,
) -> ObjectionOut:
    """Read an objection with its answer."""
    found = await objections_service.get_objection(session, viewer, round, number)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/{round}/objections/{number}/answer",
    summary="Answer an objection (答复异议)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_SELECTION),
)
async def answer_selection_objection(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    number: ObjectionNumber,
    body: ObjectionAnswerIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ObjectionOut:
    """Answer an objection; one that is upheld voids the result, and the round is locked again."""
    done = await objections_service.answer(
        session,
        viewer,
        round,
        number,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
