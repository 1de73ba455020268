"""Which rows a bulletin lists, in which order, and what of them it withholds (pure).

A bulletin goes to many. What would tell of a single firm is withheld as in coverage's ranking of institutions
(docs/decisions/0011), so that both laid side by side give no withheld cell either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.bottlenecks.rules import ROUTE_NAMES
from app.bulletins.material import Group, MonthFigures, OpenClass, Share
from app.coverage.concealment import WHOLE, concealed
from app.coverage.percentages import percent_text
from app.coverage.ranking import MEASURES, RankingLevel, Row, Sort, hidden_measures, rank
from app.policy.rulebook import AppliedRule

Placed = Sequence[tuple[Group, str | None]]
"""Rows of a cut, each with the code of what it lies in."""
OF_NONE: Final = ""
OF_ITSELF: Final = "本级及未列明"
COORDINATOR: Final = "统筹部门"
"""Who answers for what no class leads: it is asked, or reports the gap."""
_SHARES: Final = ("assigned", "contacted", "answered", "credited", "disbursed")
_SUMS: Final = ("entries", "needed_fen", "credited_fen", "disbursed_fen")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator sets: the fewest entries behind a cell, and of an institution that is ranked."""

    smallest_cell: int
    least_entries: int


def regions_below(rows: Placed, jurisdiction: str, total: MonthFigures, limits: Limits) -> list[Group]:
    """Answer the divisions right below a government, and a last row for what lies in none of them."""
    below = [group for group, parent in rows if parent == jurisdiction]
    if not below:
        return _withheld([group for group, _parent in rows if group.key == jurisdiction], total, limits)
    rest = total.entries - sum(group.figures.entries for group in below)
    if rest > 0:
        below.append(Group(OF_NONE, OF_ITSELF, "", _rest(total, [group.figures for group in below])))
    return _withheld(below, total, limits)


def all_chains(rows: Placed, total: MonthFigures, limits: Limits) -> list[Group]:
    """Answer all chains, and last what is in none."""
    return _withheld([group for group, _parent in rows], total, limits)


def whole_banks(rows: Placed, total: MonthFigures, limits: Limits) -> list[Group]:
    """Answer the institutions that stand below no other, by their rank, and last what has none."""
    known = {group.key: group for group, _parent in rows}
    ranked = rank(
        [_row(group, group.key, parent) for group, parent in rows if group.key],
        _counts(total) | {"entries": total.assigned.part},
        RankingLevel.HEAD_OFFICE,
        Sort.COVERAGE,
        least_entries=limits.least_entries,
        smallest_cell=limits.smallest_cell,
    )
    banks = [replace(known[one.key], rank=one.rank, hidden=one.hidden) for one in ranked]
    return banks + [group for group, _parent in rows if not group.key]


def _withheld(groups: Sequence[Group], total: MonthFigures, limits: Limits) -> list[Group]:
    keys = [f"{place}" for place in range(len(groups))]
    rows = [_row(group, key, None) for key, group in zip(keys, groups, strict=True)]
    hidden = hidden_measures(rows, _counts(total), limits.smallest_cell)
    assigned = {key: group.figures.assigned.part for key, group in zip(keys, groups, strict=True)}
    whole = {WHOLE: total.assigned.part}
    alone = concealed(whole | assigned, dict.fromkeys(keys), limits.smallest_cell)
    return [
        replace(group, hidden=hidden[key] | ({"assigned"} if key in alone else set()))
        for key, group in zip(keys, groups, strict=True)
    ]


def _row(group: Group, key: str, parent: str | None) -> Row:
    figures = group.figures
    amounts = {Sort.CREDITED_AMOUNT: figures.credited_fen, Sort.DISBURSED_AMOUNT: figures.disbursed_fen}
    return Row(key, parent, group.level, _counts(figures), amounts)


def _counts(figures: MonthFigures) -> dict[str, int]:
    levels = {measure: getattr(figures, measure).part for measure in MEASURES if measure != "entries"}
    return {"entries": figures.entries} | levels


def _rest(total: MonthFigures, parts: Iterable[MonthFigures]) -> MonthFigures:
    """Answer what is left of the total; of it only counts and amounts are shown."""
    listed = list(parts)
    sums = {key: getattr(total, key) - sum(getattr(part, key) for part in listed) for key in _SUMS}
    counts = {
        key: _share(
            getattr(total, key).part - sum(getattr(part, key).part for part in listed), sums["entries"]
        )
        for key in _SHARES
    }
    changed: dict[str, Any] = {**counts, **sums}
    return replace(total, **changed)


def _share(part: int, whole: int) -> Share:
    return Share(part, whole, percent_text(part, whole))


def open_classes(counts: Mapping[str, int], rules: Iterable[AppliedRule]) -> list[OpenClass]:
    """Answer the obstacles that are counted: the classes in the order of their rules, then what no class leads."""
    known = {rule.data["class_code"]: rule for rule in rules}
    classes = [_of_rule(rule, counts[route]) for route, rule in known.items() if route in counts]
    others = (route for route in (*ROUTE_NAMES, *sorted(counts)) if route in counts and route not in known)
    return classes + [
        OpenClass(route, ROUTE_NAMES.get(route, route), counts[route], COORDINATOR, "", "")
        for route in dict.fromkeys(others)
    ]


def _of_rule(rule: AppliedRule, count: int) -> OpenClass:
    data = rule.data
    return OpenClass(
        data["class_code"], rule.name, count, data["responsible_body"], data["receiver"], rule.citation
    )
