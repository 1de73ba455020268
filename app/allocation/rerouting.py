"""Who is next when the responsible party declines, between two runs (pure).

An established obstacle goes to the receivers of its class; else the next branch that fits is asked, chosen with
the shadow prices of the last run as foresight; else the coordinator keeps the entry. A head office that
declined an entry is not asked again, except the banks concerned by a lawsuit or the credit register.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.allocation.arrivals import arrival_prices, assign_arrival, remaining_places
from app.allocation.explanations import (
    FitGrounds,
    FitOffer,
    ProductLabel,
    by_class,
    by_fit,
    for_coordinator,
    next_in_line,
    points_text,
)
from app.allocation.model import NOBODY, AllocationSolution, IntArray
from app.allocation.outcomes import COORDINATOR, MATCHED, ROUTED, Outcome
from app.allocation.planning import TO_WHOM_ANYWAY, BlockedEntry, RunEntry
from app.allocation.posing import Posed
from app.allocation.supporting import WhyNot
from app.bottlenecks.rules import ASK
from app.institutions.rules import InstitutionTree


@dataclass(frozen=True, eq=False)
class Standing:
    """The last run with who is responsible now: `held` is the branch index of each entry of the run, -1 for none."""

    posed: Posed
    solution: AllocationSolution
    held: IntArray
    tree: InstitutionTree

    @classmethod
    def of(
        cls, posed: Posed, solution: AllocationSolution, responsible: Mapping[int, int], tree: InstitutionTree
    ) -> "Standing":
        """Read who is responsible now from institution ids by entry id."""
        index = {int(branch): i for i, branch in enumerate(posed.branch_ids)}
        held = [index.get(responsible.get(int(entry), NOBODY), NOBODY) for entry in posed.entry_ids]
        return cls(posed, solution, np.array(held, np.int64), tree)

    def remaining(self) -> IntArray:
        """Answer the places left at each branch of the run, limits of head offices included."""
        return remaining_places(self.posed.problem, self.held)

    def after(self, entry_id: int, institution_id: int | None) -> "Standing":
        """Answer the standing with one entry at another institution (None: at none)."""
        held = self.held.copy()
        at = np.flatnonzero(self.posed.branch_ids == (NOBODY if institution_id is None else institution_id))
        held[self.posed.entry_ids == entry_id] = int(at[0]) if at.size else NOBODY
        return replace(self, held=held)


@dataclass(frozen=True, slots=True)
class Declined:
    """A declined entry: what blocks it, who declined it, and what a fit of a product (revision id) consists of."""

    entry: RunEntry
    blocked: BlockedEntry | None
    parties: Collection[int]
    grounds: Callable[[int], FitGrounds | None]


def next_party(
    declined: Declined, standing: Standing, products: Mapping[int, ProductLabel], supporting_most: int
) -> Outcome:
    """Answer who is responsible next, why, who comes after, and at most so many supporting institutions."""
    entry, blocked = declined.entry, declined.blocked
    heads = {standing.tree.root_of(one).id for one in declined.parties}
    if blocked is not None and blocked.leading is not None and blocked.routing is not None:
        return _by_class(entry, standing, blocked, heads)
    row = _OpenRow.of(entry.entry_id, standing, heads, products)
    chosen = row.choose()
    if chosen is not None:
        return _matched(declined, row, chosen, supporting_most)
    if blocked is not None and blocked.route == ASK:
        text = "其他候选机构均曾婉拒或没有余量，堵点类别待补充信息后判定，由统筹部门向企业询问"
        return _kept(entry, for_coordinator("ask", [text], blocked.asks))
    gap = blocked.gap if blocked is not None else ""
    text = f"其他候选机构均曾婉拒或没有余量。{gap}"
    return _kept(entry, for_coordinator("policy_gap", [text]))


def _by_class(entry: RunEntry, standing: Standing, blocked: BlockedEntry, heads: Collection[int]) -> Outcome:
    assert blocked.leading is not None
    assert blocked.routing is not None
    routing, leading = blocked.routing, blocked.leading
    left = dict(zip(standing.posed.branch_ids.tolist(), standing.remaining().tolist(), strict=True))
    is_open = leading.route == TO_WHOM_ANYWAY
    for place, receiver in enumerate(routing.receivers):
        has_room = routing.is_body or left.get(receiver.institution_id, 0) > 0
        is_asked = is_open or standing.tree.root_of(receiver.institution_id).id not in heads
        if has_room and is_asked:
            return Outcome(
                entry.entry_id,
                is_settled=False,
                kind=ROUTED,
                institution_id=receiver.institution_id,
                body=standing.tree.node(receiver.institution_id).name,
                explanation=by_class(leading, routing, place, is_declined=True),
            )
    if routing.is_body:
        explanation = by_class(leading, routing, None, is_declined=True)
        return Outcome(
            entry.entry_id, is_settled=False, kind=ROUTED, body=routing.body, explanation=explanation
        )
    reason = "capacity" if routing.receivers else "no_receiver"
    text = [f"按堵点“{leading.name}”应推送{leading.receiver}（{leading.citation}）"]
    text.append(f"{routing.note or '接收机构均没有余量或曾婉拒'}，由统筹部门协调")
    return _kept(entry, for_coordinator(reason, text, routing.asks))


@dataclass(frozen=True, eq=False)
class _OpenRow:
    """The run's candidates of one entry whose head offices did not decline it (`pairs`), and the room they have."""

    standing: Standing
    products: Mapping[int, ProductLabel]
    pairs: Sequence[int]
    left: IntArray

    @classmethod
    def of(
        cls, entry_id: int, standing: Standing, heads: Collection[int], products: Mapping[int, ProductLabel]
    ) -> "_OpenRow":
        posed = standing.posed
        at = np.flatnonzero(posed.entry_ids == entry_id)
        if not at.size or posed.is_routed[at[0]]:
            return cls(standing, products, (), standing.remaining())
        row = range(int(posed.problem.row_start[at[0]]), int(posed.problem.row_start[at[0] + 1]))
        pairs = [k for k in row if int(posed.head_ids[posed.problem.branch[k]]) not in heads]
        return cls(standing, products, pairs, standing.remaining())

    def branch(self, pair: int) -> int:
        return int(self.standing.posed.problem.branch[pair])

    def head(self, pair: int) -> int:
        return int(self.standing.posed.head_ids[self.branch(pair)])

    def revision(self, pair: int) -> int:
        return int(self.standing.posed.product_ids[pair])

    def offer(self, pair: int) -> FitOffer:
        posed = self.standing.posed
        node = self.standing.tree.node(int(posed.branch_ids[self.branch(pair)]))
        return FitOffer(node, self.products[self.revision(pair)], int(posed.problem.score[pair]))

    def choose(self) -> int | None:
        """Answer the pair with room that has the best fit less shadow price, or None."""
        branches = [self.branch(pair) for pair in self.pairs]
        scores = [int(self.standing.posed.problem.score[pair]) for pair in self.pairs]
        chosen = assign_arrival(branches, scores, self.left, arrival_prices(self.standing.solution))
        return None if chosen is None else self.pairs[branches.index(chosen)]

    def others(self, chosen: int) -> list[int]:
        """Answer the other pairs, the best fit first."""
        score = self.standing.posed.problem.score
        rest = [pair for pair in self.pairs if pair != chosen]
        return sorted(rest, key=lambda pair: (-int(score[pair]), self.branch(pair)))

    def after(self, chosen: int) -> dict[str, Any] | None:
        """Say which other candidate fits best, and why it is not the one."""
        following = next(iter(self.others(chosen)), None)
        if following is None:
            return None
        offer = self.offer(following)
        difference = self.offer(chosen).score - offer.score
        if self.left[self.branch(following)] <= 0:
            why_not, text = WhyNot.BRANCH_FULL, "没有余量"
        elif difference > 0:
            why_not, text = WhyNot.LOWER_FIT, f"匹配度低{points_text(difference)}分"
        elif difference == 0:
            why_not, text = WhyNot.EQUAL_FIT, "匹配度相同，按影子价格和机构编码先后确定"
        else:
            text = f"匹配度高{points_text(-difference)}分，但按上次分配的影子价格，其名额宜留给其他条目"
            why_not = WhyNot.SHADOW_PRICE
        return next_in_line(offer, why_not, difference, text)

    def supports(self, chosen: int, most: int) -> list[int]:
        """Answer the best pairs of other banks than the chosen one's and each other's."""
        found: dict[int, int] = {self.head(chosen): chosen}
        for pair in self.others(chosen):
            found.setdefault(self.head(pair), pair)
        return list(found.values())[1 : most + 1]


def _matched(declined: Declined, row: _OpenRow, chosen: int, supporting_most: int) -> Outcome:
    offer, revision = row.offer(chosen), row.revision(chosen)
    helping = row.supports(chosen, supporting_most)
    explanation = by_fit(
        "next_fit",
        offer,
        declined.entry.region,
        declined.grounds(revision),
        row.after(chosen),
        [row.offer(pair).as_data() for pair in helping],
    )
    opening = f"原责任机构婉拒，改派其余候选中有余量的{offer.node.short_name}，按上次分配的影子价格择优"
    return Outcome(
        declined.entry.entry_id,
        is_settled=False,
        kind=MATCHED,
        institution_id=offer.node.id,
        body=offer.node.name,
        product_revision_id=revision,
        score=offer.score,
        explanation=explanation | {"text": [opening, *explanation["text"]]},
        supports=tuple(
            (row.offer(pair).node.id, row.revision(pair), row.offer(pair).score) for pair in helping
        ),
    )


def _kept(entry: RunEntry, explanation: dict[str, Any]) -> Outcome:
    return Outcome(
        entry.entry_id, is_settled=False, kind=COORDINATOR, body=entry.coordinator, explanation=explanation
    )
