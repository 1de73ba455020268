"""What a run would change: decided as a run decides, and taken back; and what a stored run has changed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NoReturn

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.allocation import run_queries
from app.allocation.gathering import Gathered, ReadMatches, gather, grounds_of
from app.allocation.outcomes import Outcome, explain_run
from app.allocation.planning import solve_run
from app.allocation.schemas import AllocationPreviewOut, CountsOut, ObjectiveOut, RunChangeOut
from app.allocation.service import get_run, new_outcomes, run_of
from app.kernel.database import AsyncSession, attempt
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.progress import report

MOST_SHOWN: Final = 500


class _Seen(Exception):
    """Carries what a preview found out of what is taken back."""

    def __init__(self, found: AllocationPreviewOut) -> None:
        super().__init__()
        self.found = found


async def preview_allocation(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    now: datetime,
    keep_settled: bool = True,
    read: ReadMatches | None = None,
) -> AllocationPreviewOut:
    """Answer what a run of an edition would come to now and whom it would give another party; nothing is kept.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition.
        Conflict: the edition has no match run yet, or what its newest one rests on has changed.
    """
    require(viewer, Action.RUN_ALLOCATION, Target(region=viewer.jurisdiction))
    try:
        async with attempt(session):
            await _look(session, viewer, edition_code, now, keep_settled=keep_settled, read=read)
    except _Seen as seen:
        return seen.found


async def _look(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    now: datetime,
    *,
    keep_settled: bool,
    read: ReadMatches | None,
) -> NoReturn:
    gathered = await gather(session, viewer, edition_code, now=now, keep_settled=keep_settled, read=read)
    report("allocating", 0, len(gathered.listed))
    solved = await asyncio.to_thread(solve_run, gathered.inputs)
    grounds = await asyncio.to_thread(grounds_of, gathered, solved.chosen_fits())
    outcomes = await asyncio.to_thread(explain_run, solved, grounds)
    fresh, gone = new_outcomes(gathered, outcomes)
    run = run_of(viewer, gathered, solved, outcomes, fresh, len(gone), now)
    found = AllocationPreviewOut(
        edition=edition_code,
        match_run=run.match_run_id,
        keep_settled=keep_settled,
        counts=CountsOut(**run.objective["counts"]),
        objective=ObjectiveOut(**run.objective["achieved"]),
        changes=_changes(gathered, fresh),
    )
    raise _Seen(found)


def _changes(gathered: Gathered, fresh: Sequence[Outcome]) -> list[RunChangeOut]:
    entries = {one.entry_id: one for one in gathered.listed}
    before = {row.entry_id: row.responsible_body for row in gathered.current}
    changed = [one for one in fresh if before.get(one.entry_id) != one.body]
    return [
        RunChangeOut(
            entry=entries[one.entry_id].entry_code,
            name=entries[one.entry_id].name,
            before=before.get(one.entry_id),
            after=one.body,
            kind=one.kind,
            why=(one.explanation or {}).get("text", []),
        )
        for one in changed[:MOST_SHOWN]
    ]


async def changes_of_run(
    session: AsyncSession, viewer: Viewer, run_id: int, page: PageRequest
) -> Page[RunChangeOut]:
    """List the assignments that a run made, by entry code, each with who had the entry before.

    Raises:
        NotFound: no such run that this viewer may see.
    """
    await get_run(session, viewer, run_id)
    key = page.after()
    after = None if key is None else str(key[0])
    rows = await run_queries.made_by_run(session, viewer, run_id, after, page.limit + 1)
    return page_of(
        rows,
        page,
        lambda row: (row.code,),
        lambda row: RunChangeOut(
            entry=row.code,
            name=row.name,
            before=row.before,
            after=row.responsible_body,
            kind=row.kind,
            why=row.explanation.get("text", []),
        ),
    )
