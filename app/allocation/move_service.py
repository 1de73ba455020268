"""Moves entries of an edition to their next party between two runs: gathers, decides, and keeps what was decided.

Declines, rematches and bulk reroutes go this one way; a preview decides and keeps nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from app.accounts.rules import Viewer
from app.allocation import entry_queries, queries, run_queries
from app.allocation.archive import prices_in
from app.allocation.candidates import branches_of, with_default_capacity
from app.allocation.considering import Leaving
from app.allocation.entry_queries import AssignmentRow, ListedEntry
from app.allocation.explanations import ProductLabel
from app.allocation.gathering import FitReader, blocked_entries, coordinator_of
from app.allocation.moves import Move, Party, moves_of
from app.allocation.outcomes import Outcome
from app.allocation.planning import BlockedEntry, RunEntry, quotas_of
from app.allocation.queries import NewAssignment
from app.allocation.refitting import Asking, Refit, refit
from app.allocation.refusal_service import REFUSALS, answered_since
from app.allocation.refusals import Refusal, Refusals, standing_by_head
from app.allocation.rerouting import Cause
from app.allocation.standing import Crowd, Holding, Standing
from app.allocation.tables import AllocationRun
from app.allocation.topics import PARTIES_CHANGED
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.cases import CaseSays
from app.bottlenecks.rules import established_from_data
from app.bottlenecks.service import JudgedCases
from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import InstitutionTree
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.matching import service as matching
from app.matching.gathering import shelf, surroundings
from app.matching.inputs import Surroundings
from app.policy.facts import Facts
from app.reference.book import load_reference_book
from app.whitelist import service as whitelist

NOBODY_JUDGED: Final = JudgedCases({}, {})


@dataclass(frozen=True, slots=True)
class Wish:
    """Which entries (ids) are to move, each with its cause.

    `established` holds what is to be judged on top of what is known (a rematch), None where nothing changed;
    `is_whole`: nothing else is established any more. `judged_as` is the cause of the cases judged anew: an entry that
    is `declined` goes to the receivers of its class before any product. `barred` are institutions that shall not have an entry now.
    `named` are those alone to whom an entry shall go, where a coordinator names them. `has_declined`: the parties leave for sure; else one that still fits keeps its entry.
    """

    causes: Mapping[int, Cause]
    has_declined: bool = False
    established: Mapping[int, Facts] | None = None
    is_whole: bool = False
    judged_as: str = "no_product"
    barred: Mapping[int, Collection[int]] = field(default_factory=dict)
    named: Mapping[int, Collection[int]] = field(default_factory=dict)
    refusals: Refusals | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of entries, their current assignments by entry id, and the cases judged on the way."""

    moves: Sequence[Move]
    current: Mapping[int, AssignmentRow]
    tree: InstitutionTree
    judged: JudgedCases
    is_rematch: bool


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    edition_id: int,
    entries: Sequence[ListedEntry],
    wish: Wish,
    *,
    now: datetime,
    is_look: bool = False,
    current: Mapping[int, AssignmentRow] | None = None,
) -> Decided | None:
    """Decide who is next for some entries of an edition, in few statements; nothing is stored.

    Unless it is only a look, the edition is held so that what it rests on stays. Entries without a party are left
    out; None where there are no others, or no run has been made yet. `current` are their assignments where these were
    read since the edition is held.
    """
    if not is_look:
        await queries.hold_edition(session, edition_id)
    if current is None:
        current = await entry_queries.assignments_of(
            session, viewer, edition_id, (entry.id for entry in entries)
        )
    run = await run_queries.latest_run(session, viewer, edition_id)
    moving = [entry for entry in entries if entry.id in current]
    if run is None or not moving:
        return None
    matched = await matching.get_run(session, viewer, run.match_run_id)
    around = await surroundings(session, viewer, shanghai_date(now), matched.library)
    tree, _silent = with_default_capacity(around.tree, setting(run, "allocation.default_capacity"))
    facts = {entry.id: NeedFacts.model_validate(entry.facts) for entry in moving}
    judged, established = await _established(session, viewer, moving, wish, now)
    asking = [Asking(one.id, one.region, facts[one.id], established.get(one.id, {})) for one in moving]
    fits = await asyncio.to_thread(_refit, asking, around, tree)
    cases, judged = await _cases(session, viewer, moving, wish, judged, fits, now)
    blocked = blocked_entries(cases, facts, tree)
    refused = await _refused(session, viewer, moving, wish, established, tree, current, now)
    taken = await entry_queries.taken_from(session, viewer, [entry.id for entry in moving])
    leaving = _leaving(moving, wish, fits, FitReader(around), blocked, refused, taken)
    standing = await _standing(session, viewer, run, around, tree, current, wish)
    labels = _labels(around, fits)
    parties = {
        one.id: Party(current[one.id].kind, current[one.id].institution_id, current[one.id].responsible_body)
        for one in moving
    }
    most = setting(run, "allocation.supporting_most")
    decided = partial(moves_of, causes=wish.causes, has_declined=wish.has_declined)
    moves = await asyncio.to_thread(decided, leaving, parties, standing, labels, most)
    return Decided(moves, current, tree, judged, wish.established is not None)


