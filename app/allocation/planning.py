"""From what was gathered for a run to its solved problem (pure).

An entry is offered the branches whose products fit; one that no product fits, or that was declined for an
established obstacle, is offered the receivers of its bottleneck class instead.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from app.allocation.candidates import (
    Candidates,
    Offers,
    branches_of,
    candidates,
    without_parties,
)
from app.allocation.checker import CheckReport, check
from app.allocation.explanations import ProductLabel
from app.allocation.flow import solve
from app.allocation.model import NOBODY, AllocationSolution, IntArray, LoadTiers
from app.allocation.posing import Posed, concentration, pose, ranked_offers
from app.allocation.quotas import Quota, posed_quotas, within_quotas
from app.allocation.supporting import supporting
from app.bottlenecks.routing import Routing
from app.bottlenecks.rules import ClassFinding
from app.chains.rules import ChainBook
from app.institutions.rules import InstitutionTree

TO_WHOM_ANYWAY: Final = "banks_concerned"
"""A route that also goes to who declined: the bank concerned is to verify (（十六） c 进一步核实确认)."""


@dataclass(frozen=True, slots=True)
class RunEntry:
    """An entry of a run; `coordinator` names who keeps it when no institution can."""

    entry_id: int
    code: str
    region: str
    chain: str | None
    coordinator: str


@dataclass(frozen=True, slots=True)
class BlockedEntry:
    """What an entry's current bottleneck case says; `routing` is set when a class leads."""

    route: str
    is_declined: bool
    asks: tuple[str, ...]
    gap: str
    leading: ClassFinding | None
    routing: Routing | None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The operator's choices for a run."""

    concentration_permille: int
    supporting_most: int
    tiers: LoadTiers


@dataclass(frozen=True, eq=False)
class RunInputs:
    """Everything that a run decides on. Entries are ordered by code; `offers` runs in the same order.

    `settled` maps entry ids to the institution that keeps them; `declined` to those that declined them, `taken`
    to those from which a coordinator took them.
    """

    entries: Sequence[RunEntry]
    offers: Offers
    product_ids: Sequence[int]
    products: Mapping[int, ProductLabel]
    blocked: Mapping[int, BlockedEntry]
    settled: Mapping[int, int]
    declined: Mapping[int, Collection[int]]
    taken: Mapping[int, Collection[int]]
    tree: InstitutionTree
    chains: ChainBook
    settings: RunSettings


@dataclass(frozen=True, eq=False)
class SolvedRun:
    """The solved problem; `helpers` are supporting branches (n, most), `report` the independent proof.

    `quota_losses` names the chains' quotas that took an offer from an entry (index); `quota_bound` are entries that
    lost every offer in this way; `kept_outside` those settled at a party that is no branch (a public body).
    """

    inputs: RunInputs
    posed: Posed
    solution: AllocationSolution
    report: CheckReport
    helpers: IntArray
    most_per_bank: int
    quota_losses: Mapping[int, Sequence[Quota]]
    quota_bound: frozenset[int]
    kept_outside: frozenset[int]

    def chosen_fits(self) -> list[tuple[int, int]]:
        """Answer (entry index, product revision id) of each newly chosen fitting product."""
        free = (self.posed.problem.settled < 0) & (self.solution.branch >= 0) & ~self.posed.is_routed
        return [
            (
                int(entry),
                int(
                    self.posed.product_ids[self.posed.candidate(int(entry), int(self.solution.branch[entry]))]
                ),
            )
            for entry in np.flatnonzero(free)
        ]


def solve_run(inputs: RunInputs) -> SolvedRun:
    """Pose the problem, solve it to optimality, prove the answer independently."""
    settings, tree = inputs.settings, inputs.tree
    branch_ids = branches_of(tree)
    index = {branch: i for i, branch in enumerate(branch_ids)}
    settled, outside = _settled(inputs, tree, index)
    fitting = _fitting(inputs, tree, branch_ids, settled, outside)
    chains, quotas = [entry.chain for entry in inputs.entries], quotas_of(inputs.chains, tree, index)
    within, lost = within_quotas(fitting, chains, settled, quotas)
    most = concentration(len(inputs.entries), settings.concentration_permille)
    posed = pose(
        [entry.entry_id for entry in inputs.entries],
        branch_ids,
        tree,
        within,
        ranked_offers(_receivers(inputs, tree, index, settled, outside)),
        inputs.product_ids,
        settled=settled,
        most_per_bank=most,
        tiers=settings.tiers,
    )
    posed = replace(posed, quotas=posed_quotas(quotas, chains, posed.is_routed))
    solution = solve(posed.problem)
    report = check(posed.problem, solution, posed.quotas)
    if not report.feasible:
        msg = f"the solver's answer breaks {report.breaches[:3]}"
        raise RuntimeError(msg)
    bound = set(np.unique(fitting.entry).tolist()) - set(np.unique(within.entry).tolist())
    helpers = supporting(posed.problem, solution, posed.head_ids, settings.supporting_most)
    losses: dict[int, list[Quota]] = defaultdict(list)
    for quota, losers in lost:
        for entry in losers.tolist():
            losses[entry].append(quota)
    return SolvedRun(inputs, posed, solution, report, helpers, most, dict(losses), frozenset(bound), outside)


