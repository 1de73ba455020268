"""What matching reads from the rooms below, and the matchers that are kept between requests."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from datetime import date
from threading import Lock
from typing import Final, cast
from weakref import WeakKeyDictionary

from app.accounts.rules import Viewer
from app.catalogue.service import products_in_force
from app.chains.service import chain_book
from app.institutions.service import institution_tree
from app.kernel.database import AsyncEngine, AsyncSession, make_sessions
from app.kernel.recording import leaves, looking
from app.kernel.settings import get_settings
from app.kernel.sharing import SharedLook
from app.matching import surroundings_queries
from app.matching.engine import Backend, Matcher
from app.matching.inputs import Surroundings
from app.matching.surroundings_queries import State
from app.policy.service import rule_book
from app.reference.service import current_book

MOST_KEPT: Final = 4


async def gather(
    session: AsyncSession,
    viewer: Viewer,
    on: date,
    library: str | None = None,
    *,
    includes_guarantees: bool = False,
) -> Surroundings:
    """Read all that needs are matched against on a day, in a few statements.

    What a guarantor offers is no financing and takes no part in matching; it can be asked for to
    explain it.

    Raises:
        NotFound: the viewer's jurisdiction has published no such library.
        Unavailable: no loan prime rate is known for the day.
    """
    around = Surroundings(
        on=on,
        library=library,
        rules=await rule_book(session, viewer.jurisdiction, on),
        book=await current_book(session, get_settings().seed_dir),
        tree=await institution_tree(session, viewer),
        chains=await chain_book(session, viewer, on),
        products=await products_in_force(
            session, viewer, on, library, includes_guarantees=includes_guarantees
        ),
    )
    around.book.lpr.on(on)
    return around


async def state_of_surroundings(session: AsyncSession) -> State:
    """Answer a value that is equal exactly while nothing has changed of what needs are matched against."""
    return await surroundings_queries.state(session)


class _Remembered:
    """The surroundings last gathered from one database, each with the state of the tables that it was gathered in."""

    def __init__(self) -> None:
        self.look, self.pen = SharedLook[State](), asyncio.Lock()
        self._found: OrderedDict[Hashable, Surroundings] = OrderedDict()

    def find(self, key: Hashable) -> Surroundings | None:
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def keep(self, key: Hashable, around: Surroundings) -> None:
        self._found[key] = around
        while len(self._found) > MOST_KEPT:
            self._found.popitem(last=False)


_REMEMBERED: Final[WeakKeyDictionary[AsyncEngine, _Remembered]] = WeakKeyDictionary()


async def surroundings(
    session: AsyncSession, viewer: Viewer, on: date, library: str | None = None
) -> Surroundings:
    """Answer as `gather` does, without reading all of it again while nothing of it has changed.

    Whether it has is looked up each time, after this was asked. A transaction that writes gathers for itself.

    Raises:
        NotFound: the viewer's jurisdiction has published no such library.
        Unavailable: no loan prime rate is known for the day.
    """
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        return await gather(session, viewer, on, library)
    remembered = _REMEMBERED.setdefault(engine, _Remembered())

    async def look() -> State:
        async with looking(make_sessions(engine)) as own:
            return await surroundings_queries.state(own)

    key = (await remembered.look.ask(look), viewer.jurisdiction, on, library, get_settings().seed_dir)
    found = remembered.find(key)
    if found is None:
        async with remembered.pen:  # whoever else needs the same waits for it
            found = remembered.find(key)
            if found is None:
                found = await gather(session, viewer, on, library)
                remembered.keep(key, found)
    return found


class MatcherShelf:
    """The matchers last used, by what they were made from; any change makes a new one."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._matchers: OrderedDict[str, Matcher] = OrderedDict()
        self._lock = Lock()

    def matcher_of(self, around: Surroundings) -> Matcher:
        """Answer the matcher of these surroundings, building it when it is not at hand.

        Takes as long as an index build in the worst case: call it outside the event loop.
        """
        found = self.at_hand(around)
        if found is not None:
            return found
        key = around.matcher_key
        made = Matcher(around.indexed, around.plans, around.settings, wanted_backend())
        with self._lock:
            self._matchers[key] = made
            while len(self._matchers) > self._most:
                self._matchers.popitem(last=False)
        return made

    def at_hand(self, around: Surroundings) -> Matcher | None:
        """Answer the matcher of these surroundings if it is built."""
        key = around.matcher_key
        with self._lock:
            found = self._matchers.get(key)
            if found is not None:
                self._matchers.move_to_end(key)
            return found

    def keys(self) -> Iterable[str]:
        """Answer what is at hand, the least lately used first."""
        return tuple(self._matchers)


def wanted_backend() -> Backend | None:
    """Answer the kernels that the settings ask for; None leaves it to what is installed."""
    wanted = get_settings().matching_backend
    return None if wanted == "auto" else cast("Backend", wanted)


shelf: Final = MatcherShelf()
