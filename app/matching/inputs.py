"""What the rooms below say, turned into what the engine takes. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Final

from app.catalogue.rules import ProductInForce, Rate
from app.chains.naming import CodeNames
from app.chains.rules import ChainBook, PlanInForce
from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import facts_for_matching
from app.institutions.naming import InstitutionNames
from app.institutions.rules import InstitutionTree
from app.matching.engine import VERSION
from app.matching.grants import granted
from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanGrant, PlanTerms
from app.matching.score_tables import bank_line
from app.matching.scoring import ScoreSettings
from app.policy.rulebook import RuleBook
from app.reference.book import ReferenceBook
from app.reference.lpr import LprQuote

BASIS_POINTS = 100
MOST_TEXTS: Final = 8_192
DERIVED = ("size_class", "years_established", "subject", "light_assets")


@dataclass(frozen=True)
class Surroundings:
    """All that needs are matched against on a day: rules, products (by code), institutions, chain plans."""

    on: date
    library: str | None
    rules: RuleBook
    book: ReferenceBook
    tree: InstitutionTree
    chains: ChainBook
    products: Sequence[ProductInForce]

    @cached_property
    def settings(self) -> ScoreSettings:
        """The operator's weights and price range on the day."""
        prices = _mapping(self.rules, "score.price_range")
        return ScoreSettings(_mapping(self.rules, "score.weights"), prices["best"], prices["worst"])

    @cached_property
    def kept(self) -> int:
        """How many products a run keeps for each need."""
        kept = self.rules.parameter("score.kept").value
        assert isinstance(kept, int)
        return kept

    @cached_property
    def code_names(self) -> CodeNames:
        """What the codes in conditions are called."""
        chains = {code: chain.name for code, chain in self.chains.chains.items()}
        return CodeNames(self.book.regions, self.book.industries, chains)

    @cached_property
    def asked_in_words(self) -> Callable[[str], str]:
        """Puts what products ask, which many of them ask alike, into words with names in the place of codes."""
        return lru_cache(MOST_TEXTS)(self.code_names.in_words)

    @cached_property
    def names(self) -> InstitutionNames:
        """The names by which institutions are found."""
        return InstitutionNames.of(self.tree)

    @cached_property
    def plans(self) -> Mapping[str, PlanTerms]:
        """The plans in force, by chain."""
        plans = (chain.plan for chain in self.chains.chains.values())
        return {plan.chain: plan_terms(plan) for plan in plans if plan is not None}

    @cached_property
    def indexed(self) -> tuple[IndexedProduct, ...]:
        """The products as the engine takes them, by code, with what plans in force grant."""
        return granted(self.stated, self.plans)

    @cached_property
    def stated(self) -> tuple[IndexedProduct, ...]:
        """The products as their banks state them, by code: what other plans would grant is laid over these."""
        return tuple(self.stated_of(self.products))

    def indexed_of(self, products: Iterable[ProductInForce]) -> Iterator[IndexedProduct]:
        """Answer products as the engine takes them, at the prices of the day, with what plans in force grant."""
        yield from granted(self.stated_of(products), self.plans)

    def stated_of(self, products: Iterable[ProductInForce]) -> Iterator[IndexedProduct]:
        """Answer products as their banks state them, at the prices of the day."""
        banks: dict[int, Bank] = {}
        lpr = self.book.lpr.on(self.on)
        for product in products:
            yield indexed_product(product, _bank(product.institution_id, self.tree, banks), lpr)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each product stands, by its code."""
        return {product.code: place for place, product in enumerate(self.products)}

    @cached_property
    def by_revision(self) -> Mapping[int, ProductInForce]:
        """The products by the id of their revision."""
        return {product.product_revision_id: product for product in self.products}

    @cached_property
    def indexed_by_revision(self) -> Mapping[int, IndexedProduct]:
        """The products as the engine takes them, by the id of their revision."""
        return {product.revision_id: product for product in self.indexed}

    @cached_property
    def stated_by_revision(self) -> Mapping[int, IndexedProduct]:
        """The products as their banks state them, by the id of their revision."""
        return {product.revision_id: product for product in self.stated}

    @cached_property
    def products_sha256(self) -> str:
        """Hash of the product revisions with their prices on the day and the banks that offer them."""
        contents = {product.code: product.content_hash for product in self.products}
        lines = [
            f"{each.code}|{contents[each.code]}|{each.price_bp}|{each.bank.code}" for each in self.indexed
        ]
        banks = {bank_line(each.bank) for each in self.indexed}
        return sha256_of([*lines, *sorted(banks)])

    @cached_property
    def matcher_key(self) -> str:
        """Equal for surroundings that make equal matchers, with equal ids of revisions."""
        ids = (str(each.revision_id) for each in self.indexed)
        settings = (
            f"{self.settings.ordered_weights()}|{self.settings.best_price_bp}|{self.settings.worst_price_bp}"
        )
        return sha256_of([self.products_sha256, self.chains.sha256, settings, *ids])

    def stored_inputs(self, needs_sha256: str) -> dict[str, Any]:
        """Answer what a run over needs of this hash rests on; equal inputs give equal results."""
        return {
            "engine": VERSION,
            "on": self.on.isoformat(),
            "library": self.library,
            "rules": self.rules.sha256,
            "chains": self.chains.sha256,
            "products": self.products_sha256,
            "needs": needs_sha256,
            "kept": self.kept,
            "weights": dict(self.settings.weights),
            "price_range": {"best": self.settings.best_price_bp, "worst": self.settings.worst_price_bp},
        }


class NeedReader:
    """Turns stated facts into needs for the engine; remembers whom a stated bank name means."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._names = around.names
        self._heads: dict[str, str | None] = {}

    def need_of(self, facts: NeedFacts) -> MatchNeed:
        """Answer the facts with what follows from them, and the head offices that the firm borrows from.

        A stated bank that is no known institution plays no part.
        """
        around = self._around
        derived = facts_for_matching(facts, on=around.on, book=around.book, rules=around.rules.derived)
        heads = (self._head_of(text) for text in facts.existing_banks or ())
        return MatchNeed(derived, frozenset(code for code in heads if code is not None))

    def _head_of(self, text: str) -> str | None:
        if text not in self._heads:
            node = self._names.find(text)
            self._heads[text] = None if node is None else self._around.tree.root_of(node.id).code
        return self._heads[text]


