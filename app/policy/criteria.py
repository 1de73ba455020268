"""The criteria vocabulary: closed, three-valued, used by products, packs and plans alike.

A criterion asks one thing of one fact; `any` and `all` combine criteria. Evaluation follows
Kleene's strong three-valued logic (Kleene 1952, §64): a missing fact gives UNKNOWN and never a
silent fail, `all` is the minimum of its parts and `any` the maximum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from app.policy.facts import FACTS, Fact, Facts, FactValue, Kind, Members, fact_text
from app.reference.regions import region_contains

MOST_TEXTS: Final = 100_000
"""Wordings of conditions that are remembered: products are explained again and again."""


class Verdict(IntEnum):
    """What a criterion says of a need; ordered so that `all` is min and `any` is max."""

    FAIL = 0
    UNKNOWN = 1
    PASS = 2

    @property
    def word(self) -> str:
        """Answer the verdict as JSON writes it."""
        return self.name.lower()


Operand = tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One testable condition on one fact, such as amount at_most 2000万元.

    `operand` holds the asked values: members for the set operators, one bound for at_least and
    at_most, two inclusive bounds for between, nothing for is_true and is_false.
    `source` cites the clause or says who asks for it; it plays no part in the verdict.
    """

    fact: str
    operator: str
    operand: Operand = ()
    source: str = ""

    def facts(self) -> frozenset[str]:
        """Answer the names of the facts that decide this criterion."""
        return frozenset({self.fact})


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the criteria."""

    criteria: tuple["Condition", ...]
    source: str = ""

    def facts(self) -> frozenset[str]:
        """Answer the names of the facts that decide this condition."""
        return frozenset().union(*(part.facts() for part in self.criteria))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the criteria."""

    criteria: tuple["Condition", ...]
    source: str = ""

    def facts(self) -> frozenset[str]:
        """Answer the names of the facts that decide this condition."""
        return frozenset().union(*(part.facts() for part in self.criteria))


Condition = Criterion | AnyOf | AllOf


def _is_in(value: FactValue, asked: Operand) -> Verdict:
    return Verdict.PASS if value in asked else Verdict.FAIL


def _none_of(value: FactValue, asked: Operand) -> Verdict:
    if isinstance(value, Members):
        if value.known.intersection(map(str, asked)):
            return Verdict.FAIL
        return Verdict.PASS if value.is_complete else Verdict.UNKNOWN
    return Verdict.FAIL if value in asked else Verdict.PASS


def _any_of(value: FactValue, asked: Operand) -> Verdict:
    assert isinstance(value, Members)
    if value.known.intersection(map(str, asked)):
        return Verdict.PASS
    return Verdict.FAIL if value.is_complete else Verdict.UNKNOWN


def _all_of(value: FactValue, asked: Operand) -> Verdict:
    assert isinstance(value, Members)
    if value.known.issuperset(map(str, asked)):
        return Verdict.PASS
    return Verdict.FAIL if value.is_complete else Verdict.UNKNOWN


def _is_empty(value: FactValue, _asked: Operand) -> Verdict:
    assert isinstance(value, Members)
    if value.known:
        return Verdict.FAIL
    return Verdict.PASS if value.is_complete else Verdict.UNKNOWN


def _between(value: FactValue, asked: Operand) -> Verdict:
    assert isinstance(value, int)
    return Verdict.PASS if int(asked[0]) <= value <= int(asked[-1]) else Verdict.FAIL


def _at_least(value: FactValue, asked: Operand) -> Verdict:
    assert isinstance(value, int)
    return Verdict.PASS if value >= int(asked[0]) else Verdict.FAIL


def _at_most(value: FactValue, asked: Operand) -> Verdict:
    assert isinstance(value, int)
    return Verdict.PASS if value <= int(asked[0]) else Verdict.FAIL


def _within_region(value: FactValue, asked: Operand) -> Verdict:
    # A broad value (a province) is not known to lie inside a narrower asked area (its county).
    region = str(value)
    if any(region_contains(str(area), region) for area in asked):
        return Verdict.PASS
    is_broader = any(region_contains(region, str(area)) for area in asked)
    return Verdict.UNKNOWN if is_broader else Verdict.FAIL


def _within_industry(value: FactValue, asked: Operand) -> Verdict:
    # A broad value (C34) is not known to lie inside a narrower asked class (C3412).
    industry = str(value)
    if any(industry.startswith(str(code)) for code in asked):
        return Verdict.PASS
    return Verdict.UNKNOWN if any(str(code).startswith(industry) for code in asked) else Verdict.FAIL


