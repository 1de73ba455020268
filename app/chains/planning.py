"""What contradicts a chain, a manager's period or a plan: decided on values, before anything is written."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.chains.plan_parts import GrantedTermIn
from app.chains.rules import (
    MANAGER_ROLES,
    ChainLink,
    ContractedBank,
    GrantedTerm,
    Period,
    PlanInForce,
    ResponsibleBody,
    leave_out_empty,
)
from app.chains.schemas import ChainIn, ManagerIn, PlanContent, PlanIn
from app.chains.targets import SupportTarget
from app.institutions.rules import InstitutionTree
from app.kernel.errors import Fault
from app.policy.yaml_records import Placed
from app.reference.book import ReferenceBook


@dataclass(frozen=True, slots=True)
class ManagerPeriod:
    """Who held which role of a chain, when."""

    role: str
    name: str
    period: Period


def content_of(plan: PlanContent) -> dict[str, Any]:
    """Answer what is stored of a plan, without its dates; what plans have had since they grew only where given."""
    written = PlanContent.model_validate(
        {name: getattr(plan, name) for name in PlanContent.model_fields}, from_attributes=True
    ).model_dump(mode="json")
    leave_out_empty(written)
    return written


def plan_hash(plan: PlanIn) -> str:
    """Answer the SHA-256 of a plan's dates and content; equal plans have equal hashes."""
    dates = {"since": plan.since.isoformat(), "until": plan.until.isoformat() if plan.until else None}
    written = json.dumps(content_of(plan) | dates, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def plan_in_force(
    chain: str, chain_name: str, version: int, period: Period, content: dict[str, Any]
) -> PlanInForce:
    """Answer a stored plan as the value that the chain book holds."""
    plan = PlanContent.model_validate(content)
    clauses = plan.clauses.model_dump(exclude_none=True)
    return PlanInForce(
        chain,
        chain_name,
        version,
        period.since,
        period.until,
        tuple(ContractedBank(bank.institution, bank.quota) for bank in plan.contracted),
        plan.priority_purposes,
        plan.products,
        tuple(map(_granted, plan.granted)),
        clauses,
        tuple(ChainLink(link.name, link.roles, link.industries) for link in plan.links),
        tuple(
            SupportTarget(one.measure, one.bound, one.base, one.clause, one.change_bp or 0, one.value)
            for one in plan.targets
        ),
        tuple(ResponsibleBody(body.name, body.role, body.task) for body in plan.bodies),
    )


def _granted(term: GrantedTermIn) -> GrantedTerm:
    percent = None if term.percent_most is None else str(term.percent_most)
    return GrantedTerm(
        term.text, term.clause, term.product, term.amount_most, term.term_most, percent, term.parameter
    )


def faults_of_plan(
    item: Placed[Any],
    tree: InstitutionTree,
    replaced_since: date | None,
    known_products: frozenset[str] | None,
) -> Iterable[Fault]:
    """Name what contradicts a plan: unknown institutions or products, public bodies, days already planned.

    `item.record` is a `PlanIn`; `replaced_since` is the first day of the version that it replaces;
    without `known_products` the products are not looked at.
    """
    plan: PlanIn = item.record
    for i, bank in enumerate(plan.contracted):
        node, key = tree.find(bank.institution), f"contracted.{i}.institution"
        if node is None:
            remedy = "Import the institution first, or correct the code."
            yield item.fault(key, "no such institution", remedy, bank.institution)
        elif node.kind.is_body:
            message = f"{node.name} is a public body and finances nobody"
            yield item.fault(key, message, "Contract a bank or guarantor.", bank.institution)
    for i, code in enumerate(plan.products):
        if known_products is not None and code not in known_products:
            remedy = "Import the product first (rongqiao catalogue import), or correct the code."
            yield item.fault(f"products.{i}", "no such product", remedy, code)
    for i, term in enumerate(plan.granted):
        if term.product is not None and term.product not in plan.products:
            message = "is no product of this plan"
            remedy = "Add it to products, or grant the term without a product."
            yield item.fault(f"granted.{i}.product", message, remedy, term.product)
    if replaced_since is not None and plan.since < replaced_since:
        message = f"lies before {replaced_since}, the first day of the version that it replaces"
        yield item.fault("since", message, "A published plan is not rewritten.", plan.since.isoformat())


def fault_of_manager(item: Placed[Any], held: Sequence[ManagerPeriod]) -> Fault | None:
    """Name the period of the same role that overlaps a new manager's, if there is one."""
    manager: ManagerIn = item.record
    period = Period(manager.since, manager.until)
    for other in held:
        if other.role == manager.role and other.period.overlaps(period):
            message = (
                f"overlaps {MANAGER_ROLES[other.role]} {other.name} "
                f"({other.period.since} to {other.period.until or 'now'})"
            )
            return item.fault("since", message, "End that period first.", manager.since.isoformat())
    return None


def faults_of_chains(placed: Sequence[Placed[Any]], book: ReferenceBook) -> Iterable[Fault]:
    """Name codes given twice, regions that are not of today, and industries that the standard lacks."""
    seen: set[str] = set()
    for item in placed:
        chain: ChainIn = item.record
        if chain.code in seen:
            yield item.fault("code", "this code stands twice in the file", "Keep one record.", chain.code)
        seen.add(chain.code)
        place = chain.jurisdiction
        if place is not None and book.regions.get(place) is None:
            yield item.fault(
                "jurisdiction", "no region of today has this code", book.regions.hint(place), place
            )
        for code in chain.industries:
            if book.industries.parse(code) is None:
                remedy = "Write section letter and digits, such as C3412."
                yield item.fault("industries", "not in GB/T 4754-2017", remedy, code)
