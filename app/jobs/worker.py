"""The worker: huey's threads take messages, one event loop does the work, a clock looks after both.

A signal to end (SIGTERM, SIGINT) lets what runs come to its end for `shutdown_seconds`; what takes longer is
put back, and another worker begins it anew.
"""

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, Final

from huey.consumer import Consumer

from app.jobs.running import JobRunner, Stop
from app.jobs.schedule import Due, Schedule, claim
from app.jobs.watch import Watch
from app.kernel.clock import elapsed_seconds, utc_now
from app.kernel.database import Sessions
from app.kernel.logs import frames_of, get_logger

LONGEST_BEAT: Final = 1.0
LONGEST_LOOK: Final = 5.0
SHORTEST: Final = 0.1
POLL_SECONDS: Final = 0.5
logger = get_logger(__name__)


def worker_name() -> str:
    """Answer the name of this process among all workers."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


class Worker:
    """Carries jobs out, and what is due, until it is told to end."""

    def __init__(
        self,
        runner: JobRunner,
        sessions: Sessions,
        schedules: tuple[Schedule, ...],
        *,
        threads: int,
        lease_seconds: float,
        shutdown_seconds: float,
    ) -> None:
        self.runner, self.sessions, self.queue = runner, sessions, runner.queue
        self.schedules = {each.name: each for each in schedules}
        self.loop = asyncio.new_event_loop()
        self._watch = Watch(sessions, self.queue, lease_seconds)
        self._due = Due(schedules)
        self._beat_every = max(SHORTEST, min(LONGEST_BEAT, lease_seconds / 5))
        self._look_every = max(SHORTEST, min(LONGEST_LOOK, lease_seconds / 3))
        self._threads, self._shutdown_seconds = threads, shutdown_seconds
        self._is_over = threading.Event()
        self.queue.work_with(self._run, self._run_scheduled)

    def run(self) -> None:
        """Work until a signal ends it; call from the main thread, because of the signals."""
        # What ails the store is logged by the clock below, without tracebacks.
        logging.getLogger("huey").setLevel(logging.CRITICAL)
        looping = threading.Thread(target=self.loop.run_forever, name="loop")
        clock = threading.Thread(target=self._keep_time, name="clock")
        consumer = Consumer(
            self.queue.huey,
            workers=self._threads,
            periodic=False,
            max_delay=POLL_SECONDS,
            graceful_signal="TERM",
            shutdown_timeout=self._shutdown_seconds,
        )
        self._prepare_queue()
        looping.start()
        clock.start()
        logger.info("worker_begun", worker=self.runner.worker, threads=self._threads)
        try:
            consumer.run()
        finally:
            self._end(looping, clock)

    def _prepare_queue(self) -> None:
        try:
            self.queue.prepare()
        except Exception as error:  # noqa: BLE001 - a store that is away now may be back soon
            logger.warning("queue_not_reached", causes=frames_of(error))

    def _end(self, looping: threading.Thread, clock: threading.Thread) -> None:
        self._is_over.set()
        clock.join()
        for running in list(self.runner.running.values()):
            running.stop_for(Stop.RELEASED)
        self._wait_for(self._drained())
        self.loop.call_soon_threadsafe(self.loop.stop)
        looping.join()
        self.loop.close()
        logger.info("worker_ended", worker=self.runner.worker)

    async def _drained(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(others, timeout=self._shutdown_seconds or None) if others else None

    def _run(self, code: str) -> None:
        self._wait_for(self.runner.run(code))

    def _run_scheduled(self, name: str, slot: int) -> None:
        if name in self.schedules:  # another version's worker may have sent it
            self._wait_for(self._do_scheduled(self.schedules[name], slot))

    async def _do_scheduled(self, schedule: Schedule, slot: int) -> None:
        now = utc_now()
        if await claim(self.sessions, schedule.name, slot, worker=self.runner.worker, now=now):
            await schedule.work(now)

    def _wait_for(self, work: Coroutine[Any, Any, object]) -> None:
        """Have the loop do some work, and wait; what goes wrong is logged and tried again by watch or next slot."""
        try:
            asyncio.run_coroutine_threadsafe(work, self.loop).result()
        except CancelledError:
            logger.warning("work_stopped")
        except Exception as error:  # noqa: BLE001 - whatever it was: a thread that died would take no more messages
            logger.error("work_failed", causes=frames_of(error))  # noqa: TRY400 - a traceback may quote case data

    def _keep_time(self) -> None:
        """Every moment: send what is due, say which jobs live, stop those that shall; now and then: look for lost ones."""
        looked_at, looking = -self._look_every, None
        while not self._is_over.wait(self._beat_every):
            try:
                self._beat()
                for name, slot in self._due.now_due(utc_now()):
                    self.queue.send_scheduled(name, slot)
            except Exception as error:  # noqa: BLE001 - the store may be away for a while
                logger.warning("queue_not_reached", causes=frames_of(error))
            if elapsed_seconds() - looked_at >= self._look_every and (looking is None or looking.done()):
                looked_at = elapsed_seconds()
                # Not waited for: a loop that is busy for long must not make its own jobs look dead.
                looking = asyncio.run_coroutine_threadsafe(self._look(looked_at), self.loop)

    async def _look(self, elapsed: float) -> None:
        try:
            await self._watch.look(now=utc_now(), elapsed=elapsed)
        except Exception as error:  # noqa: BLE001 - the database or the store may be away for a while
            logger.warning("not_watched", causes=frames_of(error))

    def _beat(self) -> None:
        for code, running in list(self.runner.running.items()):
            self.queue.beat(code)
            if self.queue.is_asked_to_stop(code):
                running.stop_for(Stop.CANCELLED)
