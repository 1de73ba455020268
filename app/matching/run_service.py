"""Use cases of match runs: read an edition, rank it, keep the run.

Most of a run is reading, encoding and ranking. That is done outside of the transaction that writes, so that nobody else who
writes waits for it; a run says by hashes what it rests on, so what changes meanwhile makes it old, never wrong.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, hold
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date
from app.matching import engine, queries
from app.matching.engine import Ranking
from app.matching.gathering import gather, shelf
from app.matching.inputs import Surroundings
from app.matching.posing import (
    PosedRun,
    count_rows,
    counts,
    entry_ids,
    pose,
    result_hash,
    result_rows,
    revision_ids,
)
from app.matching.queries import RunRow
from app.matching.schemas import MatchRunOut, RunCounts
from app.matching.tables import MatchRun
from app.whitelist import service as whitelist
from app.whitelist.service import AdmittedEntry


@dataclass(frozen=True, slots=True)
class ReadRun:
    """An edition as it was read for a run, by what was asked; `newest` is the run (id) that was its newest then."""

    edition: str
    edition_id: int
    library: str | None
    on: date
    kept: int
    posed: PosedRun
    newest: int | None


async def read_run(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    now: datetime,
    library: str | None = None,
    on: date | None = None,
) -> ReadRun:
    """Answer what a run of an edition rests on, on a day (today).

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition or library.
        Unavailable: no loan prime rate is known for the day.
    """
    require(viewer, Action.RUN_MATCHING, Target(region=viewer.jurisdiction))
    edition = await whitelist.edition(session, viewer, edition_code)
    newest = await _newest(session, viewer, edition.id)
    around = await gather(session, viewer, on or shanghai_date(now), library)
    entries = await whitelist.admitted_entries(session, viewer, edition.id)
    report("matching", 0, len(entries))
    posed = await asyncio.to_thread(posed_run, around, entries)
    return ReadRun(edition_code, edition.id, library, around.on, around.kept, posed, newest)


def posed_run(around: Surroundings, entries: Sequence[AdmittedEntry]) -> PosedRun:
    """Pose entries to the matcher of these surroundings; may build it: call it outside the event loop."""
    return pose(around, shelf.matcher_of(around), entries)


async def rank(read: ReadRun) -> Ranking:
    """Find the best products of each entry, in a thread; no transaction is needed for it."""
    return await asyncio.to_thread(read.posed.matcher.best, read.posed.lines, read.kept)


async def keep_run(
    session: AsyncSession, viewer: Viewer, read: ReadRun, ranking: Ranking, *, now: datetime, force: bool
) -> MatchRunOut:
    """Keep a run with the best products of each entry and all counts.

    The same inputs give the same bytes; a run over inputs that were matched before is therefore not kept once more,
    but that one is answered with `reused`, unless `force` is set. When the edition has got another run meanwhile, it is
    read and ranked anew, while nobody else can: the newest run never rests on what is older than the one before it.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition or library.
        Unavailable: no loan prime rate is known for the day.
    """
    await hold(session, f"match:{read.edition_id}")  # of two at once the second finds what the first one made
    if await _newest(session, viewer, read.edition_id) != read.newest:
        read = await read_run(session, viewer, read.edition, now=now, library=read.library, on=read.on)
        ranking = await rank(read)
    posed = read.posed
    known = await queries.run_of_inputs(session, viewer, read.edition_id, posed.inputs_hash)
    if known is not None and not force:
        return run_out(known, reused=True)
    report("saving", 0, len(posed.entries))
    run = MatchRun(
        edition_id=read.edition_id,
        library_code=read.library,
        engine_version=engine.VERSION,
        inputs_hash=posed.inputs_hash,
        result_hash=result_hash(posed, ranking),
        inputs=dict(posed.inputs),
        counts=counts(posed, ranking).model_dump(),
        run_by=viewer.name,
        created_at=now,
    )
    ids = entry_ids(posed)
    results = result_rows(ids, revision_ids(posed, ranking), ranking)
    run_id = await queries.save_run(session, run, count_rows(ids, ranking), results)
    kept = await queries.run_by_id(session, viewer, run_id)
    assert kept is not None, "it was just kept"
    return run_out(kept, reused=False)


async def run_match(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    now: datetime,
    library: str | None = None,
    on: date | None = None,
    force: bool = False,
) -> MatchRunOut:
    """Match every admitted entry of an edition and keep the run, all in one transaction.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition or library.
        Unavailable: no loan prime rate is known for the day.
    """
    read = await read_run(session, viewer, edition_code, now=now, library=library, on=on)
    return await keep_run(session, viewer, read, await rank(read), now=now, force=force)


def run_out(row: RunRow, *, reused: bool) -> MatchRunOut:
    """Answer a stored run as JSON."""
    run, edition = row
    return MatchRunOut(
        id=run.id,
        edition=edition,
        library=run.library_code,
        on=date.fromisoformat(run.inputs["on"]),
        engine_version=run.engine_version,
        inputs_hash=run.inputs_hash,
        result_hash=run.result_hash,
        counts=RunCounts.model_validate(run.counts),
        reused=reused,
        run_by=run.run_by,
        created_at=run.created_at,
    )


async def _newest(session: AsyncSession, viewer: Viewer, edition_id: int) -> int | None:
    row = await queries.latest_run(session, viewer, edition_id)
    return None if row is None else row[0].id
