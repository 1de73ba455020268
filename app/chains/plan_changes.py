"""How two versions of a chain's plan differ, part by part, in words that people read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.chains.rules import GrantedTerm, PlanInForce
from app.kernel.money import wan_text
from app.policy.facts import CHAIN_ROLES, PURPOSES

PLAN_PARTS: Final = {
    "contracted": "签约银行",
    "priority_purposes": "优先用途",
    "links": "优先环节",
    "products": "链上产品",
    "granted": "支持措施",
    "targets": "支持目标",
    "bodies": "责任单位",
}


Line = tuple[str, str, str]
"""What a line is about, the line in words, its clause."""


@dataclass(frozen=True, slots=True)
class PartChange:
    """One line of a part that was added (`before` empty), dropped (`after` empty) or says something else.

    `what` names the line (a code, or the line itself); `clause` is that of the version that says it, the later
    one where both do.
    """

    part: str
    what: str
    before: str
    after: str
    clause: str


def plan_changes(before: PlanInForce | None, after: PlanInForce | None) -> tuple[PartChange, ...]:
    """Answer what differs, in the order of `PLAN_PARTS` and then by line; None stands for no plan."""
    found: list[PartChange] = []
    for part in PLAN_PARTS:
        old, new = (_lines(plan, part) for plan in (before, after))
        for what in sorted(old.keys() | new.keys()):
            was, becomes = old.get(what), new.get(what)
            if was != becomes:
                clause = (becomes or was or ("", ""))[1]
                found.append(
                    PartChange(part, what, was[0] if was else "", becomes[0] if becomes else "", clause)
                )
    return tuple(found)


def _lines(plan: PlanInForce | None, part: str) -> Mapping[str, tuple[str, str]]:
    """Answer the lines of a part by what they are about: the line and its clause."""
    return {} if plan is None else {what: (line, clause) for what, line, clause in _WRITTEN[part](plan)}


def _banks(plan: PlanInForce) -> Iterator[Line]:
    for bank in plan.contracted:
        quota = "额度不限" if bank.quota is None else f"额度{bank.quota}户"
        yield bank.institution, quota, plan.clauses.get("contracted", "")


def _purposes(plan: PlanInForce) -> Iterator[Line]:
    clause = plan.clauses.get("priority_purposes", "")
    return ((code, PURPOSES.get(code, code), clause) for code in plan.priority_purposes)


def _products(plan: PlanInForce) -> Iterator[Line]:
    return ((code, "链上产品", plan.clauses.get("products", "")) for code in plan.products)


def _links(plan: PlanInForce) -> Iterator[Line]:
    for link in plan.links:
        roles = (CHAIN_ROLES.get(role, role) for role in link.roles)
        yield link.name, "、".join((*roles, *link.industries)), plan.clauses.get("links", "")


def _granted(plan: PlanInForce) -> Iterator[Line]:
    return ((term.text, granted_text(term), term.clause) for term in plan.granted)


def _targets(plan: PlanInForce) -> Iterator[Line]:
    return ((one.text, one.text, one.clause) for one in plan.targets)


def _bodies(plan: PlanInForce) -> Iterator[Line]:
    for body in plan.bodies:
        role = "牵头" if body.role == "lead" else "责任"
        yield body.name, f"{role}：{body.task}", plan.clauses.get("bodies", "")


_WRITTEN: Final[Mapping[str, Callable[[PlanInForce], Iterator[Line]]]] = {
    "contracted": _banks,
    "priority_purposes": _purposes,
    "links": _links,
    "products": _products,
    "granted": _granted,
    "targets": _targets,
    "bodies": _bodies,
}


def granted_text(term: GrantedTerm) -> str:
    """Say what a term grants, with its bounds."""
    bounds = [
        f"额度至{wan_text(term.amount_most)}万元" if term.amount_most is not None else "",
        f"期限至{term.term_most}月" if term.term_most is not None else "",
        f"不高于{term.percent_most}%" if term.percent_most is not None else "",
    ]
    told = "，".join(bound for bound in bounds if bound)
    about = f"{term.text}（{term.product}）" if term.product else term.text
    return f"{about}：{told}" if told else about
