"""What a new version of a list changes, firm by firm. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.whitelist.names import normalise_company_name


class RowChange(StrEnum):
    """How a row differs between two versions."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


CHANGE_NAMES: Final = {RowChange.ADDED: "新增", RowChange.REMOVED: "移出", RowChange.CHANGED: "变更"}


@dataclass(frozen=True, slots=True)
class StatedRow:
    """What a version says in one row, as far as versions are compared."""

    name: str
    relation: str
    uscc: str | None
    yearly_fen: int | None
    since_year: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One firm that two versions say something else of; None on the side that does not name it."""

    change: RowChange
    before: StatedRow | None
    after: StatedRow | None


def differences(before: Iterable[StatedRow], after: Iterable[StatedRow]) -> list[Difference]:
    """Answer what differs, by name and relation: added ones, removed ones, changed ones.

    A firm is the same by its relation and its code, where both versions state it, else its name: a code that is added
    later makes no other firm of it.
    """
    old, new = list(before), list(after)
    pairs = _paired(old, new)
    matched_old = {id(one) for one, _other in pairs}
    matched_new = {id(other) for _one, other in pairs}
    found = [Difference(RowChange.CHANGED, one, other) for one, other in pairs if one != other]
    found += [Difference(RowChange.REMOVED, one, None) for one in old if id(one) not in matched_old]
    found += [Difference(RowChange.ADDED, None, one) for one in new if id(one) not in matched_new]
    return sorted(found, key=_order)


def _paired(old: list[StatedRow], new: list[StatedRow]) -> list[tuple[StatedRow, StatedRow]]:
    by_code = {(one.uscc, one.relation): one for one in old if one.uscc}
    taken: set[int] = set()
    pairs = []
    rest = []
    for one in new:
        other = by_code.get((one.uscc, one.relation)) if one.uscc else None
        if other is None or id(other) in taken:
            rest.append(one)
        else:
            taken.add(id(other))
            pairs.append((other, one))
    by_name: Mapping[tuple[str, str], StatedRow] = {
        (_key(one), one.relation): one for one in reversed(old) if id(one) not in taken
    }
    for one in rest:
        other = by_name.get((_key(one), one.relation))
        if other is not None and id(other) not in taken and not (one.uscc and other.uscc):
            taken.add(id(other))
            pairs.append((other, one))
    return pairs


def _key(row: StatedRow) -> str:
    return normalise_company_name(row.name).exact_key


_ORDER: Final = {RowChange.ADDED: 0, RowChange.REMOVED: 1, RowChange.CHANGED: 2}


def _order(one: Difference) -> tuple[int, str, str]:
    row = one.after or one.before
    assert row is not None
    return _ORDER[one.change], row.name, row.relation
