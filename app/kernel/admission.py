"""Who begins at once, who waits, who is sent away: pure, time is an argument (seconds that only grow).

So many requests work at once; others wait in two lanes, for reading and for changing, because changes may
wait for each other in the database and must not take every place with them. Who is let in shall be served in
time: a lane whose queue has not been empty for `STANDING_SECONDS` holds more than a burst, and then takes
nobody while a newcomer would wait longer than the target (of a burst: twice that), judged by the pace at which
they begin. That is the idea of CoDel (RFC 8289), with the newest refused instead of the oldest. So the delay
stays near the target however much is asked for, and nobody is sent away as soon as less is asked than can be
done.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TARGET_SHARE: Final = 0.25
"""The target, as a share of the longest wait."""
STANDING_SECONDS: Final = 0.5
SMOOTHING: Final = 1 / 64
SPREAD: Final = 3
"""Who is sent away comes again after 1, 2 or 3 seconds in turn, not all at once."""


class Lane(StrEnum):
    """What a request means to do."""

    READ = "read"
    CHANGE = "change"


class Refusal(StrEnum):
    """Why a request was sent away."""

    FULL = "full"
    STANDING = "standing"
    WAITED = "waited"
    CONNECTIONS = "connections"
    STREAMS = "streams"


@dataclass(eq=False, slots=True)
class Ticket:
    """One request; it works, or waits for its turn."""

    lane: Lane
    since: float
    _works: bool = False

    def is_working(self) -> bool:
        """Tell whether it works now: its turn may come at any time while it waits."""
        return self._works

    def begin(self) -> None:
        """Its turn has come."""
        self._works = True

    def end(self) -> None:
        """It works no more."""
        self._works = False


@dataclass(slots=True)
class _Queue:
    """Who waits in a lane, how many may, and how many may work."""

    most_working: int
    most_waiting: int
    working: int = 0
    waiting: deque[Ticket] = field(default_factory=deque)
    standing_since: float | None = None
    begun_at: float | None = None
    pace: float = 0.0
    """Seconds from one's turn to the next one's, smoothed; 0: not known."""

    def wait(self, now: float) -> float:
        """Answer the seconds that a newcomer would wait, as far as can be told."""
        if not self.waiting:
            return 0.0
        stalled = now - (self.waiting[0].since if self.begun_at is None else self.begun_at)
        return max(stalled, len(self.waiting) * self.pace)

    def next(self, now: float) -> Ticket:
        """Take the first one out."""
        if self.begun_at is not None:
            seconds = now - self.begun_at
            self.pace += (seconds - self.pace) * SMOOTHING if self.pace else seconds
        first, self.begun_at = self.waiting.popleft(), now
        self.settle()
        return first

    def settle(self) -> None:
        """Note that the queue has become empty, if it has."""
        if not self.waiting:
            self.standing_since = self.begun_at = None


class Admission:
    """The places of one process."""

    def __init__(self, most_working: int, most_waiting: int, longest_wait: float) -> None:
        """Bound the places: of `most_working`, changes take three quarters at most; each lane has half the queue."""
        self.most_working, self._target = most_working, longest_wait * TARGET_SHARE
        self._queues = {
            Lane.READ: _Queue(most_working, most_waiting - most_waiting // 2),
            Lane.CHANGE: _Queue(most_working - max(1, most_working // 4), most_waiting // 2),
        }
        self.refused: dict[Refusal, int] = dict.fromkeys(Refusal, 0)

    @property
    def working(self) -> int:
        """Answer how many work."""
        return sum(queue.working for queue in self._queues.values())

    @property
    def waiting(self) -> int:
        """Answer how many wait."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    def obstacle(self, lane: Lane, now: float) -> Refusal | None:
        """Answer why a newcomer would be sent away now; None if it would work or wait."""
        queue = self._queues[lane]
        if not queue.waiting and self._has_place(queue):
            return None
        if len(queue.waiting) >= queue.most_waiting:
            return Refusal.FULL
        stands = queue.standing_since is not None and now - queue.standing_since >= STANDING_SECONDS
        longest = self._target if stands else 2 * self._target
        return Refusal.STANDING if queue.wait(now) > longest else None

    def arrive(self, lane: Lane, now: float) -> Ticket | Refusal:
        """Take a newcomer in, working or waiting, or answer why not."""
        queue = self._queues[lane]
        obstacle = self.obstacle(lane, now)
        if obstacle is not None:
            return self.refuse(obstacle)
        ticket = Ticket(lane, now)
        if not queue.waiting and self._has_place(queue):
            self._begin(queue, ticket)
            return ticket
        if queue.standing_since is None:
            queue.standing_since = now
        queue.waiting.append(ticket)
        return ticket

    def refuse(self, why: Refusal) -> Refusal:
        """Count one that is sent away."""
        self.refused[why] += 1
        return why

    def leave(self, ticket: Ticket, now: float) -> list[Ticket]:
        """Let one that works go; answer those who begin in its place, whoever has waited longest first."""
        ticket.end()
        self._queues[ticket.lane].working -= 1
        begun: list[Ticket] = []
        while (queue := self._next()) is not None:
            first = queue.next(now)
            self._begin(queue, first)
            begun.append(first)
        return begun

    def give_up(self, ticket: Ticket) -> None:
        """Let one that waits go."""
        queue = self._queues[ticket.lane]
        queue.waiting.remove(ticket)
        queue.settle()

    @property
    def retry_after(self) -> int:
        """Answer in how many seconds the one that was sent away last shall come again."""
        return 1 + sum(self.refused.values()) % SPREAD

    def _has_place(self, queue: _Queue) -> bool:
        return queue.working < queue.most_working and self.working < self.most_working

    def _next(self) -> _Queue | None:
        ready = [queue for queue in self._queues.values() if queue.waiting and self._has_place(queue)]
        return min(ready, key=lambda queue: queue.waiting[0].since, default=None)

    @staticmethod
    def _begin(queue: _Queue, ticket: Ticket) -> None:
        ticket.begin()
        queue.working += 1
