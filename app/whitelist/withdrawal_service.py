"""Use cases of entries that leave the roster and come back to it; each time stays on record."""

from collections.abc import Callable
from datetime import datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault
from app.whitelist import hold_queries, queries
from app.whitelist.schemas import EntryOut
from app.whitelist.service import get_entry, no_such_entry
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry
from app.whitelist.topics import ROSTER_CHANGED

Expect = Callable[[int], None]


async def withdraw(
    session: AsyncSession, viewer: Viewer, code: str, reason: str, *, expect: Expect, now: datetime
) -> EntryOut:
    """Take an entry off the roster; it stays on record and later imports leave it withdrawn.

    Raises:
        NotFound: no such entry for this viewer.
        Forbidden: the entry's region is not within one of the viewer's roles.
        Conflict: it was withdrawn before.
    """
    row = await _held(session, viewer, code, expect)
    if row.withdrawn_at is not None:
        fault = Fault("code", "withdrawn", f"POST …/whitelist/entries/{code}/reopening brings it back.", code)
        raise Conflict("The entry was withdrawn before.", [fault])
    row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason = now, viewer.name, reason
    session.add(EntryWithdrawal(entry_id=row.id, withdrawn_at=now, withdrawn_by=viewer.name, reason=reason))
    return await _changed(session, viewer, row, now)


async def reopen(
    session: AsyncSession, viewer: Viewer, code: str, reason: str, *, expect: Expect, now: datetime
) -> EntryOut:
    """Bring a withdrawn entry back as it stood: whether it is admitted was decided before and still holds.

    Raises:
        NotFound: no such entry for this viewer.
        Forbidden: the entry's region is not within one of the viewer's roles.
        Conflict: it is not withdrawn.
    """
    row = await _held(session, viewer, code, expect)
    if row.withdrawn_at is None:
        raise Conflict("The entry is not withdrawn.", [Fault("code", f"is listed, {row.status}", value=code)])
    withdrawal = await queries.withdrawal_in_force(session, row.id)
    # Clocks of two machines may differ: it comes back no earlier than it went.
    reopened_at = max(now, withdrawal.withdrawn_at)
    withdrawal.reopened_at, withdrawal.reopened_by = reopened_at, viewer.name
    withdrawal.reopen_reason = reason
    row.withdrawn_at = row.withdrawn_by = row.withdrawal_reason = None
    return await _changed(session, viewer, row, reopened_at)


async def _held(session: AsyncSession, viewer: Viewer, code: str, expect: Expect) -> WhitelistEntry:
    await hold_queries.hold_edition_of(session, viewer, entry=code)
    found = await queries.entry_by_code(session, viewer, code, is_locked=True)
    if found is None:
        raise no_such_entry(code)
    row = found[0]
    require(viewer, Action.CHANGE_ENTRIES, Target(region=row.region_code))
    expect(row.version)
    return row


async def _changed(session: AsyncSession, viewer: Viewer, row: WhitelistEntry, now: datetime) -> EntryOut:
    row.version += 1
    await session.flush()
    await ROSTER_CHANGED.tell(session, [row.id], now)
    return await get_entry(session, viewer, row.code)
