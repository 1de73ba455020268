"""Who holds which places between two runs, what room is left, and what places are worth to others (pure)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.allocation.arrivals import remaining_places
from app.allocation.candidates import branches_of
from app.allocation.model import NOBODY, AllocationProblem, IntArray
from app.allocation.posing import groups_above
from app.allocation.quotas import Quota
from app.institutions.rules import InstitutionTree


@dataclass(frozen=True, slots=True)
class Holding:
    """An entry, its chain, and the institution that is responsible for it (None: a body or the coordinator)."""

    entry_id: int
    chain: str | None
    institution_id: int | None


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many further entries of a chain that an institution is responsible for; none of them is asked about alone."""

    chain: str | None
    institution_id: int
    entries: int


@dataclass(frozen=True, eq=False)
class Standing:
    """Capacities and limits as they are now (`problem` has no pairs), and the branch index that each entry is at.

    `index` answers the branch index of an institution, `rows` the place of an entry in `held`, `members` the places of
    a chain's entries. `prices` (m) are the shadow prices of the last run in units of fit, 0 for a branch that it did not know.
    """

    problem: AllocationProblem
    branch_ids: IntArray
    index: Mapping[int, int]
    rows: Mapping[int, int]
    members: Mapping[str, IntArray]
    held: IntArray
    prices: IntArray
    quotas: Sequence[Quota]
    tree: InstitutionTree

    @classmethod
    def of(
        cls,
        tree: InstitutionTree,
        holdings: Sequence[Holding],
        quotas: Sequence[Quota],
        prices: Mapping[int, int],
        most_per_bank: int,
        crowds: Sequence[Crowd] = (),
    ) -> "Standing":
        """Make the standing of a tree; `prices` by branch id, quotas over `branches_of(tree)`.

        `crowds` are the entries beyond `holdings`, told by number: of a whole edition only few ever move.
        """
        branch_ids = branches_of(tree)
        index = {branch: i for i, branch in enumerate(branch_ids)}
        own, parent, limit, _ids = groups_above(tree, branch_ids, most_per_bank)
        everyone: list[Holding | Crowd] = [*holdings, *crowds]
        at = [index.get(one.institution_id or NOBODY, NOBODY) for one in everyone]
        counts = [1] * len(holdings) + [crowd.entries for crowd in crowds]
        held = np.repeat(np.array(at, np.int64), counts)
        problem = AllocationProblem.from_pairs(
            held.size,
            [tree.node(branch).capacity or 0 for branch in branch_ids],
            ((), (), ()),
            groups=(own, parent, limit),
            settled=np.full(held.size, NOBODY, np.int64),
        )
        return cls(
            problem,
            np.array(branch_ids, np.int64),
            index,
            {one.entry_id: row for row, one in enumerate(holdings)},
            _members([one.chain for one in everyone], counts, {quota.chain for quota in quotas}),
            held,
            np.array([prices.get(branch, 0) for branch in branch_ids], np.int64),
            quotas,
            tree,
        )

    def remaining(self) -> IntArray:
        """Answer the places left at each branch, limits of head offices included."""
        return remaining_places(self.problem, self.held)

    def after(self, entry_id: int, institution_id: int | None) -> "Standing":
        """Answer the standing with one entry at another institution (None: at none)."""
        held = self.held.copy()
        held[self.rows[entry_id]] = self.index.get(institution_id or NOBODY, NOBODY)
        return replace(self, held=held)

    def used_up(self, chain: str | None, branch: int) -> Quota | None:
        """Answer the quota of a chain at a branch's bank that leaves no place, or None."""
        for quota in self.quotas:
            if quota.chain == chain and branch in quota.branches:
                holders = self.held[self.members[quota.chain]]
                if np.isin(holders, list(quota.branches)).sum() >= quota.places:
                    return quota
        return None


def _members(
    stated: Sequence[str | None], counts: Sequence[int], chains: Collection[str]
) -> dict[str, IntArray]:
    numbers = {chain: number for number, chain in enumerate(sorted(chains))}
    of = np.repeat(np.array([numbers.get(chain or "", NOBODY) for chain in stated], np.int64), counts)
    return {chain: np.flatnonzero(of == number) for chain, number in numbers.items()}
