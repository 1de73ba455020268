"""Adoptions, the only rows of this room."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, String, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.kernel.direct import Direct, given_each
from app.policy.precedence import lineage
from app.policy.tables import PolicyAdoption

_OF_PLACES: Final = Direct(
    select(
        PolicyAdoption.id,
        PolicyAdoption.jurisdiction,
        PolicyAdoption.pack,
        PolicyAdoption.item,
        PolicyAdoption.since,
        PolicyAdoption.until,
        PolicyAdoption.reason,
        PolicyAdoption.adopted_by,
    )
    .where(PolicyAdoption.jurisdiction.in_(given_each("jurisdictions", String)))
    .order_by(PolicyAdoption.id)
)


async def adoptions_for(session: AsyncSession, jurisdictions: Sequence[str]) -> Sequence[Any]:
    """Answer what was ever adopted for these jurisdictions, oldest first, whoever asks."""
    return await _OF_PLACES.rows(session, jurisdictions=jurisdictions)


def _seen_by(viewer: Viewer, statement: Select[Any]) -> Select[Any]:
    """Keep adoptions for the viewer's area and for what lies above it, since those apply there too."""
    within = viewer.jurisdiction
    while within.endswith("00"):
        within = within[:-2]
    return statement.where(
        or_(
            PolicyAdoption.jurisdiction.startswith(within, autoescape=True),
            PolicyAdoption.jurisdiction.in_(lineage(viewer.jurisdiction)),
        )
    )


async def adoption_by_id(
    session: AsyncSession, viewer: Viewer, adoption_id: int, *, is_for_change: bool = False
) -> PolicyAdoption | None:
    """Answer one adoption that the viewer may see, or None; for a change it is held until the end."""
    statement = select(PolicyAdoption).where(PolicyAdoption.id == adoption_id)
    if is_for_change:
        statement = statement.with_for_update()
    found: PolicyAdoption | None = await session.scalar(_seen_by(viewer, statement))
    return found


async def adoptions_after(
    session: AsyncSession, viewer: Viewer, after_id: int, limit: int
) -> list[PolicyAdoption]:
    """Answer at most `limit` adoptions that the viewer may see, by id, after one."""
    statement = _seen_by(viewer, select(PolicyAdoption).where(PolicyAdoption.id > after_id))
    return list((await session.scalars(statement.order_by(PolicyAdoption.id).limit(limit))).all())
