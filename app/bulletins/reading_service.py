"""A month's bulletin to be read on a page: composed once for all who read it, with the instant of which it is.

Composing takes a pass over all histories, so a process remembers it: for a minute whatever happens, for some more while no
entry changes. A month that is closed meanwhile is composed anew at once.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.bulletins import service
from app.bulletins.bulletin import Bulletin
from app.coverage import queries
from app.coverage.edition_service import edition_of
from app.coverage.months import check_begun
from app.kernel.database import AsyncEngine, AsyncSession
from app.whitelist import change_queries
from app.whitelist.change_queries import Changes, Seen

MOST_KEPT: Final = 24
"""Bulletins that a process remembers, of some 100 kB each."""
LONGEST: Final = timedelta(minutes=5)
BUSY: Final = timedelta(minutes=1)
"""So long a bulletin serves although entries change."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A bulletin, and the instant (UTC) whose facts it tells."""

    bulletin: Bulletin
    at: datetime


@dataclass(frozen=True, slots=True)
class _Composed:
    reading: Reading
    seen: Seen

    def serves(self, found: Changes, now: datetime) -> bool:
        """Tell whether it is still to be read, given what changed since."""
        is_unchanged = found.entries is not None and not found.entries
        return now - self.reading.at < (LONGEST if is_unchanged else BUSY)


_Key = tuple[str, str, int, tuple[str, ...]]
_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, OrderedDict[_Key, _Composed]]] = WeakKeyDictionary()


async def bulletin_to_read(session: AsyncSession, viewer: Viewer, month: str, *, now: datetime) -> Reading:
    """Answer the bulletin of a month as `service.bulletin` makes it, at most five minutes old.

    Raises:
        Refused: it is not a month.
        NotFound: it has not begun, or no edition was in force at its end.
    """
    engine = session.bind
    if not isinstance(engine, AsyncEngine):
        return Reading(await service.bulletin(session, viewer, month, now=now), now)
    check_begun(month, now)
    edition = await edition_of(session, viewer, month, None)
    key = (viewer.jurisdiction, month, edition.id, tuple(await queries.closed_months(session, viewer)))
    remembered = _REMEMBERED.setdefault(engine, OrderedDict())
    before = remembered.get(key)
    found = await change_queries.changes(session, before.seen if before else None)
    if before is not None and before.serves(found, now):
        return before.reading
    made = Reading(await service.bulletin(session, viewer, month, now=now), now)
    remembered[key] = _Composed(made, found.seen)
    remembered.move_to_end(key)
    while len(remembered) > MOST_KEPT:
        remembered.popitem(last=False)
    return made
