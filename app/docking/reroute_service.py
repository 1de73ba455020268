"""Use case of docking: a coordinator takes entries from parties that do not move, and gives them to the next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.allocation.reroute_schemas import RerouteIn, RerouteOut
from app.docking import dossier_queries
from app.docking.rules import fold
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, unrestricted

FINANCED: Final = "已有授信审批，不再改派"


async def reroute_in_bulk(
    session: AsyncSession, viewer: Viewer, body: RerouteIn, *, now: datetime
) -> RerouteOut:
    """Reroute entries, or say what would become of each; those with approved credit stay where they are.

    Raises:
        NotFound: no such edition or institution, or a named entry is none that the viewer may see.
        Forbidden: a named entry is not the viewer's to reroute.
        Refused: neither an institution nor entries are named.
    """
    chosen = await allocation.entries_to_reroute(session, viewer, body)
    leave = await _financed(session, [one.id for one in chosen], lock=not body.dry_run)
    return await allocation.reroute_in_bulk(session, viewer, body, chosen=chosen, leave=leave, now=now)


async def _financed(session: AsyncSession, entry_ids: Sequence[int], *, lock: bool) -> dict[int, str]:
    found: dict[int, str] = {}
    # Whoever approved credit, it is the reason to leave the entry alone.
    with unrestricted(session):
        for batch in in_batches(entry_ids):
            histories = await dossier_queries.histories_of(session, batch, lock=lock)
            found |= {entry: FINANCED for entry, events in histories.items() if fold(events).approved_fen}
    return found
