"""The industrial classification GB/T 4754-2017: section (letter), division, group, class."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Rank(StrEnum):
    """Rank in the classification: 门类, 大类, 中类, 小类."""

    SECTION = "section"
    DIVISION = "division"
    GROUP = "group"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Industry:
    """One entry: `C`, `39`, `391` or `3911`; a section has no parent and is its own section."""

    code: str
    name: str
    rank: Rank
    parent: str | None
    section: str


@dataclass(frozen=True, slots=True)
class Industries:
    """The whole classification as a tree."""

    by_code: Mapping[str, Industry]
    paths: Mapping[str, tuple[str, ...]]

    @classmethod
    def build(cls, industries: Iterable[Industry]) -> "Industries":
        """Build the tree; a parent has to stand before its children.

        Raises:
            ValueError: a parent is not listed before its child.
        """
        by_code: dict[str, Industry] = {}
        paths: dict[str, tuple[str, ...]] = {}
        for industry in industries:
            if industry.parent is not None and industry.parent not in paths:
                msg = f"industry {industry.code}: parent {industry.parent} is not listed before it"
                raise ValueError(msg)
            above = paths[industry.parent] if industry.parent is not None else ()
            by_code[industry.code] = industry
            paths[industry.code] = (industry.code, *above)
        return cls(by_code, paths)

    def get(self, code: str) -> Industry | None:
        """Answer the entry of exactly this code, or None."""
        return self.by_code.get(code)

    def parse(self, text: str) -> Industry | None:
        """Answer the entry that a cell names: `3911`, in any width, or `C3911` with its section.

        None if there is no such entry, or if the letter is not the section of the digits.
        """
        code = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
        section, digits = code[:1], code[1:]
        if section.isalpha() and digits:
            found = self.by_code.get(digits)
            return found if found is not None and found.section == section else None
        return self.by_code.get(code)

    def path(self, code: str) -> tuple[str, ...]:
        """Answer the code and what lies above it, the section last; empty if unknown."""
        return self.paths.get(code, ())

    def is_within(self, code: str, ancestor: str) -> bool:
        """Say whether an entry is `ancestor` (a letter or 2 to 4 digits) or lies in it."""
        return ancestor in self.paths.get(code, ())

    def below(self, code: str) -> tuple[Industry, ...]:
        """Answer the entries directly below, in the order of the standard."""
        return tuple(entry for entry in self.by_code.values() if entry.parent == code)