def _labels(around: Surroundings, fits: Refit) -> dict[int, ProductLabel]:
    """Answer what the products are called that fit some of the entries."""
    revisions = {offer.product for offers in fits.offers.values() for offer in offers}
    return {
        one: ProductLabel(product.code, product.name)
        for one in revisions
        if (product := around.by_revision.get(one))
    }


def _refit(asking: Sequence[Asking], around: Surroundings, tree: InstitutionTree) -> Refit:
    return refit(asking, shelf.matcher_of(around), around, tree)


async def _established(
    session: AsyncSession, viewer: Viewer, moving: Sequence[ListedEntry], wish: Wish, now: datetime
) -> tuple[JudgedCases, Mapping[int, Facts]]:
    """Answer what is established of each entry, and the cases judged anew where that is what changed."""
    ids = [entry.id for entry in moving]
    if wish.established is None:
        return NOBODY_JUDGED, await bottlenecks.established_of(session, viewer, ids)
    wanted = {one: wish.established.get(one, {}) for one in ids}
    judged = await bottlenecks.judge_entries(
        session, viewer, wanted, cause=wish.judged_as, is_whole=wish.is_whole, now=now
    )
    contents = judged.contents.values()
    return judged, {one.entry_id: established_from_data(one.detail["established"]) for one in contents}


async def _cases(
    session: AsyncSession,
    viewer: Viewer,
    moving: Sequence[ListedEntry],
    wish: Wish,
    judged: JudgedCases,
    fits: Refit,
    now: datetime,
) -> tuple[Sequence[CaseSays], JudgedCases]:
    """Answer what blocks each entry: as judged anew, else its case, else judged now if nothing fits it any more."""
    if wish.established is not None:
        return list(judged.contents.values()), judged
    known = await bottlenecks.current_cases_of(session, viewer, [entry.id for entry in moving])
    has_case = {case.entry_id for case in known}
    open_ones = [entry.id for entry in moving if entry.id not in has_case and not fits.offers.get(entry.id)]
    if wish.has_declined or not open_ones:
        return known, judged
    nothing_more: dict[int, Facts] = {one: {} for one in open_ones}
    judged = await bottlenecks.judge_entries(
        session, viewer, nothing_more, cause="no_product", now=now, current=()
    )
    return [*known, *judged.contents.values()], judged


async def _refused(
    session: AsyncSession,
    viewer: Viewer,
    moving: Sequence[ListedEntry],
    wish: Wish,
    established: Mapping[int, Facts],
    tree: InstitutionTree,
    current: Mapping[int, AssignmentRow],
    now: datetime,
) -> dict[int, dict[int, Refusal]]:
    """Answer by entry whose declines stand, by head office; who declined just now is not asked at once again."""
    refusals = await REFUSALS.of(session, viewer, [entry.id for entry in moving], wish.refusals)
    since = await answered_since(session, viewer, refusals)

    def head_of(institution_id: int) -> int:
        return tree.root_of(institution_id).id

    found = {}
    for entry in moving:
        beyond = established.get(entry.id, {})
        made, known = refusals.get(entry.id, ()), since.get(entry.id, {})
        stands = standing_by_head(made, beyond, entry.stated_at, head_of, known)
        party = current[entry.id].institution_id
        if wish.has_declined and party is not None:
            stands.setdefault(head_of(party), Refusal(party, now))
        found[entry.id] = stands
    return found


