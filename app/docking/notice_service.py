"""Use case of notices: institutions hear of the entries that came to them."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from app.docking import clock_queries, queries
from app.docking.notices import assigned_notice
from app.kernel.database import AsyncSession, unrestricted
from app.notifications import service as notifications


async def tell_assigned(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Tell each institution how many entries it got at this instant: one notice, whatever their number."""
    with unrestricted(session):  # counts alone leave this place
        got = Counter(await clock_queries.institutions_given(session, entry_ids, now))
        known = await queries.institution_names(session, list(got))
    notices = [assigned_notice(known[one].code, known[one].name, count, now) for one, count in got.items()]
    await notifications.post(session, notices, now=now)
