"""What a lower room tells, and a higher one acts upon, in the same transaction.

Imports point down, and so does knowledge: allocation does not know of docking. But an entry that gets a
new responsible party gets a new deadline at that moment. A room therefore owns topics, and rooms above
follow them; who follows what is written down in one place (`follow_all` of the room that follows), which
both doors call. A follower that fails takes the whole transaction back.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from app.kernel.database import AsyncSession

Follower = Callable[[AsyncSession, Collection[int], datetime], Awaitable[None]]
"""Acts upon entries (ids) of which a topic tells, as of an instant."""


class Topic:
    """Something that happens to entries, told by the room that makes it happen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._followers: list[Follower] = []

    def follow(self, follower: Follower) -> None:
        """Have a follower act from now on; once, however often it is asked for."""
        if follower not in self._followers:
            self._followers.append(follower)

    @property
    def is_followed(self) -> bool:
        """Say whether anybody acts: what only followers need has not to be looked up for nobody."""
        return bool(self._followers)

    async def tell(self, session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
        """Let every follower act, in the order in which they came; nothing happens for no entries."""
        if entry_ids:
            for follower in self._followers:
                await follower(session, entry_ids, now)
