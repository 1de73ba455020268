"""Use cases of allocation: run, prove, show. Work of more than a few milliseconds runs in a thread."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.allocation import queries, run_queries
from app.allocation.archive import pack, unpack
from app.allocation.checker import check
from app.allocation.entry_queries import AssignmentRow
from app.allocation.gathering import Gathered, ReadMatches, gather, grounds_of, matches_of
from app.allocation.move_service import row_of
from app.allocation.outcomes import COORDINATOR, MATCHED, ROUTED, Outcome, explain_run
from app.allocation.party_service import assignment_of_entry, rematch_entries, reroute, reroute_entries
from app.allocation.planning import SolvedRun, solve_run
from app.allocation.reroute_service import entries_to_reroute, reroute_in_bulk
from app.allocation.schemas import AllocationRunOut, CheckOut
from app.allocation.tables import AllocationRun
from app.allocation.topics import PARTIES_CHANGED
from app.allocation.views import check_out, entries_differing, run_out
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.progress import report
from app.matching.plan_influence import score_text
from app.whitelist import service as whitelist

__all__ = [
    "AssignmentRow",
    "assignment_of_entry",
    "check_run",
    "current_assignments",
    "entries_to_reroute",
    "get_run",
    "list_runs",
    "read_matches",
    "rematch_entries",
    "reroute",
    "reroute_entries",
    "reroute_in_bulk",
    "run_allocation",
]


async def read_matches(session: AsyncSession, viewer: Viewer, edition_code: str) -> ReadMatches:
    """Answer what a run of an edition begins with: most of its work, which needs no transaction that writes.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition.
        Conflict: the edition has no match run yet, or what its newest one rests on has changed.
    """
    require(viewer, Action.RUN_ALLOCATION, Target(region=viewer.jurisdiction))
    return await matches_of(session, viewer, edition_code)


async def run_allocation(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    now: datetime,
    keep_settled: bool = True,
    read: ReadMatches | None = None,
) -> AllocationRunOut:
    """Give every admitted entry of an edition its one responsible party, and at most two supporting ones.

    Entries that no product fits are classified first. A party that stays responsible keeps its assignment as it
    is; what is replaced is ended, never deleted. With `keep_settled` every entry keeps the institution that it
    has. A run that changes nothing since the newest one is not recorded again: that one is answered as `reused`.
    What was `read` in an earlier transaction is read anew if it does not hold any more.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition.
        Conflict: the edition has no match run yet, or what its newest one rests on has changed.
    """
    require(viewer, Action.RUN_ALLOCATION, Target(region=viewer.jurisdiction))
    gathered = await gather(session, viewer, edition_code, now=now, keep_settled=keep_settled, read=read)
    report("allocating", 0, len(gathered.listed))
    solved = await asyncio.to_thread(solve_run, gathered.inputs)
    grounds = await asyncio.to_thread(grounds_of, gathered, solved.chosen_fits())
    outcomes = await asyncio.to_thread(explain_run, solved, grounds)
    report("saving", 0, len(outcomes))
    return await _save(session, viewer, gathered, solved, outcomes, now=now)


async def _save(
    session: AsyncSession,
    viewer: Viewer,
    gathered: Gathered,
    solved: SolvedRun,
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
) -> AllocationRunOut:
    current = {row.entry_id: row for row in gathered.current}
    fresh, gone = new_outcomes(gathered, outcomes)
    replaced = [current[one.entry_id].id for one in fresh if one.entry_id in current]
    await whitelist.hold_entries(session, (one.entry_id for one in fresh))
    run = run_of(viewer, gathered, solved, outcomes, fresh, len(gone), now)
    same = await _same_run(session, viewer, gathered, run) if not fresh and not gone else None
    if same is not None:
        return run_out(same, gathered.edition_code, reused=True)
    arrays = await asyncio.to_thread(pack, solved.posed, solved.solution)
    await run_queries.add_run(session, run, arrays)
    await queries.end_assignments(session, gone, now, "withdrawn")
    await queries.end_assignments(session, replaced, now, "replaced")
    await queries.add_assignments(session, run.id, [row_of(one) for one in fresh], now)
    changed = [one.entry_id for one in fresh if _has_new_party(one, current.get(one.entry_id))]
    await PARTIES_CHANGED.tell(session, changed, now)
    return run_out(run, gathered.edition_code)


def new_outcomes(gathered: Gathered, outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[int]]:
    """Answer the outcomes that make new assignments, and the current ones (ids) of entries that are listed no more."""
    current = {row.entry_id: row for row in gathered.current}
    fresh = [one for one in outcomes if not _is_kept(one, current.get(one.entry_id), gathered.unnamed)]
    listed = {one.entry_id for one in outcomes}
    return fresh, [row.id for row in gathered.current if row.entry_id not in listed]


async def _same_run(
    session: AsyncSession, viewer: Viewer, gathered: Gathered, run: AllocationRun
) -> AllocationRun | None:
    """Answer the newest run if one that changes nothing would only say again what that one says.

    So a run that is asked for again, because nobody heard how it ended, leaves no second record.
    """
    newest = await run_queries.latest_run(session, viewer, gathered.edition_id)
    if newest is None or newest.match_run_id != run.match_run_id or newest.result_hash != run.result_hash:
        return None
    stated = gathered.settings | {"keep_settled": gathered.keep_settled}
    is_same = all(newest.settings.get(name) == value for name, value in stated.items())
    return newest if is_same else None


def _has_new_party(outcome: Outcome, before: AssignmentRow | None) -> bool:
    """Tell whether somebody else is responsible: coordinators and bodies are known by their name."""
    if before is None or outcome.institution_id != before.institution_id:
        return True
    return outcome.institution_id is None and outcome.body != before.responsible_body


def _is_kept(outcome: Outcome, before: AssignmentRow | None, unnamed: Mapping[int, dict[str, Any]]) -> bool:
    """Who stays responsible keeps the assignment, and with it the day from which deadlines count."""
    if outcome.is_settled:
        return True
    if before is None or outcome.institution_id != before.institution_id:
        return False
    if outcome.institution_id is not None:
        return True
    stated = (outcome.kind, outcome.body, outcome.explanation)
    return stated == (before.kind, before.responsible_body, unnamed.get(outcome.entry_id))


def run_of(
    viewer: Viewer,
    gathered: Gathered,
    solved: SolvedRun,
    outcomes: Sequence[Outcome],
    fresh: Sequence[Outcome],
    gone: int,
    now: datetime,
) -> AllocationRun:
    """Answer a run as it is stored; so many entries (`gone`) lose their party because they are listed no more."""
    problem, solution = solved.posed.problem, solved.solution
    held = {row.entry_id for row in gathered.current}
    ended = gone + sum(one.entry_id in held for one in fresh)
    settings = gathered.settings | {
        "most_per_bank": solved.most_per_bank,
        "lost_to_quotas": _lost_to_quotas(solved),
        "keep_settled": gathered.keep_settled,
    }
    final = _final_parties(gathered, outcomes)
    return AllocationRun(
        edition_id=gathered.edition_id,
        match_run_id=gathered.match_run.id,
        settings=settings,
        objective={
            "counts": _counts(outcomes, fresh, final, ended),
            "achieved": _achieved(solved),
            "problem_sha256": problem.digest(),
            "solution_sha256": solution.digest(),
        },
        inputs_hash=_hash(
            [gathered.match_run.result_hash, gathered.codes(solved.posed), problem.digest(), settings]
        ),
        result_hash=_hash(final),
        run_by=viewer.name,
        created_at=now,
    )


def _lost_to_quotas(solved: SolvedRun) -> dict[str, int]:
    """Answer how many entries lost an offer to a chain's quota at a bank, by `chain bank`."""
    lost = Counter(f"{one.chain} {one.bank}" for quotas in solved.quota_losses.values() for one in quotas)
    return dict(sorted(lost.items()))


