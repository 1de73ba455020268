"""What plans grant, as conditions of products: a bound reaches further for firms of the plan's chain. Pure.

A granted term widens the upper bound of the amount or the term of one chain product (一链一策, 洛阳（征求意见稿）
（二）（四）); all else that the product asks stays. Whoever's chain is not stated stays *unknown* where only the
grant would let the need through.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.matching.products import IndexedProduct, PlanGrant, PlanTerms, flattened
from app.policy.criteria import AllOf, AnyOf, Condition, Criterion

UPPER_BOUNDS: Final = frozenset({"between", "at_most"})
ChainGrants = Sequence[tuple[str, PlanGrant]]
"""A product's grants, each with the chain whose plan grants it."""


def granted(products: Iterable[IndexedProduct], plans: Mapping[str, PlanTerms]) -> tuple[IndexedProduct, ...]:
    """Answer the products as the plans in force let firms of their chains have them; without grants as they are."""
    by_product = grants_by_product(plans)
    return tuple(
        _widened(product, by_product[product.code]) if product.code in by_product else product
        for product in products
    )


def grants_by_product(plans: Mapping[str, PlanTerms]) -> Mapping[str, ChainGrants]:
    """Answer what is granted of each product (code), by chain."""
    found: dict[str, list[tuple[str, PlanGrant]]] = defaultdict(list)
    for chain in sorted(plans):
        for grant in plans[chain].grants:
            found[grant.product].append((chain, grant))
    return found


def granted_conditions(
    code: str, conditions: Sequence[Condition], plans: Mapping[str, PlanTerms]
) -> tuple[Condition, ...]:
    """Answer what a product (code) asks for once the plans in force have granted what they grant of it."""
    grants = grants_by_product(plans).get(code, ())
    return tuple(_for_chains(condition, grants) for condition in flattened(conditions))


def _widened(product: IndexedProduct, grants: ChainGrants) -> IndexedProduct:
    conditions = (_for_chains(condition, grants) for condition in flattened(product.conditions))
    return replace(product, conditions=tuple(conditions))


def _for_chains(condition: Condition, grants: ChainGrants) -> Condition:
    if not isinstance(condition, Criterion) or condition.operator not in UPPER_BOUNDS:
        return condition
    others = tuple(_alternatives(condition, grants))
    if not others:
        return condition
    sources = dict.fromkeys([condition.source, *(other.source for other in others)])
    return AnyOf((condition, *others), "；".join(source for source in sources if source))


def _alternatives(condition: Criterion, grants: ChainGrants) -> Iterator[AllOf]:
    for chain, grant in grants:
        most = {"amount": grant.amount_most, "term_months": grant.term_most}.get(condition.fact)
        if most is not None and most > int(condition.operand[-1]):
            member = Criterion("chain", "in", (chain,), grant.citation)
            bound = replace(condition, operand=(*_least(condition), most), source=grant.citation)
            yield AllOf((member, bound), grant.citation)


def _least(condition: Criterion) -> tuple[int, ...]:
    return (int(condition.operand[0]),) if condition.operator == "between" else ()