def need_line(code: str, content_hash: str, need: MatchNeed) -> str:
    """Answer a need as one line for hashes: its wording, and what was derived from it."""
    derived = "|".join(str(need.facts.get(name)) for name in DERIVED)
    return f"{code}|{content_hash}|{derived}|{','.join(sorted(need.banks))}"


def indexed_product(product: ProductInForce, bank: Bank, lpr: LprQuote) -> IndexedProduct:
    """Answer a product as the engine takes it; its price is the middle of its rates on the day."""
    terms = product.terms
    return IndexedProduct(
        code=product.code,
        revision_id=product.product_revision_id,
        bank=bank,
        conditions=terms.conditions(),
        amount_least=terms.amount.least or None,
        amount_most=terms.amount.most,
        term_least=terms.term.least or None,
        term_most=terms.term.most,
        price_bp=_price(terms.rate, lpr),
        guarantee_modes=frozenset(terms.guarantee_modes),
        purposes=frozenset(terms.purposes),
    )


def plan_terms(plan: PlanInForce) -> PlanTerms:
    """Answer what matching reads of a chain's plan."""
    priorities = [
        plan.clauses.get("priority_purposes", ""),
        plan.clauses.get("links", "") if plan.links else "",
    ]
    return PlanTerms(
        chain=plan.chain,
        contracted=frozenset(bank.institution for bank in plan.contracted),
        products=frozenset(plan.products),
        purposes=frozenset(plan.priority_purposes),
        citations={
            "contracted": plan.citation("contracted"),
            "products": plan.citation("products"),
            "purposes": plan.cite("；".join(dict.fromkeys(clause for clause in priorities if clause))),
        },
        links=plan.links,
        grants=tuple(
            PlanGrant(term.product, term.amount_most, term.term_most, plan.cite(term.clause))
            for term in plan.granted
            if term.product is not None
        ),
    )


def sha256_of(lines: Iterable[str]) -> str:
    """Answer the hash of lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _price(rate: Rate, lpr: LprQuote) -> int:
    least, most = rate.bounds(int(lpr.rate_1y * BASIS_POINTS), int(lpr.rate_5y * BASIS_POINTS))
    return (least + most) // 2


def _bank(institution_id: int, tree: InstitutionTree, known: dict[int, Bank]) -> Bank:
    if institution_id not in known:
        node, below = tree.node(institution_id), tree.descendants(institution_id)
        above = [each.code for each in tree.path(institution_id)]
        known[institution_id] = Bank(
            code=node.code,
            root=tree.root_of(institution_id).code,
            family=frozenset([*above, *(each.code for each in below)]),
            outlets=frozenset([node.region, *(each.region for each in below)]),
        )
    return known[institution_id]


def _mapping(rules: RuleBook, key: str) -> Mapping[str, int]:
    value = rules.parameter(key).value
    assert isinstance(value, Mapping)
    return value
