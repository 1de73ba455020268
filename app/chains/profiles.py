"""What makes a firm part of a chain, as data: links 环节 with role, industries and words of the business scope.

A profile says where its chain is named (金发〔2024〕5号（三）（五）, 洛阳（征求意见稿）（八）, 黔江 8 …), or that no text
names it and the tree of GB/T 4754-2017 carries it. A jurisdiction's own chain takes a profile over (`adopted`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.reference.regions import NATION, region_contains

OTHERS: Final = "other"
"""Code of the link for industries that a chain states beyond its profile."""
STANDARD: Final = "GB/T 4754-2017"
DIVISION_LENGTH: Final = 3
"""Length of a division with its section letter: `C27`."""


class Role(StrEnum):
    """The part that firms of a link play in the chain; the words of the declared fact 链上角色."""

    CORE = "core"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    SUPPORTING = "supporting"


ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.CORE: "链主",
    Role.UPSTREAM: "上游",
    Role.DOWNSTREAM: "下游",
    Role.SUPPORTING: "配套",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a chain is named: a document, its clause, and the words of that clause."""

    document: str
    clause: str
    says: str

    @property
    def citation(self) -> str:
        """Answer how a reason cites it."""
        return f"{self.document}{'' if self.clause.startswith('（') else ' '}{self.clause}"


@dataclass(frozen=True, slots=True)
class TypicalPurpose:
    """A purpose of finance (a word of the fact `purposes`) that a clause names for a link."""

    purpose: str
    clause: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link 环节 of a chain.

    `role` is that of the link: `core` holds the firms among which a 链主 can be, not 链主 all of them.
    `industries` are GB/T 4754-2017 codes with section letter; `words` of a business scope speak for the
    link, unless the place where they stand belongs to a longer phrase of `exclude`. `feeds` names the
    links that this one supplies.
    """

    code: str
    name: str
    role: Role
    industries: tuple[str, ...]
    words: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    purposes: tuple[TypicalPurpose, ...] = ()


@dataclass(frozen=True, slots=True)
class ChainProfile:
    """A chain with its links in their order; firms of its jurisdiction (six digits) can be proposed for it.

    Where it covers some `regions` of the jurisdiction, only firms of those can be.
    """

    code: str
    name: str
    sources: tuple[Source, ...]
    links: tuple[Link, ...]
    jurisdiction: str = NATION
    regions: tuple[str, ...] = ()

    @property
    def is_named_by_a_text(self) -> bool:
        """Tell whether a policy text names the chain; else only the industrial classification carries it."""
        return any(source.document != STANDARD for source in self.sources)

    def adopted(self, code: str, name: str, jurisdiction: str) -> "ChainProfile":
        """Answer the profile as the chain of this code in a jurisdiction."""
        return replace(self, code=code, name=name, jurisdiction=jurisdiction)

    def with_industries(self, industries: Iterable[str]) -> "ChainProfile":
        """Answer the profile with one more link for industries of which no link of it speaks; without any, as it is."""
        own = {code for link in self.links for code in link.industries}
        others = tuple(code for code in industries if code not in own)
        if not others:
            return self
        return replace(self, links=(*self.links, Link(OTHERS, "其他环节", Role.SUPPORTING, others, ())))

    def within(self, regions: tuple[str, ...]) -> "ChainProfile":
        """Answer the profile as it covers some regions of its jurisdiction; without any, all of it."""
        return replace(self, regions=tuple(sorted(regions)))

    def covers(self, region: str) -> bool:
        """Tell whether firms of a region can be proposed for the chain."""
        return any(region_contains(one, region) for one in self.regions or (self.jurisdiction,))

    def link(self, code: str) -> Link | None:
        """Answer the link of this code, or None."""
        return next((link for link in self.links if link.code == code), None)


def of_industries(code: str, name: str, jurisdiction: str, industries: Iterable[str]) -> ChainProfile:
    """Answer a chain of which nothing is known but its industries: one link without words, its role supporting."""
    link = Link("all", name, Role.SUPPORTING, tuple(industries), ())
    return ChainProfile(code, name, (), (link,), jurisdiction)
