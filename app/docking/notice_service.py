"""Use cases of notices: who hears that entries came, went, or were handed over."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from app.docking import clock_queries, queries
from app.docking.notices import assigned_notice
from app.docking.party_notices import handed_notice, moved_notices
from app.kernel.database import AsyncSession, unrestricted
from app.notifications import service as notifications


async def tell_assigned(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Tell each institution how many entries it got at this instant: one notice, whatever their number."""
    with unrestricted(session):  # counts alone leave this place
        got = Counter(await clock_queries.institutions_given(session, entry_ids, now))
        known = await queries.institution_names(session, list(got))
    notices = [assigned_notice(known[one].code, known[one].name, count, now) for one, count in got.items()]
    await notifications.post(session, notices, now=now)


async def tell_moved(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Tell enterprises that another party answers for their needs at this instant, and the former ones how many went."""
    with unrestricted(session):  # the notice to an enterprise is shown to it alone; to institutions counts
        moved = [one for one in await clock_queries.entries_moved(session, entry_ids, now) if one.is_told]
        former = {one.former_id for one in moved if one.former_id is not None}
        known = await queries.institution_names(session, former)
    codes = {id_: (one.code, one.name) for id_, one in known.items()}
    await notifications.post(session, moved_notices(moved, codes, now), now=now)


async def tell_handed_over(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Tell each person how many entries a colleague gave them at this instant; who took them knows."""
    with unrestricted(session):  # counts alone leave this place
        handed = await clock_queries.handed_at(session, entry_ids, now)
    told = [handed_notice(one, now) for one in handed if one.given_by != one.person]
    await notifications.post(session, told, now=now)
