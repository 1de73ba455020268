"""Use cases of matching: run an edition, preview facts, explain a pair, and what runs came to."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.accounts.rules import Viewer
from app.enterprises import service as enterprises
from app.enterprises.code_checks import need_faults
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.shanghai import shanghai_date
from app.matching import engine, queries
from app.matching.explain import explain_pair
from app.matching.gathering import gather, shelf, surroundings, wanted_backend
from app.matching.inputs import NeedReader, Surroundings
from app.matching.plan_influence import plan_influence
from app.matching.posing import EligibleCandidates, candidates
from app.matching.queries import RunRow, StoredEntry, StoredMatch
from app.matching.run_service import keep_run, posed_run, rank, read_run, run_match, run_out
from app.matching.schemas import (
    EntryMatchesOut,
    ExplanationOut,
    MatchesOut,
    MatchRunOut,
    StoredMatchOut,
)
from app.matching.tables import MatchRun
from app.matching.views import POINTS_IN_ONE, explanation_out, judge
from app.whitelist import service as whitelist
from app.whitelist.service import AdmittedEntry

__all__ = [
    "EligibleCandidates",
    "eligible_candidates",
    "entries_without_product",
    "explain",
    "get_run",
    "keep_run",
    "latest_run",
    "list_runs",
    "matches_of_need",
    "preview",
    "rank",
    "read_run",
    "run_match",
    "run_out",
    "run_results",
    "warm_up",
]


def warm_up() -> None:
    """Compile the kernels, or load them from disk, so that no request waits for it: up to some seconds."""
    engine.warm_up(wanted_backend())


async def eligible_candidates(
    session: AsyncSession,
    viewer: Viewer,
    run_id: int,
    *,
    around: Surroundings | None = None,
    entries: Sequence[AdmittedEntry] | None = None,
) -> EligibleCandidates:
    """Answer every eligible product of every entry of a run, computed again from its inputs.

    `around` and `entries` are what the caller read and goes on with, so that nothing changes in between.

    Raises:
        NotFound: no such run that this viewer may see.
        Conflict: entries, products, plans, rules or rates have changed since; match again first.
    """
    run, edition = await _stored_run(session, viewer, run_id)
    if around is None:
        around = await gather(session, viewer, date.fromisoformat(run.inputs["on"]), run.library_code)
    if entries is None:
        entries = await whitelist.admitted_entries(session, viewer, run.edition_id)
    posed = await asyncio.to_thread(posed_run, around, entries)
    if posed.inputs_hash != run.inputs_hash:
        raise _changed(run, posed.inputs, edition)
    found = await asyncio.to_thread(posed.matcher.candidates, posed.lines)
    return candidates(posed, found)


async def inputs_changed(session: AsyncSession, viewer: Viewer, run_id: int) -> list[str]:
    """Answer which inputs of a run have changed since (`entries`, `products`, …); none: it holds as it is.

    Raises:
        NotFound: no such run that this viewer may see.
        Unavailable: no loan prime rate is known for its day.
    """
    run, _edition = await _stored_run(session, viewer, run_id)
    around = await gather(session, viewer, date.fromisoformat(run.inputs["on"]), run.library_code)
    entries = await whitelist.admitted_entries(session, viewer, run.edition_id)
    posed = await asyncio.to_thread(posed_run, around, entries)
    return sorted(name for name in posed.inputs if posed.inputs[name] != run.inputs.get(name))


def _changed(run: MatchRun, inputs: Mapping[str, Any], edition: str) -> Conflict:
    names = sorted(name for name in inputs if inputs[name] != run.inputs.get(name))
    remedy = f"Run `rongqiao match run --edition {edition}` and take the new run."
    return Conflict(
        f"What match run {run.id} rests on has changed since.",
        [Fault(f"inputs.{name}", "changed since the run", remedy) for name in names],
    )


async def entries_without_product(session: AsyncSession, viewer: Viewer, run_id: int) -> list[int]:
    """Answer the ids of a run's entries for which no product is eligible.

    Raises:
        NotFound: no such run that this viewer may see.
    """
    await _stored_run(session, viewer, run_id)
    return await queries.entries_without_product(session, viewer, run_id)


async def latest_run(session: AsyncSession, viewer: Viewer, edition_id: int) -> MatchRun | None:
    """Answer an edition's latest run, or None."""
    row = await queries.latest_run(session, viewer, edition_id)
    return None if row is None else row[0]


async def get_run(session: AsyncSession, viewer: Viewer, run_id: int) -> MatchRunOut:
    """Answer a run.

    Raises:
        NotFound: no such run that this viewer may see.
    """
    return run_out(await _stored_run(session, viewer, run_id), reused=False)


async def list_runs(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, edition: str | None = None
) -> Page[MatchRunOut]:
    """Answer runs, the newest first, of one edition or of all."""
    key = page.after()
    before = None if key is None else _number(key[0])
    rows = await queries.list_runs(session, viewer, edition, before, page.limit)
    items = [run_out(row, reused=False) for row in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > page.limit else None)


