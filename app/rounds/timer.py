"""The server's own timer: a round every so often, for as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.logs import get_logger
from app.kernel.settings import Settings
from app.rounds.service import make_round

logger = get_logger(__name__)


@asynccontextmanager
async def rounds(sessions: Sessions, settings: Settings) -> AsyncIterator[None]:
    """Make rounds in the background while the block runs; `round_seconds` 0 makes none.

    A round that fails is logged and made again at the next turn; it never stops the server.
    """
    if settings.round_seconds == 0:
        yield
        return
    task = asyncio.create_task(_make_rounds(sessions, settings), name="rounds")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _make_rounds(sessions: Sessions, settings: Settings) -> None:
    while True:
        await asyncio.sleep(settings.round_seconds)
        try:
            done = await make_round(sessions, settings, now=utc_now())
        except Exception:  # whatever it was: the next round is another try, and this one is on record
            logger.exception("round_failed")
        else:
            if done.reminded or done.escalated or done.closed:
                logger.info("round_made", **done.model_dump(exclude={"delivery"}))
