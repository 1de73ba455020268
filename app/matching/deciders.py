"""What a fact's value says of many criteria at once.

For one fact, a decider holds distinct criteria ("leaves") and turns a value into the vector of
their verdicts. Each kind has its own short cut, held equal to `app.policy.criteria.evaluate` by
property tests: ranks between break points for numbers, prefixes for the region and industry
trees, look-ups for choices, bit masks for sets. Values with equal vectors form one value class.
"""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.policy.criteria import Criterion, Verdict
from app.policy.facts import FACTS, FactValue, Members

Verdicts = npt.NDArray[np.uint8]

FAIL, UNKNOWN, PASS = int(Verdict.FAIL), int(Verdict.UNKNOWN), int(Verdict.PASS)


class Decider(ABC):
    """The verdicts of a fact's leaves on any value of the fact.

    `key(value)` answers something hashable such that values with equal keys have equal verdicts;
    it is what callers memoise on. None (unknown) has the key None.
    """

    is_own_key = True
    """Whether a value is its own key."""

    def __init__(self, leaves: Sequence[Criterion]) -> None:
        self.fact = FACTS[leaves[0].fact]
        self.leaves = tuple(leaves)

    def key(self, value: FactValue | None) -> Hashable:
        """Answer the memo key of a value."""
        return value

    def keys(self, values: Sequence[FactValue | None]) -> list[Hashable]:
        """Answer the memo keys of many values."""
        return list(values) if self.is_own_key else [self.key(value) for value in values]

    def verdicts(self, value: FactValue | None) -> Verdicts:
        """Answer the verdict of each leaf on a value (uint8, as `Verdict` numbers them)."""
        if value is None:
            return np.full(len(self.leaves), UNKNOWN, np.uint8)
        return self._decide(value)

    @abstractmethod
    def _decide(self, value: Any) -> Verdicts:
        """Answer the verdict of each leaf on a known value."""


class NumberDecider(Decider):
    """at_least, at_most, between: a value's class is its rank between the break points."""

    is_own_key = False

    def __init__(self, leaves: Sequence[Criterion]) -> None:
        super().__init__(leaves)
        bounds = [_bounds(leaf) for leaf in leaves]
        self._low = np.array([low for low, _ in bounds], np.int64)
        self._high = np.array([high for _, high in bounds], np.int64)
        starts = {low for low, _ in bounds} | {high + 1 for _, high in bounds if high < _MOST}
        self.breaks = sorted(starts - {-_MOST})
        self._breaks = np.array(self.breaks, np.int64)

    def key(self, value: FactValue | None) -> Hashable:
        return None if value is None else bisect_right(self.breaks, int(value))  # type: ignore[arg-type]  # numbers only

    def keys(self, values: Sequence[FactValue | None]) -> list[Hashable]:
        numbers = np.array([_UNKNOWN_NUMBER if value is None else value for value in values], np.int64)
        ranks: list[Hashable] = np.searchsorted(self._breaks, numbers, side="right").tolist()
        for place in np.flatnonzero(numbers == _UNKNOWN_NUMBER):
            ranks[place] = None
        return ranks

    def _decide(self, value: int) -> Verdicts:
        return np.where((self._low <= value) & (value <= self._high), PASS, FAIL).astype(np.uint8)


_MOST = 2**62
_UNKNOWN_NUMBER = -(2**63)


def _bounds(leaf: Criterion) -> tuple[int, int]:
    numbers = [int(number) for number in leaf.operand]
    match leaf.operator:
        case "at_least":
            return numbers[0], _MOST
        case "at_most":
            return -_MOST, numbers[0]
        case _:
            return numbers[0], numbers[-1]


