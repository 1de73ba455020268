"""Who is next when the responsible party declines, between two runs (pure).

An established obstacle goes to the receivers of its class; else the next branch that fits is asked, chosen with
the shadow prices of the last run as foresight; else the coordinator keeps the entry. A head office that
declined an entry is not asked again, except the banks concerned by a lawsuit or the credit register.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.allocation.arrivals import arrival_prices, assign_arrival, remaining_places
from app.allocation.explanations import ProductLabel, area_of, by_class, for_coordinator, points_text
from app.allocation.model import NOBODY, AllocationSolution, IntArray
from app.allocation.outcomes import COORDINATOR, MATCHED, ROUTED, Outcome
from app.allocation.planning import TO_WHOM_ANYWAY, BlockedEntry, RunEntry
from app.allocation.posing import Posed
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


def next_party(
    entry: RunEntry,
    standing: Standing,
    blocked: BlockedEntry | None,
    declined: Collection[int],
    products: Mapping[int, ProductLabel],
) -> Outcome:
    """Answer who is responsible next; `declined` are the institutions that declined the entry."""
    heads = {standing.tree.root_of(one).id for one in declined}
    if blocked is not None and blocked.leading is not None and blocked.routing is not None:
        return _by_class(entry, standing, blocked, heads)
    found = _next_fit(entry, standing, heads)
    if found is not None:
        return _matched(entry, standing, found, products)
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
                explanation=by_class(leading, routing, place),
            )
    if routing.is_body:
        explanation = by_class(leading, routing, None)
        return Outcome(
            entry.entry_id, is_settled=False, kind=ROUTED, body=routing.body, explanation=explanation
        )
    reason = "capacity" if routing.receivers else "no_receiver"
    text = [f"按堵点“{leading.name}”应推送{leading.receiver}（{leading.citation}）"]
    text.append(f"{routing.note or '接收机构均没有余量或曾婉拒'}，由统筹部门协调")
    return _kept(entry, for_coordinator(reason, text, routing.asks))


def _next_fit(entry: RunEntry, standing: Standing, heads: Collection[int]) -> int | None:
    """Answer the position of the chosen candidate among the run's pairs, or None."""
    posed = standing.posed
    at = np.flatnonzero(posed.entry_ids == entry.entry_id)
    if not at.size or posed.is_routed[at[0]]:
        return None
    row = range(int(posed.problem.row_start[at[0]]), int(posed.problem.row_start[at[0] + 1]))
    open_to = [k for k in row if int(posed.head_ids[posed.problem.branch[k]]) not in heads]
    branches = [int(posed.problem.branch[k]) for k in open_to]
    scores = [int(posed.problem.score[k]) for k in open_to]
    chosen = assign_arrival(branches, scores, standing.remaining(), arrival_prices(standing.solution))
    return None if chosen is None else open_to[branches.index(chosen)]


def _matched(entry: RunEntry, standing: Standing, at: int, products: Mapping[int, ProductLabel]) -> Outcome:
    posed = standing.posed
    node = standing.tree.node(int(posed.branch_ids[posed.problem.branch[at]]))
    revision, score = int(posed.product_ids[at]), int(posed.problem.score[at])
    label = products[revision]
    area, level = area_of(node, entry.region)
    explanation: dict[str, Any] = {
        "reason": "next_fit",
        "product": {"code": label.code, "name": label.name},
        "score": points_text(score),
        "area": {"region": area, "level": level},
        "text": [
            f"原责任机构婉拒，改派其余候选中有余量的{node.short_name}，以{level}机构服务企业所在地（{entry.region}）",
            f"产品“{label.name}”（{label.code}）匹配度{points_text(score)}分，按上次分配的影子价格择优",
        ],
    }
    return Outcome(
        entry.entry_id,
        is_settled=False,
        kind=MATCHED,
        institution_id=node.id,
        body=node.name,
        product_revision_id=revision,
        score=score,
        explanation=explanation,
    )


def _kept(entry: RunEntry, explanation: dict[str, Any]) -> Outcome:
    return Outcome(
        entry.entry_id, is_settled=False, kind=COORDINATOR, body=entry.coordinator, explanation=explanation
    )
