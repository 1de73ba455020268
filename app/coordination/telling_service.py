"""Use cases of notices about coordination cases, posted in the transaction of what they tell of."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Final

from app.coordination import queries
from app.coordination.case_notices import ToldCase, closed_notice, commented_notice, raised_notice
from app.coordination.rules import CaseState
from app.kernel.database import AsyncSession, unrestricted
from app.notifications import service as notifications
from app.notifications.rules import NewNotice

_NO_DAY: Final = "（工作日历未公布）"


async def tell_raised(
    session: AsyncSession, numbers: Collection[int], by: int | None, *, now: datetime
) -> None:
    """Tell of new cases; `by` is the person who raised them."""

    def notice(case: ToldCase, due: date | None) -> NewNotice:
        return raised_notice(case, due.isoformat() if due else _NO_DAY, by)

    await _tell(session, numbers, notice, now)


async def tell_commented(
    session: AsyncSession, number: int, comment: int, by: int | None, *, now: datetime
) -> None:
    """Tell of what was added to a case."""
    await _tell(session, [number], lambda case, _due: commented_notice(case, comment, by), now)


async def tell_closed(
    session: AsyncSession, number: int, state: CaseState, by: int | None, *, now: datetime
) -> None:
    """Tell of a case that was settled, or cannot be."""
    await _tell(session, [number], lambda case, _due: closed_notice(case, state, by), now)


async def _tell(
    session: AsyncSession,
    numbers: Collection[int],
    notice: Callable[[ToldCase, date | None], NewNotice],
    now: datetime,
) -> None:
    # Whoever acts, all hear of it whom it concerns; what they then see is judged where they read it.
    with unrestricted(session):
        told = await queries.told_cases(session, numbers)
    await notifications.post(session, [notice(case, due) for case, due in told], now=now)
