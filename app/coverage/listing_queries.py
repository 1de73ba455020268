"""Reads for the lists behind figures: frozen facts of closed months, and which entries a viewer may see."""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, select

from app.accounts.rules import Viewer
from app.coverage.tables import CoverageSnapshot
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct, given
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

_FROZEN: Final = Direct(
    select(CoverageSnapshot.id, CoverageSnapshot.facts_sha256).where(
        CoverageSnapshot.jurisdiction == given("jurisdiction"),
        CoverageSnapshot.month == given("month"),
        CoverageSnapshot.edition_id == given("edition", BigInteger),
    )
)


async def frozen_key(
    session: AsyncSession, viewer: Viewer, month: str, edition_id: int
) -> tuple[int, str] | None:
    """Answer the id of a closed month of an edition, and the hash of its facts; None while it is open."""
    row = await _FROZEN.row(session, jurisdiction=viewer.jurisdiction, month=month, edition=edition_id)
    return None if row is None else (row[0], row[1])


async def visible_codes(
    session: AsyncSession, viewer: Viewer, edition_id: int, until: datetime
) -> frozenset[str]:
    """Answer the codes of an edition's entries, admitted before an instant, that the viewer may see."""
    statement = (
        select(WhitelistEntry.code)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.admitted_at < until,
        )
    )
    return frozenset((await session.execute(statement)).scalars())
