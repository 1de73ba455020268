"""The allocation problem and its answer as plain values: arrays in, arrays out, no I/O.

An *entry* (名单条目) needs one responsible *branch* (责任银行). Branches have a capacity and may hang below
*groups* (head offices, provincial branches …), which nest and may carry a capacity of their own
(集中度上限). Everything is an index: the caller orders entries, branches and groups by a stable key,
and the same arrays then always give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from app.allocation.model_faults import problem_faults, tier_faults

IntArray: TypeAlias = npt.NDArray[np.int64]

NOBODY = -1
"""No branch, no group, no settled assignment."""

UNLIMITED = -1
"""Capacity of a group that only structures the tree."""


class MalformedProblem(ValueError):
    """The arrays do not describe a problem; `faults` names every place at once."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True)
class LoadTiers:
    """Convex price of load, to spread work over branches.

    The first `share_percent[0]` % of a capacity cost `price[0]` a place, the next `share_percent[1]` % cost
    `price[1]`, and so on.

    Tier k of a branch ends at `floor(capacity * (share_0 + … + share_k) / 100)`, the last one at its capacity.
    Shares are whole percents that sum to 100; prices are integers >= 0 that never fall.

    With `traded=False` balance comes strictly after fit: prices only choose between answers of equal total fit.
    With `traded=True` a price is a fit in units of 1/10,000 point, and balance may cost that much fit.
    """

    share_percent: tuple[int, ...]
    price: tuple[int, ...]
    traded: bool = False

    def __post_init__(self) -> None:
        if faults := tier_faults(self.share_percent, self.price):
            raise MalformedProblem(faults)


FLAT = LoadTiers((100,), (0,))
"""Load is free up to capacity."""


def _integers(values: npt.ArrayLike, name: str) -> IntArray:
    """A read-only int64 copy; refuses anything that is not made of integers."""
    raw = np.asarray(values)
    if raw.size and raw.dtype.kind not in "iu":
        raise MalformedProblem([f"{name}: holds {raw.dtype}, expected integers"])
    copy = np.array(raw, dtype=np.int64)
    copy.setflags(write=False)
    return copy


def _digest(owner: object) -> str:
    """SHA-256 over the fields in order; equal content gives equal text."""
    sha = hashlib.sha256()
    for each in fields(owner):  # type: ignore[arg-type]  # only called with the dataclasses below
        value = getattr(owner, each.name)
        sha.update(each.name.encode() + b"\0")
        sha.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return sha.hexdigest()


@dataclass(frozen=True, eq=False)
class AllocationProblem:
    """n entries, m branches, g groups; refuses arrays that do not fit together with `MalformedProblem`.

    - `capacity` (m): places of each branch, 0 … 10^12.
    - `row_start` (n+1), `branch`, `score`: candidates of entry i are `branch[row_start[i]:row_start[i+1]]`,
      strictly ascending (which makes the order canonical and doubles impossible), with fits 0 … 1,000,000
      (fixed point of 0 – 100).
    - `branch_group` (m), `group_parent` (g): the tree above the branches, -1 for none; acyclic, any depth.
    - `group_capacity` (g): most entries that all branches below may hold together, -1 for no limit.
    - `settled` (n): branch that an entry keeps whatever happens, -1 for none. It need not be a candidate
      (its fit is then 0) and may exceed capacity (the answer says so).
    """

    capacity: IntArray
    row_start: IntArray
    branch: IntArray
    score: IntArray
    branch_group: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    group_parent: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    group_capacity: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    settled: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    tiers: LoadTiers = FLAT

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.name != "tiers":
                object.__setattr__(self, each.name, _integers(getattr(self, each.name), each.name))
        self._fill("branch_group", self.branches)
        self._fill("settled", self.entries)
        if faults := problem_faults(self):
            raise MalformedProblem(faults)

    def _fill(self, name: str, length: int) -> None:
        """An array left out means "none" throughout."""
        if getattr(self, name).size == 0 and length > 0:
            object.__setattr__(self, name, _integers(np.full(length, NOBODY), name))

    @classmethod
    def from_pairs(
        cls,
        entries: int,
        capacity: npt.ArrayLike,
        pairs: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
        *,
        groups: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike] = ((), (), ()),
        settled: npt.ArrayLike = (),
        tiers: LoadTiers = FLAT,
    ) -> Self:
        """Builds the canonical order from (entry, branch, score) triples in any order.

        `groups` is (branch_group, group_parent, group_capacity). Refuses as the constructor does.
        """
        entry, branch, score = (
            _integers(a, k) for a, k in zip(pairs, ("entry", "branch", "score"), strict=True)
        )
        if not entry.size == branch.size == score.size:
            raise MalformedProblem(
                [f"pairs: {entry.size} entries, {branch.size} branches, {score.size} scores"]
            )
        if entry.size and (entry.min() < 0 or entry.max() >= entries):
            raise MalformedProblem([f"entry: outside 0 … {entries - 1}"])
        order = np.lexsort((branch, entry))
        row_start = np.concatenate([[0], np.cumsum(np.bincount(entry, minlength=entries))]).astype(np.int64)
        own, parent, limit = (_integers(a, "groups") for a in groups)
        kept = _integers(settled, "settled")
        return cls(
            _integers(capacity, "capacity"),
            row_start,
            branch[order],
            score[order],
            own,
            parent,
            limit,
            kept,
            tiers,
        )

    @property
    def entries(self) -> int:
        """How many: n."""
        return int(self.row_start.size) - 1

    @property
    def branches(self) -> int:
        """How many: m."""
        return int(self.capacity.size)

    @property
    def groups(self) -> int:
        """How many: g."""
        return int(self.group_parent.size)

    def digest(self) -> str:
        """SHA-256 of the content: what a run records as its input."""
        return _digest(self)


@dataclass(frozen=True, eq=False)
class PosedQuota:
    """At most `places` of these entries at these branches, more only where settled ones exceed it by themselves."""

    name: str
    entries: IntArray
    branches: IntArray
    places: int


@dataclass(frozen=True)
class Weights:
    """What one step of each level of the objective is worth: value = serve * served + fit * total_fit - load_cost."""

    serve: int
    fit: int

    def split(self, price: int) -> tuple[int, int]:
        """A shadow price as (entries that one more place would serve, rest in fit units, rounded down).

        Exact because the rest of a price is always smaller than half of `serve` (see `objective.weights_of`).
        """
        served = (price + self.serve // 2) // self.serve
        return served, (price - served * self.serve) // self.fit


@dataclass(frozen=True)
class Overfull:
    """Settled assignments that alone exceed a limit; they are kept and shown. `kind` is "branch" or "group"."""

    kind: str
    index: int
    capacity: int
    settled: int


@dataclass(frozen=True, eq=False)
class AllocationSolution:
    """The answer. `branch` (n) holds the responsible branch or -1; the figures count settled entries too.

    `branch_price` (m) is what one more entry at the branch displaces elsewhere, in units of `weights`, including the
    prices of the groups above it; `group_price` (g) is the part that each group's own limit adds.
    """

    branch: IntArray
    served: int
    total_fit: int
    load_cost: int
    branch_price: IntArray
    group_price: IntArray
    weights: Weights
    overfull: tuple[Overfull, ...] = ()

    @property
    def value(self) -> int:
        """The whole objective as one exact integer."""
        return self.weights.serve * self.served + self.weights.fit * self.total_fit - self.load_cost

    def digest(self) -> str:
        """SHA-256 of the content: equal for equal problems, run after run."""
        return _digest(self)
