"""Worlds that several tests of matching share."""

import random

import pytest

from app.matching.products import Bank, IndexedProduct, MatchNeed
from app.matching.scoring import ScoreSettings
from app.policy.criteria import Criterion

WEIGHTS = {
    "amount_fit": 200,
    "term_fit": 150,
    "price": 200,
    "guarantee_fit": 150,
    "chain_plan": 150,
    "proximity": 100,
    "existing_relation": 50,
}


@pytest.fixture
def score() -> ScoreSettings:
    return ScoreSettings(WEIGHTS, best_price_bp=245, worst_price_bp=645)


@pytest.fixture
def shared_world(score: ScoreSettings) -> tuple[list[IndexedProduct], list[MatchNeed], ScoreSettings]:
    """Enough needs that the engine shares them among threads, fixed seed."""
    chance = random.Random(20231012)
    bank = Bank("b", "b", frozenset({"b"}), frozenset({"230102"}))
    products = [
        IndexedProduct(
            f"p{i}",
            i,
            bank,
            (Criterion("staff", "at_least", (chance.randrange(100),)),),
            price_bp=chance.randrange(800),
        )
        for i in range(130)
    ]
    staff = [None if chance.random() < 0.1 else chance.randrange(120) for _ in range(9_000)]
    needs = [MatchNeed({"staff": number, "region": "230102"}) for number in staff]
    return products, needs, score
