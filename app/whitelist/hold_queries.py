"""Who changes a roster holds it: its edition first, then entries in one order, so that nobody waits in a circle.

On SQLite a writing transaction holds the only pen anyway, and the clauses are left out. Rows that refer to what
is held may still be written meanwhile: it keeps its key.
"""

from collections.abc import Iterable

from sqlalchemy import select

from app.accounts.rules import Viewer
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.whitelist.tables import ReviewItem, WhitelistEdition, WhitelistEntry


async def lock_editions(session: AsyncSession, viewer: Viewer) -> None:
    """Keep others who change which entries are listed in this jurisdiction waiting until the transaction ends."""
    statement = select(WhitelistEdition.id).where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    statement = statement.order_by(WhitelistEdition.id)
    await session.execute(statement.with_for_update(key_share=True))


async def hold_edition_of(
    session: AsyncSession, viewer: Viewer, *, entry: str | None = None, item: int | None = None
) -> None:
    """Hold the edition of an entry (code), or of a review item's, likewise; before the entry itself is locked."""
    statement = select(WhitelistEdition.id).join(WhitelistEntry)
    statement = statement.where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    if item is not None:
        statement = statement.join(ReviewItem).where(ReviewItem.id == item)
    else:
        statement = statement.where(WhitelistEntry.code == entry)
    await session.execute(statement.with_for_update(of=WhitelistEdition, key_share=True))


async def hold_entries(session: AsyncSession, entry_ids: Iterable[int]) -> None:
    """Keep others who log on entries, or count their days, waiting until the transaction ends; in one order."""
    for batch in in_batches(sorted(set(entry_ids))):
        statement = select(WhitelistEntry.id).where(WhitelistEntry.id.in_(batch)).order_by(WhitelistEntry.id)
        await session.execute(statement.with_for_update(key_share=True))