async def run_results(
    session: AsyncSession, viewer: Viewer, run_id: int, page: PageRequest, *, without_product: bool = False
) -> Page[EntryMatchesOut]:
    """Answer how a run's entries came out, by entry code; only those without any product if asked.

    Raises:
        NotFound: no such run that this viewer may see.
    """
    await _stored_run(session, viewer, run_id)
    key = page.after()
    after = None if key is None else str(key[0])
    rows = await queries.entries_of_run(session, run_id, after, page.limit, is_without=without_product)
    shown = rows[: page.limit]
    best = await queries.results_of(session, run_id, [row.entry_id for row in shown])
    items = [_entry_out(row, best.get(row.entry_id, [])) for row in shown]
    return Page(items=items, next=encode_cursor(items[-1].entry) if len(rows) > page.limit else None)


async def preview(
    session: AsyncSession,
    viewer: Viewer,
    facts: NeedFacts,
    *,
    now: datetime,
    limit: int,
    library: str | None = None,
) -> MatchesOut:
    """Answer what stated facts qualify for today; nothing is stored.

    Raises:
        NotFound: no such library.
        Refused: a region, industry or chain code is unknown, or the region lies outside the jurisdiction.
    """
    around = await surroundings(session, viewer, shanghai_date(now), library)
    faults = need_faults(facts, "body", viewer.jurisdiction, around.book, around.chains.chains)
    if faults:
        named = [replace(fault, where=fault.where.removeprefix("body.")) for fault in faults]
        raise Refused("The facts cannot be matched as stated.", named)
    return await asyncio.to_thread(_judged, around, facts, limit)


async def matches_of_need(
    session: AsyncSession,
    viewer: Viewer,
    need_code: str,
    *,
    now: datetime,
    limit: int,
    library: str | None = None,
    offered_by: Collection[int] | None = None,
) -> MatchesOut:
    """Answer what a need, as it is worded now and as far as the viewer may be shown it, qualifies for today.

    What no consent shows to an institution's viewer counts as unknown, so that no verdict tells it.
    `offered_by` leaves the products of some institutions (ids) in the lists.

    Raises:
        NotFound: no such need or library.
    """
    need = await enterprises.need_by_code(session, viewer, need_code)
    around = await surroundings(session, viewer, shanghai_date(now), library)
    # One need is judged in a millisecond or two, sooner than a thread gets its turn; only what is built first takes long.
    if "matcher_key" not in vars(around) or shelf.at_hand(around) is None:
        await asyncio.to_thread(shelf.matcher_of, around)
    judged = _judged(around, need.facts, limit, offered_by)
    judged.withheld = need.withheld
    return judged


def _judged(
    around: Surroundings, facts: NeedFacts, limit: int, offered_by: Collection[int] | None = None
) -> MatchesOut:
    return judge(around, shelf.matcher_of(around), NeedReader(around).need_of(facts), limit, offered_by)


async def explain(
    session: AsyncSession,
    viewer: Viewer,
    need_code: str,
    product_code: str,
    *,
    now: datetime,
    on: date | None = None,
) -> ExplanationOut:
    """Explain a need, as it is worded now, against a product in force on a day (today), criterion by criterion.

    What no consent shows to an institution's viewer counts as unknown.

    Raises:
        NotFound: no such need, or no such product in force on the day.
        Unavailable: no loan prime rate is known for the day.
    """
    need = await enterprises.need_by_code(session, viewer, need_code)
    around = await gather(session, viewer, on or shanghai_date(now), includes_guarantees=True)
    product = next((each for each in around.products if each.code == product_code), None)
    if product is None:
        raise NotFound(f"No product {product_code} is in force on {around.on.isoformat()}.")
    stated = NeedReader(around).need_of(need.facts)
    indexed = next(around.indexed_of([product]))
    found = explain_pair(stated, indexed, around.plans, around.settings)
    explained = explanation_out(need_code, product, found, around)
    own = next(around.stated_of([product]))
    plan = plan_influence(stated, own, around.plans, around.settings)
    told = plan.sentence if plan.is_any else ""
    return explained.model_copy(update={"withheld": need.withheld, "plan": told})


async def _stored_run(session: AsyncSession, viewer: Viewer, run_id: int) -> RunRow:
    row = await queries.run_by_id(session, viewer, run_id)
    if row is None:
        raise NotFound(f"No match run {run_id}.")
    return row


def _entry_out(row: StoredEntry, best: Sequence[StoredMatch]) -> EntryMatchesOut:
    return EntryMatchesOut(
        entry=row.entry,
        enterprise=row.enterprise,
        eligible=row.eligible,
        unknown=row.unknown,
        best=[
            StoredMatchOut(
                rank=each.rank,
                product=each.product,
                product_name=each.name,
                revision=each.revision,
                score=each.score / POINTS_IN_ONE,
            )
            for each in best
        ],
    )


def _number(key: str | int) -> int:
    return key if isinstance(key, int) else 0
