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

NOTHING: Final = ("", "")
Line = tuple[str, str, str, str]
"""What a line is about, the product that it is granted for (else ""), the line in words, its clause."""


@dataclass(frozen=True, slots=True)
class PartChange:
    """One line of a part that was added (`before` empty), dropped (`after` empty) or says something else.

    `what` names the line (a code, or the line itself), `product` the product (code) that it is granted for; `clause`
    is that of the version that says it, the later one where both do.
    """

    part: str
    what: str
    product: str
    before: str
    after: str
    clause: str


def plan_changes(before: PlanInForce | None, after: PlanInForce | None) -> tuple[PartChange, ...]:
    """Answer what differs, in the order of `PLAN_PARTS` and then by line; None stands for no plan."""
    found: list[PartChange] = []
    for part in PLAN_PARTS:
        old, new = (_lines(plan, part) for plan in (before, after))
        for about in sorted(old.keys() | new.keys()):
            was, becomes = old.get(about, NOTHING), new.get(about, NOTHING)
            if was != becomes:
                clause = becomes[1] if about in new else was[1]
                found.append(PartChange(part, *about, was[0], becomes[0], clause))
    return tuple(found)


def _lines(plan: PlanInForce | None, part: str) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Answer the lines of a part by what they are about: in words, and their clause; several about one are joined."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for what, product, line, clause in () if plan is None else _WRITTEN[part](plan):
        said, cited = found.get((what, product), NOTHING)
        found[what, product] = (f"{said}；{line}", cited) if said else (line, clause)
    return found


def _banks(plan: PlanInForce) -> Iterator[Line]:
    for bank in plan.contracted:
        quota = "额度不限" if bank.quota is None else f"额度{bank.quota}户"
        yield bank.institution, "", quota, plan.clauses.get("contracted", "")


def _purposes(plan: PlanInForce) -> Iterator[Line]:
    clause = plan.clauses.get("priority_purposes", "")
    return ((code, "", PURPOSES.get(code, code), clause) for code in plan.priority_purposes)


def _products(plan: PlanInForce) -> Iterator[Line]:
    return ((code, "", "链上产品", plan.clauses.get("products", "")) for code in plan.products)


def _links(plan: PlanInForce) -> Iterator[Line]:
    for link in plan.links:
        roles = (CHAIN_ROLES.get(role, role) for role in link.roles)
        yield link.name, "", "、".join((*roles, *link.industries)), plan.clauses.get("links", "")


def _granted(plan: PlanInForce) -> Iterator[Line]:
    return ((term.text, term.product or "", _bounds_of(term), term.clause) for term in plan.granted)


def _targets(plan: PlanInForce) -> Iterator[Line]:
    return ((one.text, "", one.text, one.clause) for one in plan.targets)


def _bodies(plan: PlanInForce) -> Iterator[Line]:
    for body in plan.bodies:
        role = "牵头" if body.role == "lead" else "责任"
        yield body.name, "", f"{role}：{body.task}", plan.clauses.get("bodies", "")


_WRITTEN: Final[Mapping[str, Callable[[PlanInForce], Iterator[Line]]]] = {
    "contracted": _banks,
    "priority_purposes": _purposes,
    "links": _links,
    "products": _products,
    "granted": _granted,
    "targets": _targets,
    "bodies": _bodies,
}


def _bounds_of(term: GrantedTerm) -> str:
    """Say what a term grants: its bounds, else its own words."""
    bounds = [
        f"额度至{wan_text(term.amount_most)}万元" if term.amount_most is not None else "",
        f"期限至{term.term_most}月" if term.term_most is not None else "",
        f"不高于{term.percent_most}%" if term.percent_most is not None else "",
    ]
    return "，".join(bound for bound in bounds if bound) or term.text
