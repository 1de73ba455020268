"""Who is responsible for single entries: show it with its reasons, and reroute after a decline."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import partial

import numpy as np

from app.accounts.rules import Viewer
from app.allocation import handler_queries, queries
from app.allocation.archive import unpack
from app.allocation.candidates import with_default_capacity
from app.allocation.explanations import ProductLabel
from app.allocation.gathering import FitReader, blocked_entries, coordinator_of
from app.allocation.outcomes import Outcome
from app.allocation.planning import RunEntry
from app.allocation.queries import NewAssignment
from app.allocation.rerouting import Declined, Standing, next_party
from app.allocation.schemas import AssignmentOut
from app.allocation.tables import AllocationRun
from app.allocation.views import assignment_out
from app.bottlenecks import service as bottlenecks
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound
from app.kernel.settings import get_settings
from app.matching import service as matching
from app.matching.gathering import gather as surroundings
from app.matching.inputs import Surroundings
from app.reference.book import load_reference_book
from app.whitelist import service as whitelist

WITHHELD = "企业未授权披露财务、司法和征信信息，理由从略"


async def assignment_of_entry(session: AsyncSession, viewer: Viewer, entry_code: str) -> AssignmentOut:
    """Answer who is responsible for an entry, why, and who was before.

    The reasons tell of loans, collateral and lawsuits: an institution's viewer reads them only by a consent
    that shows financial and judicial facts.

    Raises:
        NotFound: no such entry that this viewer may see, or nobody is responsible for it yet.
    """
    entry = await whitelist.get_entry(session, viewer, entry_code)
    shown = await queries.assignments_of_entry(session, viewer, entry_code)
    if not shown or shown[0].assignment.ended_at is not None:
        remedy = "POST /api/v1/allocations, or rongqiao allocate run --edition …"
        fault = Fault("entry", "not allocated", remedy, entry_code)
        raise NotFound(f"Nobody is responsible for {entry_code} yet.", [fault])
    current = shown[0].assignment.id
    handlings = await handler_queries.handlings_of(session, current)
    found = assignment_out(shown, await queries.supports_of(session, current), handlings)
    return found.model_copy(update={"why": [WITHHELD], "explanation": {}}) if entry.withheld else found


async def reroute(session: AsyncSession, viewer: Viewer, entry_id: int, *, now: datetime) -> AssignmentOut:
    """End an entry's assignment because its party declined, and make the next party responsible.

    Classify the entry by what the decline established first: an established obstacle goes to its receivers.

    Raises:
        NotFound: no such entry that this viewer may see, or nobody is responsible for it.
    """
    codes = await reroute_entries(session, viewer, [entry_id], now=now)
    if entry_id not in codes:
        raise NotFound("No such whitelist entry, or nobody is responsible for it yet.")
    return await assignment_of_entry(session, viewer, codes[entry_id])


async def reroute_entries(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int], *, now: datetime
) -> dict[int, str]:
    """Reroute declined entries, in order of code, in few statements; answer the codes of those rerouted.

    Entries that the viewer may not see, or for which nobody is responsible, are left alone.
    """
    entries = await queries.entries_of(session, viewer, entry_ids)
    done: dict[int, str] = {}
    for edition_id in sorted({entry.edition_id for entry in entries}):
        mine = [entry for entry in entries if entry.edition_id == edition_id]
        done |= await _reroute_in(session, viewer, edition_id, mine, now)
    return done


async def _reroute_in(
    session: AsyncSession,
    viewer: Viewer,
    edition_id: int,
    entries: list[queries.ListedEntry],
    now: datetime,
) -> dict[int, str]:
    await queries.hold_edition(session, edition_id)
    current = {row.entry_id: row for row in await queries.current_assignments(session, viewer, edition_id)}
    run = await queries.latest_run(session, viewer, edition_id)
    open_entries = [entry for entry in entries if entry.id in current]
    if run is None or not open_entries:
        return {}
    await queries.end_assignments(session, [current[entry.id].id for entry in open_entries], now, "declined")
    standing, around = await _standing_of(session, viewer, run, current, {entry.id for entry in open_entries})
    needs = {entry.id: NeedFacts.model_validate(entry.facts) for entry in open_entries}
    cases = await bottlenecks.current_cases_of(session, viewer, needs)
    blocked = blocked_entries(cases, needs, standing.tree)
    refusals = await queries.declined_parties(session, viewer, edition_id)
    revisions = [one for one in np.unique(standing.posed.product_ids).tolist() if one]
    labels = {
        revision: ProductLabel(code, name)
        for revision, (code, name) in (await queries.product_labels(session, revisions)).items()
    }
    fits, most = FitReader(around), _setting(run, "allocation.supporting_most")
    outcomes = []
    for entry in open_entries:
        declined = Declined(
            _run_entry(entry),
            blocked.get(entry.id),
            refusals.get(entry.id, ()),
            partial(fits.grounds, needs[entry.id]),
        )
        found = next_party(declined, standing, labels, most)
        standing = standing.after(entry.id, found.institution_id)
        outcomes.append(found)
    await queries.add_assignments(session, None, [row_of(one) for one in outcomes], now)
    return {entry.id: entry.code for entry in open_entries}


async def _standing_of(
    session: AsyncSession,
    viewer: Viewer,
    run: AllocationRun,
    current: Mapping[int, queries.AssignmentRow],
    leaving: Collection[int],
) -> tuple[Standing, Surroundings]:
    """Answer who holds which places of the run now, without those who leave, and what the run was matched against."""
    posed, solution = await asyncio.to_thread(unpack, await queries.arrays_of(session, run.id) or b"")
    matched = await matching.get_run(session, viewer, run.match_run_id)
    around = await surroundings(session, viewer, matched.on, matched.library)
    tree, _silent = with_default_capacity(around.tree, _setting(run, "allocation.default_capacity"))
    responsible = {
        row.entry_id: row.institution_id
        for row in current.values()
        if row.institution_id and row.entry_id not in leaving
    }
    return Standing.of(posed, solution, responsible, tree), around


def row_of(outcome: Outcome) -> NewAssignment:
    """Answer an outcome as it is stored."""
    return NewAssignment(
        outcome.entry_id,
        outcome.kind,
        outcome.institution_id,
        outcome.body,
        outcome.product_revision_id,
        outcome.score,
        outcome.explanation or {},
        outcome.supports,
    )


def _run_entry(entry: queries.ListedEntry) -> RunEntry:
    regions = load_reference_book(get_settings().seed_dir).regions
    return RunEntry(entry.id, entry.code, entry.region, entry.chain, coordinator_of(entry.region, regions))


def _setting(run: AllocationRun, key: str) -> int:
    return int(run.settings["parameters"][key]["value"])
