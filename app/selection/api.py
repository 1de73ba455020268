"""JSON routes of rounds of two-sided selection 双向选择: open, take part, lock, compute, publish, object, close."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

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
from app.selection import deciding_service, lists_service, service
from app.selection.market import Side
from app.selection.round_states import RoundState
from app.selection.schemas import (
    MOST_SOUGHT,
    SOUGHT_PATTERN,
    ComputeIn,
    ListIn,
    ListOut,
    LockIn,
    ParticipantOut,
    ParticipantPath,
    ReopenIn,
    RoundCode,
    RoundIn,
    RoundOut,
    SelectionCandidateOut,
    StepOut,
)

router = APIRouter(
    route_class=TransactionRoute, prefix="/selection/rounds", tags=["selection"], responses=PROBLEMS
)
StateQuery = Annotated[
    RoundState | None,
    Query(description="open 征集中, locked 已锁定, computed 已计算, published 公示中, closed 已办结"),
]
SideQuery = Annotated[Side | None, Query(description="chains 产业链, banks 银行")]
Sought = Annotated[
    str,
    Query(
        alias="q", max_length=MOST_SOUGHT, pattern=SOUGHT_PATTERN, description="名称或编码的一部分", examples=["装备"]
    ),
]  # fmt: skip
Submitted = Annotated[bool | None, Query(description="只列已提交（true）或未提交（false）名单的")]
CHANGE = PRECONDITION_PROBLEMS


@router.get("", summary="Rounds, the newest first (双选轮次)", openapi_extra=does(Action.READ_SELECTION))
async def list_selection_rounds(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, state: StateQuery = None
) -> Page[RoundOut]:
    """List rounds with how many take part, how many lists are in, and what can be done today."""
    return await service.list_rounds(session, viewer, page, state=state, now=utc_now())


@router.post(
    "",
    status_code=201,
    summary="Open a round (开启一轮)",
    openapi_extra=does(Action.MANAGE_SELECTION, can_wait=True),
)
async def open_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    body: RoundIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Fix the terms, measure what computed preferences rest on, and call for lists; participants are told."""
    made = await service.open_round(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/selection/rounds/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("/{round}", summary="One round (轮次)", openapi_extra=does(Action.READ_SELECTION))
async def get_selection_round(
    session: SessionDep, viewer: ViewerDep, round: RoundCode, response: Response  # noqa: A002 - the word of the house
) -> RoundOut:  # fmt: skip
    """Read a round as it stands; what the lists say is not told."""
    found = await service.get_round(session, viewer, round, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get(
    "/{round}/steps",
    summary="What was done with a round, in order (经过)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_steps(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, round: RoundCode  # noqa: A002 - as above
) -> Page[StepOut]:  # fmt: skip
    """List who did what when; nothing of it is ever changed."""
    return await service.list_steps(session, viewer, round, page)


@router.get(
    "/{round}/participants",
    summary="Who takes part, chains before banks (参加方)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_participants(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    round: RoundCode,  # noqa: A002 - as above
    side: SideQuery = None,
    submitted: Submitted = None,
    sought: Sought = "",
) -> Page[ParticipantOut]:
    """List chains and banks of a round and whose list is in."""
    return await service.list_participants(
        session, viewer, round, page, side=side, has_submitted=submitted, text=sought
    )


@router.get(
    "/{round}/participants/{participant}",
    summary="One participant (参加方)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def get_selection_participant(
    session: SessionDep, viewer: ViewerDep, round: RoundCode, participant: ParticipantPath  # noqa: A002 - as above
) -> ParticipantOut:  # fmt: skip
    """Read whether a participant's list is in, and whether you may speak for it."""
    return await service.get_participant(session, viewer, round, participant)


@router.get(
    "/{round}/participants/{participant}/candidates",
    summary="Whom a participant may rank, by computed preference with reasons (候选方)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_candidates(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    round: RoundCode,  # noqa: A002 - as above
    participant: ParticipantPath,
    sought: Sought = "",
) -> Page[SelectionCandidateOut]:
    """List everybody on the other side, best first as measured, each with points and the reason of each part."""
    return await lists_service.candidates(session, viewer, round, participant, page, text=sought)


@router.get(
    "/{round}/participants/{participant}/list",
    summary="A participant's list (名单)",
    openapi_extra=does(Action.READ_SELECTION, is_recorded=True),
)
async def get_selection_list(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    participant: ParticipantPath,
    response: Response,
) -> ListOut:
    """Read the list that stands. Sealed: until the round is locked its participant's own people alone are shown it."""
    found = await lists_service.get_list(session, viewer, round, participant, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{round}/participants/{participant}/list",
    summary="Hand a list in (提交名单)",
    responses=CHANGE,
    openapi_extra=does(Action.TAKE_PART),
)
async def hand_in_selection_list(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    participant: ParticipantPath,
    body: ListIn,
    response: Response,
    if_match: IfMatch = None,
) -> ListOut:
    """Hand a list in, or another in its place (`If-Match: "0"` the first time); earlier ones are kept and count no more."""
    done = await lists_service.hand_in(
        session,
        viewer,
        round,
        participant,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/participants/{participant}/list/withdrawal",
    summary="Take a list back (撤回名单)",
    responses=CHANGE,
    openapi_extra=does(Action.TAKE_PART),
)
async def take_back_selection_list(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    participant: ParticipantPath,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ListOut:
    """Take the list back while lists are taken; the participant has none then."""
    done = await lists_service.take_back(
        session,
        viewer,
        round,
        participant,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/lock",
    summary="Lock a round (锁定)",
    responses=CHANGE,
    openapi_extra=does(Action.MANAGE_SELECTION, can_wait=True),
)
async def lock_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    body: LockIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Fix the lists, keep the seed that the announced source drew, and measure what the computation rests on."""
    done = await deciding_service.lock(
        session, viewer, round, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/reopening",
    summary="Take lists again (重新征集)",
    responses=CHANGE,
    openapi_extra=does(Action.MANAGE_SELECTION),
)
async def reopen_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    body: ReopenIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Take lists until another day; a seed that was drawn is void, because it is known."""
    done = await deciding_service.reopen(
        session, viewer, round, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/computation",
    summary="Compute a locked round (计算)",
    responses=CHANGE,
    openapi_extra=does(Action.MANAGE_SELECTION, can_wait=True),
)
async def compute_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    body: ComputeIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Compute the stable pairs and prove them; a result that is not proven is not kept."""
    done = await deciding_service.compute_round(
        session, viewer, round, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/publication",
    summary="Publish the result (公布)",
    responses=CHANGE,
    openapi_extra=does(Action.MANAGE_SELECTION),
)
async def publish_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Publish the result with proof and inputs; the objection period begins, and participants are told."""
    done = await deciding_service.publish(
        session, viewer, round, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{round}/closing",
    summary="Close a round (办结)",
    responses=CHANGE,
    openapi_extra=does(Action.MANAGE_SELECTION),
)
async def close_selection_round(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RoundOut:
    """Close a round once the objection period is over and every objection is answered: the result stands."""
    done = await deciding_service.close(
        session, viewer, round, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
