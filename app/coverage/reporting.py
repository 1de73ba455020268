"""A month's figures as of now, computed once for all who ask for them at one moment."""

import asyncio
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather
from app.coverage.published import report_json
from app.coverage.rules import Cut, compute
from app.kernel.database import AsyncEngine, AsyncSession, make_sessions
from app.kernel.recording import leaves
from app.kernel.sharing import SharedLooks
from app.whitelist.tables import WhitelistEdition

Report = tuple[MonthFacts, dict[str, Any]]
_LOOKS: Final[WeakKeyDictionary[AsyncEngine, SharedLooks[Report]]] = WeakKeyDictionary()


async def todays_report(
    session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition, cuts: tuple[Cut, ...]
) -> Report:
    """Answer a month's facts and report as of now; all who ask for the same at one moment wait for one of them."""
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        return await _reported(session, viewer, month, edition, cuts)

    async def look() -> Report:
        async with make_sessions(engine)() as own:  # facts are the same for everybody (`gather`)
            return await _reported(own, viewer, month, edition, cuts)

    key = (viewer.jurisdiction, month, edition.id, cuts)
    return await _LOOKS.setdefault(engine, SharedLooks()).ask(key, look)


async def _reported(
    session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition, cuts: tuple[Cut, ...]
) -> Report:
    facts = await gather(session, viewer, month, edition)
    return facts, report_json(await asyncio.to_thread(compute, facts, cuts))
