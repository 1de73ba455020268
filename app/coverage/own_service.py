"""Use case of an institution's own figures of the last closed month."""

from dataclasses import dataclass

from app.accounts.rules import Viewer
from app.coverage import queries
from app.coverage.closed_months import closed_month
from app.coverage.looking import shown_rows
from app.coverage.published import model_of, rows_of_cut
from app.coverage.rules import Cut
from app.coverage.schemas import GroupOut
from app.kernel.database import AsyncSession


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """A closed month's rows of the viewer's institutions and those below them, in the order of their tree."""

    month: str
    rows: list[GroupOut]


async def last_closed(session: AsyncSession, viewer: Viewer) -> OwnMonth | None:
    """Answer the last closed month as far as the viewer's institutions go; None while no month is closed."""
    months = await queries.closed_months(session, viewer)
    found = await closed_month(session, viewer, months[-1]) if months else None
    if found is None:
        return None
    rows = shown_rows(viewer, Cut.INSTITUTION, rows_of_cut(found.figures, Cut.INSTITUTION))
    return OwnMonth(months[-1], [model_of(row) for row in rows])
