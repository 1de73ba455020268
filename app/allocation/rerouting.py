"""Who is next between two runs: after a decline, when facts change, when the coordinator reroutes (pure).

An obstacle that a decline established goes to the receivers of its class first; else the next branch that fits
is asked, chosen with the shadow prices of the last run as foresight; else a class that leads; else the coordinator
keeps the entry. Whoever declined it is not asked again for that cause, except the banks concerned by a
lawsuit or the credit register. There is always a party.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.allocation.considering import BranchOffer, ClassRow, Considered, Leaving, OpenRow
from app.allocation.explanations import (
    Explanation,
    ProductLabel,
    by_class,
    by_fit,
    for_coordinator,
)
from app.allocation.outcomes import COORDINATOR, MATCHED, ROUTED, Outcome
from app.allocation.planning import TO_WHOM_ANYWAY, RunEntry, goes_by_class
from app.allocation.standing import Standing
from app.bottlenecks.rules import ASK
from app.policy.facts import FACTS, Facts, fact_as_json, fact_text


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an entry needs its next party.

    `told` says it in Chinese before everything else; `is_open`: institutions may read it too. `data` goes into the
    explanation, under `word`. `is_named`: a coordinator says to whom it goes.
    """

    word: str
    told: str
    is_open: bool = False
    data: Mapping[str, Any] | None = None
    is_named: bool = False

    def opening(self, name: str) -> str:
        """Say who takes over a fit."""
        if self.is_named:
            return f"{self.told}，指定由{name}负责"
        return f"{self.told}，由候选中有余量的{name}负责，按上次分配的影子价格择优"


DECLINED: Final = Cause("declined", "原责任机构婉拒")


def resolved(cause: str, established: Facts) -> Cause:
    """Answer the cause of a rematch: what was established, by what (in Chinese)."""
    facts = "、".join(
        f"{FACTS[name].chinese}：{fact_text(FACTS[name], value)}"
        for name, value in sorted(established.items())
    )
    known = f"（已落实：{facts}）" if facts else ""
    data = {
        "cause": cause,
        "established": {name: fact_as_json(value) for name, value in sorted(established.items())},
    }
    return Cause("resolved", f"{cause}{known}，按现行产品重新匹配", is_open=True, data=data)


def taken(by: str, reason: str, to: str | None = None) -> Cause:
    """Answer the cause of a reroute that a coordinator orders, to an institution (code) if one is named."""
    data = {"by": by, "reason": reason} | ({"to": to} if to else {})
    return Cause("rerouted", f"统筹部门改派（{reason}）", data=data, is_named=to is not None)


def next_party(
    leaving: Leaving,
    standing: Standing,
    products: Mapping[int, ProductLabel],
    supporting_most: int,
    cause: Cause = DECLINED,
) -> Outcome:
    """Answer who is responsible next, why, whom else was considered, and at most so many supporting institutions."""
    blocked = leaving.blocked
    if goes_by_class(blocked, has_product=bool(leaving.offers)):
        return _by_class(leaving, standing, cause)
    row = OpenRow.of(leaving, standing, products)
    chosen = row.choose()
    if chosen is not None:
        return _matched(row, chosen, supporting_most, cause)
    if blocked is not None and blocked.leading is not None:
        return _by_class(leaving, standing, cause)
    considered = row.considered(None)
    if blocked is not None and blocked.route == ASK:
        text = f"{_nobody(considered)}，堵点类别待补充信息后判定，由统筹部门向企业询问"
        return _kept(leaving.entry, cause, for_coordinator("ask", [text], blocked.asks), considered)
    gap = blocked.gap if blocked is not None else ""
    text = f"{_nobody(considered)}。{gap or '由统筹部门协调'}"
    reason = "capacity" if considered and not gap else "policy_gap"
    return _kept(leaving.entry, cause, for_coordinator(reason, [text]), considered)


def keeps_it(leaving: Leaving, standing: Standing, institution_id: int) -> bool:
    """Tell whether who is responsible still can be: it fits, or receives the class, and does not stand refused.

    The place that it holds is its own, so that room is not asked for.
    """
    head = standing.tree.root_of(institution_id).id
    blocked = leaving.blocked
    if institution_id in leaving.barred:
        return False
    by_class = goes_by_class(blocked, has_product=bool(leaving.offers))
    branch = standing.index.get(institution_id)
    if not by_class and branch is not None and any(one.branch == branch for one in leaving.offers):
        return head not in leaving.refused
    if not by_class and leaving.offers:
        return False
    if blocked is None or blocked.routing is None or blocked.leading is None:
        return False
    is_receiver = any(one.institution_id == institution_id for one in blocked.routing.receivers)
    return is_receiver and (blocked.leading.route == TO_WHOM_ANYWAY or head not in leaving.refused)


