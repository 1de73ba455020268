"""What declines and checks established since, put on top of what a run was matched on."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from app.accounts.rules import Viewer
from app.allocation import entry_queries
from app.allocation.refusal_service import REFUSALS, answered_since
from app.allocation.refusals import standing_by_head
from app.bottlenecks.refits import judged_need
from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import InstitutionTree
from app.kernel.database import AsyncSession
from app.matching.engine import Matcher
from app.matching.gathering import shelf
from app.matching.inputs import NeedReader, Surroundings
from app.matching.posing import EligibleCandidates
from app.matching.products import MatchNeed
from app.policy.facts import Facts
from app.whitelist.service import AdmittedEntry


def judged_anew(
    found: EligibleCandidates,
    around: Surroundings,
    listed: Sequence[AdmittedEntry],
    established: Mapping[int, Facts],
) -> EligibleCandidates:
    """Answer what fits, with what is established on top of the statements that were matched."""
    reader = NeedReader(around)
    needs = {
        entry.entry_id: judged_need(
            reader, around, NeedFacts.model_validate(entry.need_facts), established[entry.entry_id]
        )
        for entry in listed
        if entry.entry_id in established
    }
    return _spliced(found, needs, shelf.matcher_of(around)) if needs else found


async def declined_of(
    session: AsyncSession,
    viewer: Viewer,
    listed: Sequence[AdmittedEntry],
    established: Mapping[int, Facts],
    tree: InstitutionTree,
) -> dict[int, Collection[int]]:
    """Answer the head offices that are not to be asked for an entry (ids), because what they declined it for stands."""
    refusals = await REFUSALS.of(session, viewer, [entry.entry_id for entry in listed])
    stated_at = {
        entry.id: entry.stated_at for entry in await entry_queries.entries_of(session, viewer, refusals)
    }
    since = await answered_since(session, viewer, refusals)
    found = {
        entry: standing_by_head(
            refusals[entry],
            established.get(entry, {}),
            stated_at[entry],
            lambda one: tree.root_of(one).id,
            since.get(entry, {}),
        )
        for entry in refusals
        if entry in stated_at
    }
    return {entry: heads.keys() for entry, heads in found.items() if heads}


def _spliced(
    found: EligibleCandidates, needs: Mapping[int, MatchNeed], matcher: Matcher
) -> EligibleCandidates:
    """Answer what fits the entries of a run, judged anew for those entries (ids) of which more is established."""
    row_of = {int(entry): row for row, entry in enumerate(found.entry_ids)}
    rows = np.array([row_of[entry] for entry in needs], np.int64)
    anew = matcher.candidates(matcher.encode(list(needs.values())))
    revisions = np.array([product.revision_id for product in matcher.products], np.int64)
    size = found.entry_ids.size
    before = np.repeat(np.arange(size), np.diff(found.indptr))
    kept = ~np.isin(before, rows)
    row = np.concatenate([before[kept], np.repeat(rows, np.diff(anew.starts))])
    order = np.argsort(row, kind="stable")
    products = np.concatenate([found.product_revision_ids[kept], revisions[anew.products]])
    scores = np.concatenate([found.scores[kept], anew.scores.astype(np.int64)])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=size))]).astype(np.int64)
    return EligibleCandidates(found.entry_ids, indptr, products[order], scores[order])
