"""How often somebody may ask: a moving window of a minute for each person, key and address.

Counts are kept in the memory of the one serving process. Whoever shows credentials that hold is
counted by what they show, and never pays for what others do from the same address; everybody else
is counted by address, an IPv6 subscriber's /64 as one.
"""

from collections import deque
from math import ceil
from typing import Final

from starlette.requests import Request

from app.kernel.addresses import UNKNOWN, limited_address
from app.kernel.clock import utc_now
from app.kernel.errors import TooMany

MINUTE: Final = 60
MOST_SENDERS: Final = 100_000
"""So many are remembered at once; beyond it all are forgotten, lest memory grow with made-up addresses."""


class RateLimit:
    """So many a minute of each sender; requests that are refused do not count."""

    def __init__(self, name: str, per_minute: int) -> None:
        self.name, self._most = name, per_minute
        self._seen: dict[str, deque[float]] = {}

    def count(self, sender: str) -> None:
        """Count one.

        Raises:
            TooMany: the sender had as many in the last minute; `Retry-After` says in how many seconds to come again.
        """
        now = utc_now().timestamp()
        seen = self._seen.get(sender)
        if seen is None:
            if len(self._seen) >= MOST_SENDERS:
                self._seen.clear()
            seen = self._seen[sender] = deque()
        # What lies ahead was counted before the clock was set back, and counts no more.
        while seen and not now - MINUTE < seen[0] <= now:
            seen.popleft()
        if len(seen) >= self._most:
            seconds = max(1, ceil(seen[0] + MINUTE - now))
            raise TooMany(
                f"More than {self._most} requests in a minute; come again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        seen.append(now)

    def __len__(self) -> int:
        """Answer how many senders are remembered."""
        return len(self._seen)


def address_of(request: Request) -> str:
    """Answer the client's address as the envelope made it out."""
    return getattr(request.state, "address", UNKNOWN)


def count_request(request: Request, sender: str | None) -> None:
    """Count a request, once however often it is asked about: by person or key, or (None) by address.

    Raises:
        TooMany: there were too many in the last minute.
    """
    limit: RateLimit | None = getattr(request.app.state, "request_limit", None)
    if limit is None or getattr(request.state, "is_counted", False):
        return
    request.state.is_counted = True
    limit.count(sender or f"address:{limited_address(address_of(request))}")
