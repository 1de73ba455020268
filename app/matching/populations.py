"""The needs of an edition as columns, and which of them meet some conditions. Pure.

A column holds the distinct values of what needs state, and for each need which of them it states. A condition is
then decided once for each combination of values that occurs, however many needs state it; verdicts are those
of `policy.criteria.evaluate`, of which the engine's are too, so a difference here is that of two full matches.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, get_type_hints

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from app.enterprises.need_facts import STATED_FACTS, NeedFacts
from app.matching.deciders import FAIL, PASS
from app.matching.products import flattened
from app.policy.criteria import Condition, evaluate
from app.policy.derived import STATED_BEHIND, derive_facts
from app.policy.facts import FACTS, FactValue, Members
from app.policy.rulebook import AppliedRule
from app.reference.book import ReferenceBook

Ids = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Verdicts = npt.NDArray[np.uint8]

READ: Final = (*STATED_FACTS, "established_on")
"""What columns hold of a need: every fact that it states, and the day from which years count."""
_READERS: Final[Mapping[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(shape)
    for name, shape in get_type_hints(NeedFacts, include_extras=True).items()
    if name in READ
}


@dataclass(frozen=True, slots=True)
class Column:
    """`values[codes[i]]` is what need i states; None is unknown."""

    codes: Codes
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Population:
    """Needs in the order of `entries` (ids), each by the wording (`revisions`, ids) that it was listed with."""

    entries: Ids
    revisions: Ids
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.entries)


def population(entries: Ids, revisions: Ids, texts: Mapping[int, str]) -> Population:
    """Read columns of stored facts (JSON, by id of their revision)."""
    written: dict[str, dict[Hashable, int]] = {name: {} for name in READ}
    codes = np.empty((len(READ), len(entries)), np.int32)
    for place, revision in enumerate(revisions.tolist()):
        stated = json.loads(texts[revision])
        for number, name in enumerate(READ):
            value = stated.get(name)
            known = written[name]
            codes[number, place] = known.setdefault(
                tuple(value) if isinstance(value, list) else value, len(known)
            )
    found = {
        name: Column(codes[number], [_read(name, value) for value in written[name]])
        for number, name in enumerate(READ)
    }
    return Population(entries, revisions, found)


def joined(kept: Population, added: Population, keep: npt.NDArray[np.bool_]) -> Population:
    """Answer some needs of a population with those of another behind them."""
    columns = {}
    for name in READ:
        old, new = kept.columns[name], added.columns[name]
        places: dict[Any, int] = {value: place for place, value in enumerate(old.values)}
        moved = np.array([places.setdefault(value, len(places)) for value in new.values], np.int32)
        codes = np.concatenate([old.codes[keep], moved[new.codes] if len(new.codes) else new.codes])
        columns[name] = Column(codes, list(places))
    return Population(
        np.concatenate([kept.entries[keep], added.entries]),
        np.concatenate([kept.revisions[keep], added.revisions]),
        columns,
    )


def _read(name: str, written: Hashable) -> Any:
    """Answer a stored value as the need's model reads it, in the shape in which facts have it."""
    value = _READERS[name].validate_python(list(written) if isinstance(written, tuple) else written)
    is_set = name in FACTS and FACTS[name].kind == "choices" and value is not None
    return Members(frozenset(value)) if is_set else value


@dataclass
class Judge:
    """Decides conditions over a population on a day; what follows from stated facts is derived once."""

    needs: Population
    on: date
    book: ReferenceBook
    rules: Sequence[AppliedRule]
    _derived: dict[str, Column] = field(default_factory=dict)

    def eligible(self, conditions: Iterable[Condition] | None) -> npt.NDArray[np.bool_]:
        """Tell which needs meet all conditions; None of them (there is no product) nobody meets."""
        if conditions is None:
            return np.zeros(len(self.needs), np.bool_)
        found = np.full(len(self.needs), PASS, np.uint8)
        for condition in flattened(conditions):
            found = np.minimum(found, self._verdicts(condition))
        return np.asarray(found == PASS)

    def _verdicts(self, condition: Condition) -> Verdicts:
        names = sorted(condition.facts())
        if not names:
            return np.full(len(self.needs), int(evaluate(condition, {})), np.uint8)
        columns = [self._column(name) for name in names]
        which, inverse = _combinations(columns)
        verdicts = [
            int(evaluate(condition, dict(zip(names, self._values(columns, place), strict=True))))
            for place in which.tolist()
        ]
        return np.array(verdicts or [FAIL], np.uint8)[inverse] if len(inverse) else np.empty(0, np.uint8)

    @staticmethod
    def _values(columns: Sequence[Column], place: int) -> list[FactValue | None]:
        return [column.values[column.codes[place]] for column in columns]

    def _column(self, name: str) -> Column:
        sources = self._sources(name)
        if sources == {name} and name not in STATED_BEHIND and name != "subject":
            return self.needs.columns[name]
        if name not in self._derived:
            self._derived[name] = self._derive(name, sorted(sources))
        return self._derived[name]

    def _sources(self, name: str, above: frozenset[str] = frozenset()) -> frozenset[str]:
        """Answer what needs state that decides a fact."""
        behind = frozenset(STATED_BEHIND.get(name, (name,))) & frozenset(READ)
        for rule in self.rules:
            if rule.data["fact"] == name:
                for fact in rule.condition.facts() - above - {name}:
                    behind |= self._sources(fact, above | {name})
        return behind

    def _derive(self, name: str, sources: Sequence[str]) -> Column:
        columns = [self.needs.columns[source] for source in sources]
        which, inverse = _combinations(columns)
        values: dict[Any, int] = {}
        codes = [
            values.setdefault(self._fact(name, sources, columns, place), len(values))
            for place in which.tolist()
        ]
        return Column(np.array(codes, np.int32)[inverse], list(values))

    def _fact(self, name: str, sources: Sequence[str], columns: Sequence[Column], place: int) -> Any:
        stated: dict[str, Any] = dict(zip(sources, self._values(columns, place), strict=True))
        since: date | None = stated.pop("established_on", None)
        facts = derive_facts(stated, established_on=since, on=self.on, book=self.book, rules=self.rules)
        return facts.get(name)


def _combinations(columns: Sequence[Column]) -> tuple[Ids, Ids]:
    """Answer for each combination of values a need that has it, and for each need its combination's number."""
    mixed = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        _values, mixed = np.unique(mixed, return_inverse=True)
        mixed = mixed * len(column.values) + column.codes
    _values, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)