class TreeDecider(Decider):
    """within_region, within_industry: codes nest by prefix.

    A leaf passes when one of its areas is a prefix of the value; it is unknown when the value is
    broader, that is a prefix of one of its areas.
    """

    def __init__(
        self,
        leaves: Sequence[Criterion],
        stem: Callable[[str], str],
    ) -> None:
        super().__init__(leaves)
        self._stem = stem
        self._holding: dict[str, list[int]] = defaultdict(list)
        self._below: dict[str, list[int]] = defaultdict(list)
        for i, leaf in enumerate(leaves):
            for area in {str(part) for part in leaf.operand}:
                self._holding[stem(area)].append(i)
                for prefix in _prefixes(area):
                    self._below[prefix].append(i)

    def _decide(self, value: str) -> Verdicts:
        found = np.full(len(self.leaves), FAIL, np.uint8)
        found[self._below.get(self._stem(value), [])] = UNKNOWN
        for prefix in _prefixes(value):
            found[self._holding.get(prefix, [])] = PASS
        return found


def _prefixes(code: str) -> Iterable[str]:
    return (code[:length] for length in range(len(code) + 1))


def region_stem(code: str) -> str:
    """Answer the digits that all regions inside share: 230100 → 2301, 000000 → nothing."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def industry_stem(code: str) -> str:
    """Answer the code itself: all industries inside C34 start with C34."""
    return code


class WordDecider(Decider):
    """in and none_of on a single word; is_true and is_false on a flag."""

    def __init__(self, leaves: Sequence[Criterion]) -> None:
        super().__init__(leaves)
        self._usual = np.full(len(leaves), FAIL, np.uint8)
        self._named: dict[Hashable, list[tuple[int, int]]] = defaultdict(list)
        for i, leaf in enumerate(leaves):
            usual, named, words = _word_rule(leaf)
            self._usual[i] = usual
            for word in set(words):
                self._named[word].append((i, named))

    def _decide(self, value: Hashable) -> Verdicts:
        found = self._usual.copy()
        for i, verdict in self._named.get(value, ()):
            found[i] = verdict
        return found


def _word_rule(leaf: Criterion) -> tuple[int, int, Iterable[Hashable]]:
    match leaf.operator:
        case "in":
            return FAIL, PASS, leaf.operand
        case "none_of":
            return PASS, FAIL, leaf.operand
        case "is_true":
            return FAIL, PASS, (True,)
        case _:
            return FAIL, PASS, (False,)


class SetDecider(Decider):
    """any_of, all_of, none_of, is_empty on a set of which perhaps not all members are known."""

    is_own_key = False

    def __init__(self, leaves: Sequence[Criterion]) -> None:
        super().__init__(leaves)
        named = sorted({str(word) for leaf in leaves for word in leaf.operand})
        self._bits = {word: 1 << i for i, word in enumerate(named)}
        asked = [sum(self._bits[str(word)] for word in set(leaf.operand)) for leaf in leaves]
        self._asked = np.array(asked, np.uint64)
        self._operators = [
            (np.flatnonzero([leaf.operator == operator for leaf in leaves]), operator)
            for operator in _SET_RULES
        ]

    def key(self, value: FactValue | None) -> Hashable:
        if value is None:
            return None
        assert isinstance(value, Members)
        return value.known if value.is_complete else (value.known, False)

    def _decide(self, value: Members) -> Verdicts:
        known = np.uint64(sum(self._bits.get(word, 0) for word in value.known))
        found = np.empty(len(self.leaves), np.uint8)
        for places, operator in self._operators:
            asked = self._asked[places]
            common = (
                asked & known
                if operator != "is_empty"
                else np.full(len(places), bool(value.known), np.uint64)
            )
            settled, otherwise = _SET_RULES[operator]
            is_settled = common == asked if operator == "all_of" else common != 0
            found[places] = np.where(is_settled, settled, otherwise if value.is_complete else UNKNOWN)
        return found


_SET_RULES = {
    "any_of": (PASS, FAIL),
    "all_of": (PASS, FAIL),
    "none_of": (FAIL, PASS),
    "is_empty": (FAIL, PASS),
}
"""The verdict that the known members settle, and the one when there are no others either."""


def decider_of(leaves: Sequence[Criterion]) -> Decider:
    """Make the decider of distinct leaves that all speak of one fact."""
    match FACTS[leaves[0].fact].kind:
        case "money" | "number":
            return NumberDecider(leaves)
        case "region":
            return TreeDecider(leaves, region_stem)
        case "industry":
            return TreeDecider(leaves, industry_stem)
        case "choices":
            return SetDecider(leaves)
        case _:
            return WordDecider(leaves)
