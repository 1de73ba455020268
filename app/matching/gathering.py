"""What matching reads from the rooms below, and the matchers that are kept between requests."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from threading import Lock
from typing import Final, cast

from app.accounts.rules import Viewer
from app.catalogue.service import products_in_force
from app.chains.service import chain_book
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.matching.engine import Backend, Matcher
from app.matching.inputs import Surroundings
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
        key = around.matcher_key
        with self._lock:
            found = self._matchers.get(key)
            if found is not None:
                self._matchers.move_to_end(key)
                return found
        made = Matcher(around.indexed, around.plans, around.settings, wanted_backend())
        with self._lock:
            self._matchers[key] = made
            while len(self._matchers) > self._most:
                self._matchers.popitem(last=False)
        return made

    def keys(self) -> Iterable[str]:
        """Answer what is at hand, the least lately used first."""
        return tuple(self._matchers)


def wanted_backend() -> Backend | None:
    """Answer the kernels that the settings ask for; None leaves it to what is installed."""
    wanted = get_settings().matching_backend
    return None if wanted == "auto" else cast("Backend", wanted)


shelf: Final = MatcherShelf()
