"""What every page of the desk knows: the viewer's institutions, and what codes are called."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.accounts.rules import Viewer
from app.catalogue.offering_service import own_institutions
from app.chains.naming import CodeNames
from app.chains.service import chain_names
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book


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


async def naming(session: AsyncSession, viewer: Viewer) -> CodeNames:
    """Answer what codes are called today; of industries, which many books number, the code too."""
    book = load_reference_book(get_settings().seed_dir)
    chains = await chain_names(session, viewer)
    return CodeNames(book.regions, book.industries, chains, shows_industries=True)
