"""What somebody who may manage institutions, or what hangs on them, must reach. Pure."""

from app.accounts.permissions import Target
from app.institutions.rules import InstitutionTree
from app.reference.regions import region_contains


def institution_target(tree: InstitutionTree, institution_id: int, jurisdiction: str) -> Target:
    """Answer what touching an institution touches: those from the head office down to it, and where it sits.

    A head office may sit outside the jurisdiction; then the government of the whole answers for it.
    """
    node = tree.node(institution_id)
    codes = tuple(above.code for above in tree.path(institution_id))
    return Target(region=within(jurisdiction, node.region), institutions=codes)


def new_institution_target(
    tree: InstitutionTree, code: str, parent: str | None, region: str, jurisdiction: str
) -> Target:
    """Answer what a new institution below a parent (a code; None: a head office) will touch."""
    above = tree.find(parent) if parent is not None else None
    codes = tuple(node.code for node in tree.path(above.id)) if above is not None else ()
    return Target(region=within(jurisdiction, region), institutions=(*codes, code))


def within(jurisdiction: str, region: str) -> str:
    """Answer a region of a jurisdiction, or for one that lies outside the jurisdiction itself."""
    return region if region_contains(jurisdiction, region) else jurisdiction
