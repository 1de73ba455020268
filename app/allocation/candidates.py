"""From products that fit to branches that can answer for an entry: one offer for each (entry, branch).

A product is offered by an institution; whoever at or below it serves the entry's region at the finest level
(county, else city, else province) can answer. Of several products that reach the same branch the best
score counts, of equal ones the first. Work grows with the pairs, memory with one block of entries; who serves
a region is asked once for each (institution, region).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.allocation.model import IntArray
from app.institutions.rules import InstitutionTree

CELLS_PER_BLOCK: Final = 4_000_000
NO_OFFER: Final = -1
MOST_TREES: Final = 4
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Offers:
    """Products that fit, entry after entry: those of entry i are `product[start[i]:start[i+1]]`.

    `product` holds indexes into `institution_of_product` (ids); `score` is 0 to 1,000,000.
    """

    start: IntArray
    product: IntArray
    score: IntArray
    institution_of_product: Sequence[int]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Offers of branches, strictly ascending by (entry, branch); `product` is that of the best score."""

    entry: IntArray
    branch: IntArray
    score: IntArray
    product: IntArray

    def where(self, keep: BoolArray) -> "Candidates":
        """Answer those offers for which `keep` is true."""
        return Candidates(self.entry[keep], self.branch[keep], self.score[keep], self.product[keep])


@lru_cache(maxsize=MOST_TREES)
def branches_of(tree: InstitutionTree) -> tuple[int, ...]:
    """Answer the ids of all institutions that may be responsible, by code."""
    return tuple(node.id for node in tree.nodes.values() if node.is_responsible and not node.kind.is_body)


@lru_cache(maxsize=MOST_TREES)
def with_default_capacity(tree: InstitutionTree, capacity: int) -> tuple[InstitutionTree, tuple[str, ...]]:
    """Give the outlets of banks that declared no capacity anywhere the operator's default.

    An outlet is a node with nothing below it. A bank that declared a capacity for some nodes has thereby said who
    of it is responsible and stays as it is. Answers the tree and the codes of these banks' head offices.
    """
    declared = {tree.root_of(node.id).id for node in tree.nodes.values() if node.is_responsible}
    silent = {root.id for root in tree.roots() if root.kind.is_bank and root.id not in declared}
    if not silent:
        return tree, ()
    nodes = [
        replace(node, capacity=capacity)
        if tree.root_of(node.id).id in silent and not tree.children(node.id)
        else node
        for node in tree.nodes.values()
    ]
    return InstitutionTree.build(nodes), tuple(tree.node(root).code for root in sorted(silent))


def candidates(
    offers: Offers, regions: Sequence[str], tree: InstitutionTree, branch_ids: Sequence[int]
) -> Candidates:
    """Answer who can answer for each entry; `regions` by entry, branches as indexes into `branch_ids`."""
    institutions = sorted(set(offers.institution_of_product))
    if not institutions or not branch_ids:
        empty = np.empty(0, np.int64)
        return Candidates(empty, empty, empty, empty)
    number = {institution: i for i, institution in enumerate(institutions)}
    institution_of = np.array([number[one] for one in offers.institution_of_product], np.int64)
    region_names, region_of = np.unique(np.array(regions, dtype="U6"), return_inverse=True)
    serving = _Serving(tree, institutions, region_names.tolist(), branch_ids)
    width = max(len(institutions), len(branch_ids))
    step = max(1, CELLS_PER_BLOCK // width)
    blocks = [
        _block(offers, slice(first, min(first + step, len(regions))), institution_of, region_of, serving)
        for first in range(0, len(regions), step)
    ]
    parts = (
        [np.concatenate([block[k] for block in blocks]) for k in range(4)]
        if blocks
        else [np.empty(0, np.int64)] * 4
    )
    return Candidates(*parts)


class _Serving:
    """Branches that serve a region for an institution, as rows of indexes; asked once, then kept."""

    def __init__(
        self,
        tree: InstitutionTree,
        institutions: Sequence[int],
        regions: Sequence[str],
        branch_ids: Sequence[int],
    ) -> None:
        self.tree, self.institutions, self.regions = tree, institutions, regions
        self.branches = len(branch_ids)
        self._index = {branch: i for i, branch in enumerate(branch_ids)}
        self._rows: dict[int, IntArray] = {}

    def expand(self, institution: IntArray, region: IntArray) -> tuple[IntArray, IntArray]:
        """Answer (pair, branch): for each given pair every branch that serves it."""
        key = institution * len(self.regions) + region
        distinct, inverse = np.unique(key, return_inverse=True)
        rows = [self._row(int(one)) for one in distinct]
        length = np.array([row.size for row in rows], np.int64)
        start = np.cumsum(length) - length
        flat = np.concatenate(rows) if rows else np.empty(0, np.int64)
        count = length[inverse]
        pair = np.repeat(np.arange(key.size), count)
        within = np.arange(pair.size) - np.repeat(np.cumsum(count) - count, count)
        return pair, flat[start[inverse][pair] + within]

    def _row(self, key: int) -> IntArray:
        found = self._rows.get(key)
        if found is None:
            institution, region = divmod(key, len(self.regions))
            nodes = self.tree.serving(self.institutions[institution], self.regions[region])
            found = np.array([self._index[node.id] for node in nodes if node.id in self._index], np.int64)
            self._rows[key] = found
        return found


def _block(
    offers: Offers, rows: slice, institution_of: IntArray, region_of: IntArray, serving: _Serving
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Offers of a block of entries: best product by institution, spread over branches, best by branch."""
    start = offers.start[rows.start : rows.stop + 1]
    pairs = slice(int(start[0]), int(start[-1]))
    count = rows.stop - rows.start
    products = institution_of.size
    row = np.repeat(np.arange(count), np.diff(start))
    # One integer orders by score and, among equals, prefers the first product.
    value = offers.score[pairs] * products + (products - 1 - offers.product[pairs])
    row, institution, value = _best(
        row, institution_of[offers.product[pairs]], value, (count, len(serving.institutions))
    )
    pair, branch = serving.expand(institution, region_of[rows][row])
    row, branch, value = _best(row[pair], branch, value[pair], (count, serving.branches))
    return row + rows.start, branch, value // products, products - 1 - value % products


def _best(
    row: IntArray, column: IntArray, value: IntArray, shape: tuple[int, int]
) -> tuple[IntArray, IntArray, IntArray]:
    """The largest value of each (row, column) that occurs, ascending by (row, column)."""
    cells = np.full(shape[0] * shape[1], NO_OFFER, np.int64)
    np.maximum.at(cells, row * shape[1] + column, value)
    found = np.flatnonzero(cells != NO_OFFER)
    return found // shape[1], found % shape[1], cells[found]


def without_parties(
    found: Candidates, gone: Mapping[int, Collection[int]], party_of_branch: Sequence[int]
) -> Candidates:
    """Leave out the branches of parties that shall not have an entry (`gone`: entry index → ids of parties).

    `party_of_branch` (m) says which party each branch stands for: its head office, or itself.
    """
    if not gone:
        return found
    parties = np.array(party_of_branch, np.int64)
    concerned = np.isin(found.entry, list(gone))
    keep = np.ones(found.entry.size, np.bool_)
    for at in np.flatnonzero(concerned):
        keep[at] = int(parties[found.branch[at]]) not in gone[int(found.entry[at])]
    return found.where(keep)
