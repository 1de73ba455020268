"""The benchmark's world as flat integer columns: the best shape that a loop or a database could wish for.

Everything that can be computed once for a need or a product is computed here, outside of the clocks:
logarithms, masks, area codes. What is left for a peer is the pairing itself.
"""

import numpy as np

from app.matching.engine import Matcher
from app.matching.score_tables import (
    P_HIGH,
    P_LOW,
    P_PRICE,
    P_REACH,
    P_SLOPE,
    P_TERM_LOG,
    PURPOSE_BITS,
    mask_of,
)
from app.matching.scoring import log2_steps
from benchmarks.matching_world import CHAINS, CITIES, ROOTS, Column, World, area_code

NEED_COLUMNS = (
    "need", "amount", "amount_log", "term", "term_log", "county", "city", "province", "division", "size_bit",
    "qualifications", "purposes", "security", "years", "grade_bit", "litigation", "first_loan", "chain",
    "planned_purposes", "existing",
)  # fmt: skip
PRODUCT_COLUMNS = (
    "product", "amount_least", "amount_most", "low", "high", "reach", "slope", "term_least", "term_most", "longest",
    "area", "division", "sizes", "qualifications", "purposes", "security", "years_least", "grades",
    "no_litigation", "first_loan_only", "price", "outlet_county", "outlet_city", "root",
)  # fmt: skip


def need_columns(world: World, count: int) -> dict[str, Column]:
    """Answer the first `count` needs; -1 is unknown or none."""
    raw = {name: column[:count] for name, column in world.needs.items()}
    city = np.array([int(f"{code}00") for code in CITIES])[raw["city"]]
    plan_masks = np.array([mask_of(world.plans[f"chain-{i}"].purposes, PURPOSE_BITS) for i in range(CHAINS)])
    chained = np.where(raw["chain"] >= 0, plan_masks[raw["chain"]], 0)
    return {
        "need": np.arange(count),
        "amount": raw["amount"],
        "amount_log": _logs(raw["amount"]),
        "term": raw["term_months"],
        "term_log": _logs(raw["term_months"]),
        "county": city + raw["county"],
        "city": city,
        "province": np.full(count, 230000),
        "division": raw["division"],
        "size_bit": np.where(raw["size_class"] >= 0, 1 << np.maximum(raw["size_class"], 0), 0),
        "qualifications": raw["qualifications"],
        "purposes": raw["purposes"],
        "security": raw["security"],
        "years": raw["years_established"],
        "grade_bit": np.where(raw["tax_grade"] >= 0, 1 << np.maximum(raw["tax_grade"], 0), 0),
        "litigation": raw["litigation"],
        "first_loan": raw["first_loan"],
        "chain": raw["chain"],
        "planned_purposes": chained & raw["purposes"],
        "existing": raw["existing"],
    }


def product_columns(world: World, matcher: Matcher) -> dict[str, Column]:
    """Answer the products; 0 in a mask and -1 in `division` ask nothing."""
    raw, scored = world.products, matcher.tables.products.astype(np.int64)
    places = zip(raw["area_level"], raw["area_city"], raw["area_county"], strict=True)
    outlets = np.array([int(next(iter(world.banks[bank].outlets))) for bank in raw["bank"]])
    return {
        "product": np.arange(len(raw["bank"])),
        "amount_least": raw["amount_least"],
        "amount_most": raw["amount_most"],
        "low": scored[:, P_LOW],
        "high": scored[:, P_HIGH],
        "reach": scored[:, P_REACH],
        "slope": scored[:, P_SLOPE],
        "term_least": raw["term_least"],
        "term_most": raw["term_most"],
        "longest": scored[:, P_TERM_LOG],
        "area": np.array([int(area_code(*map(int, place))) for place in places]),
        "division": raw["division"],
        "sizes": raw["sizes"],
        "qualifications": raw["qualifications"],
        "purposes": raw["purposes"],
        "security": raw["security"],
        "years_least": raw["years_least"],
        "grades": raw["grades"],
        "no_litigation": raw["no_litigation"],
        "first_loan_only": raw["first_loan_only"],
        "price": scored[:, P_PRICE],
        "outlet_county": outlets,
        "outlet_city": outlets // 100 * 100,
        "root": raw["bank"] % ROOTS,
    }


def plan_points(matcher: Matcher) -> Column:
    """Answer [chain, product, points] of every product that a plan names or whose bank it contracts."""
    chains = sorted(matcher.plans)
    rows, products = np.nonzero(matcher.tables.plans[1:])
    numbers = np.array([int(chain.removeprefix("chain-")) for chain in chains])[rows]
    points = matcher.tables.plans[1:][rows, products].astype(np.int64)
    return np.stack([numbers, products, points], axis=1)


def _logs(values: Column) -> Column:
    distinct, places = np.unique(values, return_inverse=True)
    return np.array([log2_steps(int(value)) for value in distinct])[places]
