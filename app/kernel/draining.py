"""The end of a server's life: first it says so, then it closes what would never end by itself."""

from collections.abc import Callable
from typing import Final

from app.kernel.errors import OutcomeUnknown, RongqiaoError, Unavailable
from app.kernel.logs import get_logger

Close = Callable[[], None]
AGAIN: Final = {"Retry-After": "5"}
logger = get_logger(__name__)


class Drain:
    """Whether this process is about to end, and what has to be closed when it does."""

    def __init__(self) -> None:
        self.is_draining, self.is_closing = False, False
        self._streams: set[Close] = set()

    def begin(self) -> None:
        """Say from now on that the process is about to end: /readyz does, and connections are not kept."""
        if not self.is_draining:
            self.is_draining = True
            logger.info("draining", streams=len(self._streams))

    def close(self) -> None:
        """Close the event streams; new ones are closed at once."""
        self.begin()
        self.is_closing = True
        for close in tuple(self._streams):
            close()

    @property
    def streams(self) -> int:
        """Answer how many event streams are open."""
        return len(self._streams)

    def add(self, close: Close) -> None:
        """Note an event stream by what closes it."""
        self._streams.add(close)
        if self.is_closing:
            close()

    def remove(self, close: Close) -> None:
        """Forget an event stream that has ended."""
        self._streams.discard(close)


def broken_off(*, is_change: bool) -> RongqiaoError:
    """Answer what is told to who asked for more than the process had time left for."""
    if not is_change:
        return Unavailable("The server ended before this was answered. Send it again.", headers=AGAIN)
    return OutcomeUnknown(
        "The server ended before this was answered: perhaps it was kept, perhaps not. "
        "Send it again with the same Idempotency-Key; if you sent none, look first whether it is there.",
        headers=AGAIN,
    )
