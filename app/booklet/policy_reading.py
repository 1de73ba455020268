"""What policies in force give and say, as a firm reads it: supports, clauses, plans of chains (pure)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from app.booklet.booklet import BookletFact, Entry, Link
from app.booklet.material import Grounds
from app.booklet.plain_reading import who_it_is_for
from app.chains.rules import GrantedTerm, PlanInForce
from app.kernel.money import wan_text
from app.kernel.shanghai import day_text
from app.policy.criteria import Condition, Criterion
from app.policy.facts import PURPOSES
from app.policy.packs import Clause, Pack, RuleKind
from app.policy.parameter_types import value_text
from app.policy.precedence import lineage
from app.policy.rulebook import AppliedRule, RuleBook

GIVING: Final = (RuleKind.SUPPORT, RuleKind.SUBSIDY, RuleKind.CHAIN)
_DOCUMENT: Final = "document"


def support_key(rule: AppliedRule) -> str:
    """Answer the anchor of a support."""
    return f"support-{rule.key}"


def clause_key(pack: str, number: str) -> str:
    """Answer the anchor of a clause."""
    return f"clause-{pack}-{number}"


def supports(book: RuleBook) -> Sequence[AppliedRule]:
    """Answer the rules by which policies in force give something, in the order of clauses within a pack."""
    return [rule for kind in GIVING for rule in book.of_kind(kind)]


def supports_of_purpose(book: RuleBook, purpose: str) -> Sequence[AppliedRule]:
    """Answer the supports that name a purpose; those that are for any are told in their own section."""
    return [rule for rule in supports(book) if _names(rule.condition, purpose)]


def _names(condition: Condition, purpose: str) -> bool:
    if isinstance(condition, Criterion):
        return condition.fact == "purposes" and purpose in condition.operand
    return any(_names(part, purpose) for part in condition.criteria)


def support_link(rule: AppliedRule) -> Link:
    """Answer the pointer to a support."""
    return Link(text=rule.name, target=support_key(rule), note=rule.citation)


def support_entry(rule: AppliedRule, grounds: Grounds) -> Entry:
    """Answer a support: what it gives, to whom, with which figure, by which clause, and who is responsible."""
    pack = next((one for one in grounds.packs if one.code == rule.pack), None)
    clause = pack and next((one for one in pack.clauses if one.number == rule.clause), None)
    item = pack and pack.item(rule.key)
    facts = [
        ("给什么", rule.data.get("grants", "")),
        ("给谁", who_it_is_for(rule.condition, grounds.naming)),
        ("现行数值", _figure(rule, grounds.book)),
        ("找谁办", "、".join(clause.lead or clause.responsible) if clause else ""),
        ("采用说明", rule.adopted),
        ("说明", item.note if item else ""),
    ]
    return Entry(
        key=support_key(rule),
        title=rule.name,
        subtitle=rule.citation,
        facts=[BookletFact(label=label, value=value) for label, value in facts if value],
    )


def _figure(rule: AppliedRule, book: RuleBook) -> str:
    key = rule.data.get("parameter")
    if key is None or not book.sets(key):
        return ""
    found = book.parameter(key)
    return f"{found.name}：{value_text(found.value, found.type, found.unit)}"


def documents(grounds: Grounds) -> Sequence[Pack]:
    """Answer the policy documents in force here, the nearest first; what the operator set is none."""
    near = lineage(grounds.jurisdiction)
    found = [
        pack
        for pack in grounds.packs
        if pack.source == _DOCUMENT and pack.jurisdiction in near and pack.is_in_force(grounds.on)
    ]
    return sorted(found, key=lambda pack: (near.index(pack.jurisdiction), pack.code))


def cited_packs(grounds: Grounds) -> Sequence[Pack]:
    """Answer the documents in force, and those of which something was adopted."""
    shown = list(documents(grounds))
    adopted = {rule.pack for rule in supports(grounds.book) if rule.adopted}
    return [*shown, *(pack for pack in grounds.packs if pack.code in adopted and pack not in shown)]


def clause_entry(pack: Pack, clause: Clause) -> Entry:
    """Answer a clause: heading as printed, summary, and the bodies that carry it."""
    facts = [("牵头单位", "、".join(clause.lead)), ("责任单位", "、".join(clause.responsible))]
    return Entry(
        key=clause_key(pack.code, clause.number),
        title=f"{clause.number} {clause.heading}",
        subtitle=pack.cite_as,
        sentences=[clause.summary],
        facts=[BookletFact(label=label, value=value) for label, value in facts if value],
    )


def plans(grounds: Grounds) -> Iterator[PlanInForce]:
    """Answer the plans in force of the jurisdiction's chains, by chain."""
    for chain in grounds.chains.chains.values():
        if chain.plan is not None:
            yield chain.plan


def plan_entry(plan: PlanInForce, grounds: Grounds, products: Iterable[tuple[str, str]]) -> Entry:
    """Answer a chain's plan; `products` are codes and names of the edition's."""
    names = dict(products)
    chain = grounds.chains.chains[plan.chain]
    banks = (grounds.tree.find(bank.institution) for bank in plan.contracted)
    facts = [
        ("地区", grounds.naming.name(chain.jurisdiction), ""),
        ("行业", grounds.naming.listed(chain.industries), ""),
        ("签约机构", "、".join(node.name for node in banks if node is not None), "contracted"),
        ("重点用途", "、".join(PURPOSES[one] for one in plan.priority_purposes), "priority_purposes"),
        ("链上产品", "、".join(names[code] for code in plan.products if code in names), "products"),
        ("重点环节", "、".join(link.name for link in plan.links), "links"),
    ]
    granted = [
        BookletFact(label="给链上企业", value=_granted(term, names), clause=term.clause)
        for term in plan.granted
    ]
    return Entry(
        key=f"plan-{plan.chain}",
        title=f"{plan.chain_name}：一链一策第{plan.version}版",
        subtitle=f"{day_text(plan.since)}起" + (f"至{day_text(plan.until)}" if plan.until else ""),
        facts=[
            BookletFact(label=label, value=value, clause=plan.clauses.get(part, ""))
            for label, value, part in facts
            if value
        ]
        + granted,
    )


def _granted(term: GrantedTerm, names: dict[str, str]) -> str:
    bounds = [
        f"{names[term.product]}" if term.product in names else "",
        f"金额可至{wan_text(term.amount_most)}万元" if term.amount_most is not None else "",
        f"期限可至{term.term_most}个月" if term.term_most is not None else "",
        f"不高于{term.percent_most}%" if term.percent_most is not None else "",
    ]
    told = "，".join(one for one in bounds if one)
    return f"{term.text}（{told}）" if told else term.text