def _settled(
    inputs: RunInputs, tree: InstitutionTree, index: Mapping[int, int]
) -> tuple[IntArray, frozenset[int]]:
    """Branch index by entry (-1: free), and the entries that a public body keeps."""
    settled = np.full(len(inputs.entries), NOBODY, np.int64)
    outside = set()
    for i, entry in enumerate(inputs.entries):
        institution = inputs.settled.get(entry.entry_id)
        if institution is None:
            continue
        if institution in index:
            settled[i] = index[institution]
        elif tree.node(institution).kind.is_body:
            outside.add(i)
    return settled, frozenset(outside)


def goes_by_class(blocked: BlockedEntry | None, *, has_product: bool) -> bool:
    """An obstacle that is established goes first: without a product, and after a decline, the class routes."""
    return blocked is not None and blocked.leading is not None and (blocked.is_declined or not has_product)


def _fitting(
    inputs: RunInputs,
    tree: InstitutionTree,
    branch_ids: Sequence[int],
    settled: IntArray,
    outside: frozenset[int],
) -> Candidates:
    regions = [entry.region for entry in inputs.entries]
    found = candidates(inputs.offers, regions, tree, branch_ids)
    number = {entry.entry_id: i for i, entry in enumerate(inputs.entries)}
    declined = {
        number[entry_id]: {tree.root_of(one).id for one in parties}
        for entry_id, parties in inputs.declined.items()
        if entry_id in number
    }
    found = without_parties(found, declined, [tree.root_of(branch).id for branch in branch_ids])
    taken = {number[entry_id]: gone for entry_id, gone in inputs.taken.items() if entry_id in number}
    found = without_parties(found, taken, branch_ids)
    closed = np.zeros(len(inputs.entries), np.bool_)
    closed[list(outside)] = True
    for i, entry in enumerate(inputs.entries):
        blocked = inputs.blocked.get(entry.entry_id)
        closed[i] |= settled[i] < 0 and goes_by_class(blocked, has_product=has_product(inputs, i))
    return found.where(~closed[found.entry])


def has_product(inputs: RunInputs, entry: int) -> bool:
    return bool(inputs.offers.start[entry + 1] > inputs.offers.start[entry])


def _receivers(
    inputs: RunInputs,
    tree: InstitutionTree,
    index: Mapping[int, int],
    settled: IntArray,
    outside: frozenset[int],
) -> dict[int, list[int]]:
    """Branch indexes of the receivers of each free entry that its class routes, best first."""
    found = {}
    for i, entry in enumerate(inputs.entries):
        blocked = inputs.blocked.get(entry.entry_id)
        if settled[i] >= 0 or i in outside or not goes_by_class(blocked, has_product=has_product(inputs, i)):
            continue
        assert blocked is not None
        if blocked.routing is None or blocked.routing.is_body:
            continue
        heads = {tree.root_of(one).id for one in inputs.declined.get(entry.entry_id, ())}
        is_open = blocked.leading is not None and blocked.leading.route == TO_WHOM_ANYWAY
        gone = inputs.taken.get(entry.entry_id, ())
        ids = (one.institution_id for one in blocked.routing.receivers if one.institution_id not in gone)
        found[i] = [
            index[one] for one in ids if one in index and (is_open or tree.root_of(one).id not in heads)
        ]
    return found


def quotas_of(
    chains: ChainBook,
    tree: InstitutionTree,
    index: Mapping[int, int],
    only: Collection[str | None] | None = None,
) -> list[Quota]:
    """Answer the quotas of the plans in force (of some chains only) over branch indexes (`index` by institution id)."""
    found = []
    for code, chain in chains.chains.items():
        if chain.plan is None or (only is not None and code not in only):
            continue
        for bank in chain.plan.contracted:
            node = tree.find(bank.institution)
            if bank.quota is None or node is None:
                continue
            below = {node.id, *(one.id for one in tree.descendants(node.id))}
            branches = frozenset(index[one] for one in below if one in index)
            found.append(
                Quota(code, bank.institution, branches, bank.quota, chain.plan.citation("contracted"))
            )
    return found