def _nobody(considered: Sequence[Considered]) -> str:
    return "候选机构均曾婉拒或没有余量" if considered else "没有可用的匹配产品"


def _by_class(leaving: Leaving, standing: Standing, cause: Cause) -> Outcome:
    blocked = leaving.blocked
    assert blocked is not None
    assert blocked.leading is not None
    assert blocked.routing is not None
    routing, leading = blocked.routing, blocked.leading
    row = ClassRow.of(leaving, standing, routing, is_open=leading.route == TO_WHOM_ANYWAY)
    place = row.choose()
    considered = row.considered(place)
    is_declined = cause is DECLINED or blocked.is_declined
    if place is not None:
        receiver = routing.receivers[place]
        explanation = by_class(leading, routing, place, is_declined=is_declined)
        return Outcome(
            leaving.entry.entry_id,
            is_settled=False,
            kind=ROUTED,
            institution_id=receiver.institution_id,
            body=standing.tree.node(receiver.institution_id).name,
            explanation=_with_cause(explanation, cause, considered),
        )
    is_taken = any(one.institution_id in leaving.barred for one in routing.receivers)
    if routing.is_body and not is_taken:
        explanation = by_class(leading, routing, None, is_declined=is_declined)
        return Outcome(
            leaving.entry.entry_id,
            is_settled=False,
            kind=ROUTED,
            body=routing.body,
            explanation=_with_cause(explanation, cause, considered),
        )
    reason = "capacity" if routing.receivers else "no_receiver"
    text = [f"按堵点“{leading.name}”应推送{leading.receiver}（{leading.citation}）"]
    text.append(f"{routing.note or '接收机构均没有余量或曾婉拒'}，由统筹部门协调")
    return _kept(leaving.entry, cause, for_coordinator(reason, text, routing.asks), considered)


def _matched(row: OpenRow, chosen: BranchOffer, supporting_most: int, cause: Cause) -> Outcome:
    leaving, offer = row.leaving, row.fit(chosen)
    helping = row.supports(chosen, supporting_most)
    explanation = by_fit(
        "next_fit",
        offer,
        leaving.entry.region,
        leaving.grounds(chosen.product),
        row.after(chosen),
        [row.fit(one).as_data() for one in helping],
    )
    opening = cause.opening(offer.node.short_name)
    own = explanation | {
        "text": [opening, *explanation["text"]],
        "for_institutions": [opening, *explanation["text"]] if cause.is_open else explanation["text"],
    }
    return Outcome(
        leaving.entry.entry_id,
        is_settled=False,
        kind=MATCHED,
        institution_id=offer.node.id,
        body=offer.node.name,
        product_revision_id=chosen.product,
        score=offer.score,
        explanation=_with_data(own, cause, row.considered(chosen)),
        supports=tuple((row.institution(one), one.product, one.score) for one in helping),
    )


def _kept(
    entry: RunEntry, cause: Cause, explanation: Explanation, considered: Sequence[Considered]
) -> Outcome:
    return Outcome(
        entry.entry_id,
        is_settled=False,
        kind=COORDINATOR,
        body=entry.coordinator,
        explanation=_with_cause(explanation, cause, considered),
    )


def _with_cause(explanation: Explanation, cause: Cause, considered: Sequence[Considered]) -> Explanation:
    """Say the cause first, unless the sentences say themselves that it was declined."""
    text: list[str] = explanation["text"]
    for_institutions: list[str] = explanation.get("for_institutions", text)
    is_said = cause is DECLINED and "婉拒" in text[0]
    told = {
        "text": text if is_said else [cause.told, *text],
        "for_institutions": [cause.told, *for_institutions] if cause.is_open else for_institutions,
    }
    return _with_data(explanation | told, cause, considered)


def _with_data(explanation: Explanation, cause: Cause, considered: Sequence[Considered]) -> Explanation:
    data = {} if cause.data is None else {cause.word: dict(cause.data)}
    return explanation | data | {"candidates": list(considered)}
