"""What the packs of a library may not say differently: otherwise which one applies would change the meaning of a key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.kernel.errors import Fault
from app.policy.packs import DatedValue, Pack, Parameter, Rule, RuleKind
from app.policy.rulebook import BOTTLENECK_ORDER


@dataclass(frozen=True, slots=True)
class PlacedPack:
    """A pack with the lines of its file: `place` turns a fault's key path into file, line and key."""

    pack: Pack
    place: Callable[[Fault], Fault]


def agreement_faults(found: Sequence[PlacedPack]) -> Iterator[Fault]:
    """Name where a pack contradicts one before it, at the line of the later one.

    The name of a pack is its own; a key is of one type or kind, and has the same names (`counts`,
    `amounts`, `weights`), in every pack; the order of bottlenecks names classes that some rule establishes.
    """
    yield from _same_codes(found)
    yield from _same_types(found)
    yield from _same_names(found)
    yield from _known_classes(found)


def _same_codes(found: Iterable[PlacedPack]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for each in found:
        other = first.setdefault(each.pack.code, each.pack.jurisdiction)
        if other != each.pack.jurisdiction:
            yield each.place(Fault("", f"{other} has a pack of this name too", "Rename one of the files."))


def _same_types(found: Iterable[PlacedPack]) -> Iterator[Fault]:
    first: dict[str, tuple[str, str]] = {}
    for each in found:
        for where, item in _items(each.pack):
            named, kind = ("type", item.type) if isinstance(item, Parameter) else ("kind", item.kind.value)
            known, other = first.setdefault(item.key, (kind, each.pack.code))
            if known != kind:
                message = f"{item.key} is of type {known} in {other}"
                remedy = f"Expected {known}; or use another key."
                yield each.place(Fault(f"{where}.{named}", message, remedy, kind))


def _same_names(found: Iterable[PlacedPack]) -> Iterator[Fault]:
    first: dict[str, tuple[list[str], str]] = {}
    for each in found:
        for where, key, dated in _dated_values(each.pack):
            if not isinstance(dated.value, Mapping):
                continue
            names = sorted(dated.value)
            known, other = first.setdefault(key, (names, each.pack.code))
            if known != names:
                message = f"{key} does not have the names that it has in {other}"
                remedy = f"Expected {', '.join(known)}."
                yield each.place(Fault(where, message, remedy, ", ".join(names)))


def _known_classes(found: Sequence[PlacedPack]) -> Iterator[Fault]:
    rules = [rule for each in found for rule in each.pack.rules if rule.kind is RuleKind.BOTTLENECK]
    classes = sorted({rule.data["class_code"] for rule in rules})
    for each in found:
        for where, key, dated in _dated_values(each.pack):
            if key != BOTTLENECK_ORDER or not isinstance(dated.value, tuple):
                continue
            unknown = [str(code) for code in dated.value if code not in classes]
            if unknown:
                remedy = f"Expected some of {', '.join(classes)}."
                yield each.place(Fault(where, "no rule has such a class_code", remedy, ", ".join(unknown)))


def _items(pack: Pack) -> Iterator[tuple[str, Parameter | Rule]]:
    yield from ((f"parameters[{i}]", parameter) for i, parameter in enumerate(pack.parameters))
    yield from ((f"rules[{i}]", rule) for i, rule in enumerate(pack.rules))


def _dated_values(pack: Pack) -> Iterator[tuple[str, str, DatedValue]]:
    # A value written alone stands under `value`, several under `values`; an unwritten place is that above it.
    for i, parameter in enumerate(pack.parameters):
        for j, dated in enumerate(parameter.values):
            alone = len(parameter.values) == 1
            where = f"parameters[{i}].value" if alone else f"parameters[{i}].values[{j}].value"
            yield where, parameter.key, dated
