"""Computed preferences of chains over banks and of banks over chains: measured parts in whole points, with reasons.

Each part gives 0 – 100 points, worth its weight; more points rank higher, equal totals are ties. What is not known counts
`NEUTRAL`, neither for nor against. A bank that serves nothing of a chain is not acceptable by computation: a pair needs
`least_fitting` open needs that the bank's products fit. The texts name no weights: they are the operator's settings.
洛阳（征求意见稿）（二）: 双向选择，竞争上岗.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np

from app.kernel.errors import Fault
from app.selection.market import Mask, Side
from app.selection.measures import UNKNOWN, Measures, Numbers

FULL: Final = 100
NEUTRAL: Final = 50
NEARNESS_POINTS: Final = (100, 70, 40, 10)
MOST_WEIGHT: Final = 1_000


class Part(StrEnum):
    """What a computed preference is made of."""

    FIT = "fit"
    PRESENCE = "presence"
    RESPONSE = "response"
    RATE = "rate"
    CAPACITY = "capacity"
    AMOUNT = "amount"
    NEEDS = "needs"
    NEARNESS = "nearness"
    HELD = "held"


PART_LABELS: Final[Mapping[Part, str]] = {
    Part.FIT: "产品适配",
    Part.PRESENCE: "网点",
    Part.RESPONSE: "响应速度",
    Part.RATE: "利率",
    Part.CAPACITY: "承接能力",
    Part.AMOUNT: "适配金额",
    Part.NEEDS: "适配笔数",
    Part.NEARNESS: "网点远近",
    Part.HELD: "已承接",
}
PARTS_OF: Final[Mapping[Side, tuple[Part, ...]]] = {
    Side.CHAINS: (Part.FIT, Part.PRESENCE, Part.RESPONSE, Part.RATE, Part.CAPACITY),
    Side.BANKS: (Part.AMOUNT, Part.NEEDS, Part.NEARNESS, Part.HELD),
}
DEFAULT_WEIGHTS: Final[Mapping[Part, int]] = MappingProxyType(
    dict(
        zip(
            (*PARTS_OF[Side.CHAINS], *PARTS_OF[Side.BANKS]), (40, 15, 15, 20, 10, 40, 20, 25, 15), strict=True
        )
    )
)


@dataclass(frozen=True, slots=True)
class PreferenceRules:
    """How parts count (source: operator). `contact_limit`: working days that a first contact may take (`docking`).

    Response times count from `least_contacts` observed contacts on. Check with `rule_faults` before use.
    """

    contact_limit: int
    least_contacts: int = 5
    least_fitting: int = 1
    weights: Mapping[Part, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)


def rule_faults(rules: PreferenceRules) -> list[Fault]:
    """Name everything that is wrong with settings."""
    least = {"contact_limit": 1, "least_contacts": 1, "least_fitting": 0}
    faults = [
        Fault(name, f"below {most}", f"Give {most} or more.", str(getattr(rules, name)))
        for name, most in least.items()
        if getattr(rules, name) < most
    ]
    for part in Part:
        weight = rules.weights.get(part)
        if weight is None or not 0 <= weight <= MOST_WEIGHT:
            message = f"not a whole number from 0 to {MOST_WEIGHT}"
            faults.append(Fault(f"weights.{part.value}", message, "Correct it.", str(weight)))
    for side, parts in PARTS_OF.items():
        if not any(rules.weights.get(part) for part in parts):
            faults.append(
                Fault(f"weights.{side.value}", "no part of this side has a weight", "Give one more than 0.")
            )
    return faults


def acceptable(measures: Measures, rules: PreferenceRules, side: Side) -> Mask:
    """Tell whom a side accepts by computation: own index by the other's."""
    fits = measures.fitting_needs >= rules.least_fitting
    return fits if side is Side.CHAINS else fits.T


def part_points(measures: Measures, rules: PreferenceRules, part: Part) -> Numbers:
    """Answer the points (0 – 100) of a part for every chain (n) and bank (m)."""
    shape = measures.fitting_needs.shape
    return np.broadcast_to(_POINTS[part](measures, rules), shape)


def totals(measures: Measures, rules: PreferenceRules, side: Side) -> Numbers:
    """Answer the weighted points of a side for everybody on the other: own index by the other's."""
    total = np.zeros(measures.fitting_needs.shape, np.int64)
    for part in PARTS_OF[side]:
        if weight := rules.weights[part]:
            total += weight * part_points(measures, rules, part)
    return total if side is Side.CHAINS else np.ascontiguousarray(total.T)


def _share(of: Numbers, whole: Numbers, otherwise: int) -> Numbers:
    """Whole percent of a whole, rounded down; `otherwise` where the whole is 0."""
    percent: Numbers = np.where(whole > 0, FULL * of // np.maximum(whole, 1), otherwise)
    return percent


def _fit(given: Measures, _rules: PreferenceRules) -> Numbers:
    return _share(given.fitting_needs, given.open_needs[:, None], 0)


def _presence(given: Measures, _rules: PreferenceRules) -> Numbers:
    return _share(given.outlets, given.outlets.max(axis=1, initial=0, keepdims=True), NEUTRAL)


def _response(given: Measures, rules: PreferenceRules) -> Numbers:
    """100 for contact on the same day, 50 at the limit, 0 at twice the limit."""
    late = NEUTRAL * given.contact_days // np.maximum(rules.contact_limit * given.contacts, 1)
    points: Numbers = np.where(given.contacts >= rules.least_contacts, np.maximum(FULL - late, 0), NEUTRAL)
    return points[None, :]


def rate_range(given: Measures) -> tuple[Numbers, Numbers]:
    """Answer the lowest and the highest rate known at each chain (n × 1)."""
    known = given.rate_bp != UNKNOWN
    top = np.iinfo(np.int64).max
    lowest = np.where(known, given.rate_bp, top).min(axis=1, initial=top, keepdims=True)
    return lowest, given.rate_bp.max(axis=1, initial=UNKNOWN, keepdims=True)


def _rate(given: Measures, _rules: PreferenceRules) -> Numbers:
    """100 for the lowest rate among those known at the chain, 0 for the highest."""
    lowest, highest = rate_range(given)
    is_compared = (given.rate_bp != UNKNOWN) & (lowest < highest)
    spread = np.maximum(highest - lowest, 1)
    points: Numbers = np.where(is_compared, FULL * (highest - given.rate_bp) // spread, NEUTRAL)
    return points


def _capacity(given: Measures, _rules: PreferenceRules) -> Numbers:
    wanted, free = given.open_needs[:, None], given.free_capacity[None, :]
    points: Numbers = np.where(free == UNKNOWN, NEUTRAL, _share(np.minimum(free, wanted), wanted, NEUTRAL))
    return points


def _against_best(values: Numbers) -> Numbers:
    """Each chain's value against the best chain of the same bank."""
    return _share(values, values.max(axis=0, initial=0, keepdims=True), 0)


_POINTS: Final[Mapping[Part, Callable[[Measures, PreferenceRules], Numbers]]] = {
    Part.FIT: _fit,
    Part.PRESENCE: _presence,
    Part.RESPONSE: _response,
    Part.RATE: _rate,
    Part.CAPACITY: _capacity,
    Part.AMOUNT: lambda given, _rules: _against_best(given.fitting_amount),
    Part.NEEDS: lambda given, _rules: _against_best(given.fitting_needs),
    Part.NEARNESS: lambda given, _rules: np.array(NEARNESS_POINTS, np.int64)[given.nearness],
    Part.HELD: lambda given, _rules: _against_best(given.held_needs),
}
