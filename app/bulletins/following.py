"""What bulletins do when a month is closed: theirs is final from then on, and people hear of it."""

from collections.abc import Collection
from datetime import datetime

from app.accounts.rules import local_operator
from app.coverage import following, telling_service
from app.coverage import queries as months
from app.coverage.topics import MONTHS_CLOSED
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.notifications import service as notifications
from app.notifications.rules import NewNotice, NoticeKind


def follow_all() -> None:
    """Follow the rooms below, and have all of them follow theirs; both doors call it once."""
    following.follow_all()
    MONTHS_CLOSED.follow(tell_published)


async def tell_published(session: AsyncSession, snapshots: Collection[int], now: datetime) -> None:
    """Tell coordinators that the bulletins of closed months (snapshots) are there."""
    viewer = local_operator(get_settings().jurisdiction)
    audience = telling_service.audience_of(viewer.jurisdiction)
    told = [
        NewNotice(
            event_key=f"bulletin:{viewer.jurisdiction}:{month}",
            kind=NoticeKind.BULLETIN,
            body=f"{month}的月度通报已可查阅和下载。",
            link=f"/bulletins/{month}",
            audience=audience,
        )
        for month in await months.months_of(session, viewer, snapshots)
    ]
    await notifications.post(session, told, now=now)
