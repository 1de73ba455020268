"""Two-sided selection 双向选择 as plain arrays: chains and banks, how each ranks the others, how many each takes.

洛阳（征求意见稿）（二） has financial institutions contract chains by 双向选择、竞争上岗. A chain may take several
banks and a bank several chains: each has a *quota*. Contracts in force stand, use up quota on both sides and
are not chosen again; what is chosen are the places left. Preferences over sets are *responsive* (Roth 1985): a
participant with a free place wants anybody whom it accepts, and exchanges a partner for a better ranked one
whoever else it has. So individual ranks say everything.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

RankArray: TypeAlias = npt.NDArray[np.int32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Pairs: TypeAlias = npt.NDArray[np.int64]

UNRANKED: Final = 0
"""The rank of somebody who is not acceptable."""
MOST_PLACES: Final = 10**9


class Side(StrEnum):
    """One of the two sides of the market."""

    CHAINS = "chains"
    BANKS = "banks"

    @property
    def other(self) -> Side:
        """The side that this one ranks."""
        return Side.BANKS if self is Side.CHAINS else Side.CHAINS


class MalformedMarket(ValueError):
    """The arrays do not describe a market; `faults` names every place at once."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def _frozen(values: npt.ArrayLike, name: str) -> RankArray:
    raw = np.asarray(values)
    if raw.size and raw.dtype.kind not in "iu":
        raise MalformedMarket([f"{name}: holds {raw.dtype}, expected integers"])
    if raw.size and not 0 <= int(raw.min()) <= int(raw.max()) <= MOST_PLACES:
        raise MalformedMarket([f"{name}: holds numbers outside 0 … {MOST_PLACES}"])
    copy = np.array(raw, dtype=np.int32, order="C")
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class SelectionMarket:
    """n chains and m banks; refuses arrays that do not fit together with `MalformedMarket`.

    - `chains` (n), `banks` (m): distinct codes.
    - `chain_rank` (n × m): how a chain ranks each bank, 1 the best, equal numbers are ties, 0 is not
      acceptable; never above m. `bank_rank` (m × n) likewise, never above n.
    - `chain_quota` (n), `bank_quota` (m): most partners at a time, contracts in force included.
    - `contracted` (n × m): contracts in force; they stand whatever the ranks say.
    """

    chains: tuple[str, ...]
    banks: tuple[str, ...]
    chain_rank: RankArray
    bank_rank: RankArray
    chain_quota: RankArray
    bank_quota: RankArray
    contracted: Mask = field(default_factory=lambda: np.zeros((0, 0), np.bool_))

    def __post_init__(self) -> None:
        for name in ("chain_rank", "bank_rank", "chain_quota", "bank_quota"):
            object.__setattr__(self, name, _frozen(getattr(self, name), name))
        shape = len(self.chains), len(self.banks)
        contracted = (
            np.array(self.contracted, np.bool_) if self.contracted.size else np.zeros(shape, np.bool_)
        )
        contracted.setflags(write=False)
        object.__setattr__(self, "contracted", contracted)
        if faults := self._shape_faults() or self._content_faults():
            raise MalformedMarket(faults)

    def _shape_faults(self) -> list[str]:
        n, m = len(self.chains), len(self.banks)
        wanted = {
            "chain_rank": (n, m), "bank_rank": (m, n), "chain_quota": (n,), "bank_quota": (m,), "contracted": (n, m),
        }  # fmt: skip
        shapes = {name: getattr(self, name).shape for name in wanted}
        return [
            f"{name}: shape {shapes[name]}, expected {wanted[name]}"
            for name in wanted
            if shapes[name] != wanted[name]
        ]

    def _content_faults(self) -> list[str]:
        faults = [
            f"{side.value}: {code} stands {times} times"
            for side in Side
            for code, times in sorted(Counter(self.codes(side)).items())
            if times > 1
        ]
        for side in Side:
            rank, most = self.rank(side), len(self.codes(side.other))
            faults += [f"{side.value}: a rank is above {most}"] if rank.size and rank.max() > most else []
            over = np.flatnonzero(self.free_places(side) < 0)
            faults += [f"{side.value}: {self.codes(side)[i]} has more contracts than quota" for i in over]
        return faults

    def codes(self, side: Side) -> tuple[str, ...]:
        """The participants of a side, in the order of the arrays."""
        return self.chains if side is Side.CHAINS else self.banks

    def rank(self, side: Side) -> RankArray:
        """How a side ranks the other: own index by the other's index."""
        return self.chain_rank if side is Side.CHAINS else self.bank_rank

    def quota(self, side: Side) -> RankArray:
        """The quotas of a side, contracts included."""
        return self.chain_quota if side is Side.CHAINS else self.bank_quota

    def contracts(self, side: Side) -> Mask:
        """The contracts in force: own index by the other's index."""
        return self.contracted if side is Side.CHAINS else self.contracted.T

    def free_places(self, side: Side) -> Pairs:
        """Places of a side that contracts leave for this selection."""
        held: Pairs = self.contracts(side).sum(axis=1, dtype=np.int64)
        return self.quota(side).astype(np.int64) - held

    def digest(self) -> str:
        """SHA-256 that anyone can recompute: codes as lines of UTF-8, arrays as int32, little end first, row by row.

        Each part follows its name and a zero byte, in the order of the fields; contracts are 0 or 1.
        """
        sha = hashlib.sha256()
        for name in ("chains", "banks"):
            sha.update(name.encode() + b"\0" + "\n".join(getattr(self, name)).encode())
        for name in ("chain_rank", "bank_rank", "chain_quota", "bank_quota", "contracted"):
            sha.update(name.encode() + b"\0" + getattr(self, name).astype("<i4").tobytes())
        return sha.hexdigest()


def pairs_digest(market: SelectionMarket, pairs: Pairs) -> str:
    """SHA-256 of chosen pairs: a line `chain<TAB>bank` each, sorted, UTF-8."""
    lines = sorted(f"{market.chains[c]}\t{market.banks[b]}" for c, b in pairs.tolist())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
