"""Conditions of all products, sorted into groups by the facts that decide them.

A need has one value class in each group, and a class has one row over the products. The products
of a group fall into few *profiles*: products that ask exactly the same. A row is then computed by
deciding each distinct condition once and looking its profiles up for all products at once.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.matching.deciders import PASS, Decider, Verdicts, decider_of
from app.policy.criteria import AnyOf, Condition, Criterion
from app.policy.facts import Facts

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Profiles:
    """Profiles of conditions: `members[starts[i]:starts[i+1]]` are those of profile i.

    `of_product` names the profile of each product; the last profile asks nothing.
    """

    members: Ids
    starts: Ids
    of_product: npt.NDArray[np.int32]


class Group:
    """The conditions that the same facts decide.

    `facts` are their names, sorted. `deciders` stand in the same order.
    """

    def __init__(self, asked: Sequence[Sequence[Condition]]) -> None:
        """Take the group's conditions of each product, in product order; none may be empty lists only."""
        conditions = list(dict.fromkeys(part for parts in asked for part in parts))
        self.conditions: tuple[Condition, ...] = tuple(conditions)
        self.facts = tuple(sorted(conditions[0].facts()))
        leaves: dict[str, dict[Criterion, None]] = defaultdict(dict)
        for condition in conditions:
            for leaf in leaves_of(condition):
                leaves[leaf.fact][leaf] = None
        self.deciders: tuple[Decider, ...] = tuple(decider_of(list(leaves[name])) for name in self.facts)
        places = {leaf: i for i, leaf in enumerate(leaf for name in self.facts for leaf in leaves[name])}
        self._plans = [_plan(condition, places) for condition in conditions]
        self._is_plain = all(isinstance(plan, int) for plan in self._plans)
        self._plain = np.array([plan for plan in self._plans if isinstance(plan, int)], np.int64)
        self._profiles = _profiles(asked, {condition: i for i, condition in enumerate(conditions)})

    @property
    def own_key(self) -> str | None:
        """The fact whose value is the key itself, if it is that simple."""
        return self.facts[0] if len(self.facts) == 1 and self.deciders[0].is_own_key else None

    def key(self, facts: Facts) -> Hashable:
        """Answer what a need's value class is memoised on."""
        if len(self.facts) == 1:
            return self.deciders[0].key(facts.get(self.facts[0]))
        return tuple(
            decider.key(facts.get(name)) for name, decider in zip(self.facts, self.deciders, strict=True)
        )

    def keys(self, needs: Sequence[Facts]) -> list[Hashable]:
        """Answer the keys of many needs."""
        columns = [
            decider.keys([facts.get(name) for facts in needs])
            for name, decider in zip(self.facts, self.deciders, strict=True)
        ]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))

    def profile_verdicts(self, facts: Facts) -> Verdicts:
        """Answer what each profile says of a need; the last one, which asks nothing, passes."""
        found = [
            decider.verdicts(facts.get(name)) for name, decider in zip(self.facts, self.deciders, strict=True)
        ]
        leaves = found[0] if len(found) == 1 else np.concatenate(found)
        decided = self._decided(leaves)
        members, starts = self._profiles.members, self._profiles.starts
        profiles = (
            decided[members] if len(members) == len(starts) else np.minimum.reduceat(decided[members], starts)
        )
        return np.append(profiles, np.uint8(PASS))

    def product_verdicts(self, profiles: Verdicts) -> Verdicts:
        """Spread the profiles' verdicts over the products."""
        return profiles[self._profiles.of_product]

    def _decided(self, leaves: Verdicts) -> Verdicts:
        if self._is_plain:
            return leaves[self._plain]
        verdicts = leaves.tolist()
        return np.array([_evaluate(plan, verdicts) for plan in self._plans], np.uint8)


Plan = int | tuple[bool, tuple["Plan", ...]]
"""A condition over leaf numbers: one leaf, or whether any (else all) of the parts must hold."""


def _plan(condition: Condition, places: dict[Criterion, int]) -> Plan:
    if isinstance(condition, Criterion):
        return places[_bare(condition)]
    return isinstance(condition, AnyOf), tuple(_plan(part, places) for part in condition.criteria)


def _evaluate(plan: Plan, verdicts: Sequence[int]) -> int:
    if isinstance(plan, int):
        return verdicts[plan]
    is_any, parts = plan
    found = [_evaluate(part, verdicts) for part in parts]
    return max(found) if is_any else min(found)


def leaves_of(condition: Condition) -> list[Criterion]:
    """Answer the criteria that a condition is made of, without their sources."""
    if isinstance(condition, Criterion):
        return [_bare(condition)]
    return [leaf for part in condition.criteria for leaf in leaves_of(part)]


def _bare(leaf: Criterion) -> Criterion:
    return Criterion(leaf.fact, leaf.operator, leaf.operand)


def bare(condition: Condition) -> Condition:
    """Answer the condition without its sources, which play no part in the verdict."""
    if isinstance(condition, Criterion):
        return _bare(condition)
    return type(condition)(tuple(bare(part) for part in condition.criteria))


def _profiles(asked: Sequence[Sequence[Condition]], places: dict[Condition, int]) -> _Profiles:
    numbers: dict[tuple[int, ...], int] = {}
    of_product = np.empty(len(asked), np.int32)
    for i, parts in enumerate(asked):
        profile = tuple(sorted({places[part] for part in parts}))
        of_product[i] = numbers.setdefault(profile, len(numbers)) if profile else -1
    lengths = np.array([len(profile) for profile in numbers], np.int64)
    members = np.array([place for profile in numbers for place in profile], np.int64)
    of_product[of_product < 0] = len(numbers)
    return _Profiles(members, np.cumsum(lengths) - lengths, of_product)
