"""Reads a Dockerfile into stages and instructions, as far as ours goes: no heredocs, no escape directive."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.kernel.settings import PROJECT_ROOT

DOCKERFILE: Final = PROJECT_ROOT / "Dockerfile"
_FLAG: Final = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its keyword, its `--flags`, and the rest on one line."""

    line: int
    keyword: str
    flags: dict[str, str]
    rest: str

    @property
    def words(self) -> tuple[str, ...] | None:
        """Answer the words of an instruction in exec form (a JSON array); None in shell form."""
        try:
            found = json.loads(self.rest)
        except ValueError:
            return None
        return tuple(str(word) for word in found) if isinstance(found, list) else None

    @property
    def pairs(self) -> dict[str, str]:
        """Answer the names and values of an ENV, LABEL or ARG."""
        return dict(part.partition("=")[::2] for part in shlex.split(self.rest))


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows; `name` is empty where the stage has none."""

    base: str
    name: str
    instructions: tuple[Instruction, ...]

    def all(self, keyword: str) -> tuple[Instruction, ...]:
        """Answer the instructions of a keyword, in their order."""
        return tuple(one for one in self.instructions if one.keyword == keyword)

    def last(self, keyword: str) -> Instruction:
        """Answer the instruction that counts where the last one does; LookupError if there is none."""
        return self.all(keyword)[-1]

    @property
    def environment(self) -> dict[str, str]:
        """Answer what ENV states, `${NAME}` as it stands."""
        return {name: value for one in self.all("ENV") for name, value in one.pairs.items()}


def parse(text: str) -> tuple[Stage, ...]:
    """Answer the stages of a Dockerfile."""
    stages: list[tuple[str, str, list[Instruction]]] = []
    for one in _instructions(text):
        if one.keyword == "FROM":
            base, _, name = one.rest.partition(" AS ")
            stages.append((base.strip(), name.strip(), []))
        else:
            stages[-1][2].append(one)
    return tuple(Stage(base, name, tuple(found)) for base, name, found in stages)


def _instructions(text: str) -> Iterator[Instruction]:
    logical, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or not (logical or line.strip()):
            continue
        begun = begun if logical else number
        logical += line.removesuffix("\\").strip() + " "
        if not line.endswith("\\"):
            yield _instruction(begun, logical.strip())
            logical = ""


def _instruction(line: int, logical: str) -> Instruction:
    keyword, _, rest = logical.partition(" ")
    rest, flags = rest.lstrip() + " ", dict[str, str]()
    while found := _FLAG.match(rest):
        flags[found[1]] = found[2] or ""
        rest = rest[found.end() :]
    if keyword == "HEALTHCHECK":
        rest = rest.removeprefix("CMD ")
    return Instruction(line, keyword.upper(), flags, rest.strip())
