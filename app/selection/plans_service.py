"""Use case: draft the next plan of each chain that a closed round gave new banks."""

from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains import service as chains
from app.chains.plan_parts import PlanClauses
from app.chains.schemas import PlanContent
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, Refused
from app.plans import service as plans
from app.plans.schemas import DraftIn
from app.selection import results_service
from app.selection.result_schemas import ContractsOut, DraftedPlanOut, PlansIn


async def draft_plans(
    session: AsyncSession, viewer: Viewer, code: str, body: PlansIn, *, now: datetime
) -> list[DraftedPlanOut]:
    """Draft a plan for each chain with newly chosen banks: what its plan says, with them under contract.

    A chain whose draft is refused is answered with the reason, and the others are drafted.

    Raises:
        NotFound: no such round, or no result that this viewer may see.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: the round is not closed, so that its result may still change.
    """
    require(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction))
    found = await results_service.contracts(session, viewer, code, now=now)
    made = [await _draft(session, viewer, one, body, now) for one in found if one.added]
    detail = {"drafted": sum(one.draft is not None for one in made)}
    audit_service.note(session, "draft_selected_plans", "selection_round", code, now=now, detail=detail)
    return made


async def _draft(
    session: AsyncSession, viewer: Viewer, one: ContractsOut, body: PlansIn, now: datetime
) -> DraftedPlanOut:
    drafted: int | None = None
    refused: list[str] = []
    try:
        stated = await _stated(session, viewer, one, body)
        async with attempt(session):
            drafted = (await plans.create_draft(session, viewer, one.chain, stated, now=now)).number
    except (Refused, Conflict) as error:
        refused = [error.detail, *(fault.message for fault in error.faults)]
    return DraftedPlanOut(chain=one.chain, name=one.name, added=one.added, draft=drafted, refused=refused)


async def _stated(session: AsyncSession, viewer: Viewer, one: ContractsOut, body: PlansIn) -> DraftIn:
    """Answer the plan in force, or an empty one, with the banks that are to be under contract."""
    try:
        content: PlanContent = await chains.get_plan(session, viewer, one.chain)
    except NotFound:
        content = PlanContent()
    kept = {name: getattr(content, name) for name in PlanContent.model_fields}
    clauses = content.clauses.model_dump() | {"contracted": content.clauses.contracted or body.clause}
    kept |= {"contracted": tuple(one.contracted), "clauses": PlanClauses.model_validate(clauses)}
    return DraftIn.model_validate(kept | {"since": body.since, "until": body.until}, from_attributes=True)