def _final_parties(gathered: Gathered, outcomes: Sequence[Outcome]) -> list[tuple[str, str, str, str]]:
    """Answer (entry code, kind, institution code, body) of every entry after the run, by entry code."""
    current = {row.entry_id: row for row in gathered.current}
    tree = gathered.inputs.tree
    final = []
    for entry, outcome in zip(gathered.inputs.entries, outcomes, strict=True):
        before = current.get(entry.entry_id) if outcome.is_settled else None
        institution = before.institution_id if before else outcome.institution_id
        kind, body = (before.kind, before.responsible_body) if before else (outcome.kind, outcome.body)
        final.append((entry.code, kind, tree.node(institution).code if institution else "", body))
    return final


def _counts(
    outcomes: Sequence[Outcome],
    fresh: Sequence[Outcome],
    final: Sequence[tuple[str, str, str, str]],
    ended: int,
) -> dict[str, Any]:
    kinds = Counter(kind for _code, kind, _institution, _body in final)
    reasons = Counter(str((one.explanation or {}).get("reason")) for one in fresh)
    return {
        "entries": len(outcomes),
        "matched": kinds[MATCHED],
        "routed": kinds[ROUTED],
        "coordinator": kinds[COORDINATOR],
        "kept": len(outcomes) - len(fresh),
        "made": len(fresh),
        "ended": ended,
        "reasons": dict(sorted(reasons.items())),
    }


