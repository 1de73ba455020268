"""Use cases of notices about memberships 归链, posted in the transaction of what they tell of."""

from collections.abc import Collection, Iterable
from datetime import datetime

from app.chains import profile_service as chains
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.shanghai import shanghai_date
from app.membership import queries
from app.membership.queries import Listed
from app.membership.topics import MEMBERSHIPS_SAID, OBJECTIONS_ANSWERED, OBJECTIONS_RAISED
from app.notifications import service as notifications
from app.notifications.membership_notices import (
    ToldMembership,
    answered_notices,
    raised_notices,
    said_notices,
)


def follow_all() -> None:
    """Tell people of what membership tells; both doors have it called once."""
    MEMBERSHIPS_SAID.follow(tell_said)
    OBJECTIONS_RAISED.follow(tell_raised)
    OBJECTIONS_ANSWERED.follow(tell_answered)


async def tell_said(session: AsyncSession, numbers: Collection[int], now: datetime) -> None:
    """Tell firms what people said of their memberships (numbers)."""
    # Whoever says it, the firm hears of it; what it then sees is judged where it reads it.
    with unrestricted(session):
        found = [one for some in in_batches(numbers) for one in await queries.memberships(session, some)]
        told = await _told(session, found, now)
    await notifications.post(session, said_notices(told), now=now)


async def tell_raised(session: AsyncSession, objections: Collection[int], now: datetime) -> None:
    """Tell coordinators of objections (numbers)."""
    await notifications.post(session, raised_notices(await _objected(session, objections, now)), now=now)


async def tell_answered(session: AsyncSession, objections: Collection[int], now: datetime) -> None:
    """Tell firms that their objections (numbers) were answered."""
    await notifications.post(session, answered_notices(await _objected(session, objections, now)), now=now)


async def _objected(
    session: AsyncSession, objections: Collection[int], now: datetime
) -> list[tuple[int, ToldMembership]]:
    # As above: who has to answer hears of it, whoever objects.
    with unrestricted(session):
        found = [
            row
            for number in sorted(objections)
            for row in await queries.page_of_objections(session, number=number, limit=1)
        ]
        told = await _told(session, [one.about for one in found], now)
    return [(one.objection.id, about) for one, about in zip(found, told, strict=True)]


async def _told(session: AsyncSession, found: Iterable[Listed], now: datetime) -> list[ToldMembership]:
    names, today = await chains.chain_names(session), shanghai_date(now)
    return [
        ToldMembership(
            one.row.id, one.row.version, one.uscc, one.region, one.row.chain_code,
            names.get(one.row.chain_code, one.row.chain_code), one.row.role, one.row.state,
            one.row.until is not None and one.row.until <= today,
        )
        for one in found
    ]  # fmt: skip
