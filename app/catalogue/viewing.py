"""Stored revisions as JSON shows them."""

from app.catalogue.queries import RevisionRow
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import ProductOut
from app.institutions.rules import InstitutionTree
from app.reference.regions import region_contains


def product_out(row: RevisionRow, tree: InstitutionTree) -> ProductOut:
    """Answer a revision with the institution that offers it."""
    node = tree.node(row.institution_id)
    return ProductOut(
        code=row.code,
        revision=row.revision,
        name=row.name,
        institution=node.code,
        institution_name=node.name,
        terms=ProductTerms.model_validate(row.terms),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        is_demo=row.is_demo,
        content_hash=row.content_hash,
        created_at=row.created_at,
    )


def touches(terms: ProductTerms, jurisdiction: str) -> bool:
    """Tell whether a product is offered somewhere in a jurisdiction."""
    return any(
        region_contains(area, jurisdiction) or region_contains(jurisdiction, area) for area in terms.areas
    )
