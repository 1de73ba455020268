"""What a job may become, how fast it goes, and when it is tried again. Pure.

queued → running → done | refused | failed | cancelled, and back to queued when its worker is lost, is
stopped, or finds the database busy. Each start has a number; whoever ends a job names the start that they
made, so that a worker that was given up for lost cannot end what another has begun anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST_STARTS: Final = 8
"""So often a job is begun; a job that takes its worker down each time must not do so for ever."""
LONGEST_DELAY: Final = 60
BAD_REQUEST: Final = 400
SERVER_ERROR: Final = 500
UNAVAILABLE: Final = 503
TIMED_OUT: Final = "timed_out"
IDEMPOTENCY_KEY: Final = "header.Idempotency-Key"


class State(StrEnum):
    """What became of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more becomes of the job."""
        return self not in OPEN


OPEN: Final = frozenset({State.QUEUED, State.RUNNING})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come: `done` of `total` (0: unknown) in a stage, and seconds since the stage began."""

    stage: str
    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float | None:
        """Answer how many a second; None before anything is done."""
        return self.done / self.seconds if self.done and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Answer the seconds that the stage will still take at this rate; None if nobody can know."""
        rate = self.rate
        return None if rate is None or not self.total else max(0, self.total - self.done) / rate


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def delay_before(start: int) -> int:
    """Answer the seconds to wait before the start of this number: 1, 2, 4, …, at most a minute; the first at once."""
    return 0 if start <= 1 else min(LONGEST_DELAY, 2 ** (start - 2))


def becomes(answer: Answer, problem: Mapping[str, Any] | None, start: int) -> State:
    """Answer what becomes of a job whose start of a number was answered so.

    Busy (503, unless it took too long), and a first start that still goes on elsewhere (its idempotency key is in use), are tried
    again, so often as `MOST_STARTS`.
    """
    if answer.status < BAD_REQUEST:
        return State.DONE
    is_busy = answer.status == UNAVAILABLE and (problem or {}).get("code") != TIMED_OUT
    if is_busy or _is_under_way(problem):
        return State.QUEUED if start < MOST_STARTS else State.FAILED
    return State.FAILED if answer.status >= SERVER_ERROR else State.REFUSED


def _is_under_way(problem: Mapping[str, Any] | None) -> bool:
    faults = (problem or {}).get("errors", ())
    return any(fault.get("where") == IDEMPOTENCY_KEY for fault in faults)


def slot_of(seconds: float, every: int) -> int:
    """Answer the number of the slot in which an instant (seconds of the epoch) lies, of slots so many seconds long."""
    return int(seconds // every)


def may_claim(slot: int, claimed: int | None) -> bool:
    """Tell whether a slot is still to be taken, given the newest that was claimed.

    Clocks of several machines differ by less than a slot or two. A claim further ahead was made by a clock that
    was wrong; it must not keep everything waiting until that day.
    """
    return claimed is None or slot > claimed or slot < claimed - 2
