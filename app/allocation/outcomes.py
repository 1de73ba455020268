"""Who is responsible for each entry of a solved run, and why (pure). Nobody is left out (逐户落实).

Every entry gets an outcome: a fitting product's branch, a receiver by bottleneck class, or the coordinator
with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.allocation.explanations import Explainer, FitGrounds, by_class, for_coordinator, support_rows
from app.allocation.objective import room_of
from app.allocation.planning import BlockedEntry, RunEntry, SolvedRun, goes_by_class, has_product
from app.bottlenecks.rules import ASK, POLICY_GAP

MATCHED: Final = "matched"
ROUTED: Final = "routed"
COORDINATOR: Final = "coordinator"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who is responsible for an entry; `is_settled`: as before, nothing else is stated then."""

    entry_id: int
    is_settled: bool
    kind: str = ""
    institution_id: int | None = None
    body: str = ""
    product_revision_id: int | None = None
    score: int | None = None
    explanation: dict[str, Any] | None = None
    supports: tuple[tuple[int, int, int], ...] = ()


def explain_run(run: SolvedRun, grounds: Mapping[int, FitGrounds]) -> list[Outcome]:
    """Answer the outcome of every entry; `grounds` holds what each chosen fit consists of, by entry index."""
    room = room_of(run.posed.problem, run.solution.branch)
    explainer = Explainer(
        run.posed, run.solution, room, run.inputs.tree, run.inputs.products, run.quota_losses
    )
    return [_outcome(run, explainer, i, entry, grounds) for i, entry in enumerate(run.inputs.entries)]


def _outcome(
    run: SolvedRun, explainer: Explainer, i: int, entry: RunEntry, grounds: Mapping[int, FitGrounds]
) -> Outcome:
    if run.posed.problem.settled[i] >= 0 or i in run.kept_outside:
        return Outcome(entry.entry_id, is_settled=True)
    branch = int(run.solution.branch[i])
    blocked = run.inputs.blocked.get(entry.entry_id)
    if branch >= 0 and run.posed.is_routed[i]:
        assert blocked is not None
        assert blocked.leading is not None
        assert blocked.routing is not None
        node = explainer.node(branch)
        explanation = explainer.routed(i, blocked.leading, blocked.routing, is_declined=blocked.is_declined)
        return Outcome(
            entry.entry_id,
            is_settled=False,
            kind=ROUTED,
            institution_id=node.id,
            body=node.name,
            explanation=explanation,
        )
    if branch >= 0:
        return _matched(run, explainer, i, entry, grounds[i])
    if run.posed.problem.row_start[i + 1] > run.posed.problem.row_start[i]:
        return _kept(entry, explainer.unserved(i))
    return _without_offer(run, explainer, i, entry, blocked)


def _matched(run: SolvedRun, explainer: Explainer, i: int, entry: RunEntry, grounds: FitGrounds) -> Outcome:
    posed, branch = run.posed, int(run.solution.branch[i])
    helpers = support_rows(run.helpers[i])
    at = [posed.candidate(i, one) for one in (branch, *helpers)]
    supports = tuple(
        (int(posed.branch_ids[helper]), int(posed.product_ids[k]), int(posed.problem.score[k]))
        for helper, k in zip(helpers, at[1:], strict=True)
    )
    node = explainer.node(branch)
    return Outcome(
        entry.entry_id,
        is_settled=False,
        kind=MATCHED,
        institution_id=node.id,
        body=node.name,
        product_revision_id=int(posed.product_ids[at[0]]),
        score=int(posed.problem.score[at[0]]),
        explanation=explainer.matched(i, entry.region, grounds, helpers),
        supports=supports,
    )


def _kept(entry: RunEntry, explanation: dict[str, Any]) -> Outcome:
    return Outcome(
        entry.entry_id, is_settled=False, kind=COORDINATOR, body=entry.coordinator, explanation=explanation
    )


def _without_offer(
    run: SolvedRun, explainer: Explainer, i: int, entry: RunEntry, blocked: BlockedEntry | None
) -> Outcome:
    if goes_by_class(blocked, has_product=has_product(run.inputs, i)):
        assert blocked is not None
        return _by_class_alone(entry, blocked)
    if i in run.quota_bound:
        text = "有合适产品，但候选银行在本产业链的签约额度已满，由统筹部门协调"
        quotas, cited = explainer.quotas(i)
        return _kept(entry, for_coordinator("quota", [text, *cited]) | {"quotas": quotas})
    if blocked is not None and blocked.route == ASK:
        text = "没有可用的匹配产品，堵点类别待补充信息后判定，由统筹部门向企业询问"
        return _kept(entry, for_coordinator("ask", [text], blocked.asks))
    if blocked is not None and blocked.route == POLICY_GAP:
        return _kept(entry, for_coordinator("policy_gap", [f"没有可用的匹配产品。{blocked.gap}"]))
    text = "有合适产品，但没有服务企业所在地、且未曾婉拒本条目的责任机构，由统筹部门协调"
    return _kept(entry, for_coordinator("no_branch", [text]))


def _by_class_alone(entry: RunEntry, blocked: BlockedEntry) -> Outcome:
    """A class that goes to a public body, or whose receivers nobody can name."""
    assert blocked.leading is not None
    assert blocked.routing is not None
    routing = blocked.routing
    if not routing.is_body:
        text = [
            f"按堵点“{blocked.leading.name}”应推送{blocked.leading.receiver}（{blocked.leading.citation}）"
        ]
        text.append(f"{routing.note or '接收机构均曾婉拒或不再承接'}，由统筹部门协调")
        return _kept(entry, for_coordinator("no_receiver", text, routing.asks))
    place = 0 if routing.receivers else None
    institution = routing.receivers[0].institution_id if routing.receivers else None
    explanation = by_class(blocked.leading, routing, place, is_declined=blocked.is_declined)
    return Outcome(
        entry.entry_id,
        is_settled=False,
        kind=ROUTED,
        institution_id=institution,
        body=routing.body,
        explanation=explanation,
    )
