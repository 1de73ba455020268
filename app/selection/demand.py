"""Open needs of chains and the products that fit them, counted by chain and bank. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.selection.measures import UNKNOWN, Numbers

CELLS_AT_ONCE: Final = 4_000_000
"""Needs × banks that are looked at together: a bound on memory, whatever fits."""
_UNPRICED, _NOTHING = 2**62, 2**63 - 1


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts of a demand: by chain (n), and by chain and bank (n × m); see `Measures`."""

    open_needs: Numbers
    open_amount: Numbers
    fitting_needs: Numbers
    fitting_amount: Numbers
    rate_bp: Numbers


@dataclass(frozen=True, eq=False)
class Demand:
    """Open needs as arrays: `chain` (index) and `amount` (fen) of each; `starts`, `products`: which products fit each.

    Product p has the price `price[p]` (basis points, or UNKNOWN) and is offered by the banks
    `bank[seller_starts[p]:seller_starts[p + 1]]`.
    """

    chain: Numbers
    amount: Numbers
    starts: Numbers
    products: Numbers
    price: Numbers
    seller_starts: Numbers
    bank: Numbers

    def tally(self, chains: int, banks: int) -> Tally:
        """Count each need once per bank, however many of its products fit.

        The rate is the mean over needs of the lowest price of the bank's products that fit, halves rounded up.
        """
        shape = chains, banks
        fitting, amount, priced, rates = (np.zeros(shape, np.int64) for _ in range(4))
        for chain, needs in self._parts(chains, banks):
            lowest = self._lowest(needs, banks)
            fits, is_priced = lowest != _NOTHING, lowest < _UNPRICED
            fitting[chain] += fits.sum(axis=0)
            amount[chain] += np.where(fits, self.amount[needs][:, None], 0).sum(axis=0)
            priced[chain] += is_priced.sum(axis=0)
            rates[chain] += np.where(is_priced, lowest, 0).sum(axis=0)
        mean = (2 * rates + priced) // np.maximum(2 * priced, 1)
        return Tally(
            np.bincount(self.chain, minlength=chains).astype(np.int64),
            self._amounts(chains),
            fitting,
            amount,
            np.where(priced > 0, mean, UNKNOWN),
        )

    def _amounts(self, chains: int) -> Numbers:
        """Exact sums by chain: `bincount` with weights would round to floats."""
        total = np.zeros(chains, np.int64)
        np.add.at(total, self.chain, self.amount)
        return total

    def _parts(self, chains: int, banks: int) -> Iterator[tuple[int, Numbers]]:
        """Answer the needs (indices) of one chain after the other, so many at once as memory allows."""
        at_once = max(1, CELLS_AT_ONCE // max(1, banks))
        order = np.argsort(self.chain, kind="stable")
        bounds = np.searchsorted(self.chain[order], np.arange(chains + 1))
        for chain in range(chains):
            for start in range(bounds[chain], bounds[chain + 1], at_once):
                yield chain, order[start : min(start + at_once, bounds[chain + 1])]

    def _lowest(self, needs: Numbers, banks: int) -> Numbers:
        """Answer the lowest price of what fits, by need and bank; else `_UNPRICED`, or `_NOTHING`."""
        row, place = _spread(self.starts, needs)
        product = self.products[place]
        pair, seller = _spread(self.seller_starts, product)
        price = np.where(self.price == UNKNOWN, _UNPRICED, self.price)
        lowest = np.full(needs.size * banks, _NOTHING, np.int64)
        np.minimum.at(lowest, row[pair] * banks + self.bank[seller], price[product[pair]])
        return lowest.reshape(needs.size, banks)


def _spread(starts: Numbers, of: Numbers) -> tuple[Numbers, Numbers]:
    """Answer for the lists of some rows, one after the other: which of `of` an element belongs to, and where it stands."""
    length = starts[of + 1] - starts[of]
    row = np.repeat(np.arange(of.size), length)
    before = np.cumsum(length) - length
    return row, np.arange(row.size) - np.repeat(before, length) + np.repeat(starts[of], length)
