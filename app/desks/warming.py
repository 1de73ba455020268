"""What the first who opens a page after a start would wait for, prepared while the server already answers.

The libraries that draw charts, the facts of months that are not closed, what cards are made of, the index of
products and the booklet take up to seconds each, once in a process. What cannot be prepared is made when it is asked for, as ever.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from app.accounts.rules import Viewer, local_operator
from app.allocation import cards_service
from app.booklet.service import compose_ahead
from app.coverage.trend_service import trend
from app.desks import charts
from app.desks.assets import CHARTS, asset
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, Sessions
from app.kernel.logs import frames_of, get_logger
from app.kernel.recording import Recorder, reading
from app.kernel.settings import Settings
from app.matching.gathering import shelf, surroundings
from app.visibility.service import narrow

Step = Callable[[AsyncSession, Viewer], Awaitable[object]]
logger = get_logger(__name__)


async def _charts(_session: AsyncSession, _viewer: Viewer) -> None:
    await asyncio.to_thread(asset, CHARTS)
    point = charts.Point("", 0.0, "")
    await charts.bars("ready", "", "", [point])
    await charts.lines("ready", "", "", [charts.Line("", (point,))])


async def _months(session: AsyncSession, viewer: Viewer) -> None:
    await trend(session, viewer, now=utc_now())


async def _cards(session: AsyncSession, viewer: Viewer) -> None:
    await cards_service.read_ahead(session, viewer)


async def _products(session: AsyncSession, viewer: Viewer) -> None:
    around = await surroundings(session, viewer, shanghai_today())
    await asyncio.to_thread(shelf.matcher_of, around)


async def _booklet(session: AsyncSession, viewer: Viewer) -> None:
    await compose_ahead(session, viewer)


STEPS: Final[tuple[Step, ...]] = (_charts, _months, _cards, _products, _booklet)


@asynccontextmanager
async def warming(sessions: Sessions, settings: Settings) -> AsyncIterator[None]:
    """Prepare it all, `warm_seconds` after this begins (0: nothing), and stop preparing when this ends."""
    work = asyncio.create_task(_later(sessions, settings)) if settings.warm_seconds else None
    try:
        yield
    finally:
        if work is not None:
            work.cancel()


async def _later(sessions: Sessions, settings: Settings) -> None:
    await asyncio.sleep(settings.warm_seconds)  # who comes at once is answered first
    await prepare(sessions, settings.jurisdiction)


async def prepare(sessions: Sessions, jurisdiction: str) -> list[str]:
    """Take each step, whatever becomes of the others; answer the names of those that failed."""
    failed = []
    viewer = local_operator(jurisdiction)
    for step in STEPS:
        name = step.__name__.strip("_")
        try:
            async with reading(sessions, Recorder()) as session:
                narrow(session, viewer, shanghai_today())
                await step(session, viewer)
        except Exception as error:  # noqa: BLE001 - a page that is slow once is no reason to end a server
            failed.append(name)
            logger.info("not_warmed", step=name, causes=frames_of(error))
    return failed
