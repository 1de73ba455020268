"""The door of jobs: what may take long is stored by a server and carried out by a worker, which also makes the rounds.

Nobody repeats a job: a worker that died is begun again, and has to find by itself what was left. Whoever got no
answer to the request itself sends it again with the same key.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import httpx
from sqlalchemy import create_engine, select
from sqlalchemy.exc import DBAPIError

from app.jobs.tables import ScheduleSlot
from tests.chaos.children import KILLED, PATIENCE_SECONDS, Child, Stuck
from tests.chaos.doors import BREATH, SERVER_ERROR, Fate, HttpDoor, Meddle, Outcome, Place
from tests.chaos.orders import Order

ROUND: Final = "round"
ROUND_SECONDS: Final = 300
LEASE_SECONDS: Final = "1.5"
POLL_SECONDS: Final = 0.05
ACCEPTED: Final = 202
SIGTERM: Final = 15
FATES: Final = {"done": Fate.DONE, "refused": Fate.REFUSED}


class JobsDoor(HttpDoor):
    """Asks a server to have it done, and keeps a worker; the rounds are the worker's own."""

    name = "jobs"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.worker: Child | None = None
        self._engine = create_engine(place.sync_url, pool_size=1)
        self._rounds = 0

    def roles_of(self, order: Order) -> tuple[str, ...]:
        if order.step == "rounds":
            return ("worker",)
        return ("worker", "worker", "server") if order.can_wait else super().roles_of(order)

    def prepare(self, order: Order) -> None:
        if order.step == "rounds":
            if self.worker is not None:
                self.worker.kill()
            self.place.board("worker").restart()
            return
        if order.can_wait:
            self._working()
        super().prepare(order)

    def attempt(self, order: Order, key: str, role: str, meddle: Meddle) -> Outcome:
        if order.step == "rounds":
            return self._round(order, meddle)
        if not order.can_wait:
            return super().attempt(order, key, role, meddle)
        server, worker = self.running(), self._working()
        meddle(worker if role == "worker" else server)
        assert order.request is not None
        given = self.ask(order.request, key, {"Prefer": "respond-async"})
        if given.fate is not Fate.DONE or given.status != ACCEPTED:
            return given
        return self._ended(given.location)

    def _working(self, rounds: int = 0) -> Child:
        """Answer a worker that runs, begun anew if need be; it makes rounds every so many seconds, or none."""
        if self.worker is None or not self.worker.is_alive:
            extra = {"RONGQIAO_ROUND_SECONDS": str(rounds), "RONGQIAO_JOB_LEASE_SECONDS": LEASE_SECONDS}
            self.worker = self.place.begin("worker", "worker", extra=extra)
        return self.worker

    def _ended(self, location: str) -> Outcome:
        """Wait until a job has ended; what died meanwhile is begun anew, and nothing is asked for again."""
        until, said = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < until:
            self._working()
            self.running()
            try:
                answer = self.client.get(location.removeprefix("/api/v1"))
            except httpx.TransportError:
                continue
            said = answer.text
            if answer.status_code < SERVER_ERROR:
                job: dict[str, Any] = answer.json()
                if job["state"] not in {"queued", "running"}:
                    rough = said if job["state"] == "failed" else ""
                    return Outcome(FATES.get(job["state"], Fate.BROKEN), said, rough)
            time.sleep(POLL_SECONDS)
        msg = f"a job did not end: {said}\nthe worker said:\n{self.worker.said()[-2000:] if self.worker else ''}"
        raise Stuck(msg)

    def _round(self, order: Order, meddle: Meddle) -> Outcome:
        """Have a worker of its own make a round, and end when it is through.

        Its slot is claimed for good by whoever began it: after a kill the next round is that of the next slot.
        """
        at = order.at + self._rounds * timedelta(seconds=ROUND_SECONDS)
        self._rounds += 1
        board = self.place.board("worker")
        board.set_clock(at)
        worker = self.worker = self._working(ROUND_SECONDS)
        meddle(worker)
        slot = int(at.timestamp()) // ROUND_SECONDS
        _wait(lambda: not worker.is_alive or self._claimed() == slot)
        worker.signal(SIGTERM)
        code = worker.wait()
        self.worker = None
        if code == 0 and self._claimed() == slot and "work_failed" not in worker.said():
            return Outcome(Fate.DONE)
        return Outcome(Fate.BROKEN, "killed" if code == KILLED else worker.said()[-2000:])

    def _claimed(self) -> int | None:
        """Answer the newest slot that was claimed."""
        try:
            with self._engine.connect() as connection:
                return connection.scalar(select(ScheduleSlot.slot).where(ScheduleSlot.name == ROUND))
        except DBAPIError:
            return None

    def close(self) -> None:
        if self.worker is not None:
            self.worker.kill()
        self._engine.dispose()
        super().close()


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > until:
            msg = "the worker made no round"
            raise Stuck(msg)
        time.sleep(BREATH)
