"""Rows of chains, plans and managers as values, and the other way round."""

from collections.abc import Sequence
from datetime import date, datetime

from app.accounts.rules import Viewer
from app.chains.places import Covered, PlaceWord
from app.chains.planning import ManagerPeriod, plan_in_force
from app.chains.rules import MANAGER_ROLES, ChainInForce, Period, version_in_force
from app.chains.schemas import ChainIn, ChainOut, ManagerIn, ManagerOut, PlanOut
from app.chains.tables import Chain, ChainManager, ChainPlace, ChainPlan


def new_chain(data: ChainIn, viewer: Viewer, now: datetime) -> Chain:
    """Answer the row of a new chain."""
    return Chain(
        code=data.code,
        name=data.name,
        jurisdiction=data.jurisdiction or viewer.jurisdiction,
        industries=list(data.industries),
        source=data.source,
        profile=data.profile,
        is_demo=data.is_demo,
        version=1,
        created_at=now,
    )


def new_manager(chain: Chain, manager: ManagerIn, now: datetime) -> ChainManager:
    """Answer the row of a new manager's period."""
    return ChainManager(
        chain_id=chain.id,
        role=manager.role,
        name=manager.name,
        body=manager.body,
        since=manager.since,
        until=manager.until,
        created_at=now,
    )


def period_of(row: ChainManager) -> ManagerPeriod:
    """Answer a stored manager's period as a value."""
    return ManagerPeriod(row.role, row.name, Period(row.since, row.until))


def covered(row: ChainPlace) -> Covered:
    """Answer what a chain covers, and when, as a value."""
    return Covered(PlaceWord(row.kind), row.code, row.name, Period(row.since, row.until), row.region)


def plan_period(plan: ChainPlan) -> Period:
    """Answer the days for which a plan version was written."""
    return Period(plan.since, plan.until)


def chain_in_force(chain: Chain, plans: Sequence[ChainPlan], on: date) -> ChainInForce:
    """Answer a chain with the plan that holds on a day, of its plan versions."""
    number = version_in_force(((plan.version, plan_period(plan)) for plan in plans), on)
    plan = next((plan for plan in plans if plan.version == number), None)
    return ChainInForce(
        chain.code,
        chain.name,
        chain.jurisdiction,
        tuple(chain.industries),
        plan_in_force(chain.code, chain.name, plan.version, plan_period(plan), plan.content)
        if plan
        else None,
    )


def chain_out(row: Chain, plan_version: int) -> ChainOut:
    """Answer a stored chain as JSON shows it."""
    return ChainOut(
        code=row.code,
        name=row.name,
        jurisdiction=row.jurisdiction,
        industries=tuple(row.industries),
        source=row.source,
        profile=row.profile,
        is_demo=row.is_demo,
        plan_version=plan_version,
        version=row.version,
    )


def plan_out(code: str, row: ChainPlan) -> PlanOut:
    """Answer a stored plan version as JSON shows it."""
    return PlanOut(
        chain=code,
        version=row.version,
        since=row.since,
        until=row.until,
        content_hash=row.content_hash,
        created_at=row.created_at,
        **row.content,
    )


def manager_out(row: ChainManager) -> ManagerOut:
    """Answer a stored manager's period as JSON shows it."""
    return ManagerOut(
        role=row.role,
        role_name=MANAGER_ROLES[row.role],
        name=row.name,
        body=row.body,
        since=row.since,
        until=row.until,
    )
