"""How often signing in may fail, counted so that nobody can lock somebody else out.

Failures count against an address, against a login at an address, and against a login from all
addresses that its person never signed in from. The last refuses only such addresses: whoever has
signed in from an address within 90 days is not refused there because of what others do elsewhere.
Counts are kept in the memory of one process; each further worker process doubles what is allowed.
"""

import math
from collections.abc import Iterator
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.kernel.addresses import limited_address
from app.kernel.clock import utc_now

AT_ONE_ADDRESS: Final = RateLimitItemPerMinute(5, 15, namespace="login-address")
"""Failures of one login at one address."""
FROM_ELSEWHERE: Final = RateLimitItemPerMinute(20, 60, namespace="login-elsewhere")
"""Failures of one login from addresses that its person is not known at."""


class Lockout:
    """Counts failures to sign in; may be asked from several threads."""

    def __init__(self, failures_per_minute: int) -> None:
        self._of_an_address = RateLimitItemPerMinute(failures_per_minute, namespace="address")
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def seconds_to_wait(self, login: str, address: str, *, is_known: bool) -> int:
        """Answer in how many seconds a login may be tried from an address; 0 if now."""
        now = utc_now().timestamp()
        stats = [
            self._windows.get_window_stats(item, *key)
            for item, key in self._counters(login, address, is_known=is_known)
        ]
        waits = [max(1, math.ceil(each.reset_time - now)) for each in stats if each.remaining <= 0]
        return max(waits, default=0)

    def failed(self, login: str, address: str, *, is_known: bool) -> None:
        """Count a failure."""
        for item, key in self._counters(login, address, is_known=is_known):
            self._windows.hit(item, *key)

    def succeeded(self, login: str, address: str) -> None:
        """Forget a login's failures at an address."""
        self._windows.clear(AT_ONE_ADDRESS, login, limited_address(address))

    def _counters(
        self, login: str, address: str, *, is_known: bool
    ) -> Iterator[tuple[RateLimitItem, tuple[str, ...]]]:
        yield self._of_an_address, (limited_address(address),)
        yield AT_ONE_ADDRESS, (login, limited_address(address))
        if not is_known:
            yield FROM_ELSEWHERE, (login,)
