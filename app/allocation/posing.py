"""The allocation problem of an edition, posed from entries, offers, capacities and limits (pure).

Entries with fitting products and entries that their bottleneck class sends to banks or guarantors stand in
one problem, so that capacities are shared and the checker sees all of it. An entry without a fitting product
has *ranks* in place of fits: `RANKED` units (1/10,000 point each) for its first receiver, one less for each
after it. That is at most 0.02 point, so a place goes to a fit before it goes to a rank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.allocation.candidates import BoolArray, Candidates
from app.allocation.model import NOBODY, UNLIMITED, AllocationProblem, IntArray, LoadTiers, PosedQuota
from app.institutions.rules import InstitutionNode, InstitutionTree

RANKED: Final = 200
NO_PRODUCT: Final = 0
PERMILLE: Final = 1000


@dataclass(frozen=True, eq=False)
class Posed:
    """A problem with what its indexes mean; ids are those of the tables.

    `product_ids` (pairs) names the product revision of each candidate, 0 where a bottleneck class sent it;
    `is_routed` (n) tells entries of that kind; `head_ids` (m) are the head offices of branches. `quotas` are the
    chains' quotas that the answer has to hold; they are no limits of the problem (see `quotas`).
    """

    problem: AllocationProblem
    entry_ids: IntArray
    branch_ids: IntArray
    group_ids: IntArray
    head_ids: IntArray
    product_ids: IntArray
    is_routed: BoolArray
    quotas: tuple[PosedQuota, ...] = ()

    def candidate(self, entry: int, branch: int) -> int:
        """Answer the position of a candidate among the pairs, or -1 if it is none."""
        first, last = int(self.problem.row_start[entry]), int(self.problem.row_start[entry + 1])
        at = first + int(np.searchsorted(self.problem.branch[first:last], branch))
        return at if at < last and int(self.problem.branch[at]) == branch else NOBODY


def ranked_offers(receivers: Mapping[int, Sequence[int]]) -> Candidates:
    """Turn receivers (entry index → branch indexes, best first) into offers whose scores are ranks."""
    triples = sorted(
        (entry, branch, max(1, RANKED - place))
        for entry, branches in receivers.items()
        for place, branch in enumerate(branches)
    )
    entry, branch, score = (np.array([one[k] for one in triples], np.int64) for k in range(3))
    return Candidates(entry, branch, score, np.full(entry.size, NOBODY, np.int64))


def concentration(entries: int, permille: int) -> int:
    """Answer the most entries that one head office may hold: a share of the run's entries, at least one."""
    return max(1, entries * permille // PERMILLE)


def groups_above(
    tree: InstitutionTree, branch_ids: Sequence[int], most_per_bank: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Answer (branch_group, group_parent, group_capacity, group_ids) for the branches.

    A group is an institution whose group capacity is declared, and every bank's head office, which also holds
    the concentration limit. A branch with a group capacity of its own is in its own group.
    """
    used = _with_above(tree, branch_ids)
    grouping = [node for node in tree.nodes.values() if node.id in used and _is_group(node)]
    number = {node.id: i for i, node in enumerate(grouping)}
    own = [_nearest(tree, branch, number) for branch in branch_ids]
    parent = [_nearest(tree, node.parent, number) for node in grouping]
    limit = [_limit_of(node, most_per_bank) for node in grouping]
    ids = [node.id for node in grouping]
    first, second, third, fourth = (np.array(values, np.int64) for values in (own, parent, limit, ids))
    return first, second, third, fourth


def _is_group(node: InstitutionNode) -> bool:
    return node.group_capacity is not None or (node.parent is None and node.kind.is_bank)


def _with_above(tree: InstitutionTree, branch_ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for branch in branch_ids:
        above: int | None = branch
        while above is not None and above not in found:
            found.add(above)
            above = tree.node(above).parent
    return found


def _nearest(tree: InstitutionTree, node_id: int | None, number: Mapping[int, int]) -> int:
    while node_id is not None and node_id not in number:
        node_id = tree.node(node_id).parent
    return NOBODY if node_id is None else number[node_id]


def _limit_of(node: InstitutionNode, most_per_bank: int) -> int:
    limits = [] if node.group_capacity is None else [node.group_capacity]
    if node.parent is None and node.kind.is_bank:
        limits.append(most_per_bank)
    return min(limits, default=UNLIMITED)


def pose(
    entry_ids: Sequence[int],
    branch_ids: Sequence[int],
    tree: InstitutionTree,
    fitting: Candidates,
    ranked: Candidates,
    product_ids: Sequence[int],
    *,
    settled: IntArray,
    most_per_bank: int,
    tiers: LoadTiers,
) -> Posed:
    """Pose the problem; `fitting.product` are indexes into `product_ids` (revision ids).

    An entry has either fitting or ranked offers. Entries and branches come in a stable order (by code), so
    that equal editions give equal bytes.
    """
    entry = np.concatenate([fitting.entry, ranked.entry])
    branch = np.concatenate([fitting.branch, ranked.branch])
    score = np.concatenate([fitting.score, ranked.score])
    revisions = np.array([*product_ids, NO_PRODUCT], np.int64)  # index -1 of ranked offers is the last
    product = revisions[np.concatenate([fitting.product, ranked.product])]
    order = np.lexsort((branch, entry))
    own, parent, limit, group_ids = groups_above(tree, branch_ids, most_per_bank)
    problem = AllocationProblem.from_pairs(
        len(entry_ids),
        [tree.node(branch_id).capacity or 0 for branch_id in branch_ids],
        (entry[order], branch[order], score[order]),
        groups=(own, parent, limit),
        settled=settled,
        tiers=tiers,
    )
    is_routed = np.zeros(len(entry_ids), np.bool_)
    is_routed[ranked.entry] = True
    return Posed(
        problem,
        np.array(entry_ids, np.int64),
        np.array(branch_ids, np.int64),
        group_ids,
        np.array([tree.root_of(branch_id).id for branch_id in branch_ids], np.int64),
        product[order],
        is_routed,
    )
