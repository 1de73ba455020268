"""Use case of notices about plans, posted in the transaction that publishes them."""

from datetime import datetime

from app.accounts.rules import Viewer
from app.chains.tables import Chain, ChainPlan
from app.kernel.database import AsyncSession
from app.notifications import service as notifications
from app.plans.notices import published_notices
from app.plans.tables import PlanDraft
from app.plans.views import value_of


async def tell_published(
    session: AsyncSession,
    viewer: Viewer,
    chain: Chain,
    row: PlanDraft,
    before: ChainPlan | None,
    version: int,
    *,
    now: datetime,
) -> None:
    """Tell the banks of both versions, the chain's manager and the coordinator that a version was published."""
    told = published_notices(
        None if before is None else value_of(chain, before.version, before),
        value_of(chain, version, row),
        chain.jurisdiction,
        viewer.person,
    )
    await notifications.post(session, told, now=now)
