"""Of an edition's admitted entries: which there are by which wordings, and what those state, as texts to be read apart."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, Text, cast, func, select

from app.enterprises.tables import NeedRevision
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEntry

WORDINGS_PER_STATEMENT = 2_000


def _admitted(edition_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        WhitelistEntry.edition_id == edition_id,
        WhitelistEntry.status == "admitted",
        WhitelistEntry.withdrawn_at.is_(None),
    )


async def listed(session: AsyncSession, edition_id: int) -> str:
    """Answer entry and wording (ids) of the admitted entries that the session sees, as `1:7,2:9`; one row of the database."""
    pair = cast(WhitelistEntry.id, String) + ":" + cast(WhitelistEntry.need_revision_id, String)
    statement = select(func.aggregate_strings(pair, ",")).where(*_admitted(edition_id))
    return await session.scalar(statement) or ""


async def stated(session: AsyncSession, revision_ids: Sequence[int]) -> dict[int, str]:
    """Answer the stored facts of wordings, unread: whoever reads so many does it apart."""
    found: dict[int, str] = {}
    for batch in in_batches(revision_ids, WORDINGS_PER_STATEMENT):
        statement = select(NeedRevision.id, cast(NeedRevision.facts, Text)).where(NeedRevision.id.in_(batch))
        found |= {row[0]: row[1] for row in await session.execute(statement)}
    return found
