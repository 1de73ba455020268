"""Synthetic needs and products for the matching benchmark, fixed seed, as columns and as values.

Columns serve the peers, values serve the engine; both say the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import ScoreSettings
from app.policy.criteria import Condition, Criterion
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES, TAX_GRADES, Facts, Members

Column = npt.NDArray[np.int64]

SEED = 20231012
SIZES, GRADES = list(SIZE_CLASSES), list(TAX_GRADES)
ALL_PURPOSES, ALL_QUALIFICATIONS, ALL_SECURITY = list(PURPOSES), list(QUALIFICATIONS), list(SECURITY)
DIVISIONS = [f"C{number}" for number in range(13, 44)]
CITIES = [f"23{city:02}" for city in range(1, 14)]
WAN = 1_000_000
SETTINGS = ScoreSettings(
    {"amount_fit": 200, "term_fit": 150, "price": 200, "guarantee_fit": 150, "chain_plan": 150,
     "proximity": 100, "existing_relation": 50},
    best_price_bp=245, worst_price_bp=645,
)  # fmt: skip
BANKS = 200
ROOTS = 40
CHAINS = 17


@dataclass(frozen=True, slots=True)
class World:
    """Columns of needs and products; sets are bit masks over the vocabularies above, -1 is unknown."""

    needs: dict[str, Column]
    products: dict[str, Column]
    plans: dict[str, PlanTerms]
    banks: list[Bank]


def make_world(needs: int, products: int) -> World:
    """Make the columns; about two pairs in a hundred are eligible."""
    chance = np.random.default_rng(SEED)
    banks = [_bank(i) for i in range(BANKS)]
    return World(
        needs=_need_columns(chance, needs),
        products=_product_columns(chance, products),
        plans={f"chain-{i}": _plan(i, products) for i in range(CHAINS)},
        banks=banks,
    )


def _bank(i: int) -> Bank:
    outlet = f"{CITIES[i % len(CITIES)]}{1 + i % 9:02}"
    return Bank(
        f"bank-{i}", f"root-{i % ROOTS}", frozenset({f"bank-{i}", f"root-{i % ROOTS}"}), frozenset({outlet})
    )


def _plan(i: int, products: int) -> PlanTerms:
    chosen = frozenset(f"p{(i * 7 + step * 97) % products:06}" for step in range(12))
    wanted = frozenset({ALL_PURPOSES[i % 12], ALL_PURPOSES[(i + 5) % 12]})
    return PlanTerms(f"chain-{i}", frozenset({f"root-{i}", f"bank-{i + 60}"}), chosen, wanted)


def _masks(chance: np.random.Generator, count: int, width: int, share: float) -> Column:
    bits = chance.random((count, width)) < share
    masks: Column = (bits * (1 << np.arange(width))).sum(axis=1).astype(np.int64)
    return masks


def _some(chance: np.random.Generator, values: Column, share_unknown: float) -> Column:
    return np.where(chance.random(len(values)) < share_unknown, -1, values)


def _need_columns(chance: np.random.Generator, count: int) -> dict[str, Column]:
    steps = np.array([20, 50, 80, 100, 200, 300, 500, 800, 1000, 2000, 3000, 5000, 10000]) * WAN
    return {
        "amount": steps[chance.integers(0, len(steps), count)] + chance.integers(0, 50, count) * 10_000,
        "term_months": chance.choice([6, 12, 18, 24, 36, 60, 84, 120], count),
        "city": chance.integers(0, len(CITIES), count),
        "county": chance.integers(1, 10, count),
        "division": chance.integers(0, len(DIVISIONS), count),
        "group": chance.integers(1, 7, count),
        "size_class": _some(chance, chance.choice(4, count, p=[0.05, 0.2, 0.45, 0.3]), 0.01),
        "qualifications": _masks(chance, count, 16, 0.16),
        "purposes": 1 << chance.integers(0, 12, count),
        "security": _masks(chance, count, 13, 0.2) | 1,
        "years_established": _some(chance, chance.integers(0, 30, count), 0.02),
        "tax_grade": _some(chance, chance.choice(5, count, p=[0.35, 0.4, 0.15, 0.07, 0.03]), 0.05),
        "litigation": _some(chance, (chance.random(count) < 0.05).astype(np.int64), 0.01),
        "first_loan": (chance.random(count) < 0.3).astype(np.int64),
        "chain": np.where(chance.random(count) < 0.6, chance.integers(0, CHAINS, count), -1),
        "existing": np.where(chance.random(count) < 0.5, chance.integers(0, ROOTS, count), -1),
    }


def _product_columns(chance: np.random.Generator, count: int) -> dict[str, Column]:
    low = chance.choice([0, 10, 20, 50, 100, 500], count) * WAN
    high = np.array([100, 300, 500, 1000, 2000, 5000, 10000, 30000])[chance.integers(0, 8, count)] * WAN
    level = chance.choice(4, count, p=[0.3, 0.4, 0.25, 0.05])
    return {
        "amount_least": low,
        "amount_most": np.maximum(high, low),
        "term_least": chance.choice([0, 3, 6, 12], count),
        "term_most": chance.choice([12, 24, 36, 60, 120, 180], count),
        "area_level": level,
        "area_city": chance.integers(0, len(CITIES), count),
        "area_county": chance.integers(1, 10, count),
        "division": np.where(chance.random(count) < 0.35, chance.integers(0, len(DIVISIONS), count), -1),
        "sizes": _masks(chance, count, 4, 0.7) | 4,
        "qualifications": np.where(chance.random(count) < 0.5, _masks(chance, count, 16, 0.2), 0),
        "purposes": _masks(chance, count, 12, 0.45) | 1,
        "security": _masks(chance, count, 13, 0.3) | 2,
        "years_least": chance.choice([0, 1, 2, 3, 5], count),
        "grades": np.where(chance.random(count) < 0.5, _masks(chance, count, 5, 0.4) | 1, 0),
        "no_litigation": (chance.random(count) < 0.8).astype(np.int64),
        "first_loan_only": (chance.random(count) < 0.1).astype(np.int64),
        "price_bp": chance.integers(250, 640, count),
        "bank": chance.integers(0, BANKS, count),
    }


def _words(mask: int, words: list[str]) -> frozenset[str]:
    return frozenset(word for i, word in enumerate(words) if mask >> i & 1)


def area_code(level: int, city: int, county: int) -> str:
    """Answer a product's area: nation, province, city or county for levels 0 to 3."""
    return ("000000", "230000", f"{CITIES[city]}00", f"{CITIES[city]}{county:02}")[level]


