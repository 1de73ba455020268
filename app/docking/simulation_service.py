"""Use case of docking: simulate it, for demonstrations, tests and dry runs."""

import asyncio
from collections import Counter
from datetime import datetime

from app.accounts.rules import Viewer
from app.docking import gathering, queries, simulation
from app.docking.history_service import edition_id_of
from app.docking.schemas import SimulationOut
from app.docking.service import log_events
from app.docking.simulation import World
from app.docking.simulation_plan import plan
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.kernel.settings import get_settings
from app.reference import service as reference


async def simulate_edition(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    seed: int,
    until: datetime,
    now: datetime,
) -> SimulationOut:
    """Log simulated docking of an edition up to an instant, marked as such (模拟数据).

    Going on with the same seed later only adds. Entries with real events are left alone.

    Raises:
        Refused: `until` lies in the future.
        NotFound: no such edition.
    """
    if until > now:
        raise Refused(
            "A simulation cannot run ahead of the clock.",
            [Fault("until", "lies in the future", "Choose an earlier instant.", until.isoformat())],
        )
    edition = await edition_id_of(session, viewer, edition_code)
    book = await reference.current_book(session, get_settings().seed_dir)
    dossiers = await gathering.dossiers(session, viewer, edition)
    facts = await queries.stated_facts(session, viewer, edition)
    logged, real = await queries.logged_moments(session, viewer, edition)
    world = World(book.calendar, book.lpr, seed, until)
    drafts = await asyncio.to_thread(plan, dossiers, facts, logged, real, world)
    actor = simulation.ACTOR
    await log_events(session, viewer, edition_code, drafts, now=now, actor=actor, is_simulated=True)
    kinds = Counter(draft.kind.value for _code, draft in drafts)
    entries = len({code for code, _draft in drafts})
    return SimulationOut(edition=edition_code, seed=seed, until=until, events=dict(kinds), entries=entries)
