"""What contradicts a plan in what stands around it: packs, products, commitments, other plans. Every fault at once.

`planning.faults_of_plan` names what is unknown; this names what is known and does not go together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.chains.citations import Cited, cited
from app.chains.contradictions import cannot_both_pass
from app.chains.plan_parts import GrantedTermIn
from app.chains.planning import faults_of_plan
from app.chains.schemas import PlanIn
from app.institutions.rules import InstitutionTree
from app.kernel.errors import Fault
from app.kernel.money import wan_text
from app.policy.criteria import Condition
from app.policy.packs import FeeTier, Pack, Parameter
from app.policy.yaml_records import Placed
from app.reference.industries import Industries

MONTHS_IN: Final = {"年": 12, "月": 1, "个月": 1}
CAP_ENDINGS: Final = ("most", "cap")
CITED_PARTS: Final = ("contracted", "priority_purposes", "products", "links", "bodies")


@dataclass(frozen=True, slots=True)
class PlannedProduct:
    """What a plan's checks ask of a product: its institution (code), purposes (empty: all), and conditions."""

    institution: str
    purposes: frozenset[str]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AroundPlan:
    """What a plan of a chain is held against.

    `packs` are those whose clauses may be cited; `products` all known ones by code; `commitments` how many
    entries of the chain each institution (code) is responsible for now; `replaced_since` the first day of the
    version in force, which the plan follows; `industries` are those of the standard.
    """

    chain: str
    tree: InstitutionTree
    packs: Sequence[Pack]
    products: Mapping[str, PlannedProduct]
    commitments: Mapping[str, int]
    industries: Industries
    replaced_since: date | None = None

    def held_by(self, institution: str) -> int:
        """Answer how many of the chain's entries an institution and all below it are responsible for."""
        node = self.tree.find(institution)
        if node is None:
            return 0
        codes = {node.code, *(one.code for one in self.tree.descendants(node.id))}
        return sum(count for code, count in self.commitments.items() if code in codes)


def contradictions_of_plan(item: Placed[Any], around: AroundPlan) -> list[Fault]:
    """Name everything that contradicts a plan (`item.record` is a `PlanIn`), known or unknown."""
    plan: PlanIn = item.record
    known = frozenset(around.products)
    return [
        *faults_of_plan(item, around.tree, around.replaced_since, known),
        *_unknown_industries(item, plan, around),
        *_below_commitments(item, plan, around),
        *_unheld_clauses(item, plan, around),
        *_excluded_products(item, plan, around),
        *_beyond_clauses(item, plan, around),
    ]


def _unknown_industries(item: Placed[Any], plan: PlanIn, around: AroundPlan) -> Iterator[Fault]:
    for i, link in enumerate(plan.links):
        for code in link.industries:
            if around.industries.parse(code) is None:
                message, remedy = "not in GB/T 4754-2017", "Write section letter and digits, such as C3412."
                yield item.fault(f"links.{i}.industries", message, remedy, code)


def _below_commitments(item: Placed[Any], plan: PlanIn, around: AroundPlan) -> Iterator[Fault]:
    for i, bank in enumerate(plan.contracted):
        held = around.held_by(bank.institution)
        if bank.quota is not None and bank.quota < held:
            message = f"lies below the {held} entries of the chain that {bank.institution} is responsible for"
            remedy = f"Grant at least {held}, or reroute entries first."
            yield item.fault(f"contracted.{i}.quota", message, remedy, str(bank.quota))


def _citations(plan: PlanIn) -> Iterator[tuple[str, str]]:
    for part in CITED_PARTS:
        clause = getattr(plan.clauses, part)
        if clause is not None:
            yield f"clauses.{part}", clause
    yield from ((f"granted.{i}.clause", term.clause) for i, term in enumerate(plan.granted))
    yield from ((f"targets.{i}.clause", target.clause) for i, target in enumerate(plan.targets))


def _unheld_clauses(item: Placed[Any], plan: PlanIn, around: AroundPlan) -> Iterator[Fault]:
    for key, clause in _citations(plan):
        if cited(clause, around.packs) is None:
            names = "、".join(sorted(pack.cite_as for pack in around.packs))
            remedy = (
                f"Cite a clause of {names}, such as 金发〔2024〕5号（九）." if names else "Load a pack first."
            )
            message = "no policy pack holds this clause"
            yield item.fault(key, message, remedy, clause)


