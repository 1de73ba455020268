"""What fits entries now: their statements with what is established on top, against what is in force (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.allocation.candidates import Candidates, Offers, branches_of, candidates
from app.allocation.considering import BranchOffer
from app.bottlenecks.refits import judged_need
from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import InstitutionTree
from app.matching.engine import Matcher
from app.matching.inputs import NeedReader, Surroundings
from app.matching.products import MatchNeed
from app.policy.facts import Facts


@dataclass(frozen=True, slots=True)
class Asking:
    """An entry's need as it is judged now: where it is, what is stated, what is established beyond that."""

    entry_id: int
    region: str
    facts: NeedFacts
    established: Facts


@dataclass(frozen=True, eq=False)
class Refit:
    """What fits some entries: each need as the engine took it, and its branches (by `branches_of`) best by best."""

    needs: Mapping[int, MatchNeed]
    offers: Mapping[int, tuple[BranchOffer, ...]]


def offers_of(matcher: Matcher, around: Surroundings, needs: Sequence[MatchNeed]) -> tuple[Offers, list[int]]:
    """Answer every product that fits each need, with the revisions (ids) of those that fit some; offers are indexes into them."""
    found = matcher.candidates(matcher.encode(needs))
    fitting, index = np.unique(found.products.astype(np.int64), return_inverse=True)
    revisions = [matcher.products[product].revision_id for product in fitting.tolist()]
    owners = [around.by_revision[revision].institution_id for revision in revisions]
    return Offers(found.starts, index.astype(np.int64), found.scores.astype(np.int64), owners), revisions


def refit(asking: Sequence[Asking], matcher: Matcher, around: Surroundings, tree: InstitutionTree) -> Refit:
    """Judge needs against the products in force and spread what fits over the branches that serve each entry."""
    if not asking:
        return Refit({}, {})
    reader = NeedReader(around)
    needs = [judged_need(reader, around, one.facts, one.established) for one in asking]
    offers, revisions = offers_of(matcher, around, needs)
    found = candidates(offers, [one.region for one in asking], tree, branches_of(tree))
    ids = [one.entry_id for one in asking]
    return Refit(dict(zip(ids, needs, strict=True)), _by_entry(found, ids, revisions))


def _by_entry(
    found: Candidates, ids: Sequence[int], revisions: Sequence[int]
) -> dict[int, tuple[BranchOffer, ...]]:
    rows: dict[int, list[BranchOffer]] = {}
    columns = (found.entry.tolist(), found.branch.tolist(), found.score.tolist(), found.product.tolist())
    for entry, branch, score, product in zip(*columns, strict=True):
        rows.setdefault(ids[entry], []).append(BranchOffer(branch, score, revisions[product]))
    return {entry: tuple(row) for entry, row in rows.items()}
