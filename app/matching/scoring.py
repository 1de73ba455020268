"""The score of a need and a product: seven named parts, each an integer from 0 to 1000.

The total is the sum of part × weight, weights in permille that sum to 1000, so it runs from 0 to
1,000,000 and stands for 0 to 100 points. Everything is integer arithmetic: the same inputs give
the same bytes on every machine and in every engine. The functions here are the definition; the
array engines repeat them and property tests hold all equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanTerms
from app.policy.facts import COLLATERAL, Facts, FactValue, Members

PARTS: Final[Mapping[str, str]] = {
    "amount_fit": "额度匹配",
    "term_fit": "期限匹配",
    "price": "价格",
    "guarantee_fit": "担保匹配",
    "chain_plan": "一链一策",
    "proximity": "就近",
    "existing_relation": "既有合作",
}
FULL = 1000
"""A part's best value, and the sum of the weights."""

DOUBLING = 1024
"""Fixed-point steps of one factor of two in `log2_steps`."""
HALF_FIT = 500
SLOPE_BITS = 16
COST_OF_DOUBLING = 250
OWN_COLLATERAL, GUARANTOR = 700, 500
CONTRACTED_BANK, CHAIN_PRODUCT, PRIORITY_PURPOSE = 500, 300, 200
MOST_STEPS_KEPT: Final = 10_000
PROXIMITY: Final = {6: 1000, 4: 700, 2: 400, 0: 100}
"""Proximity by how many leading digits of the region code an outlet shares: county, city, province, nation."""

_MANTISSA_BITS = 31
_LOG_BITS = 10


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """The operator's choices: permille per part, and the rates (basis points) worth 1000 and 0."""

    weights: Mapping[str, int]
    best_price_bp: int
    worst_price_bp: int

    def __post_init__(self) -> None:
        if set(self.weights) != set(PARTS) or min(self.weights.values()) < 0:
            msg = f"weights name exactly {', '.join(PARTS)}, none negative"
            raise ValueError(msg)
        if sum(self.weights.values()) != FULL:
            msg = f"weights sum to {sum(self.weights.values())}, not {FULL}"
            raise ValueError(msg)
        if self.best_price_bp >= self.worst_price_bp:
            msg = "the best price is not below the worst"
            raise ValueError(msg)

    def ordered_weights(self) -> tuple[int, ...]:
        """Answer the weights in the order of `PARTS`."""
        return tuple(self.weights[part] for part in PARTS)


@lru_cache(maxsize=MOST_STEPS_KEPT)
def log2_steps(value: int) -> int:
    """Answer floor(log2(value) × 1024) for a positive integer, by exact integer steps.

    Ten squarings of the mantissa give ten binary digits of the fraction; no floating point, so
    that no platform's libm can move a score.
    """
    exponent = value.bit_length() - 1
    shift = _MANTISSA_BITS - exponent
    mantissa = value << shift if shift >= 0 else value >> -shift
    fraction = 0
    for _ in range(_LOG_BITS):
        mantissa = (mantissa * mantissa) >> _MANTISSA_BITS
        carry = mantissa >> (_MANTISSA_BITS + 1)
        mantissa >>= carry
        fraction = fraction << 1 | carry
    return (exponent << _LOG_BITS) + fraction


def amount_fit(amount: FactValue | None, least: int | None, most: int | None) -> int:
    """Say how comfortably the amount lies between the product's bounds, on a logarithmic scale.

    1000: at least a factor of two inside both bounds (or in the middle of a narrower range, or
    no bounds). 500: on a bound. Linear in the logarithm between. 0: outside, or amount unknown.
    Amounts are compared in steps of 1/1024 doubling (0.07 %).
    """
    if not isinstance(amount, int) or amount <= 0:
        return 0
    asked = log2_steps(amount)
    low, high = amount_bounds(least, most)
    inside = min(asked - low if low is not None else DOUBLING, high - asked if high is not None else DOUBLING)
    if inside < 0:
        return 0
    reach, slope = amount_slope(low, high)
    return HALF_FIT + (min(inside, reach) * slope >> SLOPE_BITS)


def amount_bounds(least: int | None, most: int | None) -> tuple[int | None, int | None]:
    """Answer the product's bounds in steps of 1/1024 doubling; None where it has none."""
    return (log2_steps(least) if least else None), (
        log2_steps(most) if most is not None and most > 0 else None
    )


