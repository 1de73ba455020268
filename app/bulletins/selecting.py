"""Which rows of a cut a bulletin lists: the divisions right below the government, whole banks, all chains (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from app.bottlenecks.rules import ROUTE_NAMES
from app.bulletins.material import Group, MonthFigures, OpenClass, Share
from app.policy.rulebook import AppliedRule

Placed = Sequence[tuple[Group, str | None]]
"""Rows of a cut, each with the code of what it lies in."""
OF_ITSELF: Final = "本级及未列明"
COORDINATOR: Final = "统筹部门"
"""Who answers for what no class leads: it is asked, or reports the gap."""
_TWO: Final = Decimal("0.01")
_SHARES: Final = ("assigned", "contacted", "answered", "credited", "disbursed")
_SUMS: Final = ("entries", "needed_fen", "credited_fen", "disbursed_fen")


def regions_below(rows: Placed, jurisdiction: str, total: MonthFigures) -> list[Group]:
    """Answer the divisions right below a government, and a last row for what lies in none of them."""
    below = [group for group, parent in rows if parent == jurisdiction]
    if not below:
        return [group for group, _parent in rows if group.key == jurisdiction]
    rest = total.entries - sum(group.figures.entries for group in below)
    if rest <= 0:
        return below
    return [*below, Group("", OF_ITSELF, "", _rest(total, [group.figures for group in below]))]


def _rest(total: MonthFigures, parts: Iterable[MonthFigures]) -> MonthFigures:
    """Answer what is left of the total; of it only counts and amounts are shown."""
    listed = list(parts)
    entries = total.entries - sum(part.entries for part in listed)
    counts = {
        key: _share(getattr(total, key).part - sum(getattr(part, key).part for part in listed), entries)
        for key in _SHARES
    }
    sums = {key: getattr(total, key) - sum(getattr(part, key) for part in listed) for key in _SUMS}
    changed: dict[str, Any] = {**counts, **sums}
    return replace(total, **changed)


def _share(part: int, whole: int) -> Share:
    percent = (Decimal(part) * 100 / whole).quantize(_TWO, ROUND_HALF_UP)
    return Share(part, whole, str(percent))


def whole_banks(rows: Placed) -> list[Group]:
    """Answer the institutions that stand below no other, the best covered first, and last what has none."""
    roots = [group for group, parent in rows if parent is None and group.key]
    rest = [group for group, _parent in rows if not group.key]
    return sorted(roots, key=_standing) + rest


def _standing(group: Group) -> tuple[Decimal, int, str]:
    share = group.figures.coverage
    return -Decimal(share.percent or 0), -share.whole, group.key


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
