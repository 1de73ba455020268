"""Another plan over a whole edition: 100,000 needs × 5,000 products before publication, beside two full matches diffed.

    python -m benchmarks plan_effect [--quick]

Synthetic needs and products of a fixed seed (`matching_world`). One chain of seventeen drafts another plan, then
all of them at once do (the widest question there is), without and with granted terms, which change who is eligible.
The peer matches the edition twice in full, every eligible pair with its score, and takes the difference of both;
all figures of every need are asserted equal. Both sides start from needs as values and the matcher in force.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from app.matching.engine import Matcher, warm_up
from app.matching.grants import granted
from app.matching.plan_effect import PlanEffect, plan_effect, sides
from app.matching.plan_effect_listing import effect_counts, effect_page
from app.matching.products import IndexedProduct, MatchNeed, PlanGrant, PlanTerms
from benchmarks.matching_world import SETTINGS, World, make_world, needs_of, products_of

Row = dict[str, Any]
Result = TypeVar("Result")
Figures = dict[str, Any]
KEPT = 10
LONGEST = 600


def run(*, quick: bool = False) -> list[Row]:
    """Measure both sides on four questions; answer rows of one table."""
    size = (4_000, 1_000) if quick else (100_000, 5_000)
    world = make_world(*size)
    warm_up()
    needs, stated = list(needs_of(world)), products_of(world)
    before = Matcher(stated, world.plans, SETTINGS)
    rows = []
    for name, plans in _drafts(world, stated).items():
        rows += _measured(name, needs, stated, before, plans)
    return rows


def _drafts(world: World, stated: Sequence[IndexedProduct]) -> dict[str, Mapping[str, PlanTerms]]:
    one = world.plans | {"chain-3": _drafted(world.plans["chain-3"], stated, has_grants=False)}
    grant = world.plans | {"chain-3": _drafted(world.plans["chain-3"], stated, has_grants=True)}
    every, grants = (
        {code: _drafted(plan, stated, has_grants=has) for code, plan in world.plans.items()}
        for has in (False, True)
    )
    return {
        "one chain": one, "one chain, terms granted": grant, "all chains": every, "all chains, terms granted": grants,
    }  # fmt: skip


def _drafted(plan: PlanTerms, stated: Sequence[IndexedProduct], *, has_grants: bool) -> PlanTerms:
    """Another bank, half of the products and another purpose; granted terms reach as far as any need asks."""
    kept = frozenset(sorted(plan.products)[::2])
    known = {product.code for product in stated}
    grants = tuple(PlanGrant(code, 10**12, LONGEST, "一链一策") for code in sorted(kept & known))
    return replace(
        plan,
        contracted=frozenset({f"root-{39 - int(plan.chain.split('-')[1])}"}),
        products=kept,
        purposes=frozenset({"equipment", "research"}),
        grants=grants if has_grants else (),
    )


def _measured(
    name: str,
    needs: Sequence[MatchNeed],
    stated: Sequence[IndexedProduct],
    before: Matcher,
    plans: Mapping[str, PlanTerms],
) -> list[Row]:
    codes = [f"E{place:06}" for place in range(len(needs))]
    ours, effect = _timed(lambda: plan_effect(codes, needs, sides(before, stated, plans), KEPT))
    listing, page = _timed(lambda: (effect_counts(effect), effect_page(effect, needs)))
    theirs, expected = _timed(lambda: _two_full_matches(needs, stated, before, plans))
    figures = _figures(effect)
    for key, value in expected.items():
        np.testing.assert_array_equal(figures[key], value, err_msg=f"{name}: {key}")
    counts = page[0]
    note = (
        f"{counts.judged:,} needs judged, {counts.changed:,} change, {counts.gained_pairs:,} pairs come, "
        f"{counts.lost_pairs:,} go, {counts.rescored_pairs:,} scores move; counts and first page {listing:.2f} s"
    )
    return [
        {"side": f"{name}: ours", "needs": len(needs), "seconds": ours, "times ours": 1.0, "note": note},
        {"side": f"{name}: two full matches, diffed", "needs": len(needs), "seconds": theirs,
         "times ours": theirs / ours},
    ]  # fmt: skip


def _figures(effect: PlanEffect) -> Figures:
    """Answer what ours says of every need of the edition: zeros where no plan touches it."""
    found = {}
    for key, values in (
        ("gained", effect.gained.counts), ("lost", effect.lost.counts), ("rescored", effect.rescored),
        ("best change", effect.best_change), ("another best", effect.has_another_best),
        ("another order", effect.has_another_order),
    ):  # fmt: skip
        found[key] = np.zeros(effect.entries, np.int64)
        found[key][effect.touched] = values
    rows = np.repeat(effect.touched, effect.gained.counts)
    order = np.argsort(rows, kind="stable")
    return found | {"pairs that come": (rows * 10**6 + effect.gained.numbers)[order]}


def _two_full_matches(
    needs: Sequence[MatchNeed],
    stated: Sequence[IndexedProduct],
    before: Matcher,
    plans: Mapping[str, PlanTerms],
) -> Figures:
    """Match the whole edition with each plan, every pair, and take the difference."""
    after = Matcher(granted(stated, plans), plans, SETTINGS)
    lines = [matcher.encode(needs) for matcher in (before, after)]
    pairs, scores = [], []
    for matcher, encoded in zip((before, after), lines, strict=True):
        found = matcher.candidates(encoded)
        rows = np.repeat(np.arange(len(needs)), np.diff(found.starts))
        pairs.append(rows * 10**6 + found.products)
        scores.append(found.scores)
    comes, stays, common = _against(pairs[1], pairs[0])
    goes = _against(pairs[0], pairs[1])[0]
    moved = scores[1][stays] != scores[0][common]
    best = [matcher.best(encoded, KEPT) for matcher, encoded in zip((before, after), lines, strict=True)]

    def count(found: Any) -> Any:
        return np.bincount(found // 10**6, minlength=len(needs))

    return {
        "gained": count(pairs[1][comes]),
        "lost": count(pairs[0][goes]),
        "rescored": count(pairs[1][stays][moved]),
        "best change": best[1].scores[:, 0].astype(np.int64) - best[0].scores[:, 0],
        "another best": best[0].products[:, 0] != best[1].products[:, 0],
        "another order": (best[0].products != best[1].products).any(axis=1),
        "pairs that come": pairs[1][comes],
    }


def _against(some: Any, others: Any) -> tuple[Any, Any, Any]:
    """Answer which of some (ascending) are not among others, which are, and where those stand among the others."""
    places = np.minimum(np.searchsorted(others, some), max(0, len(others) - 1))
    is_there = others[places] == some if len(others) else np.zeros(len(some), np.bool_)
    return ~is_there, is_there, places[is_there]


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result