def _excluded_products(item: Placed[Any], plan: PlanIn, around: AroundPlan) -> Iterator[Fault]:
    wanted = frozenset(plan.priority_purposes)
    clauses = cited(plan.clauses.products or "", around.packs) or ()
    for i, code in enumerate(plan.products):
        product = around.products.get(code)
        if product is None:
            continue
        key = f"products.{i}"
        if wanted and product.purposes and not wanted & product.purposes:
            message = "serves none of the plan's priority purposes"
            remedy = "Take another product, or add its purpose."
            yield item.fault(key, message, remedy, code)
        if _is_for_other_chains(product, around.chain):
            message, remedy = f"is not offered to the chain {around.chain}", "Take another product."
            yield item.fault(key, message, remedy, code)
        yield from _outside_clauses(item, key, code, product, clauses)


def _outside_clauses(
    item: Placed[Any], key: str, code: str, product: PlannedProduct, clauses: Iterable[Cited]
) -> Iterator[Fault]:
    """A clause excludes a product when no firm that it is for could ever meet the product's conditions."""
    for clause in clauses:
        rules = clause.chain_rules("products")
        facts = [cannot_both_pass(rule.condition, product.conditions) for rule in rules]
        if rules and all(fact is not None for fact in facts):
            message = (
                f"{clause.text} is for firms that this product excludes ({'、'.join(filter(None, facts))})"
            )
            remedy = "Take a product for those firms, or cite another clause."
            yield item.fault(key, message, remedy, code)


def _is_for_other_chains(product: PlannedProduct, chain: str) -> bool:
    asked = [one for one in product.conditions if getattr(one, "fact", "") == "chain"]
    return any(one.operator == "in" and chain not in one.operand for one in asked)  # type: ignore[union-attr]  # only criteria have a fact


def _beyond_clauses(item: Placed[Any], plan: PlanIn, around: AroundPlan) -> Iterator[Fault]:
    for i, term in enumerate(plan.granted):
        clauses = cited(term.clause, around.packs)
        if clauses is not None and term.has_bound:
            yield from _beyond(item, f"granted.{i}", term, clauses, plan.since)


def _beyond(
    item: Placed[Any], key: str, term: GrantedTermIn, clauses: Sequence[Cited], day: date
) -> Iterator[Fault]:
    written = [(one, clause.text) for clause in clauses for one in clause.parameters() if _is_cap(one)]
    caps = [(one, text) for one, text in written if term.parameter in (None, one.key)]
    if term.parameter is not None and not caps:
        names = "、".join(one.key for one, _ in written) or "-"
        message = "the cited clause bounds nothing by it"
        remedy = f"Name a figure of the cited clause ({names}), or cite the clause that holds it."
        yield item.fault(f"{key}.parameter", message, remedy, term.parameter)
    for name, granted in (
        ("amount_most", term.amount_most),
        ("term_most", term.term_most),
        ("percent_most", term.percent_most),
    ):
        allowed = [(bound, text) for one, text in caps if (bound := _bound(one, name, term, day)) is not None]
        bound, text = max(allowed, default=(None, ""))
        if granted is not None and bound is not None and granted > bound:
            most = _shown(name, bound)
            message, remedy = f"goes beyond {most}, the most that {text} allows", f"Grant at most {most}."
            yield item.fault(f"{key}.{name}", message, remedy, _shown(name, granted))


def _is_cap(parameter: Parameter) -> bool:
    """A figure that bounds from above: `talent_loan.most`, `guarantee.fee_cap`, a share that is paid at most."""
    is_share = parameter.key.startswith("insurance.") and parameter.key.endswith("share")
    return parameter.key.endswith(CAP_ENDINGS) or is_share


def _bound(parameter: Parameter, name: str, term: GrantedTermIn, day: date) -> int | Decimal | None:
    """Answer what a pack's figure allows at most of what is granted: fen, months or percent; None: not of that kind."""
    dated = parameter.on(day)
    value = None if dated is None else dated.value
    match name, parameter.type, value:
        case "amount_most", "money", int():
            return value
        case "term_most", "count", int() if parameter.unit in MONTHS_IN:
            return value * MONTHS_IN[parameter.unit]
        case "percent_most", "percent", Decimal():
            return value
        case "percent_most", "fee_tiers", tuple():
            tiers = [tier for tier in value if isinstance(tier, FeeTier)]
            return _tier_of(tiers, term.amount_most)
        case _:
            return None


def _tier_of(tiers: Sequence[FeeTier], amount: int | None) -> Decimal:
    """Answer the cap for an amount (fen); without one the loosest, which some firm could still claim."""
    if amount is None:
        return max(tier.percent for tier in tiers)
    return next(tier.percent for tier in tiers if tier.up_to_fen is None or amount <= tier.up_to_fen)


def _shown(name: str, value: int | Decimal) -> str:
    if name == "amount_most":
        return f"{wan_text(int(value))}万元"
    return f"{value}月" if name == "term_most" else f"{value}%"