def _achieved(solved: SolvedRun) -> dict[str, Any]:
    posed, solution = solved.posed, solved.solution
    fits = [
        int(posed.problem.score[at])
        for entry, branch in enumerate(solution.branch.tolist())
        if branch >= 0 and not posed.is_routed[entry] and (at := posed.candidate(entry, branch)) >= 0
    ]
    ids = {"branch": posed.branch_ids, "group": posed.group_ids}
    return {
        "served": solution.served,
        "mean_fit": score_text(sum(fits) // len(fits)) if fits else None,
        "total_fit": solution.total_fit,
        "load_cost": solution.load_cost,
        "optimality_gap": solved.report.gap,
        "overfull": [
            f"{solved.inputs.tree.node(int(ids[one.kind][one.index])).code}：{one.settled}/{one.capacity}"
            for one in solution.overfull
        ],
    }


def _hash(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def current_assignments(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[AssignmentRow]:
    """Answer the current assignments of an edition, by entry code."""
    return await queries.current_assignments(session, viewer, edition_id)


async def get_run(session: AsyncSession, viewer: Viewer, run_id: int) -> AllocationRunOut:
    """Answer a run.

    Raises:
        NotFound: no such run that this viewer may see.
    """
    return run_out(*await _stored_run(session, viewer, run_id))


async def _stored_run(session: AsyncSession, viewer: Viewer, run_id: int) -> tuple[AllocationRun, str]:
    found = await run_queries.run_by_id(session, viewer, run_id)
    if found is None:
        raise NotFound(f"No allocation run {run_id}.")
    return found


async def list_runs(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, edition: str | None = None
) -> Page[AllocationRunOut]:
    """List runs, the newest first."""
    key = page.after()
    before = key[0] if key and isinstance(key[0], int) else None
    rows = await run_queries.page_of_runs(session, viewer, edition, before=before, limit=page.limit + 1)
    return page_of(rows, page, lambda row: (row[0].id,), lambda row: run_out(*row))


async def check_run(session: AsyncSession, viewer: Viewer, run_id: int) -> CheckOut:
    """Prove a stored run anew: feasibility and optimality from its archive, and that its records agree with it.

    The records agree when every entry had a responsible party right after the run (逐户落实): the branch of
    the archived answer, or for those that it left out the coordinator or a body.

    Raises:
        NotFound: no such run that this viewer may see.
        Conflict: its archive cannot be read.
    """
    run, _edition = await _stored_run(session, viewer, run_id)
    posed, solution = await asyncio.to_thread(unpack, await run_queries.arrays_of(session, run_id) or b"")
    report = await asyncio.to_thread(check, posed.problem, solution, posed.quotas)
    digests = (posed.problem.digest(), solution.digest())
    recorded = (run.objective["problem_sha256"], run.objective["solution_sha256"])
    entries = await queries.entry_codes(session, viewer, run.edition_id)
    responsible = await queries.responsible_as_of(session, viewer, run.edition_id, run.created_at)
    differing = [
        entries.get(entry_id, f"#{entry_id}") for entry_id in entries_differing(posed, solution, responsible)
    ]
    tree = await institution_tree(session, viewer)
    return check_out(
        run_id, report, posed, tree, entries, hashes_hold=digests == recorded, differing=sorted(differing)
    )
