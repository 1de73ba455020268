"""What is measured between every chain and every bank on a day: the material of computed preferences.

Everything is an array over chains (n) and banks (m), in the order of their codes; amounts are fen, rates annual basis
points, response times Chinese working days. Nothing is guessed: what is not known is `UNKNOWN`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from app.reference.regions import NATION

Numbers: TypeAlias = npt.NDArray[np.int64]

UNKNOWN: Final = -1
SAME_AREA, SAME_CITY, SAME_PROVINCE, FARTHER = range(4)
"""How near a bank's nearest outlet is: in the chain's own regions, in their city, in their province, elsewhere."""
NEARNESS_LABELS: Final = ("本链区域内", "同市", "同省", "省外或没有网点")
MOST_FEN_OF_A_CHAIN: Final = 9 * 10**16
_NO_CITY: Final = "90"


class MalformedMeasures(ValueError):
    """The arrays do not fit together or hold what cannot be; `faults` names every place at once."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, eq=False)
class Measures:
    """n chains × m banks as measured; refuses arrays that do not fit together with `MalformedMeasures`.

    - `open_needs`, `open_amount` (n): needs of the chain that nobody finances yet.
    - `fitting_needs`, `fitting_amount` (n × m): those of them that at least one of the bank's products fits.
    - `held_needs` (n × m): needs of the chain for which the bank is responsible now.
    - `outlets` (n × m): outlets of the bank in the regions that the chain covers; `nearness` (n × m): see `NEARNESS_LABELS`.
    - `contact_days`, `contacts` (m): working days from assignment to first contact, summed over the contacts observed.
    - `rate_bp` (n × m): the bank's rate for what it could finance there, or UNKNOWN.
    - `free_capacity` (m): entries that the bank can still take, or UNKNOWN.
    - `covered` (n): the regions that each chain covers, as `230109 松北区`; none: outlets are those of its whole jurisdiction.
    """

    chains: tuple[str, ...]
    banks: tuple[str, ...]
    open_needs: Numbers
    open_amount: Numbers
    fitting_needs: Numbers
    fitting_amount: Numbers
    held_needs: Numbers
    outlets: Numbers
    nearness: Numbers
    contact_days: Numbers
    contacts: Numbers
    rate_bp: Numbers
    free_capacity: Numbers
    covered: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        n, m = len(self.chains), len(self.banks)
        object.__setattr__(self, "covered", self.covered or ((),) * n)
        shapes = {
            "open_needs": (n,),
            "open_amount": (n,),
            "contact_days": (m,),
            "contacts": (m,),
            "free_capacity": (m,),
        }
        faults = []
        for name in self.arrays():
            values = np.array(getattr(self, name), np.int64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)
            if values.shape != shapes.get(name, (n, m)):
                faults.append(f"{name}: shape {values.shape}, expected {shapes.get(name, (n, m))}")
        if len(self.covered) != n:
            faults.append(f"covered: {len(self.covered)} chains, expected {n}")
        if faults := faults or self._faults():
            raise MalformedMeasures(faults)

    @classmethod
    def arrays(cls) -> tuple[str, ...]:
        """The names of the arrays, in their order."""
        return tuple(each.name for each in fields(cls))[2:-1]

    @property
    def is_narrowed(self) -> bool:
        """Tell whether any chain covers less than its jurisdiction."""
        return any(self.covered)

    def _faults(self) -> list[str]:
        least = {"rate_bp": UNKNOWN, "free_capacity": UNKNOWN}
        faults = [
            f"{name}: a number is below {least.get(name, 0)} or above {MOST_FEN_OF_A_CHAIN}"
            for name in self.arrays()
            if getattr(self, name).size
            and not least.get(name, 0)
            <= getattr(self, name).min()
            <= getattr(self, name).max()
            <= MOST_FEN_OF_A_CHAIN
        ]
        for part, whole in (("fitting_needs", "open_needs"), ("fitting_amount", "open_amount")):
            over = (getattr(self, part) > getattr(self, whole)[:, None]).any(axis=1)
            faults += [f"{part}: more than all of {self.chains[c]}" for c in np.flatnonzero(over)]
        if (self.nearness > FARTHER).any():
            faults.append(f"nearness: above {FARTHER}")
        return faults

    def of_chain(self, chain: int) -> Measures:
        """Answer the measures of one chain (index) with all banks."""
        return self._cut(slice(chain, chain + 1), slice(None))

    def of_bank(self, bank: int) -> Measures:
        """Answer the measures of one bank (index) with all chains."""
        return self._cut(slice(None), slice(bank, bank + 1))

    def _cut(self, chains: slice, banks: slice) -> Measures:
        by_chain, by_bank = ("open_needs", "open_amount"), ("contact_days", "contacts", "free_capacity")
        cut = {name: getattr(self, name)[chains] for name in by_chain}
        cut |= {name: getattr(self, name)[banks] for name in by_bank}
        cut |= {name: getattr(self, name)[chains, banks] for name in self.arrays() if name not in cut}
        return Measures(self.chains[chains], self.banks[banks], **cut, covered=self.covered[chains])

    def digest(self) -> str:
        """SHA-256: codes as lines of UTF-8, arrays as int64, little end first, each after its name and a zero byte.

        Regions follow only where a chain covers any, one line a chain: what was measured before they counted keeps its hash.
        """
        sha = hashlib.sha256()
        for name in ("chains", "banks"):
            sha.update(name.encode() + b"\0" + "\n".join(getattr(self, name)).encode())
        for name in self.arrays():
            sha.update(name.encode() + b"\0" + getattr(self, name).astype("<i8").tobytes())
        if self.is_narrowed:
            sha.update(b"covered\0" + "\n".join(map("\t".join, self.covered)).encode())
        return sha.hexdigest()


def presence(regions: Sequence[Sequence[str]], outlets: Sequence[Sequence[str]]) -> tuple[Numbers, Numbers]:
    """Answer outlets and nearness (n × m) of the regions of each chain and the outlets' regions of each bank.

    Codes have six digits and nest by pairs (GB/T 2260); a bank's code counts once for each outlet there.
    """
    code = np.array([int(one) for each in outlets for one in each], np.int64)
    owner = np.repeat(np.arange(len(outlets)), [len(each) for each in outlets])
    count = np.zeros((len(regions), len(outlets)), np.int64)
    near = np.full(count.shape, FARTHER, np.int64)
    for c, areas in enumerate(regions):
        near[c, owner[_lies_in(code, _widened(areas, 2))]] = SAME_PROVINCE
        near[c, owner[_lies_in(code, _widened(areas, 4))]] = SAME_CITY
        inside = owner[_lies_in(code, areas)]
        count[c] = np.bincount(inside, minlength=len(outlets))
        near[c, inside] = SAME_AREA
    return count, near


def _widened(areas: Iterable[str], digits: int) -> list[str]:
    """The provinces (2 digits) or cities (4) of areas; the nation has neither, counties run by a province no city."""
    heads = (area[:digits] for area in areas if area != NATION)
    return [head.ljust(6, "0") for head in heads if head[2:] != _NO_CITY]


def _lies_in(code: Numbers, areas: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Tell of each region code whether it lies in one of the areas."""
    found = np.zeros(code.size, np.bool_)
    for area in set(areas):
        digits = 6
        while digits and area[digits - 2 : digits] == "00":
            digits -= 2
        span = 10 ** (6 - digits)
        found |= code // span == int(area) // span
    return found
