"""A round of two-sided selection over everybody, from call to close, by the services that people use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.selection import deciding_service, results_service, service
from app.selection.result_schemas import OutcomeOut, PairOut, ResultOut
from app.selection.schemas import ComputeIn, LockIn, RoundIn, RoundOut

CODE: Final = "2024-1"
PLACES: Final = 6
"""How many partners each chain and each bank takes: nobody hands in a list, so that all is by measured preferences."""
OBJECTION_DAYS: Final = 5
Work = Callable[[AsyncSession, Viewer, datetime], Awaitable[Any]]
Act = Callable[[Work, datetime], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Held:
    """A round that is over: the result with its proof, the pairs, what each side obtained, and whether it was recomputed."""

    round: RoundOut
    result: ResultOut
    pairs: Sequence[PairOut]
    outcomes: Sequence[OutcomeOut]
    is_verified: bool
    closed_at: datetime

    def banks_of(self, chain: str) -> list[str]:
        """Answer the banks chosen for a chain, by code."""
        return sorted(pair.bank for pair in self.pairs if pair.chain == chain)


async def hold_round(act: Act, edition: str, at: datetime) -> Held:
    """Open, lock, compute, publish and close a round; each act is one transaction."""
    terms = RoundIn(
        code=CODE,
        name="银链双选",
        edition=edition,
        submit_until=at.date(),
        objection_days=OBJECTION_DAYS,
        absent_places=PLACES,
    )
    await act(lambda session, viewer, now: service.open_round(session, viewer, terms, now=now), at)
    locked = at + timedelta(days=1)
    await act(partial(_decide, deciding_service.lock, LockIn()), locked)
    await act(partial(_decide, deciding_service.compute_round, ComputeIn()), locked)
    await act(partial(_decide, deciding_service.publish), locked)
    closed = at + timedelta(days=3 * OBJECTION_DAYS)
    found = await act(partial(_decide, deciding_service.close), closed)
    return Held(
        found,
        await act(_result, closed),
        await act(partial(_all, results_service.pairs), closed),
        await act(partial(_all, results_service.outcomes), closed),
        (await act(_verification, closed)).is_verified,
        closed,
    )


async def _decide(service_of: Any, *given: Any) -> Any:
    """Call an act of the round, with what it is sent and whichever version the round has."""
    *body, session, viewer, now = given
    return await service_of(session, viewer, CODE, *body, expect=lambda _version: None, now=now)


async def _result(session: AsyncSession, viewer: Viewer, _now: datetime) -> ResultOut:
    return await results_service.result(session, viewer, CODE)


async def _verification(session: AsyncSession, viewer: Viewer, _now: datetime) -> Any:
    return await results_service.verification(session, viewer, CODE)


async def _all(listing: Any, session: AsyncSession, viewer: Viewer, _now: datetime) -> list[Any]:
    found: list[Any] = []
    page: PageRequest | None = PageRequest(limit=MOST_ROWS)
    while page is not None:
        part = await listing(session, viewer, CODE, page)
        found += part.items
        page = PageRequest(limit=MOST_ROWS, cursor=part.next) if part.next else None
    return found
