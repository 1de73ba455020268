"""Products beside one need as its firm reads them: terms in words, verdict by verdict, and what the rest fails by. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.catalogue.rules import ProductInForce
from app.catalogue.terms import FORMS, RATE_BASES
from app.matching.explain import change_text
from app.matching.inputs import Surroundings
from app.matching.products import MatchNeed
from app.matching.schemas import MatchesOut
from app.policy.criteria import Condition, Finding, Verdict, evaluate, explain
from app.policy.derived import chinese_name
from app.policy.facts import SECURITY

BASIS_POINTS: Final = 100
MOST_JUDGED: Final = 500
"""So many products are told apart by what they fail; a province's catalogue has fewer, a nation's has more."""
MOST_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """A product: who lends how much for how long at what rate against what. Fen, months, percent a year."""

    code: str
    name: str
    institution: str
    institution_name: str
    form: str
    amount_least: int
    amount_most: int
    term_least: int
    term_most: int
    rate_least: Decimal
    rate_most: Decimal
    rate_base: str
    security: tuple[str, ...]
    declared_days: int | None
    note: str
    is_demo: bool


@dataclass(frozen=True, slots=True)
class JudgedOffer:
    """A product with all its conditions judged, and what each failing one would take."""

    offer: Offer
    findings: tuple[Finding, ...]
    changes: tuple[str, ...]

    @property
    def fails(self) -> tuple[Finding, ...]:
        """Answer the conditions that fail."""
        return tuple(one for one in self.findings if one.verdict is Verdict.FAIL)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A product that does not fit, whose it is, and the conditions that fail."""

    name: str
    institution_name: str
    fails: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Misfits:
    """Products that fail the same fact first: its Chinese name, how many, the first of them."""

    fact: str
    name: str
    products: int
    shown: tuple[Misfit, ...]


@dataclass(frozen=True, slots=True)
class NeedOffers:
    """What a need qualifies for, with the products of `matches` told in words by code, and the rest by reason.

    `unjudged` more products fail that nobody told apart.
    """

    matches: MatchesOut
    judged: dict[str, JudgedOffer]
    misfits: tuple[Misfits, ...]
    failing: int
    unjudged: int


def offers_of(around: Surroundings, need: MatchNeed, matches: MatchesOut) -> NeedOffers:
    """Answer the products beside a need: those that `matches` names, and what all others fail by."""
    named = [*matches.matches, *matches.near_misses, *matches.undecided]
    places = around.places
    told = _Telling(around, need)
    judged = {one.product: _judged(told, places[one.product]) for one in named}
    failing = matches.products - matches.eligible - matches.unknown
    rest = (number for code, number in places.items() if code not in judged)
    misfits, looked_at = _misfits(told, rest)
    return NeedOffers(
        matches, judged, misfits, failing, max(failing - len(matches.near_misses) - looked_at, 0)
    )


def offer_of(around: Surroundings, product: ProductInForce) -> Offer:
    """Answer a product in words, at the loan prime rate of the day."""
    terms, node = product.terms, around.tree.node(product.institution_id)
    lpr = around.book.lpr.on(around.on)
    least, most = terms.rate.bounds(int(lpr.rate_1y * BASIS_POINTS), int(lpr.rate_5y * BASIS_POINTS))
    return Offer(
        code=product.code,
        name=product.name,
        institution=node.code,
        institution_name=node.name,
        form=FORMS[terms.form],
        amount_least=terms.amount.least,
        amount_most=terms.amount.most,
        term_least=terms.term.least,
        term_most=terms.term.most,
        rate_least=Decimal(least) / BASIS_POINTS,
        rate_most=Decimal(most) / BASIS_POINTS,
        rate_base=RATE_BASES[terms.rate.base],
        security=tuple(SECURITY[mode] for mode in terms.guarantee_modes),
        declared_days=terms.declared_days,
        note=terms.note,
        is_demo=product.is_demo,
    )


class _Telling:
    """Conditions against one need, each judged and told once: products ask much alike."""

    def __init__(self, around: Surroundings, need: MatchNeed) -> None:
        self.around, self._facts = around, need.facts
        self._found: dict[Condition, Finding] = {}
        self._said: dict[str, str] = {}

    def finding(self, condition: Condition) -> Finding:
        """Answer a condition explained, with names in the place of codes."""
        found = self._found.get(condition)
        if found is None:
            plain = explain(condition, self._facts)
            said = self._said.get(plain.found)
            if said is None:
                said = self._said[plain.found] = self.around.code_names.in_words(plain.found)
            asked = self.around.asked_in_words(plain.asked)
            found = Finding(plain.facts, asked, said, plain.verdict, plain.source)
            self._found[condition] = found
        return found

    def fails(self, condition: Condition) -> bool:
        """Tell whether the need fails a condition."""
        return evaluate(condition, self._facts) is Verdict.FAIL

    def change(self, condition: Condition) -> str:
        """Answer what a failing condition would take."""
        return self.around.code_names.in_words(change_text(condition, self._facts))


def _judged(told: _Telling, number: int) -> JudgedOffer:
    around = told.around
    conditions = around.indexed[number].conditions
    return JudgedOffer(
        offer_of(around, around.products[number]),
        tuple(told.finding(each) for each in conditions),
        tuple(told.change(each) for each in conditions if told.fails(each)),
    )


def _misfits(told: _Telling, rest: Iterable[int]) -> tuple[tuple[Misfits, ...], int]:
    """Answer products that fail by the fact of the first condition that fails, the commonest first, and how many."""
    groups: dict[str, list[int]] = {}
    looked_at = 0
    for number in rest:
        first = next((one for one in told.around.indexed[number].conditions if told.fails(one)), None)
        if first is None:
            continue
        looked_at += 1
        groups.setdefault(min(first.facts()), []).append(number)
        if looked_at == MOST_JUDGED:
            break
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return tuple(
        Misfits(
            fact,
            chinese_name(fact),
            len(numbers),
            tuple(_misfit(told, one) for one in numbers[:MOST_NAMED]),
        )
        for fact, numbers in ordered
    ), looked_at


def _misfit(told: _Telling, number: int) -> Misfit:
    product = told.around.products[number]
    return Misfit(
        product.name,
        told.around.tree.node(product.institution_id).name,
        tuple(told.finding(each) for each in told.around.indexed[number].conditions if told.fails(each)),
    )
