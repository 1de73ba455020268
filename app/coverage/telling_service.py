"""Use cases of notices about months, posted in the transaction of what they tell of."""

from collections.abc import Collection
from datetime import datetime

from app.accounts.rules import local_operator
from app.coverage import queries
from app.coverage.months import month_of
from app.coverage.notices import Audience, closed_notice, coordinators, restated_notice
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.reference.book import load_reference_book


async def tell_closed(
    session: AsyncSession, jurisdiction: str, month: str, edition: str, *, now: datetime
) -> None:
    """Tell coordinators that a month is closed."""
    told = [closed_notice(jurisdiction, month, edition, audience_of(jurisdiction))]
    await notifications.post(session, told, now=now)


async def tell_restated(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Tell coordinators of closed months of which something was logged or voided at this instant."""
    viewer = local_operator(get_settings().jurisdiction)
    closed = set(await queries.closed_months(session, viewer))
    if not closed:
        return
    with unrestricted(session):  # months alone leave this place
        moments = await queries.moments_logged(session, entry_ids, now)
    months = sorted({month_of(shanghai_date(moment)) for moment in moments} & closed)
    audience = audience_of(viewer.jurisdiction)
    told = [restated_notice(viewer.jurisdiction, month, shanghai_date(now), audience) for month in months]
    await notifications.post(session, told, now=now)


def audience_of(jurisdiction: str) -> Audience:
    """Answer the coordinators of a jurisdiction and of all divisions within it."""
    return coordinators(load_reference_book(get_settings().seed_dir).regions, jurisdiction)
