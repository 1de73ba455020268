"""A posed problem with its solution as bytes (numpy .npz, compressed), and back, exactly.

What is kept needs nothing that may have changed since, so `allocate check RUN` proves the run as it was.
"""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any, Final, TypeVar
from zipfile import BadZipFile

import numpy as np

from app.allocation.arrivals import arrival_prices
from app.allocation.candidates import BoolArray
from app.allocation.model import (
    AllocationProblem,
    AllocationSolution,
    IntArray,
    LoadTiers,
    Overfull,
    PosedQuota,
    Weights,
)
from app.allocation.posing import Posed
from app.kernel.errors import Conflict, Fault

_IDS: Final = ("entry_ids", "branch_ids", "group_ids", "head_ids", "product_ids")
_SOLUTION: Final = ("branch", "branch_price", "group_price")
_PROBLEM: Final = tuple(one.name for one in fields(AllocationProblem) if one.name != "tiers")
_PLACES: Final = {"branch": 0, "group": 1}
Read = TypeVar("Read")


def pack(posed: Posed, solution: AllocationSolution) -> bytes:
    """Write a problem and its solution; integers take no more bytes than they need."""
    problem, tiers = posed.problem, posed.problem.tiers
    arrays: dict[str, Any] = {f"problem.{name}": _narrow(getattr(problem, name)) for name in _PROBLEM}
    arrays |= {f"solution.{name}": _narrow(getattr(solution, name)) for name in _SOLUTION}
    arrays |= {f"ids.{name}": _narrow(getattr(posed, name)) for name in _IDS}
    arrays["is_routed"] = posed.is_routed
    arrays["tiers"] = np.array([tiers.share_percent, tiers.price], np.int64)
    arrays["tiers_traded"] = np.array(tiers.traded)
    weights = solution.weights
    arrays["figures"] = np.array(
        [solution.served, solution.total_fit, solution.load_cost, weights.serve, weights.fit], np.int64
    )
    overfull = [(_PLACES[one.kind], one.index, one.capacity, one.settled) for one in solution.overfull]
    arrays["overfull"] = np.array(overfull, np.int64).reshape(-1, 4)
    arrays |= _quota_arrays(posed.quotas)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> tuple[Posed, AllocationSolution]:
    """Read what `pack` wrote.

    Raises:
        Conflict: the bytes or the arrays in them are not whole.
    """
    return _read_from(content, lambda stored: _read({name: stored[name] for name in stored.files}))


def prices_in(content: bytes) -> dict[int, int]:
    """Read only the shadow prices of what `pack` wrote, for `assign_arrival`: in fit units, by branch id.

    Raises:
        Conflict: the bytes or the arrays in them are not whole.
    """

    def read(stored: Any) -> dict[int, int]:
        fit = int(stored["figures"][-1])
        prices = arrival_prices(_wide(stored["solution.branch_price"]), fit)
        return dict(zip(_wide(stored["ids.branch_ids"]).tolist(), prices.tolist(), strict=True))

    return _read_from(content, read)


def _read_from(content: bytes, read: Callable[[Any], Read]) -> Read:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return read(stored)
    except (BadZipFile, zlib.error, KeyError, ValueError, IndexError, EOFError, OSError) as error:
        remedy = "Restore the database, or run the allocation again."
        fault = Fault("run", f"the stored problem cannot be read: {error}", remedy)
        raise Conflict("The archive of the allocation run is damaged.", [fault]) from error


def _read(arrays: dict[str, Any]) -> tuple[Posed, AllocationSolution]:
    shares, prices = arrays["tiers"].tolist()
    tiers = LoadTiers(tuple(shares), tuple(prices), bool(arrays["tiers_traded"]))
    problem = AllocationProblem(**{name: _wide(arrays[f"problem.{name}"]) for name in _PROBLEM}, tiers=tiers)
    served, total_fit, load_cost, serve, fit = arrays["figures"].tolist()
    kinds = tuple(_PLACES)
    overfull = tuple(Overfull(kinds[kind], *rest) for kind, *rest in arrays["overfull"].tolist())
    branch, branch_price, group_price = (_wide(arrays[f"solution.{name}"]) for name in _SOLUTION)
    solution = AllocationSolution(
        branch, served, total_fit, load_cost, branch_price, group_price, Weights(serve, fit), overfull
    )
    ids = {name: _wide(arrays[f"ids.{name}"]) for name in _IDS}
    is_routed: BoolArray = arrays["is_routed"]
    return Posed(problem, **ids, is_routed=is_routed, quotas=_quotas(arrays)), solution


def _quota_arrays(quotas: Sequence[PosedQuota]) -> dict[str, Any]:
    arrays: dict[str, Any] = {"quota.names": np.array([one.name for one in quotas], np.str_)}
    arrays["quota.places"] = np.array([one.places for one in quotas], np.int64)
    for name in ("entries", "branches"):
        parts = [getattr(one, name) for one in quotas]
        arrays[f"quota.{name}"] = _narrow(np.concatenate([np.empty(0, np.int64), *parts]))
        arrays[f"quota.{name}_start"] = np.cumsum([0, *(part.size for part in parts)])
    return arrays


def _quotas(arrays: dict[str, Any]) -> tuple[PosedQuota, ...]:
    def parts(name: str) -> list[IntArray]:
        start, values = arrays[f"quota.{name}_start"].tolist(), _wide(arrays[f"quota.{name}"])
        return [values[first:last] for first, last in pairwise(start)]

    columns = (
        arrays["quota.names"].tolist(), parts("entries"), parts("branches"), arrays["quota.places"].tolist()
    )  # fmt: skip
    return tuple(PosedQuota(*each) for each in zip(*columns, strict=True))


def _narrow(values: IntArray) -> Any:
    """The same integers in the narrowest type that holds them; they compress to a fraction."""
    if not values.size:
        return values
    return values.astype(
        np.result_type(np.min_scalar_type(int(values.min())), np.min_scalar_type(int(values.max())))
    )


def _wide(values: Any) -> IntArray:
    if values.dtype.kind not in "iu":
        msg = f"{values.dtype} where integers belong"
        raise ValueError(msg)
    wide: IntArray = values.astype(np.int64)
    return wide
