"""The plain, obviously right evaluator: one need against one product, one condition at a time."""

from collections.abc import Mapping, Sequence

from app.matching.products import IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import ScoreSettings, parts_of, total
from app.policy.criteria import Verdict, evaluate

Ranked = list[tuple[int, int]]
"""Product number and score, best first."""


def verdict_of(need: MatchNeed, product: IndexedProduct) -> Verdict:
    verdicts = [evaluate(condition, need.facts) for condition in product.conditions]
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.PASS


def ranked(
    need: MatchNeed,
    products: Sequence[IndexedProduct],
    verdict: Verdict,
    plans: Mapping[str, PlanTerms],
    settings: ScoreSettings,
) -> Ranked:
    pairs = [
        (number, total(parts_of(need, product, plans, settings), settings))
        for number, product in enumerate(products)
        if verdict_of(need, product) is verdict
    ]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
