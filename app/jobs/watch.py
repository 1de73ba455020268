"""Finds jobs that nobody carries out: their message was lost, or their worker is silent.

It compares no clocks of several machines: what it looks at is whether anything changed between two looks,
by its own clock.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.jobs import queries
from app.jobs.queue import JobQueue
from app.jobs.rules import MOST_STARTS, Answer, State
from app.kernel.database import Sessions, transaction
from app.kernel.logs import get_logger

MOST_LOOKED_AT: Final = 1_000
LOST: Final = Answer(
    500,
    {"content-type": "application/problem+json"},
    b'{"type":"urn:rongqiao:worker_lost","title":"Its worker was lost each time","status":500,'
    b'"detail":"It was begun as often as a job is, and each time its worker ended.","code":"worker_lost"}',
)
logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a job showed, and since when (seconds of this process's clock) it shows the same."""

    shown: tuple[str, int, int]
    since: float


class Watch:
    """Looks at all open jobs every so often; several workers may watch, changes are made once."""

    def __init__(self, sessions: Sessions, queue: JobQueue, lease_seconds: float) -> None:
        self.sessions, self.queue, self.lease_seconds = sessions, queue, lease_seconds
        self._seen: dict[str, Sight] = {}

    async def look(self, *, now: datetime, elapsed: float) -> list[str]:
        """Send what waits without a message, queue anew what its worker has left; answer the codes."""
        async with transaction(self.sessions, writes=False) as session:
            found = await queries.open_jobs(session, MOST_LOOKED_AT)
        if not found:
            self._seen.clear()
            return []
        beats, waiting = await asyncio.to_thread(self._told, found)
        seen, sent = dict[str, Sight](), list[str]()
        for job in found:
            shown = (job.state, job.start, beats.get(job.code, 0))
            before = self._seen.get(job.code)
            sight = before if before is not None and before.shown == shown else Sight(shown, elapsed)
            if job.state == State.QUEUED:
                is_lost = before is None or elapsed - sight.since >= self.lease_seconds
                if is_lost and not waiting and job.not_before <= now:
                    sent.append(job.code)
                    sight = Sight(shown, elapsed)
            elif elapsed - sight.since >= self.lease_seconds and await self._take_back(job, now):
                sent.append(job.code)
            seen[job.code] = sight
        self._seen = seen
        for code in sent:
            await asyncio.to_thread(self.queue.send, code)
        return sent

    def _told(self, found: Sequence[Any]) -> tuple[dict[str, int], int]:
        running = (job.code for job in found if job.state == State.RUNNING)
        return {code: self.queue.beats(code) for code in running}, self.queue.waiting()

    async def _take_back(self, job: Any, now: datetime) -> bool:
        """Queue a job anew that its worker has left; tell whether it shall be sent."""
        async with transaction(self.sessions) as session:
            if job.start >= MOST_STARTS:
                await queries.end(session, job.code, job.start, State.FAILED, LOST, now)
                logger.error("job_given_up", job=job.code, start=job.start)
                return False
            is_back = await queries.put_back(session, job.code, job.start, now)
        if is_back:
            logger.warning("job_taken_back", job=job.code, start=job.start)
        return is_back
