"""Gives an application what operating it takes: places for requests, a drain, figures, traces."""

import asyncio
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from prometheus_client import Counter, generate_latest

from app.accounts.start_service import newest_migration
from app.kernel.admission import Admission
from app.kernel.database import Sessions, pool_use
from app.kernel.draining import Drain
from app.kernel.errors import Fault
from app.kernel.logs import frames_of, get_logger
from app.kernel.settings import Settings
from app.kernel.shedding import Places
from app.operations import service
from app.operations.asking import Asked
from app.operations.gathered import Gathered
from app.operations.metrics import ProcessState, RequestMetrics, WorkState, make_registry
from app.operations.tracing import traces_of

KEEP_FIGURES: Final = 15.0
KEEP_READINESS: Final = 1.0
LONGEST_LOOK: Final = 1.0
"""Seconds for which what was asked of the database counts, and for which anybody waits for it."""
logger = get_logger(__name__)


class Operations:
    """What a process says of itself to machines that look in."""

    def __init__(self, app: FastAPI, settings: Settings, admission: Admission, drain: Drain) -> None:
        self._app, self.drain, self.newest = app, drain, newest_migration()
        self.registry = make_registry(version("rongqiao"), self.newest)
        self._state, self._work = ProcessState(admission, drain), WorkState()
        self.registry.register(self._state)
        self.registry.register(self._work)
        self._failed = Counter(
            "rongqiao_gathering_failed",
            "Figures that the database did not give in time.",
            registry=self.registry,
        )
        self.requests, self._traces = RequestMetrics(self.registry), traces_of(settings)
        self._gathering = Asked[Gathered](
            partial(self._gather, settings.jurisdiction),
            keep_seconds=KEEP_FIGURES,
            wait_seconds=LONGEST_LOOK,
        )
        self._migration = Asked[str | None](
            self._stored_migration, keep_seconds=KEEP_READINESS, wait_seconds=LONGEST_LOOK
        )

    @property
    def watchers(self) -> tuple[object, ...]:
        """Answer who watches requests."""
        return (self.requests,) if self._traces is None else (self.requests, self._traces)

    async def figures(self) -> bytes:
        """Answer all figures in Prometheus' text; those that the database does not give in time are left out."""
        try:
            self._work.gathered = await self._gathering.answer()
        except Exception as error:  # noqa: BLE001 - whatever ails the database: the other figures are wanted all the more
            self._work.gathered = None
            self._failed.inc()
            logger.warning("gathering_failed", causes=frames_of(error))
        self._state.pool = pool_use(self._sessions())
        return generate_latest(self.registry)

    async def obstacles(self) -> list[Fault]:
        """Answer why this process should get no requests."""
        return await service.obstacles(self.drain, self._migration, self.newest)

    async def close(self) -> None:
        """Ask nothing more, and send the last traces."""
        await self._gathering.close()
        await self._migration.close()
        if self._traces is not None:
            await asyncio.to_thread(self._traces.close)

    def _sessions(self) -> Sessions:
        sessions: Sessions = self._app.state.sessions
        return sessions

    async def _gather(self, jurisdiction: str) -> Gathered:
        return await service.gather(self._sessions(), jurisdiction)

    async def _stored_migration(self) -> str | None:
        return await service.stored_migration(self._sessions())


def furnish(app: FastAPI, settings: Settings) -> Operations:
    """Furnish an application; its sessions may come later.

    Raises:
        Refused: traces are wanted and OpenTelemetry is not installed.
    """
    admission = Admission(settings.requests_at_once, settings.requests_waiting, settings.wait_seconds)
    drain = app.state.drain = Drain()
    app.state.room = Places(admission, settings.wait_seconds)
    operations: Operations = Operations(app, settings, admission, drain)
    app.state.operations, app.state.watchers = operations, operations.watchers
    return operations