def _is_true(value: FactValue, _asked: Operand) -> Verdict:
    return Verdict.PASS if value is True else Verdict.FAIL


def _is_false(value: FactValue, _asked: Operand) -> Verdict:
    return Verdict.PASS if value is False else Verdict.FAIL


@dataclass(frozen=True, slots=True)
class Operator:
    """One word of the vocabulary: the kinds it speaks of, how many operands, its Chinese."""

    kinds: frozenset[Kind]
    fewest: int
    most: int
    chinese: str
    decide: Callable[[FactValue, Operand], Verdict]


_MANY = 1_000
_NUMERIC: Final = frozenset[Kind]({"money", "number"})
_SINGLE: Final = frozenset[Kind]({"choice", "name"})
_SETS: Final = frozenset[Kind]({"choices"})
OPERATORS: Final[Mapping[str, Operator]] = {
    "in": Operator(_SINGLE, 1, _MANY, "属于", _is_in),
    "none_of": Operator(_SINGLE | _SETS, 1, _MANY, "不含", _none_of),
    "any_of": Operator(_SETS, 1, _MANY, "至少有其一：", _any_of),
    "all_of": Operator(_SETS, 1, _MANY, "须全部具备：", _all_of),
    "is_empty": Operator(_SETS, 0, 0, "：无", _is_empty),
    "at_least": Operator(_NUMERIC, 1, 1, "不低于", _at_least),
    "at_most": Operator(_NUMERIC, 1, 1, "不超过", _at_most),
    "between": Operator(_NUMERIC, 2, 2, "介于", _between),
    "within_region": Operator(frozenset[Kind]({"region"}), 1, _MANY, "位于", _within_region),
    "within_industry": Operator(frozenset[Kind]({"industry"}), 1, _MANY, "属于行业", _within_industry),
    "is_true": Operator(frozenset[Kind]({"flag"}), 0, 0, "：是", _is_true),
    "is_false": Operator(frozenset[Kind]({"flag"}), 0, 0, "：否", _is_false),
}  # fmt: skip


def evaluate(condition: Condition, facts: Facts) -> Verdict:
    """Say whether a need's facts pass a condition, fail it, or leave it unknown."""
    match condition:
        case Criterion(fact=name, operator=operator, operand=operand):
            value = facts.get(name)
            if value is None:
                return Verdict.UNKNOWN
            return OPERATORS[operator].decide(value, operand)
        case AnyOf(criteria=parts):
            return max(evaluate(part, facts) for part in parts)
        case AllOf(criteria=parts):
            return min(evaluate(part, facts) for part in parts)


def missing_facts(condition: Condition, facts: Facts) -> frozenset[str]:
    """Name the facts that would have to be asked for before an unknown condition is decided."""
    if evaluate(condition, facts) is not Verdict.UNKNOWN:
        return frozenset()
    if isinstance(condition, Criterion):
        return condition.facts()
    return frozenset().union(*(missing_facts(part, facts) for part in condition.criteria))


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition explained: what is asked, what the need says, the verdict, who asks."""

    facts: tuple[str, ...]
    asked: str
    found: str
    verdict: Verdict
    source: str


@lru_cache(maxsize=MOST_TEXTS)
def _named(condition: Condition) -> tuple[str, ...]:
    return tuple(sorted(condition.facts()))


def explain(condition: Condition, facts: Facts) -> Finding:
    """Explain one condition against a need's facts, in words for people (Chinese)."""
    names = _named(condition)
    found = "；".join(f"{FACTS[name].chinese}：{fact_text(FACTS[name], facts.get(name))}" for name in names)
    return Finding(names, condition_text(condition), found, evaluate(condition, facts), condition.source)


@lru_cache(maxsize=MOST_TEXTS)
def condition_text(condition: Condition) -> str:
    """Say in Chinese what a condition asks."""
    match condition:
        case Criterion(fact=name, operator=operator, operand=operand):
            fact = FACTS[name]
            separator = "至" if operator == "between" else "、"
            words = separator.join(_operand_text(fact, part) for part in operand)
            return f"{fact.chinese}{OPERATORS[operator].chinese}{words}"
        case AnyOf(criteria=parts):
            return "（" + " 或 ".join(condition_text(part) for part in parts) + "）"
        case AllOf(criteria=parts):
            return "（" + " 且 ".join(condition_text(part) for part in parts) + "）"


def _operand_text(fact: Fact, part: int | str) -> str:
    return fact_text(fact, part)
