"""What an import would do to the stored tree: decided on values, before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree, TreeError
from app.institutions.schemas import InstitutionIn, InstitutionRecord
from app.kernel.errors import Fault
from app.policy.yaml_records import Placed
from app.reference.regions import Regions

BASIS_POINTS_PER_PERCENT: Final = 100
Described = InstitutionIn | InstitutionRecord


@dataclass(frozen=True, slots=True)
class InstitutionState:
    """All that is stored of one institution but ids and stamps; parent by code."""

    code: str
    uscc: str | None
    name: str
    short_name: str
    kind: InstitutionKind
    parent: str | None
    region: str
    areas: tuple[str, ...]
    capacity: int | None
    group_capacity: int | None
    credit_loan_share: int | None
    borrower_limit_fen: int | None
    is_demo: bool


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Institutions to add (parents before children) and to change; `same` counts the others."""

    new: tuple[InstitutionState, ...]
    changed: tuple[InstitutionState, ...]
    same: int
    faults: tuple[Fault, ...]


def state_of(record: Described, kind: InstitutionKind) -> InstitutionState:
    """Answer a described institution as it would be stored, of the kind found for it."""
    share = record.credit_loan_share
    return InstitutionState(
        record.code,
        record.uscc,
        record.name,
        record.short_name,
        kind,
        record.parent,
        record.region,
        record.areas,
        record.capacity,
        record.group_capacity,
        None if share is None else int(share * BASIS_POINTS_PER_PERCENT),
        record.borrower_limit,
        record.is_demo,
    )


def plan_import(
    placed: Sequence[Placed[Described]], stored: Mapping[str, InstitutionState], regions: Regions
) -> ImportPlan:
    """Compare records with what is stored, by code; a record states its institution wholly.

    Faults name every contradiction: a code or credit code given twice, an unknown region or parent,
    a kind that is missing or differs from the head office's, parents that form a ring.
    """
    faults = [*_doubled(placed, stored), *_unknown_regions(placed, regions)]
    given = {item.record.code: item for item in placed}
    kinds = {code: state.kind for code, state in stored.items()}
    parents: dict[str, str | None] = {code: state.parent for code, state in stored.items()}
    parents |= {code: item.record.parent for code, item in given.items()}
    faults += _faults_of_parents(given, parents)
    if faults:
        return ImportPlan((), (), 0, tuple(faults))
    order = parents_first(given, parents)
    states: dict[str, InstitutionState] = {}
    for code in order:
        kind = _kind_of(given[code], kinds, faults)
        kinds[code] = kind
        states[code] = state_of(given[code].record, kind)
    faults += _children_left_behind(states, stored, given)
    return ImportPlan(
        tuple(state for code, state in states.items() if code not in stored),
        tuple(state for code, state in states.items() if code in stored and state != stored[code]),
        sum(state == stored.get(code) for code, state in states.items()),
        tuple(faults),
    )


def parents_first(codes: Iterable[str], parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """Answer the codes so that each stands after its parent; the parents may not form a ring."""
    waiting, ordered = dict.fromkeys(codes), dict[str, None]()
    for code in waiting:
        trail = [code]
        while (above := parents[trail[-1]]) is not None and above in waiting and above not in ordered:
            trail.append(above)
        ordered.update(dict.fromkeys(reversed(trail)))
    return tuple(ordered)


def _doubled(placed: Sequence[Placed[Described]], stored: Mapping[str, InstitutionState]) -> Iterable[Fault]:
    codes: set[str] = set()
    owners = {state.uscc: code for code, state in stored.items() if state.uscc}
    for item in placed:
        code, uscc = item.record.code, item.record.uscc
        if code in codes:
            yield item.fault("code", "this code stands twice in the file", "Keep one record.", code)
        codes.add(code)
        if uscc and owners.setdefault(uscc, code) != code:
            message = f"this credit code belongs to {owners[uscc]}"
            yield item.fault("uscc", message, "Correct it or leave it out.", uscc)


def _unknown_regions(placed: Sequence[Placed[Described]], regions: Regions) -> Iterable[Fault]:
    for item in placed:
        named = [("region", item.record.region)]
        named += [("areas", area) for area in item.record.areas if area != item.record.region]
        yield from (
            item.fault(key, "no region of today has this code", regions.hint(code), code)
            for key, code in named
            if regions.get(code) is None
        )


def _faults_of_parents(
    given: Mapping[str, Placed[Described]], parents: Mapping[str, str | None]
) -> list[Fault]:
    missing = [
        item.fault("parent", "no such institution, stored or in this file", "Add it.", str(parents[code]))
        for code, item in given.items()
        if parents[code] is not None and parents[code] not in parents
    ]
    if missing:
        return missing
    numbers = {code: number for number, code in enumerate(parents)}
    try:
        InstitutionTree.build(
            _bare_node(number, code, numbers[above] if (above := parents[code]) is not None else None)
            for code, number in numbers.items()
        )
    except TreeError as error:
        return [
            given[code].fault("parent", str(error), "Break the ring at one of them.")
            for code in error.codes
            if code in given
        ]
    return []


def _bare_node(number: int, code: str, parent: int | None) -> InstitutionNode:
    return InstitutionNode(number, code, code, code, InstitutionKind.LARGE, parent, number, "000000", ())


def _kind_of(
    item: Placed[Described], kinds: Mapping[str, InstitutionKind], faults: list[Fault]
) -> InstitutionKind:
    record = item.record
    above = kinds[record.parent] if record.parent is not None else None
    if record.kind is None and above is None:
        known = ", ".join(InstitutionKind)
        faults.append(item.fault("kind", "a head office needs its kind", f"One of {known}."))
    if above is not None and record.kind is not None and record.kind is not above:
        message = f"differs from the kind of its parent {record.parent}, {above}"
        faults.append(item.fault("kind", message, "Leave it out.", record.kind))
    return above or record.kind or InstitutionKind.NON_BANK


def _children_left_behind(
    states: Mapping[str, InstitutionState],
    stored: Mapping[str, InstitutionState],
    given: Mapping[str, Placed[Described]],
) -> Iterable[Fault]:
    """Name changes of kind that would leave a stored child, absent from the file, of another kind."""
    for code, state in stored.items():
        parent = states.get(state.parent) if state.parent is not None else None
        if code not in states and parent is not None and parent.kind is not state.kind:
            message = f"its branch {code} is stored as {state.kind}"
            yield given[parent.code].fault("kind", message, "Import the branches with it.", parent.kind)
