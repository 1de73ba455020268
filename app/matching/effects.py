"""What a change of a product's terms does to the needs of an edition. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.matching.populations import Ids, Judge
from app.policy.criteria import Condition


@dataclass(frozen=True, slots=True)
class Effect:
    """How many of an edition's entries meet the terms before and after; `gained` and `lost` are entries (ids)."""

    edition: str
    entries: int
    before: int
    after: int
    gained: Ids
    lost: Ids


def effect_of(
    judge: Judge, edition: str, before: Sequence[Condition] | None, after: Sequence[Condition] | None
) -> Effect:
    """Answer how the entries that meet all conditions change; None: there is no product, which nobody meets."""
    was, becomes = judge.eligible(before), judge.eligible(after)
    entries = judge.needs.entries
    return Effect(
        edition,
        len(entries),
        int(np.count_nonzero(was)),
        int(np.count_nonzero(becomes)),
        np.sort(entries[becomes & ~was]),
        np.sort(entries[was & ~becomes]),
    )
