"""Use cases of notices about core firms' lists, posted in the transaction of what they tell of."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.core_lists import queries
from app.core_lists.notices import listed_notice, waiting_notice
from app.core_lists.rules import Relation
from app.core_lists.tables import CoreList
from app.kernel.database import AsyncSession
from app.notifications import service as notifications
from app.notifications.rules import NewNotice


async def tell(session: AsyncSession, notices: Sequence[NewNotice], *, now: datetime) -> None:
    """Post notices."""
    await notifications.post(session, notices, now=now)


async def tell_listed(session: AsyncSession, row: CoreList, firms: Collection[int], *, now: datetime) -> None:
    """Tell firms that they are listed, those that came back too."""
    wanted = set(firms)
    if not wanted:
        return
    members = [one for one in await queries.members_of_list(session, row.id) if one.enterprise_id in wanted]
    await tell(
        session,
        [
            listed_notice(
                one.id, one.core_name, Relation(one.relation), one.firm_uscc, turn=one.listed_at.isoformat()
            )
            for one in members
        ],
        now=now,
    )


async def tell_waiting(
    session: AsyncSession, row: CoreList, version: int, by: int | None, open_rows: int, *, now: datetime
) -> None:
    """Tell coordinators of a version that came in."""
    notice = waiting_notice(row.core_uscc, row.core_name, row.region_code, version, by, open_rows=open_rows)
    await tell(session, [notice], now=now)
