"""Undoes an import: what it listed leaves the roster together, as long as nobody was made responsible for it."""

from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault
from app.whitelist import hold_queries, undo_queries
from app.whitelist.import_service import get_import
from app.whitelist.schemas import ImportOut, UndoneOut
from app.whitelist.topics import ROSTER_CHANGED


async def undo_import(
    session: AsyncSession, viewer: Viewer, import_id: int, reason: str, *, now: datetime
) -> ImportOut:
    """Take the entries off the roster that an import listed; they and the import stay on record.

    Entries that it only changed keep the new statement: importing the earlier roster states them as they were. A
    later import that states an entry again brings it back. Whether an allocation has used the import is for the
    room above to ask (allocation/undo_service.py).

    Raises:
        NotFound: no such import for this viewer.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it was undone before.
    """
    require(viewer, Action.MANAGE_ROSTER, Target(region=viewer.jurisdiction))
    await hold_queries.lock_editions(session, viewer)
    await get_import(session, viewer, import_id)
    record = await undo_queries.import_for_change(session, import_id)
    if "undone" in record.counts:
        raise Conflict("The import was undone before.", [Fault("id", "undone", value=str(import_id))])
    with unrestricted(session):  # a roster is one thing, wherever its firms lie
        entries = await undo_queries.listed_by(session, record)
        await undo_queries.withdraw(session, entries, import_id, viewer.name, reason, now)
        undone = UndoneOut(entries=len(entries), undone_by=viewer.name, undone_at=now, reason=reason)
        record.counts = record.counts | {"undone": undone.model_dump(mode="json")}
        await session.flush()
        session.expire_all()
        await ROSTER_CHANGED.tell(session, entries, now)
    detail = {"entries": len(entries), "reason": reason}
    audit_service.note(session, "undo_import", "import", str(import_id), now=now, detail=detail)
    return await get_import(session, viewer, import_id)
