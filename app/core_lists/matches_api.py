"""JSON routes of batch matches of core firms' lists 供应链产品批量匹配: runs, listed firms with their answers, matches."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.core_lists import match_service
from app.core_lists.kinds import ProductKind
from app.core_lists.rules import Answer
from app.core_lists.schemas import CoreUscc, MatchOut, MemberOut, RunIn, RunOut
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute

router = APIRouter(
    route_class=TransactionRoute, prefix="/core-lists", tags=["core lists"], responses=PROBLEMS
)
KindQuery = Annotated[ProductKind | None, Query(description="产品类别")]
FitQuery = Annotated[str | None, Query(pattern="^(fits|asks)$", description="fits 符合，asks 尚待补充信息")]
AnswerQuery = Annotated[Answer | None, Query(description="只列这一种答复")]
RunNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="第几次匹配", examples=[1])]


@router.get(
    "/matches",
    summary="Matches of all lists that the viewer may see (供应链产品匹配)",
    openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True),
)
async def list_core_matches(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, kind: KindQuery = None, fit: FitQuery = None
) -> Page[MatchOut]:
    """List products for firms that consented: a bank sees those with its own products, while the consent holds."""
    return await match_service.list_matches(session, viewer, page, kind=kind, fit=fit)


@router.get(
    "/{uscc}/members",
    summary="Known firms on a list, with their answers (列入企业)",
    openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True),
)
async def list_core_list_members(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, page: PageQuery, answer: AnswerQuery = None
) -> Page[MemberOut]:
    """List firms with answers and matches, for coordinators and auditors; the core firm never sees this."""
    chosen = None if answer is None else answer.value
    return await match_service.list_members(
        session, viewer, uscc, page, answer=chosen, today=shanghai_today()
    )


@router.get(
    "/{uscc}/runs",
    summary="Batch matches of a list, the newest first (批量匹配)",
    openapi_extra=does(Action.READ_CORE_MATCHES),
)
async def list_core_list_runs(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, page: PageQuery
) -> Page[RunOut]:
    """List what runs came to, by kind of product."""
    return await match_service.list_runs(session, viewer, uscc, page)


@router.post(
    "/{uscc}/runs",
    status_code=201,
    summary="Match a list's firms that consented (批量匹配)",
    openapi_extra=does(Action.REVIEW_CORE_LISTS, can_wait=True),
)
async def match_core_list(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    body: RunIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> RunOut:
    """Match to products that rest on the core firm and to those that do not (脱核); the run before is replaced."""
    made = await match_service.run_match(session, viewer, uscc, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/core-lists/{uscc}/runs/{made.number}"
    return made


@router.get(
    "/{uscc}/runs/{number}",
    summary="One batch match (批量匹配)",
    openapi_extra=does(Action.READ_CORE_MATCHES),
)
async def get_core_list_run(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, number: RunNumber
) -> RunOut:
    """Read what a run came to."""
    return await match_service.get_run(session, viewer, uscc, number)


@router.get(
    "/{uscc}/matches",
    summary="Matches of a list's last run (匹配结果)",
    openapi_extra=does(Action.READ_CORE_MATCHES, is_recorded=True),
)
async def list_core_list_matches(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    page: PageQuery,
    kind: KindQuery = None,
    fit: FitQuery = None,
) -> Page[MatchOut]:
    """List products for the firms of a list, firm by firm."""
    return await match_service.list_matches(session, viewer, page, core_uscc=uscc, kind=kind, fit=fit)
