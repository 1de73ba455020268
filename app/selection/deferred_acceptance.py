"""Deferred acceptance with quotas on both sides, ties and incomplete lists (Gale & Shapley 1962; Roth 1984).

The proposing side goes down its lists; who is proposed to holds the best so far, up to its quota, and lets the
others go on. The order of proposals plays no part in the result (McVitie & Wilson 1971).

What holds for the answer, stated exactly. Preferences are responsive (market.py) and read from lists.

- *Strict lists*: it is **pairwise stable** (Roth 1984, Econometrica 52): every pair is acceptable to both, no quota is
  exceeded, and there is no blocking pair: a chain and a bank, not partners, that accept each other, each with a free
  place or with a partner that it ranks lower. With quotas on both sides this is the notion that always exists; it is
  weaker than setwise stability and than the core, which may be empty (Sotomayor 1999, Math. Soc. Sci. 38; Echenique &
  Oviedo 2006, Theor. Econ. 1), and nothing beyond pairs is claimed here.
- *Ties* are broken by a rule given beforehand (`TieBreak`), the lists so made are strict, and the answer is stable for
  them. For the lists as stated it is **weakly stable** (Irving 1994): no pair would *both* strictly gain. Other
  tie-breaks may give other weakly stable answers, of other sizes (Manlove et al. 2002).
- *Incomplete lists*: who is not listed is not acceptable, and a pair needs both.
- *Optimal for the proposing side* among all pairwise stable answers of the strict lists: in none of them is the k-th best
  partner of any proposer better. It is the worst for the other side (Roth 1984: interests are opposed).
- *Rural hospitals* (strict lists): each participant has the same number of partners in every stable answer, and one that
  stays under quota has the very same partners in all (Roth 1986; for many-to-many Alkan 2002, Klijn & Yazıcı 2014).
- *Truth*: a proposer with **one** free place cannot do better by any other list, whatever the others report and whatever
  their quotas are. (Roth 1982, Dubins & Freedman 1981 for one-to-one and many-to-one. With quotas everywhere it follows
  in the same way: had another list brought it x, the list of x alone would bring x too; cut its true list behind x: were
  it then left alone, that answer would be stable for the list of x alone as well, against rural hospitals.) It is **not**
  guaranteed to a proposer with two or more places (Roth 1985, J. Econ. Theory 36) nor to the side that is proposed to,
  which may also gain by hiding places (Sönmez 1997, J. Econ. Theory 77). Tests pin counterexamples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from app.selection.market import UNRANKED, Pairs, SelectionMarket, Side, pairs_digest

Array = npt.NDArray[Any]
compiled = numba.njit(cache=True, nogil=True, error_model="numpy", boundscheck=False)


class TieRule(StrEnum):
    """How equals are put in order."""

    CODE = "code"
    LOTTERY = "lottery"


@dataclass(frozen=True, slots=True)
class TieBreak:
    """The order of equals, the same for everybody who ranks them alike; it never reads a list.

    `CODE`: by code. `LOTTERY`: by the SHA-256 of `seed`, a line feed and the code, so that anyone draws it again with
    `sha256sum`; one draw for all (single tie-breaking: Abdulkadiroğlu, Pathak & Roth 2009). Needs a seed.
    """

    rule: TieRule = TieRule.CODE
    seed: str = ""

    def __post_init__(self) -> None:
        if (self.rule is TieRule.LOTTERY) != bool(self.seed):
            msg = "a lottery needs a seed, and the order of codes none"
            raise ValueError(msg)

    def positions(self, codes: Sequence[str]) -> Pairs:
        """Answer the place of each code among equals, from 0."""
        keys = [self._key(code) for code in codes]
        position = np.empty(len(keys), np.int64)
        position[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
        return position

    def _key(self, code: str) -> tuple[str, str]:
        drawn = hashlib.sha256(f"{self.seed}\n{code}".encode()).hexdigest() if self.seed else ""
        return drawn, code


@dataclass(frozen=True, eq=False)
class Selection:
    """The answer: `pairs` (k × 2) of chain and bank index, ascending, without contracts that were in force.

    `proposals` is how many were made: the same in whatever order they are made.
    """

    proposing: Side
    tie_break: TieBreak
    pairs: Pairs
    proposals: int

    def digest(self, market: SelectionMarket) -> str:
        """SHA-256 of the pairs by code."""
        return pairs_digest(market, self.pairs)


def select(market: SelectionMarket, proposing: Side, tie_break: TieBreak) -> Selection:
    """Answer the pairwise stable pairs that are best for the proposing side; see above for what exactly holds.

    Time O(n·m) and a logarithm of the quota for each proposal; equal inputs give equal bytes.
    """
    asks, asked = market.rank(proposing), market.rank(proposing.other)
    position = tie_break.positions(market.codes(proposing))
    among_asked = tie_break.positions(market.codes(proposing.other))
    possible = (asks != UNRANKED) & (asked.T != UNRANKED) & ~market.contracts(proposing)
    order, length = _strict_lists(asks, possible, np.argsort(among_asked))
    places = np.minimum(market.free_places(proposing.other), asks.shape[0])
    starts = np.concatenate([[0], np.cumsum(places)]).astype(np.int64)
    held, taken, proposals = _propose(
        order, length, asked, position, np.argsort(position), market.free_places(proposing), starts
    )
    pairs = _pairs(held, taken, starts, np.argsort(position))
    return Selection(
        proposing, tie_break, _sorted(pairs if proposing is Side.CHAINS else pairs[:, ::-1]), int(proposals)
    )


def _pairs(held: Array, taken: Array, starts: Array, by_position: Array) -> Pairs:
    """Read (proposer, receiver) from the heaps: a key ends with the proposer's place among equals."""
    receiver = np.repeat(np.arange(taken.size), taken)
    within = np.arange(receiver.size) - np.repeat(np.cumsum(taken) - taken, taken)
    keys = held[starts[receiver] + within]
    proposer = by_position[keys % max(1, by_position.size)]
    return np.column_stack([proposer, receiver]).astype(np.int64)


