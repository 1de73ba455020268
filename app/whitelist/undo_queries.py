"""Entries that an import listed, taken off the roster together, and brought back by a later one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import and_, exists, insert, or_, select, update

from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry, WhitelistImport

BROUGHT_BACK: Final = "再次导入名单"


async def listed_by(session: AsyncSession, record: WhitelistImport) -> list[int]:
    """Answer the entries (ids) that are on the roster because of an import: it listed them, or brought them back."""
    is_new = WhitelistEntry.created_at == record.created_at
    came_back = exists().where(
        and_(
            EntryWithdrawal.entry_id == WhitelistEntry.id,
            EntryWithdrawal.import_id.is_not(None),
            EntryWithdrawal.reopened_at == record.created_at,
        )
    )
    statement = select(WhitelistEntry.id).where(
        WhitelistEntry.import_id == record.id, WhitelistEntry.withdrawn_at.is_(None), or_(is_new, came_back)
    )
    return list(await session.scalars(statement.order_by(WhitelistEntry.id)))


async def withdraw(
    session: AsyncSession, entry_ids: Sequence[int], import_id: int, name: str, reason: str, now: datetime
) -> None:
    """Take entries off the roster because their import is undone."""
    for some in in_batches(entry_ids):
        values = {"withdrawn_at": now, "withdrawn_by": name, "withdrawal_reason": reason}
        changed = update(WhitelistEntry).where(WhitelistEntry.id.in_(some))
        await session.execute(changed.values(**values, version=WhitelistEntry.version + 1))
        own = {"withdrawn_at": now, "withdrawn_by": name, "reason": reason, "import_id": import_id}
        await session.execute(insert(EntryWithdrawal), [{"entry_id": one, **own} for one in some])


async def bring_back(session: AsyncSession, entry_ids: Sequence[int], name: str, now: datetime) -> None:
    """Note that entries whose import was undone are stated again."""
    if entry_ids:
        statement = update(EntryWithdrawal).where(
            EntryWithdrawal.entry_id.in_(entry_ids), EntryWithdrawal.reopened_at.is_(None)
        )
        await session.execute(statement.values(reopened_at=now, reopened_by=name, reopen_reason=BROUGHT_BACK))


async def import_for_change(session: AsyncSession, import_id: int) -> WhitelistImport:
    """Answer an import that is known to be there, held until the transaction ends."""
    statement = select(WhitelistImport).where(WhitelistImport.id == import_id).with_for_update()
    return (await session.scalars(statement)).one()
