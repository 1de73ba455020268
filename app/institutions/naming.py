"""Which institution a firm means by the bank name or code that it states (现有贷款银行)."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.institutions.rules import InstitutionNode, InstitutionTree

_LEGAL_FORM: Final = re.compile(r"(股份有限公司|有限责任公司|有限公司|股份公司|\(.*?\)|\s)")
SHORTEST_PREFIX: Final = 2
MOST_TREES: Final = 4
MOST_REMEMBERED: Final = 65_536
"""Names: those of a province's institutions, which are the same for each request, with room for what firms state."""


@lru_cache(maxsize=MOST_REMEMBERED)
def bare_name(text: str) -> str:
    """Answer a name in NFKC, without legal form, brackets and spaces: what people mean by it."""
    return _LEGAL_FORM.sub("", unicodedata.normalize("NFKC", text)).casefold()


@dataclass(frozen=True, slots=True)
class InstitutionNames:
    """Finds lenders by what people call them; of the trees last asked for it is built once.

    Bodies and guarantors are left out: they are no one's lender.
    """

    _exact: dict[str, InstitutionNode]
    _heads: dict[str, InstitutionNode]

    @classmethod
    @lru_cache(maxsize=MOST_TREES)
    def of(cls, tree: InstitutionTree) -> "InstitutionNames":
        """Index a tree; of two institutions of one name the head office, then the first by code, is meant."""
        exact: dict[str, InstitutionNode] = {}
        lenders = [node for node in tree.nodes.values() if node.kind.is_bank]
        for node in sorted(lenders, key=lambda node: node.parent is not None):
            for text in (node.code, node.name, node.short_name):
                exact.setdefault(bare_name(text), node)
        heads = {
            key: node for key, node in exact.items() if node.parent is None and len(key) >= SHORTEST_PREFIX
        }
        return cls(exact, heads)

    def find(self, text: str) -> InstitutionNode | None:
        """Answer the institution of a stated code or name, or None.

        A name that only begins with a head office's name (a sub-branch that is not listed) means that head
        office; the longest such beginning counts.
        """
        key = bare_name(text)
        found = self._exact.get(key)
        if found is not None:
            return found
        ends = range(len(key) - 1, SHORTEST_PREFIX - 1, -1)
        return next((self._heads[key[:end]] for end in ends if key[:end] in self._heads), None)
