"""Two demands that no firm can meet together, found on one fact at a time."""

from collections.abc import Iterable, Iterator
from typing import Final

from app.policy.criteria import AllOf, Condition, Criterion
from app.reference.regions import region_contains

SINGLE: Final = frozenset({"in"})
_LEAST, _MOST = -(10**18), 10**18


def cannot_both_pass(demand: Condition, others: Iterable[Condition]) -> str | None:
    """Answer the first fact (name) on which a demand and others exclude each other, or None.

    Only plain criteria of `all` are compared, pair by pair on the same fact, so that a fact is named only where
    truly nobody can pass both; what is said with `any` or over several facts is left to matching.
    """
    asked = list(_plain(others))
    for one in _plain([demand]):
        for other in asked:
            if one.fact == other.fact and _exclude(one, other):
                return one.fact
    return None


def _plain(conditions: Iterable[Condition]) -> Iterator[Criterion]:
    for condition in conditions:
        if isinstance(condition, Criterion):
            yield condition
        elif isinstance(condition, AllOf):
            yield from _plain(condition.criteria)


def _exclude(one: Criterion, other: Criterion) -> bool:
    operators = {one.operator, other.operator}
    words = [frozenset(map(str, each.operand)) for each in (one, other)]
    if operators == SINGLE:
        return words[0].isdisjoint(words[1])
    if operators == {"in", "none_of"}:
        chosen, barred = words if one.operator == "in" else reversed(words)
        return chosen <= barred
    if operators == {"within_industry"}:
        return not any(a.startswith(b) or b.startswith(a) for a in words[0] for b in words[1])
    if operators == {"within_region"}:
        return not any(region_contains(a, b) or region_contains(b, a) for a in words[0] for b in words[1])
    if operators in ({"is_true", "is_false"}, {"is_empty", "any_of"}, {"is_empty", "all_of"}):
        return True
    ranges = [_range(each) for each in (one, other)]
    return all(ranges) and not _overlap(ranges[0] or (0, 0), ranges[1] or (0, 0))


def _range(criterion: Criterion) -> tuple[int, int] | None:
    match criterion.operator:
        case "between":
            return int(criterion.operand[0]), int(criterion.operand[-1])
        case "at_least":
            return int(criterion.operand[0]), _MOST
        case "at_most":
            return _LEAST, int(criterion.operand[0])
        case _:
            return None


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
