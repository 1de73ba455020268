"""A match run on a cluster, part by part: the same run as in one piece, stored the same way.

1. A steady view of the database is held open, and the entries are cut into parts by code.
2. Workers read and match the parts; only hashes and totals come here. Together they give the run's hashes.
3. The run is begun (or the one that was broken off is gone on with) and workers store the parts, each in a
   transaction of its own and once. Nobody is shown the run before all of them are stored.

A worker that is lost loses parts that the others match again; a client that is lost leaves a run that the same
command finishes, or that a later one clears away.
"""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Sessions, hold, transaction
from app.kernel.errors import Fault, RongqiaoError, Unavailable
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date
from app.matching import batch_queries, cluster_work, engine, partitions, queries, service
from app.matching.cluster import Cluster
from app.matching.cluster_work import Batch, Part
from app.matching.partitions import PartOutcome, RunOutcome, inputs_hash, joined
from app.matching.schemas import MatchRunOut
from app.matching.tables import MatchRun
from app.whitelist import service as whitelist

ABANDONED_AFTER: Final = timedelta(days=1)
RETRIES: Final = 2
"""How often a part that failed is tried again; a lost worker is not the part's failure."""
PATIENCE: Final = 60
LOOKS_FOR_WORKERS: Final = 2
"""Seconds without any result before workers are looked for, and how often they may be missing."""


async def run_batch(
    sessions: Sessions,
    viewer: Viewer,
    edition_code: str,
    cluster: Cluster,
    *,
    now: datetime,
    via: str,
    library: str | None = None,
    on: date | None = None,
    force: bool = False,
) -> MatchRunOut:
    """Match every admitted entry of an edition on a cluster; what comes of it is what `service.run_match` answers.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition or library.
        Unavailable: no loan prime rate is known for the day, or a part failed again and again.
        Conflict: workers rest on different things, or entries changed after a worker was lost.
    """
    require(viewer, Action.RUN_MATCHING, Target(region=viewer.jurisdiction))
    async with AsyncExitStack() as stack:
        view = await stack.enter_async_context(batch_queries.steady_view(sessions))
        edition = await whitelist.edition(view.session, viewer, edition_code)
        await hold(view.session, f"match:{edition.id}")  # as a run in one piece does
        parts = await _parts(view.session, viewer, edition.id)
        day = on or shanghai_date(now)
        told = Batch(uuid4().hex, viewer, edition.id, day, library, view.snapshot, cluster.threads)
        work = await stack.enter_async_context(_working(cluster.client, told, parts))
        outcomes = await work.match()
        whole = joined(outcomes)
        if view.stops_writers:  # workers are about to write; from here on parts prove what they rest on
            await view.session.rollback()
        planned = _run_of(told, whole, now)
        run_id, is_known = await _begun(sessions, viewer, planned, len(parts), force=force)
        if not is_known:
            async with transaction(sessions, writes=False) as session:
                stored = await batch_queries.stored_parts(session, run_id)
            await work.store(run_id, outcomes, stored, now, one_by_one=view.stops_writers)
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via=via))
        await batch_queries.finish(session, run_id)
        detail = {"run": run_id, "parts": len(parts), "reused": is_known}
        audit_service.note(session, "match", "edition", edition_code, now=now, detail=detail)
        made = await service.get_run(session, viewer, run_id)
    return made.model_copy(update={"reused": is_known})


