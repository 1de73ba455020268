"""Reading YAML that people write, so that every fault names file and line; plain data only.

What may stand in a file is less than YAML allows: one document, no anchors, aliases, tags or merge keys,
no key twice, bounded size and depth. So nothing is executed, nothing is multiplied, nothing is silently lost.
`yes`, `no`, `on` and `off` are words; 12.5 is an exact Decimal; 2023-10-12 is a date; 000000 is text.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import yaml
from yaml.reader import Reader

from app.kernel.errors import Fault

MOST_CHARACTERS = 8_000_000
MOST_EVENTS = 500_000
MOST_DEPTH = 20
MOST_SHOWN = 80

KeyPath = tuple[str | int, ...]
LineOf = Callable[[KeyPath], int]

_WORDS: Final[Mapping[str, bool | None]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[-+]?\d{1,18}\.\d{1,18}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str, file_name: str, faults: list[Fault]) -> tuple[Any, LineOf]:
    """Answer the data of one document and a function from key path to line (1 is the first).

    Faults are added to `faults` as "file:line key"; after one that makes the rest unreadable the data
    is None. The line of a path that is not there is that of the nearest path above it that is.
    """
    builder = _Builder(file_name, faults)
    text = text.removeprefix("\ufeff")
    if builder.can_read(text):
        builder.read(text)
    return builder.root, builder.line_of


def path_of(where: str) -> KeyPath:
    """Answer the key path of a place written as `rules[0].when.any[1].fact`."""
    return tuple(int(index) if index else key for index, key in _STEP.findall(where))


def path_text(path: Iterable[str | int]) -> str:
    """Write a key path as `rules[0].when.any[1].fact`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def placed(fault: Fault, file_name: str, line_of: LineOf) -> Fault:
    """Answer a fault whose place is a written key path as one that names file, line and key."""
    line = line_of(path_of(fault.where))
    return Fault(f"{file_name}:{line} {fault.where}".rstrip(), fault.message, fault.remedy, fault.value)


class _StopReading(Exception):
    """The rest of the file cannot be read safely; the fault is recorded."""


class _Builder:
    """Builds plain data from the parser's events, on a stack of its own (no recursion)."""

    def __init__(self, file_name: str, faults: list[Fault]) -> None:
        self.file_name, self.faults = file_name, faults
        self.root: Any = None
        self.lines: dict[KeyPath, int] = {(): 1}
        self.stack: list[tuple[dict[str, Any] | list[Any], KeyPath]] = []
        self.key: str | None = None
        self.is_done = False

    def line_of(self, path: KeyPath) -> int:
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def fault(self, line: int, path: KeyPath, message: str, remedy: str, value: str = "") -> None:
        where = f"{self.file_name}:{line} {path_text(path)}".rstrip()
        self.faults.append(Fault(where, message, remedy, value[:MOST_SHOWN]))

    def can_read(self, text: str) -> bool:
        if len(text) > MOST_CHARACTERS:
            self.fault(1, (), f"more than {MOST_CHARACTERS} characters", "Split the file.")
            return False
        found = Reader.NON_PRINTABLE.search(text)
        if found is not None:
            line = text.count("\n", 0, found.start()) + 1
            self.fault(line, (), "a character that cannot be printed", "Delete it.", repr(found.group()))
        return found is None

    def read(self, text: str) -> None:
        try:
            for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
                if count >= MOST_EVENTS:
                    self._stop(event, f"more than {MOST_EVENTS} values", "Split the file.")
                self._take(event)
        except _StopReading:
            self.root = None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self.fault(line, (), f"not YAML: {error.problem or error.context}", "Expected key: value lines.")
            self.root = None

    def _stop(self, event: yaml.Event, message: str, remedy: str, value: str = "") -> None:
        self.fault(_line(event), self._here(), message, remedy, value)
        raise _StopReading

    def _here(self) -> KeyPath:
        if not self.stack:
            return ()
        container, path = self.stack[-1]
        if isinstance(container, list):
            return (*path, len(container))
        return path if self.key is None else (*path, self.key)

    def _take(self, event: yaml.Event) -> None:
        self._refuse_indirection(event)
        match event:
            case yaml.ScalarEvent():
                self._take_scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.CollectionEndEvent():
                self.stack.pop()

    def _refuse_indirection(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            if self.is_done:
                self._stop(event, "a second document", "One document a file.")
            self.is_done = True
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent) or anchor is not None:
            self._stop(event, "anchors and aliases are not read", "Write the value out.", str(anchor))
        if tag is not None:
            self._stop(event, "tags are not read", "Write a plain value.", str(tag))

    def _open(self, container: dict[str, Any] | list[Any], event: yaml.Event) -> None:
        if len(self.stack) >= MOST_DEPTH:
            self._stop(event, f"deeper than {MOST_DEPTH} levels", "Write it flatter.")
        if self._awaits_key():
            self._stop(event, "a key that is a list or mapping", "Expected a word as key.")
        path = self._here()
        self._put(container, event)
        self.stack.append((container, path))

    def _awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1][0], dict) and self.key is None

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        if self._awaits_key():
            self._take_key(event)
            return
        value: Any = event.value
        if not event.style:  # plain, not quoted
            try:
                value = _plain_value(event.value)
            except ValueError:
                line = _line(event)
                self.fault(line, self._here(), "no day of the calendar", "Expected YYYY-MM-DD.", event.value)
        self._put(value, event)

    def _take_key(self, event: yaml.ScalarEvent) -> None:
        container, path = self.stack[-1]
        self.key = event.value
        here, line = (*path, event.value), _line(event)
        if event.value in container:
            first = self.lines[here]
            self.fault(line, here, f"the key stands twice, first on line {first}", "Keep one of them.")
        self.lines[here] = line

    def _put(self, value: Any, event: yaml.Event) -> None:
        here = self._here()
        if not self.stack:
            self.root = value
            return
        container = self.stack[-1][0]
        if isinstance(container, list):
            self.lines[here] = _line(event)
            container.append(value)
            return
        assert self.key is not None
        container[self.key] = value
        self.key = None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain_value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return date.fromisoformat(text) if _DATE.fullmatch(text) else text
