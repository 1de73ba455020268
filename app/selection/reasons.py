"""Why a computed preference is what it is, part by part, in Chinese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.docking.rates import percent_text
from app.kernel.money import wan_text
from app.selection.market import Side
from app.selection.measures import NEARNESS_LABELS, UNKNOWN, Measures
from app.selection.preferences import (
    FULL,
    PART_LABELS,
    PARTS_OF,
    Part,
    PreferenceRules,
    part_points,
    rate_range,
)

NAMED: Final = 3
"""Of so many covered regions the reason says the names."""
CITATION: Final = "洛阳（征求意见稿）（二）"


@dataclass(frozen=True, slots=True)
class PartOfPreference:
    """A part of one preference: points of 100, their weight, and why in Chinese."""

    part: Part
    name: str
    points: int
    weight: int
    reason: str


@dataclass(frozen=True, slots=True)
class ExplainedPreference:
    """Why one participant ranks another where it does; `total` is the sum of points × weight."""

    is_acceptable: bool
    total: int
    parts: tuple[PartOfPreference, ...]
    citation: str = CITATION


def explain(
    measures: Measures, rules: PreferenceRules, side: Side, chain: int, bank: int
) -> ExplainedPreference:
    """Explain the computed preference of a side in one pair (indices)."""
    by_chain = side is Side.CHAINS
    given, c, b = (measures.of_chain(chain), 0, bank) if by_chain else (measures.of_bank(bank), chain, 0)
    parts = tuple(
        PartOfPreference(
            part,
            PART_LABELS[part],
            int(part_points(given, rules, part)[c, b]),
            rules.weights[part],
            _REASONS[part](given, rules, c, b),
        )
        for part in PARTS_OF[side]
    )
    fits = bool(given.fitting_needs[c, b] >= rules.least_fitting)
    return ExplainedPreference(fits, sum(one.points * one.weight for one in parts), parts)


def _why_fit(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    wanted, fitting = int(given.open_needs[c]), int(given.fitting_needs[c, b])
    if not wanted:
        return "本链没有未落实的融资需求"
    return f"本链未落实的融资需求{wanted}笔，该行产品适配{fitting}笔（{FULL * fitting // wanted}%）"


def _why_presence(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    where, most = _where(given.covered[c]), int(given.outlets[c].max())
    if not most:
        return f"各行在{where}均无网点，按中性计"
    return f"该行在{where}有{given.outlets[c, b]}个网点，最多的银行有{most}个"


def _where(covered: Sequence[str]) -> str:
    """Say in which regions outlets were counted: those that the chain covers, else its whole jurisdiction."""
    if not covered:
        return "本链所属地区（未写明覆盖地区）"
    names = "、".join(one.partition(" ")[2] for one in covered[:NAMED])
    return f"本链覆盖的{names}" + (f"等{len(covered)}个地区" if len(covered) > NAMED else "")


def _why_response(given: Measures, rules: PreferenceRules, _c: int, b: int) -> str:
    days, times = int(given.contact_days[b]), int(given.contacts[b])
    if times < rules.least_contacts:
        return f"首次联系记录{times}次，不足{rules.least_contacts}次，按中性计"
    tenths = (20 * days + times) // (2 * times)
    return f"首次联系平均用时{tenths // 10}.{tenths % 10}个工作日（{times}次，期限{rules.contact_limit}个工作日）"


def _why_rate(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    rate = int(given.rate_bp[c, b])
    if rate == UNKNOWN:
        return "没有可比的利率，按中性计"
    lowest, highest = (int(bound[c, 0]) for bound in rate_range(given))
    if lowest == highest:
        return f"年利率{percent_text(rate)}%，各行相同或仅此一行，按中性计"
    return f"年利率{percent_text(rate)}%，各行为{percent_text(lowest)}%至{percent_text(highest)}%"


def _why_capacity(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    free, wanted = int(given.free_capacity[b]), int(given.open_needs[c])
    if free == UNKNOWN:
        return "承接能力未填报，按中性计"
    return f"该行还可承接{free}户，本链未落实的融资需求{wanted}笔" + ("" if wanted else "，按中性计")


def _why_amount(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    own, most = int(given.fitting_amount[c, b]), int(given.fitting_amount[:, b].max())
    return f"本行产品适配该链需求{wan_text(own)}万元，适配最多的产业链为{wan_text(most)}万元"


def _why_needs(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    own, most = int(given.fitting_needs[c, b]), int(given.fitting_needs[:, b].max())
    return f"本行产品适配该链需求{own}笔，适配最多的产业链为{most}笔"


def _why_nearness(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    return f"离该链最近的网点：{NEARNESS_LABELS[int(given.nearness[c, b])]}"


def _why_held(given: Measures, _rules: PreferenceRules, c: int, b: int) -> str:
    own, most = int(given.held_needs[c, b]), int(given.held_needs[:, b].max())
    return f"本行已承接该链{own}笔，承接最多的产业链为{most}笔"


_REASONS: Final[Mapping[Part, Callable[[Measures, PreferenceRules, int, int], str]]] = {
    Part.FIT: _why_fit,
    Part.PRESENCE: _why_presence,
    Part.RESPONSE: _why_response,
    Part.RATE: _why_rate,
    Part.CAPACITY: _why_capacity,
    Part.AMOUNT: _why_amount,
    Part.NEEDS: _why_needs,
    Part.NEARNESS: _why_nearness,
    Part.HELD: _why_held,
}
