"""What a pack's YAML file may hold: the closed set of keys, with bounds, before any meaning is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.kernel.errors import Fault
from app.policy.yaml_lines import KeyPath, path_text

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Long = Annotated[str, StringConstraints(min_length=1, max_length=1_200)]
Note = Annotated[str, StringConstraints(max_length=1_200)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=120)]
Carrier = Annotated[
    str, StringConstraints(pattern=r"^(parameter|rule|feature):[a-z0-9_]+(\.[a-z0-9_]+)+$", max_length=140)
]
Number = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Names = Annotated[list[Name], Field(max_length=40)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ClauseFile(_Written):
    number: Number
    heading: Name
    summary: Long
    lead: Names = []
    responsible: Names = []
    carried_by: Annotated[list[Carrier], Field(max_length=40)] = []
    reason: Note = ""


class DatedFile(_Written):
    since: date
    value: Any


class ParameterFile(_Written):
    key: Key
    name: Name
    clause: Number
    type: Literal[
        "count", "percent", "money", "text", "flag", "date", "words", "counts", "amounts", "weights",
        "fee_tiers", "load_tiers",
    ]  # fmt: skip
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    value: Any = None
    values: Annotated[list[DatedFile], Field(max_length=50)] = []
    note: Note = ""


class RuleFile(_Written):
    key: Key
    kind: Literal["admission", "bottleneck", "derived", "chain", "subsidy", "support"]
    name: Name
    clause: Number
    is_regional: bool = False
    when: Any
    data: dict[str, Name]
    note: Note = ""


class HeadFile(_Written):
    """The keys of a pack beside its three lists."""

    name: Name
    title: Name
    number: Annotated[str, StringConstraints(max_length=60)]
    cite_as: Name
    clause_form: Annotated[str, StringConstraints(pattern=r"^[^{}]*\{\}[^{}]*$", max_length=20)]
    issuers: Names
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    status: Literal["in_force", "draft", "expired"]
    source: Literal["document", "operator"]
    issued_on: date | None
    effective_on: date | None
    effective_until: date | None = None
    source_file: Annotated[str, StringConstraints(pattern=r"^[\w.-]*$", max_length=80)]
    source_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    notes: Annotated[list[Long], Field(max_length=40)] = []


Part = TypeVar("Part", bound=_Written)


@dataclass(frozen=True, slots=True)
class PackFile:
    """A pack as written: what of it has the right shape, by its place in the file's lists.

    `numbers` and `keys` (`parameter:KEY`, `rule:KEY`) also hold those of parts with faults, so that what
    refers to them is not blamed.
    """

    head: HeadFile | None
    clauses: Mapping[int, ClauseFile]
    parameters: Mapping[int, ParameterFile]
    rules: Mapping[int, RuleFile]
    numbers: frozenset[str]
    keys: frozenset[str]


_LISTS: Final = ("clauses", "parameters", "rules")
MOST_PARTS = 200


def read_pack_file(data: Any, faults: list[Fault]) -> PackFile:
    """Check the shape of a pack part by part; add every fault with its key path as place."""
    if not isinstance(data, Mapping):
        faults.append(Fault("", "not a pack", "Expected `name:`, `title:`, … `clauses:` at the top."))
        data = {}
    lists = {name: _list_of(data, name, faults) for name in _LISTS}
    head = (
        _checked(HeadFile, {key: data[key] for key in data if key not in _LISTS}, (), faults)
        if data
        else None
    )
    return PackFile(
        head,
        _parts(ClauseFile, "clauses", lists, faults),
        _parts(ParameterFile, "parameters", lists, faults),
        _parts(RuleFile, "rules", lists, faults),
        frozenset(_stated(lists["clauses"], "number")),
        frozenset(
            f"{name.removesuffix('s')}:{key}"
            for name in ("parameters", "rules")
            for key in _stated(lists[name], "key")
        ),
    )


def _list_of(data: Mapping[str, Any], name: str, faults: list[Fault]) -> list[Any]:
    found = data.get(name)
    written = [] if found is None else found
    fewest = 1 if name == "clauses" else 0
    if isinstance(written, list) and fewest <= len(written) <= MOST_PARTS:
        return written
    if data:
        remedy = f"Expected a list of {fewest} to {MOST_PARTS}, each beginning with `- `."
        faults.append(Fault(name, f"not a list of {name}", remedy, "" if found is None else str(found)[:80]))
    return []


def _stated(items: list[Any], key: str) -> list[str]:
    return [str(item[key]) for item in items if isinstance(item, Mapping) and key in item]


def _parts(
    model: type[Part], name: str, lists: Mapping[str, list[Any]], faults: list[Fault]
) -> dict[int, Part]:
    read = {i: _checked(model, item, (name, i), faults) for i, item in enumerate(lists[name])}
    return {i: part for i, part in read.items() if part is not None}


def _checked(model: type[Part], data: Any, path: KeyPath, faults: list[Fault]) -> Part | None:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults.extend(_fault_of(item, model, path) for item in error.errors(include_url=False))
        return None


def _fault_of(item: Any, model: type[BaseModel], path: KeyPath) -> Fault:
    inner: KeyPath = item["loc"]
    where, value = path_text((*path, *inner)), str(item["input"])[:80]
    if item["type"] == "missing":
        return Fault(where, "a key is missing", f"Add `{inner[-1]}:` here.")
    if item["type"] == "extra_forbidden":
        known = DatedFile if inner[0] == "values" else model
        lists = () if model is not HeadFile else _LISTS
        return Fault(
            where, "unknown key", f"Expected one of {', '.join((*known.model_fields, *lists))}.", value
        )
    expected = item["msg"].replace("Input should be", "Expected").replace("String should", "Expected to")
    return Fault(where, "not what is expected here", f"{expected}.", value)
