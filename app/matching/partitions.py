"""A run in parts, and how the parts make up the whole. Pure.

The entries of a run stand in the order of their codes. Part i holds `PART_ENTRIES` of them from place
i × `PART_ENTRIES`, the last one the rest. Needs are matched each by itself, so the parts, put one after the
other, are the bytes of the run in one piece. Its hashes are made of the parts' hashes for the same reason: no
machine has to hold all needs or all results in order to name them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.kernel.errors import Conflict, Fault
from app.matching.engine import Ranking
from app.matching.inputs import sha256_of
from app.matching.schemas import RunCounts

PART_ENTRIES: Final = 20_000
"""Entries of one part; another number would give other hashes to runs that are longer than one part."""


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """What a part came to: what it rests on (`needs` is the hash of its own needs), its result, its totals."""

    number: int
    inputs: Mapping[str, Any]
    result_hash: str
    counts: RunCounts


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run came to: all that it rests on, its result, its totals."""

    inputs: Mapping[str, Any]
    result_hash: str
    counts: RunCounts


def slices(count: int) -> Iterator[slice]:
    """Answer the places of each part of so many entries; without any entry there is one empty part."""
    starts = range(0, count, PART_ENTRIES) if count else [0]
    return (slice(start, min(count, start + PART_ENTRIES)) for start in starts)


def root_hash(parts: Sequence[str]) -> str:
    """Answer the hash of a whole from those of its parts, in order; a single part is the whole."""
    return parts[0] if len(parts) == 1 else sha256_of(parts)


def part_hash(entries: Sequence[str], products: Sequence[str], ranking: Ranking) -> str:
    """Hash what some entries came to, by codes of entries and products."""
    digest = hashlib.sha256("\n".join(entries).encode())
    digest.update("\n".join(products).encode())
    for array in (ranking.eligible, ranking.unknown, ranking.products, ranking.scores):
        digest.update(np.ascontiguousarray(array, dtype="<i4").tobytes())
    return digest.hexdigest()


def inputs_hash(inputs: Mapping[str, Any]) -> str:
    """Hash all that a run rests on."""
    return sha256_of([json.dumps(inputs, ensure_ascii=False, sort_keys=True)])


def joined(parts: Sequence[PartOutcome]) -> RunOutcome:
    """Answer what the parts of a run, in whatever order they came, make together.

    Raises:
        Conflict: the parts do not rest on the same products, plans, rules and rates.
    """
    ordered = sorted(parts, key=lambda part: part.number)
    first = ordered[0]
    names = {name for part in ordered for name in first.inputs if part.inputs[name] != first.inputs[name]}
    if differing := sorted(names - {"needs"}):
        remedy = "Give all workers this version, these settings and this database, then run again."
        faults = [Fault(f"inputs.{name}", "workers do not agree on it", remedy) for name in differing]
        raise Conflict("The parts of the run rest on different things.", faults)
    totals = {
        name: sum(getattr(part.counts, name) for part in ordered)
        for name in RunCounts.model_fields
        if name != "products"
    }
    return RunOutcome(
        inputs=dict(first.inputs) | {"needs": root_hash([str(part.inputs["needs"]) for part in ordered])},
        result_hash=root_hash([part.result_hash for part in ordered]),
        counts=RunCounts(products=first.counts.products, **totals),
    )