def products_of(world: World) -> list[IndexedProduct]:
    """Answer the products as values."""
    columns = {name: column.tolist() for name, column in world.products.items()}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return [_product(i, row, world.banks) for i, row in enumerate(rows)]


def _product(i: int, row: dict[str, int], banks: list[Bank]) -> IndexedProduct:
    modes, purposes = _words(row["security"], ALL_SECURITY), _words(row["purposes"], ALL_PURPOSES)
    return IndexedProduct(
        code=f"p{i:06}",
        revision_id=i,
        bank=banks[row["bank"]],
        conditions=_conditions(row, modes, purposes),
        amount_least=row["amount_least"] or None,
        amount_most=row["amount_most"],
        term_least=row["term_least"] or None,
        term_most=row["term_most"],
        price_bp=row["price_bp"],
        guarantee_modes=modes,
        purposes=purposes,
    )


def _conditions(
    row: dict[str, int], modes: frozenset[str], purposes: frozenset[str]
) -> tuple[Condition, ...]:
    area = area_code(row["area_level"], row["area_city"], row["area_county"])
    asked: list[Condition] = [
        Criterion("amount", "between", (row["amount_least"], row["amount_most"])),
        Criterion("term_months", "between", (row["term_least"], row["term_most"])),
        Criterion("region", "within_region", (area,)),
        Criterion("size_class", "in", tuple(sorted(_words(row["sizes"], SIZES)))),
        Criterion("purposes", "any_of", tuple(sorted(purposes))),
        Criterion("security", "any_of", tuple(sorted(modes))),
    ]
    if row["division"] >= 0:
        asked.append(Criterion("industry", "within_industry", (DIVISIONS[row["division"]],)))
    if row["qualifications"]:
        words = tuple(sorted(_words(row["qualifications"], ALL_QUALIFICATIONS)))
        asked.append(Criterion("qualifications", "any_of", words))
    if row["years_least"]:
        asked.append(Criterion("years_established", "at_least", (row["years_least"],)))
    if row["grades"]:
        asked.append(Criterion("tax_grade", "in", tuple(sorted(_words(row["grades"], GRADES)))))
    if row["no_litigation"]:
        asked.append(Criterion("litigation", "is_false"))
    if row["first_loan_only"]:
        asked.append(Criterion("first_loan", "is_true"))
    return tuple(asked)


def needs_of(world: World) -> Iterator[MatchNeed]:
    """Answer the needs as values, one after the other."""
    columns = {name: column.tolist() for name, column in world.needs.items()}
    for row in zip(*columns.values(), strict=True):
        yield _need(dict(zip(columns, row, strict=True)))


def _need(row: dict[str, int]) -> MatchNeed:
    facts: Facts = {
        "amount": row["amount"],
        "term_months": row["term_months"],
        "region": f"{CITIES[row['city']]}{row['county']:02}",
        "industry": f"{DIVISIONS[row['division']]}{row['group']}1",
        "size_class": None if row["size_class"] < 0 else SIZES[row["size_class"]],
        "qualifications": Members(_words(row["qualifications"], ALL_QUALIFICATIONS)),
        "purposes": Members(_words(row["purposes"], ALL_PURPOSES)),
        "security": Members(_words(row["security"], ALL_SECURITY)),
        "years_established": None if row["years_established"] < 0 else row["years_established"],
        "tax_grade": None if row["tax_grade"] < 0 else GRADES[row["tax_grade"]],
        "litigation": None if row["litigation"] < 0 else bool(row["litigation"]),
        "first_loan": bool(row["first_loan"]),
        "chain": None if row["chain"] < 0 else f"chain-{row['chain']}",
    }
    return MatchNeed(facts, frozenset() if row["existing"] < 0 else frozenset({f"root-{row['existing']}"}))
