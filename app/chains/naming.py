"""What the codes that policies and products are written in are called: regions, industries, chains. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.reference.industries import Industries
from app.reference.regions import NATION, Regions

_CODES: Final = re.compile(r"(?<![0-9A-Za-z.])(?:[0-9]{6}|[A-T][0-9]{2,4}|(?<=行业)[A-T])(?![0-9A-Za-z])")
"""Codes within a sentence: of regions and of industries; a section's letter alone is one only behind the word."""


@dataclass(frozen=True, slots=True)
class CodeNames:
    """What regions, industries and chains are called; with `shows_industries` an industry's code stands behind its name."""

    regions: Regions
    industries: Industries
    chains: Mapping[str, str]
    shows_industries: bool = False

    def name(self, code: str) -> str:
        """Answer a code's name; of an unknown one the code itself."""
        if code == NATION:
            return "全国"
        if code in self.chains:
            return self.chains[code]
        if code.isdecimal():
            return self.regions.full_name(code) if self.regions.get(code) else code
        industry = self.industries.parse(code)
        if industry is None:
            return code
        return f"{industry.name}（{code}）" if self.shows_industries else industry.name

    def listed(self, codes: Iterable[str]) -> str:
        """Answer the names of codes, as a text lists them."""
        return "、".join(map(self.name, codes))

    def in_words(self, text: str) -> str:
        """Answer a condition's text with names in the place of codes."""
        for code, name in self.chains.items():
            text = text.replace(code, name)
        return _CODES.sub(lambda found: self.name(found[0]), text)
