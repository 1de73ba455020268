"""What another plan of a chain would do to the needs of a whole edition: products, scores, banks. Pure.

"Compared before it is published" (一链一策, 洛阳（征求意见稿）（二）): the answer is exactly the difference of two full
matches, one with each plan. Only the needs of chains whose plan differs are judged again: a plan scores no others and
grants nothing to them. What a grant makes unknown for needs whose chain is not stated is asked of the granted products
alone. Eligibility is compared on the products with other grants, scores on all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from app.matching.engine import Candidates, Integers, Matcher, Ranking
from app.matching.grants import granted
from app.matching.groups import bare
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms
from app.policy.criteria import Condition

NEEDS_AT_A_TIME: Final = 4_096
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PlanSides:
    """Two matchers over the same products in the same order: with the plans before, and with those after."""

    before: Matcher
    after: Matcher

    @property
    def chains(self) -> frozenset[str]:
        """The chains whose plans differ in anything that matching reads."""
        old, new = self.before.plans, self.after.plans
        return frozenset(chain for chain in old.keys() | new.keys() if old.get(chain) != new.get(chain))

    def encode(self, needs: Sequence[MatchNeed]) -> tuple[Integers, Integers]:
        """Answer needs as lines for each side."""
        before = self.before.encode(needs)
        is_shared = self.before.index is self.after.index
        return before, self.after.marked_anew(before, needs) if is_shared else self.after.encode(needs)

    def regranted(self) -> Flags:
        """Tell which products ask for other things (bool [products]); who is cited plays no part."""
        pairs = zip(self.before.products, self.after.products, strict=True)
        return np.array([one is not other and _asked(one) != _asked(other) for one, other in pairs], np.bool_)


def _asked(product: IndexedProduct) -> list[Condition]:
    return [bare(condition) for condition in product.conditions]


def sides(before: Matcher, stated: Sequence[IndexedProduct], plans: Mapping[str, PlanTerms]) -> PlanSides:
    """Set a matcher beside one with other plans; `stated` are its products without any grant, in its order.

    The index is shared where no grant differs.
    """
    products = granted(stated, plans)
    pairs = zip(products, before.products, strict=True)
    if all(one is other or one == other for one, other in pairs):
        return PlanSides(before, before.with_plans(plans))
    return PlanSides(before, before.with_products(products, plans))


@dataclass(frozen=True, slots=True)
class Listed:
    """Pairs (need, number), ascending: need i's are `numbers[starts[i]:starts[i+1]]`."""

    starts: Counts
    numbers: Integers

    def of(self, need: int) -> list[int]:
        """Answer the numbers of one need, ascending."""
        found: list[int] = self.numbers[self.starts[need] : self.starts[need + 1]].tolist()
        return found

    @property
    def counts(self) -> Counts:
        """How many each need has (int64 [needs])."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class PlanEffect:
    """What differs for the needs that the plans touch; `entries` counts all needs of the edition.

    `touched` (int64) are places of needs in the edition as given, by code; every other array runs over these.
    `gained` and `lost` are products (numbers) that become or cease to be eligible, `banks_gained` and
    `banks_lost` banks (numbers in `sides.before.tables.banks`) that become or cease to offer an eligible one;
    `rescored` counts products that stay eligible with another score. `before` and `after` rank the `kept` best.
    `to_ask` (int64) are places of needs whose chain is not stated and would decide about more or fewer products.
    """

    sides: PlanSides
    entries: int
    codes: Sequence[str]
    touched: Counts
    gained: Listed
    lost: Listed
    banks_gained: Listed
    banks_lost: Listed
    rescored: Counts
    before: Ranking
    after: Ranking
    to_ask: Counts

    @cached_property
    def has_another_best(self) -> Flags:
        """Whether another product stands first, or there is one where there was none (bool [touched])."""
        return np.asarray(self.before.products[:, 0] != self.after.products[:, 0])

    @cached_property
    def has_another_order(self) -> Flags:
        """Whether the kept products are others or in another order (bool [touched])."""
        return np.asarray((self.before.products != self.after.products).any(axis=1))

    @cached_property
    def best_change(self) -> Counts:
        """By how much the best score changes, in units of 1/10,000 point (int64 [touched])."""
        return self.after.scores[:, 0].astype(np.int64) - self.before.scores[:, 0]

    @cached_property
    def is_changed(self) -> Flags:
        """Whether anything at all differs for a need (bool [touched])."""
        unknown = self.before.unknown != self.after.unknown
        return np.asarray((self.gained.counts > 0) | (self.lost.counts > 0) | (self.rescored > 0) | unknown)


def plan_effect(
    codes: Sequence[str], needs: Sequence[MatchNeed], compared: PlanSides, kept: int
) -> PlanEffect:
    """Compare two plans over an edition: `codes` of entries with their needs, in any order; at least one is kept."""
    regranted, chains = compared.regranted(), compared.chains
    found = (place for place, need in enumerate(needs) if need.facts.get("chain") in chains)
    places = sorted(found, key=lambda place: codes[place])
    chosen = [needs[place] for place in places]
    lines = compared.encode(chosen)
    rankings = [
        matcher.best(encoded, kept)
        for matcher, encoded in zip((compared.before, compared.after), lines, strict=True)
    ]
    blocks = [
        _difference(compared, regranted, *(encoded[first : first + NEEDS_AT_A_TIME] for encoded in lines))
        for first in range(0, len(chosen), NEEDS_AT_A_TIME)
    ]
    gained, lost, banks_gained, banks_lost = (
        _listed([block.pairs[k] for block in blocks], len(chosen)) for k in range(4)
    )
    rescored = np.concatenate([np.empty(0, np.int64), *(block.rescored for block in blocks)])
    return PlanEffect(
        compared, len(needs), [codes[place] for place in places], np.array(places, np.int64), gained, lost,
        banks_gained, banks_lost, rescored, rankings[0], rankings[1], _to_ask(needs, compared, regranted),
    )  # fmt: skip


def _to_ask(needs: Sequence[MatchNeed], compared: PlanSides, regranted: Flags) -> Counts:
    """Answer the needs of no stated chain for which another number of products is unknown."""
    chosen = np.flatnonzero(regranted).tolist()
    if not chosen:
        return np.empty(0, np.int64)
    places = [place for place, need in enumerate(needs) if need.facts.get("chain") is None]
    asked = [needs[place] for place in places]
    unknown = []
    for matcher in (compared.before, compared.after):
        few = matcher.with_products([matcher.products[number] for number in chosen], matcher.plans)
        unknown.append(few.best(few.encode(asked), 1).unknown)
    found: Counts = np.array(places, np.int64)[unknown[0] != unknown[1]]
    return found


Pairs = tuple[Counts, Integers]
"""Needs (ascending) and numbers."""


@dataclass(frozen=True, slots=True)
class _Block:
    needs: int
    pairs: tuple[Pairs, Pairs, Pairs, Pairs]
    rescored: Counts


def _difference(compared: PlanSides, regranted: Flags, before: Integers, after: Integers) -> _Block:
    """Compare all eligible pairs of a block of needs, encoded for each side.

    Of products without other grants the same pairs stand on both sides, in the same order.
    """
    old, new = compared.before.candidates(before), compared.after.candidates(after)
    width, needs = max(1, len(compared.before.products)), len(before)
    keys, scores = [_keys(old, width), _keys(new, width)], [old.scores, new.scores]
    gone = come = np.empty(0, np.int64)
    if regranted.any():
        may_differ = [regranted[each.products] for each in (old, new)]
        gone, come = (
            np.setdiff1d(keys[i][may_differ[i]], keys[1 - i][may_differ[1 - i]], assume_unique=True)
            for i in range(2)
        )
        stay = [_without(keys[0], gone), _without(keys[1], come)]
        scores = [each[kept] for each, kept in zip(scores, stay, strict=True)]
        common = keys[0][stay[0]]
    else:
        common = keys[0]
    rescored = np.bincount(common[scores[0] != scores[1]] // width, minlength=needs)
    banks = _bank_changes(compared.before, keys, come, gone)
    return _Block(needs, (_split(come, width), _split(gone, width), *banks), rescored)


def _without(keys: Counts, some: Counts) -> Flags:
    """Tell which keys (ascending) are none of some, all of which are among them."""
    kept = np.ones(len(keys), np.bool_)
    kept[np.searchsorted(keys, some)] = False
    return kept


def _bank_changes(
    matcher: Matcher, keys: Sequence[Counts], come: Counts, gone: Counts
) -> tuple[Pairs, Pairs]:
    """Answer the banks that needs gain and lose; only needs with another set of products can."""
    width, count = max(1, len(matcher.products)), max(1, len(matcher.tables.banks))
    if not len(come) and not len(gone):
        return _split(come, count), _split(gone, count)
    concerned = np.zeros(1 + max(int(each[-1]) // width for each in keys if len(each)), np.bool_)
    concerned[np.concatenate([come, gone]) // width] = True
    offers = [_bank_keys(matcher, each[concerned[each // width]], width) for each in keys]
    return (
        _split(np.setdiff1d(offers[1], offers[0], assume_unique=True), count),
        _split(np.setdiff1d(offers[0], offers[1], assume_unique=True), count),
    )


def _keys(found: Candidates, width: int) -> Counts:
    rows = np.repeat(np.arange(len(found.starts) - 1, dtype=np.int64), np.diff(found.starts))
    return rows * width + found.products


def _bank_keys(matcher: Matcher, keys: Counts, width: int) -> Counts:
    rows, products = np.divmod(keys, width)
    return np.unique(rows * max(1, len(matcher.tables.banks)) + matcher.tables.bank_of(products))


def _split(keys: Counts, width: int) -> Pairs:
    rows, numbers = np.divmod(keys, width)
    return rows, numbers.astype(np.int32)


def _listed(blocks: Sequence[Pairs], needs: int) -> Listed:
    """Join blocks of needs one after the other."""
    rows = [place * NEEDS_AT_A_TIME + pairs[0] for place, pairs in enumerate(blocks)]
    starts = np.zeros(needs + 1, np.int64)
    if rows:
        np.cumsum(np.bincount(np.concatenate(rows), minlength=needs), out=starts[1:])
    return Listed(starts, np.concatenate([np.empty(0, np.int32), *(pairs[1] for pairs in blocks)]))
