"""JSON routes of results of two-sided selection: proof, pairs, what each obtained, inputs, verification, contracts."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute
from app.selection import plans_service
from app.selection import results_service as service
from app.selection.market import Side
from app.selection.result_schemas import (
    ContractsOut,
    DraftedPlanOut,
    InputsOut,
    OutcomeOut,
    PairOut,
    PlansIn,
    ResultOut,
    RoundVerificationOut,
)
from app.selection.schemas import PARTICIPANT_PATTERN, RoundCode

router = APIRouter(
    route_class=TransactionRoute, prefix="/selection/rounds", tags=["selection"], responses=PROBLEMS
)
OfQuery = Annotated[
    str | None, Query(pattern=PARTICIPANT_PATTERN, description="只列某一参加方的", examples=["HLJ-GDZB"])
]
SideQuery = Annotated[Side | None, Query(description="chains 产业链, banks 银行")]


@router.get(
    "/{round}/result",
    summary="The result with its proof (结果与证明)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def get_selection_result(session: SessionDep, viewer: ViewerDep, round: RoundCode) -> ResultOut:  # noqa: A002 - the word of the house
    """Read the result that stands: hashes, proof, both sides as chosen and under the alternative."""
    return await service.result(session, viewer, round)


@router.get(
    "/{round}/result/pairs", summary="The chosen pairs (选定名单)", openapi_extra=does(Action.READ_SELECTION)
)
async def list_selection_pairs(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    round: RoundCode,  # noqa: A002 - as above
    of: OfQuery = None,
) -> Page[PairOut]:
    """List pairs by chain and bank with how each ranks the other."""
    return await service.pairs(session, viewer, round, page, of=of)


@router.get(
    "/{round}/result/outcomes",
    summary="What each participant obtained (各方所得)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_outcomes(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    round: RoundCode,  # noqa: A002 - as above
    side: SideQuery = None,
) -> Page[OutcomeOut]:
    """List ranks obtained, why places stayed empty, and what would have changed had the other side proposed."""
    return await service.outcomes(session, viewer, round, page, side=side)


@router.get(
    "/{round}/result/inputs",
    summary="All that the result is computed from (全部输入)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def get_selection_inputs(session: SessionDep, viewer: ViewerDep, round: RoundCode) -> InputsOut:  # noqa: A002 - as above
    """Read lists, quotas, contracts, rules, measures and pairs: enough to compute the result again anywhere."""
    return await service.inputs(session, viewer, round)


@router.get(
    "/{round}/result/verification",
    summary="Compute the result again and compare (复算)",
    openapi_extra=does(Action.READ_SELECTION, is_recorded=True),
)
async def verify_selection_result(
    session: SessionDep, viewer: ViewerDep, round: RoundCode  # noqa: A002 - as above
) -> RoundVerificationOut:  # fmt: skip
    """Compute the result anew from its stored inputs alone, prove its pairs anew, and compare every hash."""
    return await service.verification(session, viewer, round)


@router.get(
    "/{round}/result/contracts",
    summary="Contracted banks for plans after a closed round (一链一策签约银行)",
    openapi_extra=does(Action.READ_SELECTION),
)
async def list_selection_contracts(
    session: SessionDep, viewer: ViewerDep, round: RoundCode  # noqa: A002 - as above
) -> list[ContractsOut]:  # fmt: skip
    """List for each chain the banks under contract and those chosen, in the shape of a plan's `contracted`."""
    return await service.contracts(session, viewer, round, now=utc_now())


@router.post(
    "/{round}/result/plan-drafts",
    summary="Draft plans with the chosen banks after a closed round (起草一链一策)",
    openapi_extra=does(Action.MANAGE_SELECTION),
)
async def draft_selected_plans(
    session: SessionDep,
    viewer: ViewerDep,
    round: RoundCode,  # noqa: A002 - as above
    body: PlansIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> list[DraftedPlanOut]:
    """Draft the next plan of each chain with newly chosen banks; each is compared and published as any other draft."""
    return await plans_service.draft_plans(session, viewer, round, body, now=utc_now())
