"""What pages call institutions, products and others: their names, with the code beside only those that share one. Pure."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from app.desks.texts import Text

MOST_OFFERED: Final = 500
"""So many a field offers as suggestions, lest a page weigh more than it may; it takes all of them."""
_IN_BRACKETS: Final = re.compile(r"\(([^()]+)\)$")
_CODE: Final = re.compile(r"[A-Za-z0-9._-]+")


class Names:
    """Names by code; a code without name stands for itself."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._times = Counter(names.values())

    def of(self, code: str) -> str:
        """Answer what something is called."""
        return self._names.get(code, code)

    def aside(self, code: str) -> str:
        """Answer the code where another of them is called alike; else ""."""
        return code if self._times[self._names.get(code, "")] > 1 else ""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a field offers: its code, its name, what else it is called, and what a list says beside it."""

    code: str
    name: str
    others: tuple[str, ...] = ()
    about: str = ""


class Choices:
    """What a field offers by name and takes by name or code."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self.offers = tuple(offers)
        self._names = Names({one.code: one.name for one in self.offers})

    @cached_property
    def _codes(self) -> Mapping[str, set[str]]:
        """The codes by what they are called: asked when something was typed, not to show thousands of offers."""
        found: dict[str, set[str]] = defaultdict(set)
        for one in self.offers:
            for name in (one.name, *one.others):
                found[_plain(name)].add(one.code)
        for one in self.offers:  # a code means what it is, whatever else is called so
            found[_plain(one.code)] = {one.code}
        return found

    @property
    def suggested(self) -> list[tuple[str, str]]:
        """Answer what a field offers: what would stand in it, and what is said beside it."""
        return [(self.shown(one.code), one.about) for one in self.offers[:MOST_OFFERED]]

    def shown(self, code: str) -> str:
        """Answer what stands in a field for a code: the name, with the code where another is called alike."""
        aside = self._names.aside(code)
        return f"{self._names.of(code)} ({aside})" if aside else self._names.of(code)

    def found(self, text: str) -> tuple[str, Text | None]:
        """Answer the code of what was typed, and what is wrong with it; a code that is not known stays as it is."""
        plain = _plain(text)
        inner = _IN_BRACKETS.search(plain)
        codes = self._codes.get(plain) or (self._codes.get(inner[1]) if inner else None) or set()
        if len(codes) == 1:
            return next(iter(codes)), None
        if codes:
            return text, Text("有%(count)s个同名的，请从建议中选取，或填编码。", count=len(codes))
        return text, None if _CODE.fullmatch(text) else Text("没有找到，请从建议中选取，或填编码。")


def _plain(text: str) -> str:
    """Answer a text as it is compared: full-width and plain, capitals and blanks are alike."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