def _leaving(
    moving: Sequence[ListedEntry],
    wish: Wish,
    fits: Refit,
    reader: FitReader,
    blocked: Mapping[int, BlockedEntry],
    refused: Mapping[int, Mapping[int, Refusal]],
    taken: Mapping[int, frozenset[int]],
) -> list[Leaving]:
    return [
        Leaving(
            _run_entry(entry),
            blocked.get(entry.id),
            fits.offers.get(entry.id, ()),
            refused[entry.id],
            partial(reader.grounds, fits.needs[entry.id]),
            taken.get(entry.id, frozenset()) | frozenset(wish.barred.get(entry.id, ())),
            wish.named.get(entry.id),
        )
        for entry in moving
    ]


async def _standing(
    session: AsyncSession,
    viewer: Viewer,
    run: AllocationRun,
    around: Surroundings,
    tree: InstitutionTree,
    current: Mapping[int, AssignmentRow],
    wish: Wish,
) -> Standing:
    """Answer who holds which places now, without those who have left, at the shadow prices of a run."""
    prices = await asyncio.to_thread(prices_in, await run_queries.arrays_of(session, run.id) or b"")
    # Whom all entries of an order leave has their places free before the first of them is placed.
    gone = wish.causes.keys() if wish.has_declined else wish.barred.keys()
    holdings = [
        Holding(row.entry_id, row.chain, None if row.entry_id in gone else row.institution_id)
        for row in current.values()
    ]
    index = {branch: i for i, branch in enumerate(branches_of(tree))}
    # No quota of another chain is asked about: whoever moves stays of its own.
    chains = {row.chain for row in current.values()}
    quotas = quotas_of(around.chains, tree, index, chains)
    told = {quota.chain for quota in quotas}
    held = await queries.held_places(session, viewer, run.edition_id, told)
    places = Counter({(chain, institution): entries for chain, institution, entries in held})
    places.subtract(
        (row.chain if row.chain in told else None, row.institution_id)
        for row in current.values()
        if row.institution_id
    )
    crowds = [Crowd(*place, entries) for place, entries in places.items()]
    return Standing.of(tree, holdings, quotas, prices, int(run.settings["most_per_bank"]), crowds)


async def carry_out(
    session: AsyncSession, decided: Decided, end_reasons: Mapping[int, str], *, now: datetime
) -> None:
    """Keep what was decided: end assignments (reasons by entry id), make the next, store cases, tell who follows."""
    moved = [one for one in decided.moves if one.outcome is not None]
    await whitelist.hold_entries(session, (one.entry_id for one in moved))
    for reason in sorted(set(end_reasons.values())):
        ended = [decided.current[one.entry_id].id for one in moved if end_reasons[one.entry_id] == reason]
        await queries.end_assignments(session, ended, now, reason)
    rows = [row_of(one.outcome) for one in moved if one.outcome is not None]
    await queries.add_assignments(session, None, rows, now)
    judged = decided.judged
    fitting = {one.entry_id for one in decided.moves if one.fits} if decided.is_rematch else set()
    await bottlenecks.resolve_cases(session, judged, fitting, now=now)
    await bottlenecks.keep_cases(session, judged, judged.contents.keys() - fitting, now=now)
    await PARTIES_CHANGED.tell(session, [one.entry_id for one in moved], now)


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


def _run_entry(entry: ListedEntry) -> RunEntry:
    regions = load_reference_book(get_settings().seed_dir).regions
    return RunEntry(entry.id, entry.code, entry.region, entry.chain, coordinator_of(entry.region, regions))


def setting(run: AllocationRun, key: str) -> int:
    """Answer a number among the settings that a run was made with."""
    return int(run.settings["parameters"][key]["value"])
