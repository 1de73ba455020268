"""Measures, rules, lists and results as bytes and JSON, and back, exactly. Pure."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from app.selection.deferred_acceptance import TieBreak, TieRule
from app.selection.market import Side
from app.selection.measures import Measures
from app.selection.preferences import Part, PreferenceRules
from app.selection.statements import Entrants, Rest, Statement

FORMAT: Final = "rongqiao-selection-result/1"
COVERED: Final = "covered"
"""Written only where a chain covers regions of its own; without it all count in their jurisdictions."""
MOST_KEPT: Final = 4


def packed(measures: Measures) -> bytes:
    """Write measures as a compressed .npz; integers take no more bytes than they need."""
    arrays: dict[str, Any] = {name: _narrow(getattr(measures, name)) for name in Measures.arrays()}
    arrays |= {name: np.array("\n".join(getattr(measures, name))) for name in ("chains", "banks")}
    if measures.is_narrowed:
        arrays[COVERED] = np.array("\n".join(map("\t".join, measures.covered)))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _narrow(values: Any) -> Any:
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    fitting = (
        kind
        for kind in (np.int8, np.int16, np.int32)
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    return values.astype(next(fitting, np.int64))


@lru_cache(maxsize=MOST_KEPT)
def unpacked(arrays: bytes) -> Measures:
    """Read what `packed` wrote; who looks at the pages of one round reads it once."""
    with np.load(io.BytesIO(arrays), allow_pickle=False) as found:
        codes = {name: _codes(str(found[name])) for name in ("chains", "banks")}
        read = {name: found[name].astype(np.int64) for name in Measures.arrays()}
        lines = str(found[COVERED]).split("\n") if COVERED in found else []
        covered = tuple(tuple(line.split("\t")) if line else () for line in lines)
        return Measures(codes["chains"], codes["banks"], **read, covered=covered)


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def measures_as_json(measures: Measures) -> dict[str, Any]:
    """Answer measures as lists, row by row."""
    codes = {name: list(getattr(measures, name)) for name in ("chains", "banks")}
    covered = {COVERED: [list(each) for each in measures.covered]} if measures.is_narrowed else {}
    return codes | {name: getattr(measures, name).tolist() for name in Measures.arrays()} | covered


def measures_from_json(written: Mapping[str, Any]) -> Measures:
    """Read what `measures_as_json` wrote.

    Raises:
        KeyError, ValueError: something is missing, or does not fit together.
    """
    codes = {name: tuple(map(str, written[name])) for name in ("chains", "banks")}
    shape = len(codes["chains"]), len(codes["banks"])
    arrays = {name: np.array(written[name], np.int64) for name in Measures.arrays()}
    # An empty side leaves lists that do not tell how wide they are.
    arrays = {name: one if one.size else one.reshape(_empty(name, shape)) for name, one in arrays.items()}
    covered = tuple(tuple(map(str, each)) for each in written.get(COVERED, ()))
    return Measures(codes["chains"], codes["banks"], **arrays, covered=covered)


def _empty(name: str, shape: tuple[int, int]) -> tuple[int, ...]:
    by_chain, by_bank = {"open_needs", "open_amount"}, {"contact_days", "contacts", "free_capacity"}
    return shape[:1] if name in by_chain else shape[1:] if name in by_bank else shape


def rules_as_json(rules: PreferenceRules) -> dict[str, Any]:
    """Answer how preferences count."""
    numbers = {name: getattr(rules, name) for name in ("contact_limit", "least_contacts", "least_fitting")}
    return numbers | {"weights": {part.value: rules.weights[part] for part in Part}}


def rules_from_json(written: Mapping[str, Any]) -> PreferenceRules:
    """Read what `rules_as_json` wrote."""
    return PreferenceRules(
        contact_limit=int(written["contact_limit"]),
        least_contacts=int(written["least_contacts"]),
        least_fitting=int(written["least_fitting"]),
        weights={part: int(written["weights"][part.value]) for part in Part},
    )


def statement_of(participant: str, tiers: Sequence[Any], refuses: Sequence[Any], rest: str) -> Statement:
    """Read a list as it is stored."""
    return Statement(
        participant, tuple(tuple(map(str, group)) for group in tiers), tuple(map(str, refuses)), Rest(rest)
    )


class ReadInputs:
    """The inputs of a result, read from their canonical JSON: what `round_inputs.inputs_json` wrote."""

    def __init__(self, text: str) -> None:
        body: Mapping[str, Any] = json.loads(text)
        self.entrants = Entrants(
            tuple(body["chains"]),
            tuple(body["banks"]),
            {str(code): int(quota) for code, quota in body["quotas"].items()},
            tuple((str(one), str(other)) for one, other in body["contracts"]),
            tuple(
                statement_of(one["participant"], one["tiers"], one["refuses"], one["rest"])
                for one in body["statements"]
            ),
        )
        self.proposing = Side(body["proposing"])
        self.tie_break = TieBreak(TieRule(body["ties"]["rule"]), body["ties"]["seed"])
        self.rules = rules_from_json(body["rules"])
        self.measures_sha256 = str(body["measures"])


def canonical(body: Mapping[str, Any]) -> str:
    """Answer JSON as the inputs are written: keys sorted, no spaces."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
