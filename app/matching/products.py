"""What the matching engine is given: products, banks, chain plans and needs as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.chains.rules import ChainLink
from app.policy.criteria import AllOf, Condition
from app.policy.facts import Facts


@dataclass(frozen=True, slots=True)
class Bank:
    """The institution that offers a product, with what scoring asks of it.

    `family` holds the codes of the institution, of all above it and of all below it: a plan that
    contracts any of them means this bank's products. `outlets` are the region codes of the
    institution and all below it. `root` is the code of its head office.
    """

    code: str
    root: str
    family: frozenset[str]
    outlets: frozenset[str]


@dataclass(frozen=True, slots=True)
class IndexedProduct:
    """One product revision: its conditions, and the terms that the score reads.

    Amounts are fen, terms months, the price an annual rate in basis points; None where the
    product names none. Empty `purposes` means that it serves every purpose.
    """

    code: str
    revision_id: int
    bank: Bank
    conditions: tuple[Condition, ...] = ()
    amount_least: int | None = None
    amount_most: int | None = None
    term_least: int | None = None
    term_most: int | None = None
    price_bp: int | None = None
    guarantee_modes: frozenset[str] = field(default_factory=frozenset)
    purposes: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class PlanGrant:
    """What a plan grants to its chain's firms: a product's bounds reach up to these (fen, months); None: its own."""

    product: str
    amount_most: int | None
    term_most: int | None
    citation: str


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What the plan in force of one chain (一链一策) says, as far as matching reads it.

    `contracted` are institution codes, `products` product codes, `purposes` the priority ones, for
    firms in one of the `links` (any firm of the chain without any link);
    `citations` name, for `contracted`, `products` and `purposes`, the plan and the clause that the
    part rests on. `grants` change who is eligible (`grants.granted`), the others the score.
    """

    chain: str
    contracted: frozenset[str] = field(default_factory=frozenset)
    products: frozenset[str] = field(default_factory=frozenset)
    purposes: frozenset[str] = field(default_factory=frozenset)
    citations: Mapping[str, str] = field(default_factory=dict)
    links: tuple[ChainLink, ...] = ()
    grants: tuple[PlanGrant, ...] = ()

    def reaches(self, facts: Facts) -> bool:
        """Tell whether the plan's priorities are for a firm of these facts: it stands in one of the links."""
        if not self.links:
            return True
        role, industry = facts.get("chain_role"), facts.get("industry")
        return any(link.holds(role, industry) for link in self.links)


@dataclass(frozen=True, slots=True)
class MatchNeed:
    """A need's facts, stated and derived, and the head offices (codes) that its firm borrows from."""

    facts: Facts
    banks: frozenset[str] = field(default_factory=frozenset)


def flattened(conditions: Iterable[Condition]) -> list[Condition]:
    """Answer the conditions with every `all` at the top replaced by its parts.

    A product asks for all of its conditions, and Kleene's `all` is the minimum of its parts, so
    the verdict is the same; the parts then speak of fewer facts each.
    """
    flat: list[Condition] = []
    for condition in conditions:
        flat.extend(flattened(condition.criteria) if isinstance(condition, AllOf) else [condition])
    return flat
