"""What can be wrong with the arrays of an allocation problem, every fault in one pass."""

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]

FIT_MAX = 1_000_000
CAPACITY_MAX = 10**12
PRICE_MAX = 1_000_000
PERCENT = 100


def tier_faults(share_percent: tuple[int, ...], price: tuple[int, ...]) -> list[str]:
    """Faults of load tiers."""
    faults = []
    if len(share_percent) != len(price) or not price:
        faults.append(
            f"tiers: {len(share_percent)} shares for {len(price)} prices, expected as many and at least one"
        )
    if any(share < 0 for share in share_percent) or sum(share_percent) != PERCENT:
        faults.append(f"tiers.share_percent: {share_percent}, expected whole percents >= 0 that sum to 100")
    if list(price) != sorted(price) or any(not 0 <= p <= PRICE_MAX for p in price):
        faults.append(f"tiers.price: {price}, expected prices 0 … {PRICE_MAX} that never fall")
    return faults


class ProblemArrays(Protocol):
    """What is judged: the arrays of `model.AllocationProblem`, where their meaning stands."""

    @property
    def entries(self) -> int: ...
    @property
    def branches(self) -> int: ...
    @property
    def groups(self) -> int: ...
    @property
    def capacity(self) -> Integers: ...
    @property
    def row_start(self) -> Integers: ...
    @property
    def branch(self) -> Integers: ...
    @property
    def score(self) -> Integers: ...
    @property
    def branch_group(self) -> Integers: ...
    @property
    def group_parent(self) -> Integers: ...
    @property
    def group_capacity(self) -> Integers: ...
    @property
    def settled(self) -> Integers: ...


def problem_faults(p: ProblemArrays) -> list[str]:
    """Faults of a problem, each naming array, place and what was expected. Values are judged once shapes are right."""
    if faults := _shape_faults(p):
        return faults
    faults = [
        *_range_fault("capacity", p.capacity, 0, CAPACITY_MAX),
        *_range_fault("branch", p.branch, 0, p.branches - 1),
        *_range_fault("score", p.score, 0, FIT_MAX),
        *_range_fault("branch_group", p.branch_group, -1, p.groups - 1),
        *_range_fault("group_parent", p.group_parent, -1, p.groups - 1),
        *_range_fault("group_capacity", p.group_capacity, -1, CAPACITY_MAX),
        *_range_fault("settled", p.settled, -1, p.branches - 1),
        *_order_faults(p),
    ]
    return faults or _cycle_faults(p.group_parent)


def _shape_faults(p: ProblemArrays) -> list[str]:
    lengths = {
        "score": (p.score, p.branch.size),
        "branch_group": (p.branch_group, p.branches),
        "group_capacity": (p.group_capacity, p.groups),
        "settled": (p.settled, max(p.entries, 0)),
    }
    arrays = (
        "capacity",
        "row_start",
        "branch",
        "score",
        "branch_group",
        "group_parent",
        "group_capacity",
        "settled",
    )
    faults = [
        f"{name}: {getattr(p, name).ndim} dimensions, expected 1"
        for name in arrays
        if getattr(p, name).ndim != 1
    ]
    faults += [
        f"{name}: length {a.size}, expected {want}" for name, (a, want) in lengths.items() if a.size != want
    ]
    return faults + _row_faults(p.row_start, int(p.branch.size))


def _row_faults(row_start: Integers, pairs: int) -> list[str]:
    if row_start.size == 0 or row_start.flat[0] != 0 or row_start.flat[-1] != pairs:
        return [f"row_start: expected to run from 0 to the number of pairs, {pairs}"]
    falls = np.flatnonzero(np.diff(row_start) < 0)
    return [f"row_start: falls after entry {falls[0]}"] if falls.size else []


def _range_fault(name: str, values: Integers, low: int, high: int) -> list[str]:
    bad = np.flatnonzero((values < low) | (values > high))
    if not bad.size:
        return []
    return [f"{name}[{bad[0]}]: {values[bad[0]]}, expected {low} … {high} ({bad.size} such)"]


def _order_faults(p: ProblemArrays) -> list[str]:
    entry = np.repeat(np.arange(p.entries), np.diff(p.row_start))
    bad = np.flatnonzero((np.diff(p.branch) <= 0) & (np.diff(entry) == 0))
    if not bad.size:
        return []
    return [
        f"branch[{bad[0] + 1}]: candidates of entry {entry[bad[0]]} must ascend strictly ({bad.size} such)"
    ]


def _cycle_faults(parent: Integers) -> list[str]:
    above = parent.copy()
    for _ in range(parent.size):
        if not (above >= 0).any():
            return []
        above = np.where(above >= 0, parent[above], -1)
    stuck = np.flatnonzero(above >= 0)
    return [f"group_parent[{stuck[0]}]: the groups above it form a circle"] if stuck.size else []
