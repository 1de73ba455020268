"""What a chain's plan changes in an allocation: the run beside the same run without it or with another (pure).

Both runs are solved to optimality and proven (`planning.solve_run`), so that the difference is the plan's. An entry
of the chain says which parts of the plan moved it, by how much and by which clause; any other that moved made room.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.allocation.candidates import Offers
from app.allocation.model import NOBODY
from app.allocation.planning import RunInputs, SolvedRun
from app.chains.rules import ChainBook, PlanInForce
from app.matching.plan_influence import PlanInfluence, score_text

InfluenceOf = Callable[[int, int], PlanInfluence]
"""From an entry (index) and a product (revision id) to what the plan did to that match."""

WITHOUT: Final = "没有方案"


class Change(StrEnum):
    """What the plan did to an entry."""

    SERVED = "served"  # without the plan no institution would be responsible
    UNSERVED = "unserved"  # without the plan some institution would be
    MOVED = "moved"  # another institution would be responsible
    FITTED = "fitted"  # the same one, with another fit or product


@dataclass(frozen=True, slots=True)
class Placement:
    """Who is responsible with which product; `fit` in units of 1/10,000 point.

    Without a fitting product (by bottleneck class, settled elsewhere) `product` is empty and the fit 0.
    """

    institution: str
    name: str
    product: str
    fit: int

    @property
    def text(self) -> str:
        """The placement as people read it."""
        return f"{self.name}（{self.product}，{score_text(self.fit)}分）" if self.product else self.name


@dataclass(frozen=True, slots=True)
class PlanCause:
    """One part of the plan that had a hand in it: what, by how much (units; 0 where it moved no fit), which clause."""

    text: str
    units: int
    citation: str


@dataclass(frozen=True, slots=True)
class EntryDifference:
    """An entry with and without the plan; without `causes` it made room for others."""

    entry: str
    change: Change
    with_plan: Placement | None
    without_plan: Placement | None
    causes: tuple[PlanCause, ...]
    otherwise: str = WITHOUT

    @property
    def sentence(self) -> str:
        """What the plan changed, in Chinese, by how much and by which clause."""
        return f"{_CHANGES[self.change](self)}：{'；'.join(self._told()) or '为其他条目调整而改变'}"

    def _told(self) -> list[str]:
        return [
            f"{one.text}加{score_text(one.units)}分（{one.citation}）"
            if one.units
            else f"{one.text}（{one.citation}）"
            for one in self.causes
        ]


@dataclass(frozen=True, slots=True)
class RunDifference:
    """All entries that the plan changed, by code, with totals; `by_clause` counts entries by what their causes cite."""

    entries: tuple[EntryDifference, ...]
    served_with: int
    served_without: int
    changes: Mapping[Change, int]
    by_clause: Mapping[str, int]


def under_plan(inputs: RunInputs, chain: str, plan: PlanInForce | None, offers: Offers) -> RunInputs:
    """Answer a run's inputs as they would be with another plan of a chain, or (None) without any.

    `offers` are those of a match with that plan, over the same entries and products in the same order.

    Raises:
        ValueError: the offers are of other entries or products.
    """
    is_same = len(offers.start) == len(inputs.offers.start) and list(offers.institution_of_product) == list(
        inputs.offers.institution_of_product
    )
    if not is_same:
        msg = "the offers under the other plan are of other entries or products"
        raise ValueError(msg)
    chains = (replace(one, plan=plan) if code == chain else one for code, one in inputs.chains.chains.items())
    return replace(inputs, chains=ChainBook.build(chains), offers=offers)


def plan_difference(
    with_plan: SolvedRun,
    without: SolvedRun,
    chain: str,
    influence: InfluenceOf,
    otherwise: str = WITHOUT,
) -> RunDifference:
    """Compare a solved run with the one without the plan of a chain, or with another one (both over the same entries).

    `influence` is that of the plan of `with_plan`; `otherwise` says in sentences what the other run has instead.
    """
    found = []
    for index, entry in enumerate(with_plan.inputs.entries):
        placed = _placement(with_plan, index), _placement(without, index)
        causes = _causes(with_plan, index, influence) if entry.chain == chain else ()
        change = _change(*placed)
        if change is not None:
            found.append(EntryDifference(entry.code, change, *placed, causes, otherwise))
    found.sort(key=lambda one: one.entry)
    cited = (clause for one in found for clause in {cause.citation for cause in one.causes})
    return RunDifference(
        tuple(found),
        with_plan.solution.served,
        without.solution.served,
        dict(Counter(one.change for one in found)),
        dict(sorted(Counter(cited).items())),
    )


def _change(with_plan: Placement | None, without: Placement | None) -> Change | None:
    if with_plan == without:
        return None
    if with_plan is None:
        return Change.UNSERVED
    if without is None:
        return Change.SERVED
    return Change.FITTED if with_plan.institution == without.institution else Change.MOVED


def _placement(run: SolvedRun, entry: int) -> Placement | None:
    branch = int(run.solution.branch[entry])
    if branch == NOBODY:
        return None
    node = run.inputs.tree.node(int(run.posed.branch_ids[branch]))
    revision = _revision(run, entry)
    if revision is None:
        return Placement(node.code, node.short_name, "", 0)
    fit = int(run.posed.problem.score[run.posed.candidate(entry, branch)])
    return Placement(node.code, node.short_name, run.inputs.products[revision].code, fit)


def _revision(run: SolvedRun, entry: int) -> int | None:
    """Answer the product revision (id) with which an entry's branch answers; None by class, or settled without one."""
    at = run.posed.candidate(entry, int(run.solution.branch[entry]))
    if at == NOBODY or run.posed.is_routed[entry]:
        return None
    return int(run.posed.product_ids[at])


def _causes(run: SolvedRun, entry: int, influence: InfluenceOf) -> tuple[PlanCause, ...]:
    """Answer which parts of the plan had a hand in an entry's placement: its fit there, and quotas that kept it away."""
    return (*_of_fit(run, entry, influence), *_of_quotas(run, entry))


def _of_fit(run: SolvedRun, entry: int, influence: InfluenceOf) -> Sequence[PlanCause]:
    revision = None if run.solution.branch[entry] == NOBODY else _revision(run, entry)
    if revision is None:
        return ()
    found = influence(entry, revision)
    shares = [PlanCause(share.text, share.units, share.citation) for share in found.shares]
    return [*shares, *(PlanCause("放宽产品条件", 0, citation) for citation in found.grants)]


def _of_quotas(run: SolvedRun, entry: int) -> Sequence[PlanCause]:
    found = []
    for quota in run.quota_losses.get(entry, ()):
        node = run.inputs.tree.find(quota.bank)
        name = quota.bank if node is None else node.short_name
        found.append(PlanCause(f"{name}签约额度{quota.places}户已用尽，未列入候选", 0, quota.citation))
    return found


def _named(placement: Placement | None) -> str:
    return "统筹部门" if placement is None else placement.text


_CHANGES: Mapping[Change, Callable[[EntryDifference], str]] = {
    Change.SERVED: lambda one: f"由{_named(one.with_plan)}负责，{one.otherwise}则没有机构承接",
    Change.UNSERVED: lambda one: f"没有机构承接，{one.otherwise}则由{_named(one.without_plan)}负责",
    Change.MOVED: lambda one: (
        f"由{_named(one.with_plan)}负责，{one.otherwise}则由{_named(one.without_plan)}负责"
    ),
    Change.FITTED: lambda one: (
        f"仍由{_named(one.with_plan)}负责，{one.otherwise}时为{_named(one.without_plan)}"
    ),
}
