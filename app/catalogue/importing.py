"""Import of products from a YAML file or a workbook: all of it or nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.catalogue import queries
from app.catalogue.planning import (
    CataloguePlan,
    PlannedProduct,
    StoredProduct,
    Surroundings,
    plan_import,
)
from app.catalogue.revisions import ProductContent
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import CatalogueImportPreview, ProductRecord, Revised
from app.catalogue.tables import Product, ProductRevision
from app.chains.service import chain_codes
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.kernel.settings import get_settings
from app.policy.yaml_records import Placed, read_records
from app.reference.book import load_reference_book

NOT_IMPORTED: Final = "Nothing was imported: mend these and send the file again."


async def import_products(
    session: AsyncSession,
    viewer: Viewer,
    text: str,
    file_name: str,
    *,
    now: datetime,
    dry_run: bool = False,
) -> CatalogueImportPreview:
    """Take a YAML file with `products`: new ones, and those that it states anew as next revisions.

    Raises:
        Refused: every fault by file, line and key; nothing is written.
    """
    faults: list[Fault] = []
    read = read_records(text, file_name, {"products": ProductRecord}, faults, head=frozenset({"note"}))
    placed = read.records["products"]
    return await save_placed(session, viewer, placed, now=now, faults=faults, dry_run=dry_run)


async def save_placed(
    session: AsyncSession,
    viewer: Viewer,
    placed: Sequence[Placed[Any]],
    *,
    now: datetime,
    faults: Sequence[Fault] = (),
    dry_run: bool = False,
    refusal: str = NOT_IMPORTED,
) -> CatalogueImportPreview:
    """Store product records (`ProductIn`) that were read from somewhere; all or none.

    Raises:
        Refused: the `faults` found in reading, with those that the records have against what is stored.
    """
    around = await surroundings(session, viewer)
    stored = await stored_products(session, around)
    plan = plan_import(placed, stored, around)
    if faults or plan.faults:
        raise Refused(refusal, [*faults, *plan.faults])
    if not dry_run:
        await _save(session, plan, around, now)
    return CatalogueImportPreview(
        new=[planned.code for planned in plan.new],
        revised=[Revised(code=planned.code, changed=list(planned.changed)) for planned in plan.revised],
        same=plan.same,
        is_dry_run=dry_run,
    )


async def surroundings(session: AsyncSession, viewer: Viewer) -> Surroundings:
    """Gather what product terms may refer to."""
    return Surroundings(
        await institution_tree(session, viewer),
        await chain_codes(session, viewer),
        load_reference_book(get_settings().seed_dir),
    )


async def stored_products(session: AsyncSession, around: Surroundings) -> dict[str, StoredProduct]:
    """Answer every product's current revision by code."""
    return {
        row.code: StoredProduct(around.tree.node(row.institution_id).code, row.content_hash, content_of(row))
        for row in await queries.current_revisions(session)
    }


def content_of(row: queries.RevisionRow) -> ProductContent:
    """Answer a stored revision as a value."""
    terms = ProductTerms.model_validate(row.terms)
    return ProductContent(row.name, terms, row.valid_from, row.valid_until, row.is_demo)


async def _save(session: AsyncSession, plan: CataloguePlan, around: Surroundings, now: datetime) -> None:
    new = [
        Product(code=planned.code, institution_id=_id_of(planned, around), revision=0, created_at=now)
        for planned in plan.new
    ]
    await queries.add(session, new)
    products = {product.code: product for product in new}
    for planned in plan.revised:
        product = await queries.product_by_code(session, planned.code, is_for_change=True)
        assert product is not None, "it was read in this transaction"
        products[planned.code] = product
    rows = [
        _next_revision(products[planned.code], planned.content, now) for planned in (*plan.new, *plan.revised)
    ]
    await queries.add(session, rows)


def _id_of(planned: PlannedProduct, around: Surroundings) -> int:
    node = around.tree.find(planned.institution)
    assert node is not None, "the plan has no faults"
    return node.id


def _next_revision(product: Product, content: ProductContent, now: datetime) -> ProductRevision:
    product.revision += 1
    return ProductRevision(
        product_id=product.id,
        revision=product.revision,
        name=content.name,
        terms=content.terms.model_dump(mode="json"),
        content_hash=content.sha256(),
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        is_demo=content.is_demo,
        created_at=now,
    )