def amount_slope(low: int | None, high: int | None) -> tuple[int, int]:
    """Answer the distance from a bound at which the fit is full, and the fit per step (× 2^16)."""
    reach = DOUBLING if low is None or high is None else max(1, min(DOUBLING, (high - low) // 2))
    return reach, -(-(HALF_FIT << SLOPE_BITS) // reach)


def term_fit(term: FactValue | None, least: int | None, most: int | None) -> int:
    """Say how close the asked term is to what the product is made for, its longest term.

    1000: the asked term is the longest. Each doubling of the longest over the asked term costs
    250, down to 0. 500: the product names no longest term. 0: outside its terms, or unknown.
    """
    if not isinstance(term, int) or term <= 0 or term < (least or 0):
        return 0
    if most is None:
        return HALF_FIT
    if term > most:
        return 0
    doublings = log2_steps(most) - log2_steps(term)
    return max(0, FULL - (doublings * COST_OF_DOUBLING >> _LOG_BITS))


def price(rate_bp: int | None, settings: ScoreSettings) -> int:
    """Rate the product's annual rate: 1000 at or below the best price, 0 at or above the worst.

    Linear between, rounded down. A product that states no rate gets 0.
    """
    if rate_bp is None:
        return 0
    span = settings.worst_price_bp - settings.best_price_bp
    return max(0, min(FULL, (settings.worst_price_bp - rate_bp) * FULL // span))


def guarantee_fit(security: FactValue | None, modes: frozenset[str]) -> int:
    """Rate the lightest security that the product takes and the need is known to have.

    1000: credit alone (信用). 700: a collateral in hand. 500: a guarantor, who costs a fee
    (黑银发〔2023〕25号 十七). 0: nothing known in common, or the product names no mode.
    """
    common = modes & security.known if isinstance(security, Members) else frozenset()
    if "credit" in common:
        return FULL
    if common & COLLATERAL.keys():
        return OWN_COLLATERAL
    return GUARANTOR if "guarantee" in common else 0


def prioritised(facts: Facts, plan: PlanTerms | None) -> FactValue | None:
    """Answer the purposes that a plan's priorities look at: those asked for, none outside the plan's links."""
    return facts.get("purposes") if plan is not None and plan.reaches(facts) else None


def chain_plan(purposes: FactValue | None, product: IndexedProduct, plan: PlanTerms | None) -> int:
    """Rate what the plan of the need's chain (一链一策) says for this product.

    500 for a contracted bank, 300 for a chain product, 200 when a priority purpose of the plan
    is asked for and served by the product; 1000 for all three, 0 without a plan in force.
    """
    return sum(reason.points for reason in plan_reasons(purposes, product, plan))


@dataclass(frozen=True, slots=True)
class PlanReason:
    """One contribution of a chain plan to a score: how much, why, and the clause of the plan."""

    points: int
    text: str
    citation: str


def plan_reasons(
    purposes: FactValue | None, product: IndexedProduct, plan: PlanTerms | None
) -> tuple[PlanReason, ...]:
    """Answer what the chain plan contributes to a pair, each with what it cites."""
    if plan is None:
        return ()
    asked = purposes.known & plan.purposes if isinstance(purposes, Members) else frozenset()
    served = asked & product.purposes if product.purposes else asked
    contributions = (
        (bool(plan.contracted & product.bank.family), CONTRACTED_BANK, "签约银行", "contracted"),
        (product.code in plan.products, CHAIN_PRODUCT, "链上产品", "products"),
        (bool(served), PRIORITY_PURPOSE, "优先用途", "purposes"),
    )
    return tuple(
        PlanReason(points, text, plan.citations.get(part, ""))
        for applies, points, text, part in contributions
        if applies
    )


def proximity(region: FactValue | None, bank: Bank) -> int:
    """Rate how near the bank's nearest outlet is to the need.

    1000: in the same county. 700: in the same city. 400: in the same province. 100: elsewhere.
    0: the need's region is unknown.
    """
    if not isinstance(region, str):
        return 0
    return PROXIMITY[max((digits for digits in (6, 4, 2) if _shares(region, bank, digits)), default=0)]


def _shares(region: str, bank: Bank, digits: int) -> bool:
    area = region[:digits]
    return area[-2:] != "00" and any(outlet[:digits] == area for outlet in bank.outlets)


def existing_relation(banks: frozenset[str], bank: Bank) -> int:
    """1000 when the need's firm already borrows from this bank (its head office), else 0."""
    return FULL if bank.root in banks else 0


def parts_of(
    need: MatchNeed,
    product: IndexedProduct,
    plans: Mapping[str, PlanTerms],
    settings: ScoreSettings,
) -> dict[str, int]:
    """Answer the seven parts of a pair, in the order of `PARTS`."""
    facts = need.facts
    plan = plans.get(str(facts.get("chain")))
    return {
        "amount_fit": amount_fit(facts.get("amount"), product.amount_least, product.amount_most),
        "term_fit": term_fit(facts.get("term_months"), product.term_least, product.term_most),
        "price": price(product.price_bp, settings),
        "guarantee_fit": guarantee_fit(facts.get("security"), product.guarantee_modes),
        "chain_plan": chain_plan(prioritised(facts, plan), product, plan),
        "proximity": proximity(facts.get("region"), product.bank),
        "existing_relation": existing_relation(need.banks, product.bank),
    }


def total(parts: Mapping[str, int], settings: ScoreSettings) -> int:
    """Answer the weighted sum of the parts, 0 to 1,000,000 for 0 to 100 points."""
    return sum(parts[part] * settings.weights[part] for part in PARTS)
