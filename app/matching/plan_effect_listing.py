"""What another plan does to an edition, as counts and as a listing by need that is bounded and says its totals. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.matching.engine import Ranking
from app.matching.plan_effect import Listed, PlanEffect, PlanSides
from app.matching.plan_influence import decisive_grants, plan_shares, score_text, verdict_of
from app.matching.products import MatchNeed

MOST_NAMED: Final = 10
MOST_NEEDS: Final = 50


@dataclass(frozen=True, slots=True)
class Gains:
    """Needs for which something (a product or a bank, by code) comes and for which it goes."""

    code: str
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class EffectCounts:
    """A comparison in numbers; needs unless it says pairs. `entries` are all of the edition, `judged` those touched.

    `better` and `worse` are those whose best score rises and falls, `reordered` those whose kept products are
    others or stand in another order; `to_ask` would have to state their chain. `products` and `banks` are those that some need gains or loses, most first.
    """

    entries: int
    judged: int
    changed: int
    gained_pairs: int
    lost_pairs: int
    rescored_pairs: int
    gaining: int
    losing: int
    unserved_before: int
    unserved_after: int
    another_best: int
    better: int
    worse: int
    reordered: int
    to_ask: int
    products: tuple[Gains, ...]
    banks: tuple[Gains, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The first of some codes, and how many there are."""

    total: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Best:
    """The product that stands first, with its score in units of 1/10,000 point."""

    product: str
    score: int

    @property
    def text(self) -> str:
        """Product and score as people read them."""
        return f"{self.product}（{score_text(self.score)}分）"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What a part of the plan adds to a product before and after (units), with the clause of the side that says it."""

    product: str
    text: str
    before: int
    after: int
    citation: str

    @property
    def sentence(self) -> str:
        """The step in Chinese; a granted term moves no score but who is eligible."""
        change = self.after - self.before
        moved = f"{'加' if change > 0 else '减'}{score_text(abs(change))}分" if change else ""
        return f"{self.product}{self.text}{moved}（{self.citation}）"


@dataclass(frozen=True, slots=True)
class NeedEffect:
    """One need before and after; `sentence` says in Chinese what changes at the top, by how much and by which clause.

    `steps` are the parts of the plans that moved the best products of both sides; `order_…` are the kept products,
    `rescored` how many products' scores moved.
    """

    code: str
    gained: Named
    lost: Named
    banks_gained: Named
    banks_lost: Named
    rescored: int
    order_before: tuple[str, ...]
    order_after: tuple[str, ...]
    best_before: Best | None
    best_after: Best | None
    steps: tuple[PlanStep, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class EffectPage:
    """Changed needs by code after a code; `total` is how many there are in all, `next` where the next page begins."""

    total: int
    needs: tuple[NeedEffect, ...]
    next: str | None


def effect_counts(effect: PlanEffect) -> EffectCounts:
    """Answer a comparison in numbers."""
    matcher = effect.sides.before
    products = [product.code for product in matcher.products]
    banks = [bank.code for bank in matcher.tables.banks]
    gained, lost = effect.gained.counts, effect.lost.counts
    return EffectCounts(
        entries=effect.entries,
        judged=len(effect.touched),
        changed=int(effect.is_changed.sum()),
        gained_pairs=int(gained.sum()),
        lost_pairs=int(lost.sum()),
        rescored_pairs=int(effect.rescored.sum()),
        gaining=int((gained > 0).sum()),
        losing=int((lost > 0).sum()),
        unserved_before=int((effect.before.eligible == 0).sum()),
        unserved_after=int((effect.after.eligible == 0).sum()),
        another_best=int(effect.has_another_best.sum()),
        better=int((effect.best_change > 0).sum()),
        worse=int((effect.best_change < 0).sum()),
        reordered=int(effect.has_another_order.sum()),
        to_ask=len(effect.to_ask),
        products=_gains(products, effect.gained, effect.lost),
        banks=_gains(banks, effect.banks_gained, effect.banks_lost),
    )


def _gains(codes: Sequence[str], gained: Listed, lost: Listed) -> tuple[Gains, ...]:
    counts = [np.bincount(each.numbers, minlength=len(codes)).tolist() for each in (gained, lost)]
    found = [Gains(code, more, less) for code, more, less in zip(codes, *counts, strict=True) if more or less]
    return tuple(sorted(found, key=lambda one: (-one.gained - one.lost, one.code)))


def effect_page(
    effect: PlanEffect, needs: Sequence[MatchNeed], after: str = "", most: int = MOST_NEEDS
) -> EffectPage:
    """List the changed needs whose codes come after a code; `needs` are those that were compared, in their order."""
    changed = np.flatnonzero(effect.is_changed).tolist()
    first = bisect_right([effect.codes[place] for place in changed], after)
    shown = changed[first : first + most]
    more = effect.codes[shown[-1]] if first + most < len(changed) else None
    return EffectPage(
        len(changed), tuple(_need(effect, place, needs[effect.touched[place]]) for place in shown), more
    )


def _need(effect: PlanEffect, place: int, need: MatchNeed) -> NeedEffect:
    compared = effect.sides
    products = [product.code for product in compared.before.products]
    banks = [bank.code for bank in compared.before.tables.banks]
    best = [_best(ranking, place, products) for ranking in (effect.before, effect.after)]
    numbers = {int(one.products[place, 0]) for one in (effect.before, effect.after)} - {-1}
    steps = tuple(step for number in sorted(numbers) for step in _steps(compared, number, need))
    return NeedEffect(
        effect.codes[place],
        _named(effect.gained, place, products),
        _named(effect.lost, place, products),
        _named(effect.banks_gained, place, banks),
        _named(effect.banks_lost, place, banks),
        int(effect.rescored[place]),
        _order(effect.before, place, products),
        _order(effect.after, place, products),
        best[0],
        best[1],
        steps,
        "：".join(filter(None, (_change(best[0], best[1]), "；".join(step.sentence for step in steps)))),
    )


def _named(listed: Listed, place: int, codes: Sequence[str]) -> Named:
    numbers = listed.of(place)
    return Named(len(numbers), tuple(codes[number] for number in numbers[:MOST_NAMED]))


def _order(ranking: Ranking, place: int, codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(codes[number] for number in ranking.products[place].tolist() if number >= 0)


def _best(ranking: Ranking, place: int, codes: Sequence[str]) -> Best | None:
    number = int(ranking.products[place, 0])
    return None if number < 0 else Best(codes[number], int(ranking.scores[place, 0]))


def _steps(compared: PlanSides, number: int, need: MatchNeed) -> Iterator[PlanStep]:
    """Answer the parts of the plans that treat a product (number) differently for a need."""
    product = compared.before.products[number]
    old, new = (
        {share.text: share for share in plan_shares(need, product, side.plans, side.settings)}
        for side in (compared.before, compared.after)
    )
    for text in dict.fromkeys([*old, *new]):
        units = [shares[text].units if text in shares else 0 for shares in (old, new)]
        if units[0] != units[1]:
            yield PlanStep(product.code, text, units[0], units[1], (new.get(text) or old[text]).citation)
    if len({verdict_of(side.products[number], need) for side in (compared.before, compared.after)}) == 1:
        return
    grants = [decisive_grants(need, side.products[number]) for side in (compared.before, compared.after)]
    for text, some, others in (("放宽条件", grants[1], grants[0]), ("不再放宽条件", grants[0], grants[1])):
        yield from (PlanStep(product.code, text, 0, 0, one) for one in some if one not in others)


def _change(before: Best | None, after: Best | None) -> str:
    match before, after:
        case None, None:
            return "前后均没有符合条件的产品"
        case None, Best():
            return f"首次有符合条件的产品{after.text}"
        case Best(), None:
            return f"不再有符合条件的产品，原为{before.text}"
        case Best(), Best() if before.product != after.product:
            return f"最佳产品由{before.text}变为{after.text}"
        case Best(), Best() if before.score != after.score:
            return f"最佳产品{before.product}由{score_text(before.score)}分变为{score_text(after.score)}分"
        case _:
            return "最佳产品不变"
