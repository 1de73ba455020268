"""JSON routes of memberships 归链: which firms belong to which chain, as proposed and as people say."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains.fields import CODE_PATTERN
from app.enterprises.schemas import USCC_PATTERN
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
from app.membership import deciding_service, objection_service, question_service, service
from app.membership.rules import CONFIDENCES, ROLES, Doubt
from app.membership.schemas import (
    MOST_NUMBER,
    STATE_PATTERN,
    ChosenIn,
    ConfirmIn,
    DecisionsIn,
    DecisionsOut,
    DecisionsPreview,
    DeclineIn,
    DismissIn,
    MembershipAnswerIn,
    MembershipDetailOut,
    MembershipEndIn,
    MembershipFilter,
    MembershipHandOverIn,
    MembershipObjectionIn,
    MembershipObjectionOut,
    MembershipPage,
    MembershipQuestionOut,
    QuestionFilter,
)

router = APIRouter(route_class=TransactionRoute, tags=["memberships"], responses=PROBLEMS)
Number = Annotated[int, Path(ge=1, le=MOST_NUMBER, description="编号", examples=[1])]
ChainQuery = Annotated[
    str | None, Query(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])
]
StateQuery = Annotated[
    str | None,
    Query(
        pattern=STATE_PATTERN,
        description="proposed 待确认, confirmed 已确认, declined 已否定, over 已结束；空为全部",
    ),
]
RoleQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(ROLES)})$", description="链上角色")]
LinkQuery = Annotated[str | None, Query(pattern=CODE_PATTERN, description="环节编码")]
ConfidenceQuery = Annotated[
    str | None, Query(pattern=f"^({'|'.join(CONFIDENCES)})$", description="提议的依据")
]
RegionQuery = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="行政区划（含其下辖）", examples=["230100"])
]
UsccQuery = Annotated[str | None, Query(pattern=USCC_PATTERN, description="统一社会信用代码")]
NameQuery = Annotated[
    str | None, Query(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*$", description="名称中的字词")
]


@router.get(
    "/memberships",
    summary="Members of chains (归链清单)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_memberships(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    chain: ChainQuery = None,
    state: StateQuery = None,
    role: RoleQuery = None,
    link: LinkQuery = None,
    confidence: ConfidenceQuery = None,
    region: RegionQuery = None,
    uscc: UsccQuery = None,
    q: NameQuery = None,
) -> MembershipPage:
    """List memberships that the viewer sees, with counts by state."""
    wanted = MembershipFilter(
        chain=chain, state=state, role=role, link=link, confidence=confidence, region=region, uscc=uscc, q=q
    )
    return await service.list_memberships(session, viewer, page, wanted, now=utc_now())


@router.post(
    "/memberships/decisions/preview",
    summary="What deciding on many proposals would do (批量确认试算)",
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS, stores_nothing=True),
)
async def preview_membership_decisions(
    session: SessionDep, viewer: ViewerDep, body: ChosenIn
) -> DecisionsPreview:
    """Count the chosen proposals by role, link and what carries them; name every fault that stands against them."""
    return await deciding_service.preview_decisions(session, viewer, body, now=utc_now())


@router.post(
    "/memberships/decisions",
    summary="Decide on many proposals (批量确认或否定)",
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def decide_on_memberships(
    session: SessionDep,
    viewer: ViewerDep,
    body: DecisionsIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> DecisionsOut:
    """Do exactly what the preview showed, or nothing: `seen` stands in the place of versions."""
    return await deciding_service.decide(session, viewer, body, now=utc_now())


@router.get(
    "/memberships/{number}",
    summary="One membership (归链)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_membership(
    session: SessionDep, viewer: ViewerDep, number: Number, response: Response
) -> MembershipDetailOut:
    """Read a membership with what was done, asked and objected."""
    found = await service.get_membership(session, viewer, number, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/memberships/{number}/confirmation",
    summary="Confirm a proposal (确认归链)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def confirm_membership(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: ConfirmIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipDetailOut:
    """Say that a firm belongs to the chain, as proposed or with another link or role."""
    done = await service.confirm(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/memberships/{number}/refusal",
    summary="Decline a proposal (否定归链)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def decline_membership(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: DeclineIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipDetailOut:
    """Say that a firm does not belong to the chain; runs respect it for its days."""
    done = await service.decline(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/memberships/{number}/hand-over",
    summary="Hand a membership over to another link, role or chain (移交归链)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def hand_membership_over(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: MembershipHandOverIn,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipDetailOut:
    """End a confirmed membership and begin the next; the answer is the next one."""
    return await service.hand_over_membership(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )


@router.patch(
    "/memberships/{number}",
    summary="End a membership (终止归链)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def end_membership(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: MembershipEndIn,
    response: Response,
    if_match: IfMatch = None,
) -> MembershipDetailOut:
    """Set or clear the last day of what was confirmed or declined."""
    done = await service.end(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/membership-objections",
    summary="Objections of firms (归链异议)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_membership_objections(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    chain: ChainQuery = None,
    state: Annotated[
        str | None, Query(pattern="^(open|upheld|rejected)$", description="open 待答复, upheld, rejected")
    ] = None,
) -> Page[MembershipObjectionOut]:
    """List objections to memberships that the viewer sees."""
    return await objection_service.list_objections(
        session, viewer, page, chain=chain, state=state, now=utc_now()
    )


@router.post(
    "/membership-objections",
    status_code=201,
    summary="Object to a membership of one's own firm (提出归链异议)",
    openapi_extra=does(Action.OBJECT_MEMBERSHIP),
)
async def object_to_membership(
    session: SessionDep,
    viewer: ViewerDep,
    body: MembershipObjectionIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipObjectionOut:
    """Say what is wrong with it; a coordinator answers."""
    made = await objection_service.object_to(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/membership-objections/{made.id}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get(
    "/membership-objections/{number}",
    summary="One objection (归链异议)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_membership_objection(
    session: SessionDep, viewer: ViewerDep, number: Number, response: Response
) -> MembershipObjectionOut:
    """Read an objection with its answer."""
    found = await objection_service.get_objection(session, viewer, number, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/membership-objections/{number}/answer",
    summary="Answer an objection (答复归链异议)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.ANSWER_OBJECTIONS),
)
async def answer_membership_objection(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: MembershipAnswerIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipObjectionOut:
    """Uphold it, once the membership has been put right, or say why not."""
    done = await objection_service.answer(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/membership-questions",
    summary="What speaks against confirmed memberships (归链差异)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_membership_questions(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    chain: ChainQuery = None,
    kind: Annotated[
        Doubt | None, Query(description="evidence 与现有依据不一致, statement 与需求填报不一致")
    ] = None,
    state: Annotated[
        str | None, Query(pattern="^(open|dismissed|settled)$", description="open 待处理, dismissed, settled")
    ] = None,
) -> Page[MembershipQuestionOut]:
    """List what the evidence or a need's statement says otherwise; nothing of it is carried out by itself."""
    wanted = QuestionFilter(chain=chain, kind=kind, state=state)
    return await question_service.list_questions(session, viewer, page, wanted, now=utc_now())


@router.get(
    "/membership-questions/{number}",
    summary="One question (归链差异)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_membership_question(
    session: SessionDep, viewer: ViewerDep, number: Number, response: Response
) -> MembershipQuestionOut:
    """Read a question."""
    found = await question_service.get_question(session, viewer, number, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/membership-questions/{number}/dismissal",
    summary="Leave a membership as it is (差异不采纳)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CONFIRM_MEMBERSHIPS),
)
async def dismiss_membership_question(
    session: SessionDep,
    viewer: ViewerDep,
    number: Number,
    body: DismissIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> MembershipQuestionOut:
    """Say why what was confirmed stays; the same is not asked again."""
    done = await question_service.dismiss(
        session, viewer, number, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
