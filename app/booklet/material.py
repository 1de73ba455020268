"""What a booklet is made of, gathered before anything is written; its hash names the booklet."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.awards.observed import Figures
from app.catalogue.rules import ProductInForce
from app.chains.naming import CodeNames
from app.chains.rules import ChainBook
from app.institutions.rules import InstitutionTree
from app.policy.packs import Pack
from app.policy.rulebook import RuleBook
from app.reference.lpr import LprQuote

FORMAT: Final = "rongqiao-booklet/2"
"""Part of the hash: a booklet that is written otherwise is another one."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that decides what a booklet says; the products are those that the library's content hash stands for."""

    jurisdiction: str
    library: str
    library_sha256: str
    published_at: datetime
    on: date
    book: RuleBook
    packs: Sequence[Pack]
    packs_sha256: str
    chains: ChainBook
    tree: InstitutionTree
    lpr: LprQuote | None
    naming: CodeNames
    observed_until: str
    """The quarter before the edition's, with which the period ends that products were observed in."""
    observed_sha256: str
    """Of the figures of that period; empty: nothing was computed."""

    def sha256(self) -> str:
        """Answer the hash of the inputs: equal inputs give equal booklets."""
        lpr = self.lpr and [self.lpr.published.isoformat(), str(self.lpr.rate_1y), str(self.lpr.rate_5y)]
        written = [
            FORMAT, self.jurisdiction, self.library, self.library_sha256, self.published_at.isoformat(),
            self.on.isoformat(), self.book.sha256, self.packs_sha256, self.chains.sha256, lpr,
            self.observed_until, self.observed_sha256,
        ]  # fmt: skip
        sha = hashlib.sha256(json.dumps(written, ensure_ascii=False).encode())
        for node in self.tree.nodes.values():
            sha.update("\0".join((node.code, node.name, node.kind, node.region, *node.areas, "\n")).encode())
        return sha.hexdigest()


@dataclass(frozen=True, slots=True)
class Material:
    """The grounds with the products of the edition, by code, guarantors' among them.

    `observed` are figures by product code, blank where too few stand behind them.
    """

    grounds: Grounds
    products: Sequence[ProductInForce]
    observed: Mapping[str, Figures]
