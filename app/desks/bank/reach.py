"""What every page of the desk knows: the viewer's institutions, and what codes are called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.catalogue.offering_service import own_institutions
from app.catalogue.rules import ProductTerms
from app.chains.service import chain_book
from app.desks.bank.wording import Line, lines_of
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.book import ReferenceBook, load_reference_book

_CODES: Final = re.compile(r"(?<![0-9A-Za-z.])(?:[0-9]{6}|[A-T][0-9]{2,4})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Own:
    """The institutions whose products are the viewer's to manage, by code, in their tree."""

    tree: InstitutionTree
    nodes: Sequence[InstitutionNode]

    def in_tree_order(self) -> list[tuple[int, InstitutionNode]]:
        """Answer them as the tree has them, each below the one above it, with how deep it stands."""
        ids = {node.id for node in self.nodes}
        lines = [[above for above in self.tree.path(node.id) if above.id in ids] for node in self.nodes]
        ordered = sorted(lines, key=lambda line: [node.code for node in line])
        return [(len(line) - 1, line[-1]) for line in ordered]


async def own(session: AsyncSession, viewer: Viewer) -> Own:
    """Answer the institutions whose products are the viewer's to manage."""
    return Own(*await own_institutions(session, viewer))


@dataclass(frozen=True, slots=True)
class Naming:
    """What regions, industries and chains are called."""

    book: ReferenceBook
    chains: Mapping[str, str]

    def name(self, code: str) -> str:
        """Answer a code's name; of an unknown one the code itself."""
        if code in self.chains:
            return self.chains[code]
        if code.isdecimal():
            return self.book.regions.full_name(code) if self.book.regions.get(code) else code
        industry = self.book.industries.parse(code)
        return f"{industry.name}（{code}）" if industry is not None else code

    def in_words(self, text: str) -> str:
        """Answer a condition's text with names in the place of codes."""
        for code, name in self.chains.items():
            text = text.replace(code, name)
        return _CODES.sub(lambda found: self.name(found[0]), text)

    def lines(self, terms: ProductTerms) -> list[Line]:
        """Answer a product's terms in words."""
        return lines_of(terms, self.name, self.in_words)


async def naming(session: AsyncSession, viewer: Viewer, now: datetime) -> Naming:
    """Answer what codes are called today."""
    chains = await chain_book(session, viewer, shanghai_date(now))
    names = {code: chain.name for code, chain in chains.chains.items()}
    return Naming(load_reference_book(get_settings().seed_dir), names)
