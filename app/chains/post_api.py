"""JSON routes of a chain's people 链长、金融管家团队, of what it covers, and of days without 链长."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.chains import post_service, profile_service
from app.chains.api import Code
from app.chains.post_schemas import (
    PlaceIn,
    PlaceOut,
    PostEnd,
    PostHandOver,
    PostIn,
    PostOut,
    ProfileIn,
    ProfileOut,
    VacancyOut,
)
from app.chains.schemas import ChainOut
from app.kernel.clock import utc_now
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)

router = APIRouter(route_class=TransactionRoute, tags=["chains"], responses=PROBLEMS)
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="编号", examples=[1])]
Posts = Annotated[list[PostOut], Field(description="任职")]
Places = Annotated[list[PlaceOut], Field(description="覆盖范围")]
Vacancies = Annotated[list[VacancyOut], Field(description="空缺")]
Profiles = Annotated[list[ProfileOut], Field(description="画像")]
Ahead = Annotated[int, Query(ge=0, le=366, description="向后看的天数", examples=[30])]


@router.get(
    "/chain-vacancies",
    summary="Chains without 链长, now or soon (链长空缺)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_vacancies(session: SessionDep, viewer: ViewerDep, ahead: Ahead = 30) -> Vacancies:
    """List the days from today on on which chains have no 链长."""
    return await post_service.list_vacancies(session, viewer, now=utc_now(), ahead=ahead)


@router.get(
    "/chain-profiles",
    summary="Profiles by which members are proposed (产业链画像)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_chain_profiles(viewer: ViewerDep) -> Profiles:  # noqa: ARG001 - shipped with the program
    """List the shipped profiles with their links and sources."""
    return profile_service.list_profiles()


@router.put(
    "/chains/{code}/profile",
    summary="By which profile members are proposed (选定画像)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def set_chain_profile(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: ProfileIn,
    response: Response,
    if_match: IfMatch = None,
) -> ChainOut:
    """Choose a shipped profile for a chain, or none: then its industries alone speak for it."""
    done = await profile_service.set_profile(
        session, viewer, code, body, expect=lambda version: check_if_match(if_match, version)
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/chains/{code}/posts",
    summary="Who holds posts of a chain (任职)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_posts(session: SessionDep, viewer: ViewerDep, code: Code) -> Posts:
    """List posts' periods; banks that the plan in force contracts stand among them."""
    return await post_service.list_posts(session, viewer, code, now=utc_now())


@router.post(
    "/chains/{code}/posts",
    status_code=201,
    summary="Appoint somebody (任命)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def appoint_to_post(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: PostIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> PostOut:
    """Have somebody hold a post; a butler team 金融管家团队 is for a cluster, zone or park that the chain covers."""
    made = await post_service.appoint_to_post(session, viewer, code, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/chains/{code}/posts/{made.id}"
    response.headers["ETag"] = etag_of(post_service.version_of(made.until))
    return made


@router.get(
    "/chains/{code}/posts/{number}", summary="One period (任职)", openapi_extra=does(Action.READ_REFERENCE)
)
async def get_post(
    session: SessionDep, viewer: ViewerDep, code: Code, number: Number, response: Response
) -> PostOut:
    """Read one period of a post."""
    found = await post_service.get_post(session, viewer, code, number, now=utc_now())
    response.headers["ETag"] = etag_of(post_service.version_of(found.until))
    return found


@router.patch(
    "/chains/{code}/posts/{number}",
    summary="End a period (任职到期)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def end_post(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    number: Number,
    body: PostEnd,
    response: Response,
    if_match: IfMatch = None,
) -> PostOut:
    """Set the last day of a period, or clear it."""
    done = await post_service.end_post(
        session,
        viewer,
        code,
        number,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(post_service.version_of(done.until))
    return done


@router.post(
    "/chains/{code}/posts/{number}/hand-over",
    summary="Hand a post over (交接)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def hand_post_over(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    number: Number,
    body: PostHandOver,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> PostOut:
    """End a period and begin the next holder's, without a gap unless its reason is told; the answer is the next one."""
    return await post_service.hand_over_post(
        session,
        viewer,
        code,
        number,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )


@router.get(
    "/chains/{code}/places",
    summary="What a chain covers (覆盖范围)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_places(session: SessionDep, viewer: ViewerDep, code: Code) -> Places:
    """List regions, clusters, zones and parks; without a region it covers its jurisdiction."""
    return await post_service.list_places(session, viewer, code, now=utc_now())


@router.post(
    "/chains/{code}/places",
    status_code=201,
    summary="Have a chain cover a place (登记覆盖范围)",
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def add_place(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    body: PlaceIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> PlaceOut:
    """Add a region of the chain's jurisdiction, or a cluster, zone or park of its list."""
    made = await post_service.add_place(session, viewer, code, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/chains/{code}/places/{made.id}"
    response.headers["ETag"] = etag_of(post_service.version_of(made.until))
    return made


@router.get(
    "/chains/{code}/places/{number}",
    summary="One place (覆盖范围)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_place(
    session: SessionDep, viewer: ViewerDep, code: Code, number: Number, response: Response
) -> PlaceOut:
    """Read one place."""
    found = await post_service.get_place(session, viewer, code, number, now=utc_now())
    response.headers["ETag"] = etag_of(post_service.version_of(found.until))
    return found


@router.patch(
    "/chains/{code}/places/{number}",
    summary="End covering a place (覆盖到期)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def end_place(
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    number: Number,
    body: PostEnd,
    response: Response,
    if_match: IfMatch = None,
) -> PlaceOut:
    """Set the last day on which a chain covers a place, or clear it."""
    done = await post_service.end_place(
        session,
        viewer,
        code,
        number,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(post_service.version_of(done.until))
    return done
