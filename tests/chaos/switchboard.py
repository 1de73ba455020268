"""A few numbers that the harness and one child share: how far it is, where it shall die, what time it has.

A memory-mapped file: the child reads it at every clock reading and database event at no cost, and what it wrote
is still there after SIGKILL. One child at a time uses a switchboard.
"""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

SLOT: Final = struct.Struct("=q")
EVENTS, KILL_AT, CLOCK = 0, 8, 16
SIZE: Final = 24
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Switchboard:
    """Numbers shared through a file, which is made if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(SIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), SIZE)

    def _get(self, slot: int) -> int:
        number: int = SLOT.unpack_from(self._memory, slot)[0]
        return number

    def _set(self, slot: int, number: int) -> None:
        SLOT.pack_into(self._memory, slot, number)

    @property
    def events(self) -> int:
        """How many database events the child has passed: statements begun and ended, commits begun and ended."""
        return self._get(EVENTS)

    def count(self) -> bool:
        """Pass an event; tell whether it is the one at which the child shall die."""
        passed = self._get(EVENTS) + 1
        self._set(EVENTS, passed)
        return 0 < self._get(KILL_AT) <= passed

    def restart(self) -> None:
        """Begin anew with a child that has passed nothing and shall live."""
        self._set(KILL_AT, 0)
        self._set(EVENTS, 0)

    @property
    def aim(self) -> int:
        """How many events are left until the child shall die; 0: it lives."""
        at = self._get(KILL_AT)
        return max(at - self.events, 1) if at else 0

    def kill_after(self, events: int) -> None:
        """Let the child die at so many events from now on; 0 lets it live."""
        self._set(KILL_AT, self.events + events if events else 0)

    @property
    def now(self) -> datetime | None:
        """The child's present instant, where one is set."""
        number = self._get(CLOCK)
        return EPOCH + number * MICROSECOND if number else None

    def set_clock(self, at: datetime) -> None:
        """Let the child's clock stand at an instant."""
        self._set(CLOCK, (at - EPOCH) // MICROSECOND)