def _sorted(pairs: Pairs) -> Pairs:
    ordered = np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])
    ordered.setflags(write=False)
    return ordered


@compiled
def _strict_lists(rank: Array, possible: Array, by_position: Array) -> tuple[Array, Array]:
    """Answer each proposer's list (others' indices, best first, equals by place) and its length, by counting sort."""
    proposers, others = rank.shape
    order, length = np.empty((proposers, others), np.int32), np.zeros(proposers, np.int64)
    start = np.empty(others + 2, np.int64)
    for i in range(proposers):
        start[:] = 0
        for j in range(others):
            if possible[i, j]:
                start[rank[i, j] + 1] += 1
        for r in range(1, others + 2):
            start[r] += start[r - 1]
        length[i] = start[others + 1]
        for k in range(others):
            j = by_position[k]
            if possible[i, j]:
                order[i, start[rank[i, j]]] = j
                start[rank[i, j]] += 1
    return order, length


@compiled
def _push(heap: Array, start: Any, size: Any, key: Any) -> None:
    """Add a key to the heap of `size` keys that begins at `start`."""
    at = size
    while at > 0 and heap[start + (at - 1) // 2] < key:
        heap[start + at] = heap[start + (at - 1) // 2]
        at = (at - 1) // 2
    heap[start + at] = key


@compiled
def _replace_worst(heap: Array, start: Any, size: Any, key: Any) -> None:
    """Put a key in the place of the largest."""
    at, below = 0, 1
    while below < size:
        if below + 1 < size and heap[start + below + 1] > heap[start + below]:
            below += 1
        if heap[start + below] <= key:
            break
        heap[start + at] = heap[start + below]
        at, below = below, 2 * below + 1
    heap[start + at] = key


@compiled
def _propose(
    order: Array, length: Array, asked: Array, position: Array, by_position: Array, places: Array, starts: Array
) -> tuple[Array, Array, int]:  # fmt: skip
    """Make proposals until nobody wants to make one; answer keys held, how many each receiver holds, and proposals.

    A key is rank × proposers + place among equals: smaller is better. Receiver j's keys lie from `starts[j]` on as a
    heap with the worst on top.
    """
    proposers, receivers = order.shape[0], starts.size - 1
    held, taken = np.empty(starts[-1], np.int64), np.zeros(receivers, np.int64)
    following, partners = np.zeros(proposers, np.int64), np.zeros(proposers, np.int64)
    waiting, is_waiting = np.arange(proposers), np.ones(proposers, np.bool_)
    count, proposals = proposers, 0
    while count > 0:
        count -= 1
        i = waiting[count]
        is_waiting[i] = False
        while partners[i] < places[i] and following[i] < length[i]:
            j = order[i, following[i]]
            following[i] += 1
            proposals += 1
            room, key = starts[j + 1] - starts[j], np.int64(asked[j, i]) * proposers + position[i]
            if taken[j] < room:
                _push(held, starts[j], taken[j], key)
                taken[j] += 1
                partners[i] += 1
            elif room > 0 and key < held[starts[j]]:
                left = by_position[held[starts[j]] % proposers]
                _replace_worst(held, starts[j], room, key)
                partners[i] += 1
                partners[left] -= 1
                if not is_waiting[left]:
                    is_waiting[left] = True
                    waiting[count] = left
                    count += 1
    return held, taken, proposals
