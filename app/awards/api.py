"""JSON routes of the yearly award 十佳: announced, nominated, shortlisted, judged, decided, published, appealed."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.awards import service
from app.awards.schemas import (
    AppealAnswerIn,
    AppealIn,
    AppealOut,
    AwardCandidateOut,
    AwardIn,
    AwardOut,
    AwardVerification,
    BallotIn,
    BallotOut,
    JurorIn,
    JurorOut,
    NominationIn,
    NominationOut,
    Year,
)
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

router = APIRouter(route_class=TransactionRoute, prefix="/awards", tags=["awards"], responses=PROBLEMS)
NominationNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="提名编号", examples=[1])]
AppealNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="异议编号", examples=[1])]
Person = Annotated[int, Path(ge=1, le=2**31 - 1, description="人员编号", examples=[12])]


@router.get("", summary="Awards, the newest year first (十佳评选)", openapi_extra=does(Action.READ_REFERENCE))
async def list_awards(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[AwardOut]:
    """List the awards with where each stands."""
    return await service.list_awards(session, viewer, page, now=utc_now())


@router.post(
    "",
    status_code=201,
    summary="Announce the award of a year with its criteria (公告评选)",
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def announce_award(
    session: SessionDep,
    viewer: ViewerDep,
    body: AwardIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AwardOut:
    """Publish criteria, weights, least counts and days; none of it changes afterwards."""
    made = await service.announce(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/awards/{made.year}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("/{year}", summary="The award of a year", openapi_extra=does(Action.READ_REFERENCE))
async def get_award(session: SessionDep, viewer: ViewerDep, year: Year, response: Response) -> AwardOut:
    """Read the criteria, the days, and what can be done today."""
    found = await service.award(session, viewer, year, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get(
    "/{year}/candidates",
    summary="Candidates with reasons (参评产品)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_candidates(
    session: SessionDep, viewer: ViewerDep, year: Year, page: PageQuery
) -> Page[AwardCandidateOut]:
    """List candidates: by figures while the jury votes, by place once the result is published."""
    return await service.candidates(session, viewer, year, page)


@router.get(
    "/{year}/nominations",
    summary="Nominations that one may see (提名)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_nominations(
    session: SessionDep, viewer: ViewerDep, year: Year, page: PageQuery
) -> Page[NominationOut]:
    """List the own nominations; all of them to coordinators of the whole and auditors."""
    return await service.nominations(session, viewer, year, page)


@router.post(
    "/{year}/nominations",
    status_code=201,
    summary="Put a product forward (提名)",
    openapi_extra=does(Action.JOIN_AWARDS),
)
async def nominate_product(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    body: NominationIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> NominationOut:
    """A bank puts forward its own products, a firm or coordinator any; each side a product once."""
    made = await service.nominate(session, viewer, year, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/awards/{year}/nominations/{made.id}"
    return made


@router.get(
    "/{year}/nominations/{nomination}", summary="One nomination", openapi_extra=does(Action.READ_REFERENCE)
)
async def get_nomination(
    session: SessionDep, viewer: ViewerDep, year: Year, nomination: NominationNumber
) -> NominationOut:
    """Read who put what forward and why."""
    return await service.nomination(session, viewer, year, nomination)


@router.post(
    "/{year}/nominations/{nomination}/withdrawal",
    summary="Take an own nomination back (撤回提名)",
    openapi_extra=does(Action.JOIN_AWARDS, is_final=True),
)
async def withdraw_nomination(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    nomination: NominationNumber,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> NominationOut:
    """Withdraw while nominations are open."""
    return await service.withdraw(session, viewer, year, nomination, now=utc_now())


@router.get("/{year}/jurors", summary="The jury (评委)", openapi_extra=does(Action.READ_REFERENCE))
async def list_jurors(session: SessionDep, viewer: ViewerDep, year: Year) -> list[JurorOut]:
    """List who judges, what is not theirs to judge, and who has voted."""
    return await service.jury(session, viewer, year)


@router.post(
    "/{year}/jurors",
    status_code=201,
    summary="Appoint a juror (聘任评委)",
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def appoint_juror(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    body: JurorIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> JurorOut:
    """Appoint somebody; the products of banks for which they work are not theirs to judge."""
    return await service.appoint(session, viewer, year, body, now=utc_now())


@router.delete(
    "/{year}/jurors/{person}",
    status_code=204,
    summary="Take a juror off who has not voted (解聘评委)",
    openapi_extra=does(Action.MANAGE_AWARDS, is_final=True),
)
async def dismiss_juror(session: SessionDep, viewer: ViewerDep, year: Year, person: Person) -> None:
    """Dismiss a juror."""
    await service.dismiss(session, viewer, year, person, now=utc_now())


@router.post(
    "/{year}/shortlist",
    summary="Close nominations and make the shortlist (产生入围名单)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def make_shortlist(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AwardOut:
    """Freeze the figures of what was nominated; the best by the published weights go before the jury."""
    done = await service.shortlist(
        session, viewer, year, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get("/{year}/ballot", summary="The own ballot (本人评审票)", openapi_extra=does(Action.VOTE_AWARDS))
async def get_ballot(session: SessionDep, viewer: ViewerDep, year: Year, response: Response) -> BallotOut:
    """Read the shortlist and the own points; for jurors alone, and nobody else's ballot for anybody."""
    found = await service.own_ballot(session, viewer, year)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{year}/ballot",
    summary="Cast or change the own ballot (投票)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.VOTE_AWARDS),
)
async def cast_ballot(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    body: BallotIn,
    response: Response,
    if_match: IfMatch = None,
) -> BallotOut:
    """Give points from 0 to 10 (`If-Match: "0"` for the first time); sealed until the votes are over."""
    done = await service.cast_ballot(
        session, viewer, year, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{year}/decision",
    summary="Open the ballots and find the result (评定)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def decide_award(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AwardOut:
    """Count after the last day of the votes, or when the whole jury has voted."""
    done = await service.decide(
        session, viewer, year, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{year}/publication",
    summary="Publish the result with all reasons (公布)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def publish_award(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AwardOut:
    """Publish; appeals are open for the announced number of working days."""
    done = await service.publish(
        session, viewer, year, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/{year}/verification",
    summary="Find the result anew and compare (复核)",
    openapi_extra=does(Action.READ_RUNS),
)
async def verify_award(session: SessionDep, viewer: ViewerDep, year: Year) -> AwardVerification:
    """Recompute from frozen figures, ballots and criteria; seals of ballots are checked too."""
    return await service.verify(session, viewer, year)


@router.get(
    "/{year}/appeals", summary="Appeals that one may see (异议)", openapi_extra=does(Action.READ_REFERENCE)
)
async def list_appeals(
    session: SessionDep, viewer: ViewerDep, year: Year, page: PageQuery
) -> Page[AppealOut]:
    """List the own appeals; all of them to coordinators of the whole and auditors."""
    return await service.appeals(session, viewer, year, page)


@router.post(
    "/{year}/appeals",
    status_code=201,
    summary="Object to a published result (提出异议)",
    openapi_extra=does(Action.JOIN_AWARDS),
)
async def appeal_award(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    body: AppealIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AppealOut:
    """Object within the days of appeal."""
    made = await service.appeal(session, viewer, year, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/awards/{year}/appeals/{made.id}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("/{year}/appeals/{appeal}", summary="One appeal", openapi_extra=does(Action.READ_REFERENCE))
async def get_appeal(
    session: SessionDep, viewer: ViewerDep, year: Year, appeal: AppealNumber, response: Response
) -> AppealOut:
    """Read an appeal with its answer."""
    found = await service.one_appeal(session, viewer, year, appeal)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/{year}/appeals/{appeal}/answer",
    summary="Answer an appeal (答复异议)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_AWARDS),
)
async def answer_appeal(
    session: SessionDep,
    viewer: ViewerDep,
    year: Year,
    appeal: AppealNumber,
    body: AppealAnswerIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> AppealOut:
    """Upheld, the product that it names is struck, and the result is found anew."""
    done = await service.answer_appeal(
        session, viewer, year, appeal, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )  # fmt: skip
    response.headers["ETag"] = etag_of(done.version)
    return done
