"""Use case of docking: a coordinator corrects an entry's facts, and the entry goes where they lead 更正事实."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.docking.history_service import found_entry
from app.docking.rules import fold
from app.kernel.database import AsyncSession, unrestricted
from app.whitelist import restating_service
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryOut, RestatementIn

CAUSE: Final = "统筹部门更正了需求事实"


async def restate_entry(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    body: RestatementIn,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> EntryOut:
    """Correct an entry's facts, judge it anew, and match it anew if somebody is responsible for it.

    Whoever is responsible and still fits keeps the entry; entries for which credit was approved stay where they are,
    and so do those that are not admitted any more.

    Raises:
        NotFound, Forbidden, Conflict, PreconditionFailed, Refused: as whitelist/restating_service.py says.
    """
    made = await restating_service.restate(session, viewer, code, body, expect=expect, now=now)
    if not made.is_changed or made.out.status != "admitted":
        return made.out
    dossier = await found_entry(session, viewer, code, lock=True)
    if not fold(dossier.events).approved_fen:
        with unrestricted(session):  # where an entry goes rests on all that is known of it
            await allocation.rematch_entries(session, viewer, {made.entry_id: {}}, cause=CAUSE, now=now)
    return await whitelist.get_entry(session, viewer, code)
