"""Lists of records in YAML files, read through pydantic models; faults name file, line and key.

A file is one mapping. Some of its keys hold lists of records; the others describe the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from app.kernel.errors import Fault
from app.kernel.money import MOST_FEN
from app.policy.amounts import EXPECTED, fen_from_words
from app.policy.yaml_lines import MOST_SHOWN, KeyPath, LineOf, path_of, path_text, read_yaml

Record = TypeVar("Record", bound=BaseModel)
_REMEDIES: Final = {
    "extra_forbidden": "Remove the key, or correct its spelling.",
    "missing": "Add the key.",
    "string_type": "Put the value in quotes.",
}

WhereOf = Callable[[str], str]
"""From a key of a record (`""`: the record) to the place that its sender knows."""


@dataclass(frozen=True, slots=True)
class Placed(Generic[Record]):
    """A record with the places of its keys."""

    record: Record
    where: WhereOf

    def fault(self, key: str, message: str, remedy: str = "", value: str = "") -> Fault:
        """Answer a fault at one of the record's keys."""
        return Fault(self.where(key), message, remedy, value[:MOST_SHOWN])


@dataclass(frozen=True, slots=True)
class RecordFile:
    """What a file holds: its records by list, and the keys that describe it."""

    records: Mapping[str, list[Placed[Any]]]
    head: Mapping[str, Any] = field(default_factory=dict)


def read_records(
    text: str,
    file_name: str,
    lists: Mapping[str, Any],
    faults: list[Fault],
    *,
    head: frozenset[str] = frozenset(),
) -> RecordFile:
    """Read a file whose keys `lists` hold records of these models and whose other keys are `head`.

    Every fault of the file is added to `faults`; records with a fault are left out.
    """
    data, line_of = read_yaml(text, file_name, faults)
    empty: dict[str, list[Placed[Any]]] = {name: [] for name in lists}
    if data is None and faults:
        return RecordFile(empty)
    if not isinstance(data, Mapping):
        remedy = f"Expected a mapping with {', '.join(lists)}."
        faults.append(Fault(f"{file_name}:1", "not a mapping", remedy, str(data)[:MOST_SHOWN]))
        return RecordFile(empty)
    reader = _Reader(file_name, line_of, faults)
    for key in data:
        if key not in lists and key not in head:
            remedy = f"Expected {', '.join([*lists, *sorted(head)])}."
            faults.append(Fault(reader.where((key,)), "unknown key", remedy, str(key)[:MOST_SHOWN]))
    found = {name: reader.read_list(data.get(name), name, model) for name, model in lists.items()}
    return RecordFile(found, {key: data[key] for key in head if key in data})


@dataclass(frozen=True, slots=True)
class _Reader:
    file_name: str
    line_of: LineOf
    faults: list[Fault]

    def where(self, path: KeyPath) -> str:
        return f"{self.file_name}:{self.line_of(path)} {path_text(path)}".rstrip()

    def read_list(self, data: Any, name: str, model: type[Record]) -> list[Placed[Record]]:
        if data is None:
            return []
        if not isinstance(data, list):
            self.faults.append(Fault(self.where((name,)), "expected a list", "Begin each record with `- `."))
            return []
        read = (self._read_one(item, (name, i), model) for i, item in enumerate(data))
        return [placed for placed in read if placed is not None]

    def _read_one(self, data: Any, path: KeyPath, model: type[Record]) -> Placed[Record] | None:
        try:
            record = model.model_validate(data)
        except ValidationError as error:
            self.faults.extend(self._fault_of(dict(item), path) for item in error.errors())
            return None
        return Placed(record, lambda key: self.where((*path, *_steps(key))))

    def _fault_of(self, item: Mapping[str, Any], path: KeyPath) -> Fault:
        found = item.get("input")
        shown = "" if isinstance(found, Mapping | list | None) else str(found)
        remedy = _REMEDIES.get(item["type"], "")
        return Fault(self.where((*path, *item["loc"])), item["msg"], remedy, shown[:MOST_SHOWN])


def _read_words(value: Any) -> int:
    if not isinstance(value, str):
        msg = f"expected {EXPECTED}"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError into a field error
    return fen_from_words(value)


WrittenAmount = Annotated[int, BeforeValidator(_read_words), Field(ge=0, le=MOST_FEN)]
"""Integer fen that files write with its unit."""


def _steps(key: str) -> KeyPath:
    """Answer the path of a key, whether positions stand as in JSON faults (`any.1`) or as in files (`any[1]`)."""
    return tuple(int(step) if str(step).isdecimal() else step for step in path_of(key))
