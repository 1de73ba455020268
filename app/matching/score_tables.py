"""What the score reads, as arrays: one line for each product, small tables, marks for each need.

Columns of `products` (int32 [products, 16], one cache line each) and of a need's marks are named
by the constants below; the array engines and nobody else read them by number.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import (
    CHAIN_PRODUCT,
    CONTRACTED_BANK,
    PROXIMITY,
    ScoreSettings,
    amount_bounds,
    amount_slope,
    log2_steps,
    price,
    prioritised,
)
from app.policy.facts import PURPOSES, SECURITY, Facts, FactValue, Members

Integers = npt.NDArray[np.int32]

(P_LOW, P_HIGH, P_REACH, P_SLOPE, P_TERM_LEAST, P_TERM_MOST, P_TERM_LOG, P_PRICE, P_MODES, P_PURPOSES,
 P_BANK, P_ROOT) = range(12)  # fmt: skip
PRODUCT_COLUMNS = 16
M_AMOUNT_LOG, M_TERM, M_TERM_LOG, M_SECURITY, M_PURPOSES, M_PLAN, M_REGION = range(7)
MARKS = 7
"""A line of encoded need: marks, then a row number for each group, then head offices (-1 for none)."""

FAR: Final = 1 << 20
"""More steps of log2 than any amount has: the bound of a product without bound."""
NOTHING: Final = -1
NO_AMOUNT: Final = -(1 << 24)
NO_LONGEST_TERM: Final = -1

PURPOSE_BITS: Final = {word: 1 << i for i, word in enumerate(PURPOSES)}
MODE_BITS: Final = {word: 1 << i for i, word in enumerate(SECURITY)}
CREDIT_BIT: Final = MODE_BITS["credit"]
GUARANTEE_BIT: Final = MODE_BITS["guarantee"]
REMEMBERED: Final = 16_384
"""Values whose marks are kept at hand."""
NO_REGION: Final = 0
ELSEWHERE: Final = 1


def mask_of(words: frozenset[str], bits: Mapping[str, int]) -> int:
    """Answer the set as bits; words outside the vocabulary are left out."""
    return sum(bits.get(word, 0) for word in words)


class ScoreTables:
    """The arrays behind `scoring.parts_of` for one sequence of products, plans and settings."""

    def __init__(
        self,
        products: Sequence[IndexedProduct],
        plans: Mapping[str, PlanTerms],
        settings: ScoreSettings,
    ) -> None:
        self.banks = tuple(dict.fromkeys(product.bank for product in products))
        self._roots = {root: i for i, root in enumerate(dict.fromkeys(bank.root for bank in self.banks))}
        self._plan_terms = [plans[chain] for chain in sorted(plans)]
        self._plan_numbers: dict[FactValue | None, int] = {
            plan.chain: i for i, plan in enumerate(self._plan_terms, start=1)
        }
        self._plan_purposes = [0, *(mask_of(plan.purposes, PURPOSE_BITS) for plan in self._plan_terms)]
        self.weights = np.array(settings.ordered_weights(), np.int32)
        self.products = self._product_lines(products, settings)
        self.plans = self._plan_points(products)
        self.proximity, self._areas = _proximity_rows(self.banks)
        self._area_of = lru_cache(REMEMBERED)(self._area_row)

    def marks_of(self, need: MatchNeed) -> list[int]:
        """Answer a need's marks, `MARKS` integers."""
        facts = need.facts
        months = facts.get("term_months")
        purposes, plan = self.plan_marks_of(facts)
        return [
            _log_mark(facts.get("amount"), NO_AMOUNT),
            months if type(months) is int and months > 0 else NOTHING,
            _log_mark(months, NOTHING),
            _mode_mask(facts.get("security")),
            purposes,
            plan,
            self._area_of(facts.get("region")),
        ]

    def bank_of(self, products: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Answer the banks (numbers in `banks`) that offer products (numbers)."""
        banks: npt.NDArray[np.int64] = self.products[products, P_BANK].astype(np.int64)
        return banks

    def plan_marks_of(self, facts: Facts) -> tuple[int, int]:
        """Answer the marks that plans decide: the priority purposes that are asked for, as bits, and the plan."""
        plan = self._plan_numbers.get(facts.get("chain"), 0)
        if not plan:
            return 0, 0
        asked = prioritised(facts, self._plan_terms[plan - 1])
        return _purpose_mask(asked) & self._plan_purposes[plan], plan

    def roots_of(self, need: MatchNeed) -> list[int]:
        """Answer the numbers of the head offices that the need's firm borrows from, ascending."""
        return sorted(self._roots[code] for code in need.banks if code in self._roots)

    def _area_row(self, region: FactValue | None) -> int:
        if not isinstance(region, str):
            return NO_REGION
        rows = (self._areas.get(region[:digits]) for digits in (6, 4, 2))
        return next((row for row in rows if row is not None), ELSEWHERE)

    def _product_lines(self, products: Sequence[IndexedProduct], settings: ScoreSettings) -> Integers:
        numbers = {bank: i for i, bank in enumerate(self.banks)}
        lines = np.zeros((len(products), PRODUCT_COLUMNS), np.int32)
        for i, product in enumerate(products):
            lines[i, P_LOW : P_SLOPE + 1] = _amount_columns(product)
            lines[i, P_TERM_LEAST : P_TERM_LOG + 1] = _term_columns(product)
            lines[i, P_PRICE] = price(product.price_bp, settings)
            lines[i, P_MODES] = mask_of(product.guarantee_modes, MODE_BITS)
            lines[i, P_PURPOSES] = mask_of(product.purposes or frozenset(PURPOSES), PURPOSE_BITS)
            lines[i, P_BANK] = numbers[product.bank]
            lines[i, P_ROOT] = self._roots[product.bank.root]
        return lines

    def _plan_points(self, products: Sequence[IndexedProduct]) -> npt.NDArray[np.int16]:
        numbers = {product.code: i for i, product in enumerate(products)}
        points = np.zeros((len(self._plan_terms) + 1, max(1, len(products))), np.int16)
        for i, plan in enumerate(self._plan_terms, start=1):
            is_contracted = np.array([bool(plan.contracted & bank.family) for bank in self.banks], np.int16)
            points[i, : len(products)] = CONTRACTED_BANK * is_contracted[self.products[:, P_BANK]]
            points[i, [numbers[code] for code in plan.products if code in numbers]] += CHAIN_PRODUCT
        return points


def _proximity_rows(banks: Sequence[Bank]) -> tuple[npt.NDArray[np.int16], dict[str, int]]:
    """Answer the proximity of each bank (columns) to each area with an outlet, and the areas' rows.

    The first two rows are those of an unknown region and of an area without any outlet.
    """
    holders: dict[str, set[int]] = defaultdict(set)
    for i, bank in enumerate(banks):
        for outlet in bank.outlets:
            for digits in (2, 4, 6):
                if outlet[digits - 2 : digits] != "00":
                    holders[outlet[:digits]].add(i)
    areas = sorted(holders, key=lambda area: (len(area), area))
    numbers = {area: i for i, area in enumerate(areas, start=2)}
    rows = np.zeros((len(areas) + 2, max(1, len(banks))), np.int16)
    rows[ELSEWHERE] = PROXIMITY[0]
    for area, row in numbers.items():
        wider = (numbers.get(area[:digits]) for digits in (4, 2) if digits < len(area))
        rows[row] = rows[next((known for known in wider if known is not None), ELSEWHERE)]
        rows[row, sorted(holders[area])] = PROXIMITY[len(area)]
    return rows, numbers


@lru_cache(REMEMBERED)
def _log_mark(value: FactValue | None, otherwise: int) -> int:
    return log2_steps(value) if isinstance(value, int) and value > 0 else otherwise


def _mode_mask(value: FactValue | None) -> int:
    return _mask(value.known, is_mode=True) if isinstance(value, Members) else 0


def _purpose_mask(value: FactValue | None) -> int:
    return _mask(value.known, is_mode=False) if isinstance(value, Members) else 0


@lru_cache(REMEMBERED)
def _mask(words: frozenset[str], *, is_mode: bool) -> int:
    return mask_of(words, MODE_BITS if is_mode else PURPOSE_BITS)


def _amount_columns(product: IndexedProduct) -> tuple[int, int, int, int]:
    low, high = amount_bounds(product.amount_least, product.amount_most)
    reach, slope = amount_slope(low, high)
    return -FAR if low is None else low, FAR if high is None else high, reach, slope


def _term_columns(product: IndexedProduct) -> tuple[int, int, int]:
    most = product.term_most
    if most is None:
        return product.term_least or 0, 2**31 - 1, NO_LONGEST_TERM
    return product.term_least or 0, most, log2_steps(most) if most > 0 else 0


def bank_line(bank: Bank) -> str:
    """Answer a bank as one line of text, for hashes of what was matched against."""
    return f"{bank.code}|{bank.root}|{','.join(sorted(bank.family))}|{','.join(sorted(bank.outlets))}"
