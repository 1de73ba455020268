"""The bitset index: for each value class of a group of facts, the products that it lets through.

A *row* has one bit for each product, in product order, 64 to a word. Row numbers come in two
senses: the row itself holds the products that PASS, and `possible_of[row]` is the row of those
that do not FAIL (the same number where nothing is unknown). The verdict on a pair is the minimum
over its groups (Kleene's `all`), so

    eligible = AND of the need's rows          possible = AND of their possible rows
    unknown  = possible and not eligible       fail     = not possible

Rows are made when a value class is first met and kept; equal rows are stored once. The index is
never patched: any change of the products builds a new one.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import numpy.typing as npt

from app.matching.deciders import FAIL, PASS, Verdicts
from app.matching.groups import Group, bare
from app.matching.products import IndexedProduct, flattened
from app.policy.criteria import Condition
from app.policy.facts import Facts

Words = npt.NDArray[np.uint64]
RowNumbers = npt.NDArray[np.int32]

WORD_BITS = 64
MOST_REMEMBERED = 200_000
"""Value keys remembered in one group; free text could otherwise fill the memory."""


@dataclass(slots=True)
class _Slot:
    """A group and what is remembered of it: value key → row, and profile verdicts → row."""

    group: Group
    own_key: str | None
    by_key: dict[Hashable, int] = field(default_factory=dict)
    by_verdicts: dict[bytes, int] = field(default_factory=dict)


class ProductIndex:
    """The rows of all groups over a sequence of products. Safe to use from several threads."""

    def __init__(self, products: Sequence[IndexedProduct]) -> None:
        self.products = tuple(products)
        self.words = max(1, -(-len(self.products) // WORD_BITS))
        self._slots = [_Slot(group, group.own_key) for group in _groups_of(self.products)]
        self._rows = np.zeros((64, self.words), np.uint64)
        self._possible = np.zeros(64, np.int32)
        self._numbers: dict[tuple[bytes, bytes], int] = {}
        self._lock = Lock()
        everyone = self._packed(np.ones(len(self.products), bool))
        self._row(everyone, everyone)

    @classmethod
    def build(cls, products: Sequence[IndexedProduct]) -> "ProductIndex":
        """Build the index; the order of the products is the order in which ties break."""
        return cls(products)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in the order of their row numbers in a need."""
        return tuple(slot.group for slot in self._slots)

    @property
    def rows(self) -> Words:
        """All rows made so far, with spare room after them (uint64 [at least `row_count`, words])."""
        return self._rows

    @property
    def possible_of(self) -> RowNumbers:
        """For each row, the number of the row of the products that do not fail (int32)."""
        return self._possible

    @property
    def row_count(self) -> int:
        """How many rows exist so far."""
        return len(self._numbers)

    def rows_of(self, facts: Facts) -> list[int]:
        """Answer the row number of a need in each group, in the order of `groups`."""
        found = []
        for slot in self._slots:
            key = slot.group.key(facts) if slot.own_key is None else facts.get(slot.own_key)
            number = slot.by_key.get(key)
            found.append(self._learn(slot, key, facts) if number is None else number)
        return found

    def rows_of_all(self, needs: Sequence[Facts]) -> RowNumbers:
        """Answer the row numbers of many needs (int32 [needs, groups])."""
        found = np.empty((len(needs), len(self._slots)), np.int32)
        for i, slot in enumerate(self._slots):
            keys = slot.group.keys(needs)
            numbers = list(map(slot.by_key.get, keys))
            for place, number in enumerate(numbers) if None in numbers else ():
                if number is None:
                    known = slot.by_key.get(keys[place])
                    numbers[place] = self._learn(slot, keys[place], needs[place]) if known is None else known
            found[:, i] = np.array(numbers, np.int32)
        return found

    def _learn(self, slot: _Slot, key: Hashable, facts: Facts) -> int:
        verdicts = slot.group.profile_verdicts(facts)
        text = _digest(verdicts)
        with self._lock:
            number = slot.by_verdicts.get(text)
            if number is None:
                number = slot.by_verdicts[text] = self._row_of(slot.group.product_verdicts(verdicts))
            if len(slot.by_key) >= MOST_REMEMBERED:
                slot.by_key = {}
            slot.by_key[key] = number
        return number

    def _row_of(self, verdicts: Verdicts) -> int:
        return self._row(self._packed(verdicts == PASS), self._packed(verdicts != FAIL))

    def _row(self, passing: Words, possible: Words) -> int:
        content = _digest(passing), _digest(possible)
        number = self._numbers.get(content)
        if number is not None:
            return number
        possible_number = None if content[0] == content[1] else self._row(possible, possible)
        number = len(self._numbers)
        if number == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
            self._possible = np.concatenate([self._possible, np.zeros_like(self._possible)])
        self._rows[number] = passing
        self._possible[number] = number if possible_number is None else possible_number
        self._numbers[content] = number
        return number

    def _packed(self, bits: npt.NDArray[np.bool_]) -> Words:
        packed = np.zeros(self.words * WORD_BITS // 8, np.uint8)
        octets = np.packbits(bits, bitorder="little")
        packed[: len(octets)] = octets
        return packed.view(np.dtype("<u8")).astype(np.uint64)


def _digest(values: npt.NDArray[np.uint8] | Words) -> bytes:
    return hashlib.blake2b(values.tobytes(), digest_size=16).digest()


def _groups_of(products: Sequence[IndexedProduct]) -> list[Group]:
    asked: dict[frozenset[str], list[tuple[Condition, ...]]] = {}
    for i, product in enumerate(products):
        sorted_in: dict[frozenset[str], list[Condition]] = defaultdict(list)
        for condition in flattened(product.conditions):
            sorted_in[condition.facts()].append(bare(condition))
        for facts, parts in sorted_in.items():
            if facts not in asked:
                asked[facts] = [()] * len(products)
            asked[facts][i] = tuple(parts)
    return [Group(asked[facts]) for facts in sorted(asked, key=sorted)]
