"""Use case of undoing an import: possible until an allocation has used it."""

from datetime import datetime

from app.accounts.rules import Viewer
from app.allocation import queries, run_queries
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault
from app.whitelist import import_service
from app.whitelist import service as whitelist
from app.whitelist.schemas import ImportOut
from app.whitelist.undo_service import undo_import as undo


async def may_undo(session: AsyncSession, viewer: Viewer, found: ImportOut) -> bool:
    """Tell whether an import stands, and no allocation has used it yet."""
    if found.undone is not None:
        return False
    edition = await whitelist.edition(session, viewer, found.edition)
    newest = await run_queries.latest_run(session, viewer, edition.id)
    return newest is None or newest.created_at < found.created_at


async def undo_import(
    session: AsyncSession, viewer: Viewer, import_id: int, reason: str, *, now: datetime
) -> ImportOut:
    """Take back what an import listed (whitelist/undo_service.py).

    Raises:
        NotFound: no such import for this viewer.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it was undone before, or an allocation has used it.
    """
    found = await import_service.get_import(session, viewer, import_id)
    edition = await whitelist.edition(session, viewer, found.edition)
    await queries.hold_edition(session, edition.id)
    if found.undone is None and not await may_undo(session, viewer, found):
        remedy = "Withdraw single entries, or import a corrected roster."
        raise Conflict(
            "An allocation has used the import.",
            [Fault("id", "used by an allocation", remedy, str(import_id))],
        )
    return await undo(session, viewer, import_id, reason, now=now)