async def _parts(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[Part]:
    """Cut an edition's admitted entries into parts; without any entry there is one empty part."""
    size = partitions.PART_ENTRIES
    cuts, total = await whitelist.admitted_cuts(session, viewer, edition_id, size)
    firsts: list[str | None] = [*cuts] or [None]
    return [
        Part(i, first, after, min(size, total - i * size))
        for i, (first, after) in enumerate(zip(firsts, [*firsts[1:], None], strict=True))
    ]


def _run_of(told: Batch, whole: RunOutcome, now: datetime) -> MatchRun:
    return MatchRun(
        edition_id=told.edition_id,
        library_code=told.library,
        engine_version=engine.VERSION,
        inputs_hash=inputs_hash(whole.inputs),
        result_hash=whole.result_hash,
        inputs=dict(whole.inputs),
        counts=whole.counts.model_dump(),
        run_by=told.viewer.name,
        created_at=now,
    )


async def _begun(
    sessions: Sessions, viewer: Viewer, run: MatchRun, parts: int, *, force: bool
) -> tuple[int, bool]:
    """Answer the id of the run to store parts of, or of a whole one over the same inputs, and whether it is that."""
    async with transaction(sessions) as session:
        known = await queries.run_of_inputs(session, viewer, run.edition_id, run.inputs_hash)
        if known is not None and not force:
            return known[0].id, True
        await batch_queries.clear_abandoned(session, run.edition_id, run.created_at - ABANDONED_AFTER)
        begun = await batch_queries.unfinished_run(session, viewer, run.edition_id, run.inputs_hash, parts)
        return begun or await batch_queries.begin(session, run, parts), False


@dataclass(slots=True)
class _Work:
    """The parts of one batch as tasks of a cluster.

    `matched` are results, by number of part, that stay with the workers until they are stored; `tasks` are
    what is waited for.
    """

    client: Any
    batch: Batch
    parts: Sequence[Part]
    matched: dict[int, Any] = field(default_factory=dict)
    tasks: Sequence[Any] = ()

    async def match(self) -> list[PartOutcome]:
        """Have every part matched; answer the outcomes in the order of the parts."""
        self.matched = {
            part.number: self._task(cluster_work.match_part, part, self.batch, part) for part in self.parts
        }
        told = [self._task(cluster_work.outcome_of, part, self.matched[part.number]) for part in self.parts]
        return await self._all("matching", told, self.parts, 0)

    async def store(
        self,
        run_id: int,
        outcomes: Sequence[PartOutcome],
        stored: dict[int, str],
        now: datetime,
        *,
        one_by_one: bool,
    ) -> None:
        """Have every part stored that is not; where only one can write, one after the other."""
        waiting = [
            part for part in self.parts if stored.get(part.number) != outcomes[part.number].result_hash
        ]
        done = _entries(self.parts) - _entries(waiting)
        for some in [[part] for part in waiting] if one_by_one else [waiting]:
            tasks = [self._stored(part, run_id, outcomes[part.number], now) for part in some]
            await self._all("saving", tasks, some, done)
            done += _entries(some)

    def _stored(self, part: Part, run_id: int, outcome: PartOutcome, now: datetime) -> Any:
        matched = self.matched.pop(part.number)  # the workers let go of it as soon as it is stored
        return self._task(cluster_work.store_part, part, run_id, outcome, matched, now)

    def _task(self, work: Callable[..., Any], part: Part, *given: Any) -> Any:
        key = f"{work.__name__}-{self.batch.token}-{part.number}"
        return self.client.submit(work, *given, key=key, pure=False, retries=RETRIES)

    async def _all(self, stage: str, tasks: Sequence[Any], parts: Sequence[Part], done: int) -> list[Any]:
        """Wait for tasks, telling how many entries are done; answer the results in the order of the tasks."""
        self.tasks, total, idle = tasks, _entries(self.parts), 0
        pairs = enumerate(zip(tasks, parts, strict=True))
        places = {asyncio.ensure_future(_result(task, part)): i for i, (task, part) in pairs}
        found: list[Any] = [None] * len(tasks)
        pending = set(places)
        report(stage, done, total)
        try:
            while pending:
                ended, pending = await asyncio.wait(pending, timeout=PATIENCE, return_when=FIRST_COMPLETED)
                idle = 0 if ended or await self._has_workers() else idle + 1
                if idle == LOOKS_FOR_WORKERS:
                    raise _deserted()
                for each in ended:
                    found[places[each]] = each.result()
                    done += parts[places[each]].entries
                    report(stage, done, total)
        finally:
            for each in places:
                each.cancel()
            await asyncio.gather(*places, return_exceptions=True)
        return found

    async def _has_workers(self) -> bool:
        """Tell whether any worker is there: without one, a scheduler waits for ever."""
        return bool((await self.client.scheduler.identity())["workers"])


def _entries(parts: Iterable[Part]) -> int:
    return sum(part.entries for part in parts)


@asynccontextmanager
async def _working(client: Any, batch: Batch, parts: Sequence[Part]) -> AsyncIterator[_Work]:
    """Let go of a batch's tasks at the end, so that a run that is stopped stops on the workers too."""
    work = _Work(client, batch, parts)
    try:
        yield work
    finally:
        await client.cancel([*work.matched.values(), *work.tasks])


def _deserted() -> Unavailable:
    remedy = "Start workers, then run the same command again: it goes on with what is stored."
    fault = Fault("cluster", f"no worker for {PATIENCE * LOOKS_FOR_WORKERS} seconds", remedy)
    return Unavailable("All workers are gone; nobody is shown any of the run.", [fault])


async def _result(task: Any, part: Part) -> Any:
    try:
        return await task
    except RongqiaoError:
        raise
    except Exception as error:  # whatever a worker met comes back as it was raised there
        reason = (str(error).splitlines() or [""])[0]
        remedy = "Look at the workers' logs, and whether each can open the database; then run the same command again."
        fault = Fault(f"parts.{part.number}", f"{type(error).__name__}: {reason}", remedy)
        raise Unavailable(
            "A part of the run failed again and again; nobody is shown any of it.", [fault]
        ) from error
