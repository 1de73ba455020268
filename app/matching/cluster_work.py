"""What a cluster's worker does with a part of a run: read its needs, match them, store what came of it.

A worker process opens the database by its own settings; needs pass neither through the client nor through
the scheduler. Everything here may be done again, by another worker too: a part is a function of the view of
the database that the batch names, and it is stored once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

import numpy as np
import numpy.typing as npt

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.errors import Conflict, Fault
from app.kernel.memory import relax_collection
from app.kernel.settings import get_settings
from app.matching import batch_queries, queries
from app.matching.engine import Matcher, Ranking
from app.matching.gathering import gather, wanted_backend
from app.matching.inputs import Surroundings
from app.matching.partitions import PartOutcome
from app.matching.posing import (
    count_rows,
    counts,
    entry_ids,
    pose,
    result_hash,
    result_rows,
    revision_ids,
)
from app.whitelist import service as whitelist


@dataclass(frozen=True, slots=True)
class Batch:
    """What every worker is told of a run: whose it is, over what, as of which view; no need, and no secret.

    `token` is another one for each batch; `threads` share the kernels of one part.
    """

    token: str
    viewer: Viewer
    edition_id: int
    on: date
    library: str | None
    snapshot: str
    threads: int


@dataclass(frozen=True, slots=True)
class Part:
    """Which entries a part holds: those from a first code up to, and without, a last one."""

    number: int
    first: str | None
    after: str | None
    entries: int


@dataclass(frozen=True, slots=True)
class MatchedPart:
    """A part that was matched and not yet stored; stays with the workers. About 170 bytes for each entry."""

    outcome: PartOutcome
    entries: npt.NDArray[np.int64]
    revisions: npt.NDArray[np.int64]
    ranking: Ranking


class _Kept:
    """What the parts of one batch share in one worker process: read and indexed for the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._token = ""
        self._made: tuple[Surroundings, Matcher] | None = None

    def of(self, batch: Batch) -> tuple[Surroundings, Matcher]:
        """Answer the batch's surroundings and matcher."""
        with self._lock:
            if self._made is None or self._token != batch.token:
                self._made = None  # the one before makes room first
                around = asyncio.run(_surroundings(batch))
                matcher = Matcher(
                    around.indexed, around.plans, around.settings, wanted_backend(), batch.threads
                )
                self._made, self._token = (around, matcher), batch.token
                relax_collection()
            return self._made


_kept = _Kept()


def match_part(batch: Batch, part: Part) -> MatchedPart:
    """Read the needs of a part and match them.

    Raises:
        NotFound, Unavailable: as `gathering.gather`.
        DBAPIError: the database cannot be used, or the batch's view of it is no longer open.
    """
    around, matcher = _kept.of(batch)
    entries = asyncio.run(_entries(batch, part))
    posed = pose(around, matcher, entries)
    ranking = matcher.best(posed.lines, around.kept)
    outcome = PartOutcome(
        part.number, dict(posed.inputs), result_hash(posed, ranking), counts(posed, ranking)
    )
    return MatchedPart(outcome, entry_ids(posed), revision_ids(posed, ranking), ranking)


def outcome_of(matched: MatchedPart) -> PartOutcome:
    """Answer what the client is told of a part: hashes and totals."""
    return matched.outcome


def store_part(run_id: int, expected: PartOutcome, matched: MatchedPart, now: datetime) -> int:
    """Store a matched part of a run in a transaction of its own, once; answer how many entries it holds.

    Raises:
        Conflict: it was matched again after a worker was lost, and its entries had changed by then; or what
            is stored of it is something else.
        DBAPIError: the database cannot be used.
    """
    if matched.outcome != expected:
        raise _changed(expected.number)
    asyncio.run(_store(run_id, matched, now))
    return len(matched.entries)


async def _store(run_id: int, matched: MatchedPart, now: datetime) -> None:
    outcome = matched.outcome
    async with _sessions() as sessions, transaction(sessions) as session:
        if await batch_queries.claim(session, run_id, outcome.number, outcome.result_hash, now):
            counted = count_rows(matched.entries, matched.ranking)
            results = result_rows(matched.entries, matched.revisions, matched.ranking)
            await queries.save_rows(session, run_id, counted, results)
        elif (await batch_queries.stored_parts(session, run_id))[outcome.number] != outcome.result_hash:
            raise _changed(outcome.number)


async def _surroundings(batch: Batch) -> Surroundings:
    async with _steady(batch) as session:
        return await gather(session, batch.viewer, batch.on, batch.library)


async def _entries(batch: Batch, part: Part) -> list[whitelist.AdmittedEntry]:
    async with _steady(batch) as session:
        return await whitelist.admitted_entries(
            session, batch.viewer, batch.edition_id, (part.first, part.after)
        )


@asynccontextmanager
async def _steady(batch: Batch) -> AsyncIterator[AsyncSession]:
    async with _sessions() as sessions, transaction(sessions, writes=False) as session:
        await batch_queries.adopt(session, batch.snapshot)
        yield session


@asynccontextmanager
async def _sessions() -> AsyncIterator[Sessions]:
    engine = make_engine(get_settings().database_url)
    try:
        yield make_sessions(engine)
    finally:
        await engine.dispose()


def _changed(number: int) -> Conflict:
    fault = Fault(
        f"parts.{number}", "its entries changed while the run went on", "Run the same command again."
    )
    return Conflict("The run was broken off; nobody is shown any of it.", [fault])
