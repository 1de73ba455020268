"""Gathers who declined entries for what: from who tells of causes above, else from the ends of assignments."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.allocation import entry_queries
from app.allocation.refusals import Refusals, with_causes
from app.bottlenecks import service as bottlenecks
from app.kernel.database import AsyncSession

Teller = Callable[[AsyncSession, Viewer, Collection[int]], Awaitable[Refusals]]
"""Answers all declines of some entries (ids), voided ones too, in a number of statements that hardly grows."""


class RefusalBook:
    """Who declined what and why; the room above that keeps declines tells it, once it is asked to (`told_by`).

    Allocation knows by itself only that an assignment ended by a decline; such a refusal stands while the
    need's wording is the same. Where the teller names an institution's declines, its word counts instead.
    """

    def __init__(self) -> None:
        self._teller: Teller | None = None

    def told_by(self, teller: Teller) -> None:
        """Have a room above tell of declines from now on; asking twice for the same changes nothing."""
        self._teller = teller

    async def of(
        self, session: AsyncSession, viewer: Viewer, entry_ids: Collection[int], given: Refusals | None = None
    ) -> Refusals:
        """Answer the refusals of some entries; `given` ones are taken instead of asking."""
        ended = await entry_queries.ended_by_decline(session, viewer, entry_ids)
        if given is None:
            given = {} if self._teller is None else await self._teller(session, viewer, entry_ids)
        return with_causes(ended, given)


REFUSALS: Final = RefusalBook()


async def answered_since(
    session: AsyncSession, viewer: Viewer, refusals: Refusals
) -> Mapping[int, Mapping[str, datetime]]:
    """Answer since when facts are established of the entries (ids) of which some refusal can be answered by one."""
    asked = [entry for entry, made in refusals.items() if any(one.cured_by for one in made)]
    return await bottlenecks.established_since(session, viewer, asked)
