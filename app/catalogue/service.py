"""Use cases of products: in force for others, one product and its revisions, imports, chain plans."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final

from app.accounts.permissions import Action, require
from app.accounts.rules import Viewer
from app.catalogue import queries
from app.catalogue.importing import import_products, save_placed, stored_products, surroundings
from app.catalogue.libraries import (
    diff_libraries,
    get_library,
    library_products,
    list_libraries,
    publish_due,
    publish_library,
    revisions_on,
)
from app.catalogue.planning import PlannedProduct
from app.catalogue.revisions import in_force
from app.catalogue.rules import ProductInForce, ProductTerms
from app.catalogue.schemas import ProductIn, ProductOut, RevisionIn
from app.catalogue.sheets import import_product_sheet, product_sheet
from app.catalogue.tables import Product
from app.catalogue.viewing import product_out, touches
from app.catalogue.writing import products_as_yaml
from app.chains import plan_faults
from app.chains import service as chains
from app.chains.schemas import PlanIn, PlanOut
from app.institutions.reach import institution_target
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.policy.yaml_records import Placed
from app.reference.regions import region_contains

__all__ = [
    "create_product",
    "diff_libraries",
    "export_products",
    "get_library",
    "get_product",
    "import_product_sheet",
    "import_products",
    "library_products",
    "list_libraries",
    "list_products",
    "list_revisions",
    "planned_products",
    "product_codes",
    "product_names",
    "product_sheet",
    "products_in_force",
    "publish_chain_plan",
    "publish_due",
    "publish_library",
    "refuse_unknown_plan_products",
    "revise_product",
]

GUARANTEE = "guarantee"
_BATCH = 200
_MOST_TERMS: Final = 20_000


async def products_in_force(
    session: AsyncSession,
    viewer: Viewer,
    on: date,
    library: str | None = None,
    *,
    includes_guarantees: bool = False,
) -> list[ProductInForce]:
    """Answer, by code, the products that hold on a day and touch the viewer's jurisdiction.

    With a library edition, those of its frozen revisions that hold on the day; else of each product the
    revision in force. What a guarantor offers finances nobody by itself (it is reached by the route of
    (十六) d), so it is left out unless asked for.

    Raises:
        NotFound: the viewer's jurisdiction has published no such edition.
    """
    rows = await revisions_on(session, viewer, on, library)
    found = (
        ProductInForce(
            row.id,
            row.code,
            row.revision,
            row.name,
            row.institution_id,
            _terms_of(row),
            row.content_hash,
            row.is_demo,
        )
        for row in rows
    )
    return [
        product
        for product in found
        if touches(product.terms, viewer.jurisdiction)
        and (includes_guarantees or product.terms.form != GUARANTEE)
    ]


def _terms_of(row: queries.RevisionRow) -> ProductTerms:
    """Answer a revision's terms; a content is read once, for its hash says that it is the same."""
    found = _terms_read.get(row.content_hash)
    if found is None:
        if len(_terms_read) >= _MOST_TERMS:
            _terms_read.clear()
        found = _terms_read[row.content_hash] = ProductTerms.model_validate(row.terms)
    return found


_terms_read: Final[dict[str, ProductTerms]] = {}


async def product_codes(session: AsyncSession, _viewer: Viewer) -> frozenset[str]:
    """Answer the codes of all products, for those who name them (chain plans)."""
    return await queries.product_codes(session)


async def list_products(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    institution: str | None = None,
    form: str | None = None,
    purpose: str | None = None,
    region: str | None = None,
    amount: int | None = None,
    on: date | None = None,
) -> Page[ProductOut]:
    """Answer products by code: offered by an institution or below it, of a form, for a purpose, an amount (fen), in a region.

    Shown is the current revision, or with `on` the one in force on that day (products without one are
    left out).
    """
    key, tree = page.after(), await institution_tree(session, viewer)
    after = None if key is None else str(key[0])
    within = None if institution is None else _ids_below(tree, institution)
    found: list[ProductOut] = []
    while len(found) <= page.limit:
        products = await queries.products_after(session, after=after, limit=_BATCH, institutions=within)
        if not products:
            break
        after = products[-1].code
        for row in await _shown_revisions(session, products, on):
            shown = product_out(row, tree)
            lends = amount is None or shown.terms.amount.least <= amount <= shown.terms.amount.most
            if lends and _fits(shown.terms, form, purpose, region):
                found.append(shown)
    items = found[: page.limit]
    return Page(items=items, next=encode_cursor(items[-1].code) if len(found) > page.limit else None)


async def get_product(
    session: AsyncSession, viewer: Viewer, code: str, revision: int | None = None
) -> ProductOut:
    """Answer a product's current revision, or a numbered one.

    Raises:
        NotFound: no such product or revision.
    """
    product = await _stored(session, code)
    wanted = product.revision if revision is None else revision
    rows = await queries.revisions_of(session, product.id)
    row = next((row for row in rows if row.revision == wanted), None)
    if row is None:
        raise NotFound(f"The product {code} has no revision {wanted}.")
    return product_out(row, await institution_tree(session, viewer))


async def list_revisions(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest
) -> Page[ProductOut]:
    """Answer the revisions of a product, the newest first.

    Raises:
        NotFound: there is no such product.
    """
    product, key = await _stored(session, code), page.after()
    after = None if key is None else _number(key[0])
    rows = await queries.revisions_of(session, product.id, after=after, limit=page.limit + 1)
    tree = await institution_tree(session, viewer)
    items = [product_out(row, tree) for row in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].revision) if len(rows) > page.limit else None)


async def create_product(
    session: AsyncSession, viewer: Viewer, data: ProductIn, *, now: datetime
) -> ProductOut:
    """Store a new product as its first revision.

    Raises:
        Forbidden: its institution is neither in the viewer's region nor below the viewer's.
        Conflict: the code is taken.
        Refused: an unknown institution, region, industry or chain.
    """
    tree = await institution_tree(session, viewer)
    offering = tree.find(data.institution)
    if offering is not None:  # an unknown one is refused by name below
        _require_reach(viewer, tree, offering.id)
    if await queries.product_by_code(session, data.code) is not None:
        fault = Fault("code", "taken", "Revise that product, or choose another code.", data.code)
        raise Conflict(f"There is a product {data.code} already.", [fault])
    await save_placed(session, viewer, [Placed(data, str)], now=now, refusal="The product was not stored.")
    return await get_product(session, viewer, data.code)


async def revise_product(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    data: RevisionIn,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> ProductOut:
    """Store the next revision of a product; the same content again makes none.

    `expect` is given the current revision's number and raises if it is not the one meant.

    Raises:
        NotFound: there is no such product.
        Forbidden: its institution is neither in the viewer's region nor below the viewer's.
        Refused: an unknown region, industry or chain.
    """
    product = await _stored(session, code, is_for_change=True)
    tree = await institution_tree(session, viewer)
    _require_reach(viewer, tree, product.institution_id)
    expect(product.revision)
    given = {name: getattr(data, name) for name in RevisionIn.model_fields}
    record = ProductIn.model_construct(code=code, institution=tree.node(product.institution_id).code, **given)
    await save_placed(session, viewer, [Placed(record, str)], now=now, refusal="Nothing was revised.")
    return await get_product(session, viewer, code)


async def export_products(
    session: AsyncSession, viewer: Viewer, *, note: str = "", is_demo: bool | None = None
) -> str:
    """Write the current revisions as a YAML file that `import_products` reads back as the same."""
    stored = await stored_products(session, await surroundings(session, viewer))
    return products_as_yaml(
        (
            PlannedProduct(code, product.institution, product.content)
            for code, product in stored.items()
            if is_demo is None or product.content.is_demo is is_demo
        ),
        note,
    )


async def publish_chain_plan(
    session: AsyncSession,
    viewer: Viewer,
    chain: str,
    plan: PlanIn,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> PlanOut:
    """Publish the next version of a chain's plan, its products looked up here (`chains` stands below).

    Raises:
        NotFound: there is no such chain.
        Refused: an unknown institution or product, or a first day before that of the latest version.
    """
    known = await queries.product_codes(session)
    return await chains.publish_plan(
        session, viewer, chain, plan, expect=expect, known_products=known, now=now
    )


async def planned_products(
    session: AsyncSession, viewer: Viewer, codes: Iterable[str]
) -> dict[str, plan_faults.PlannedProduct]:
    """Answer what checks of a chain's plan ask of these products; those that are unknown are left out."""
    tree = await institution_tree(session, viewer)
    found = {}
    for row in await queries.current_revisions(session, codes):
        terms = _terms_of(row)
        found[row.code] = plan_faults.PlannedProduct(
            tree.node(row.institution_id).code, frozenset(terms.purposes), terms.conditions()
        )
    return found


async def product_names(session: AsyncSession, _viewer: Viewer, codes: Iterable[str]) -> dict[str, str]:
    """Answer the names of these products by code; those that are unknown are left out."""
    return await queries.names_of(session, codes)


async def all_names(session: AsyncSession, _viewer: Viewer) -> list[tuple[str, str, int]]:
    """Answer code, name and offering institution (id) of each product, by code, for those who choose among them."""
    return await queries.names(session)


async def products_of(session: AsyncSession, viewer: Viewer, codes: Iterable[str]) -> dict[str, ProductOut]:
    """Answer the current revisions of some products by code, in few statements whatever their number."""
    tree = await institution_tree(session, viewer)
    found = [product_out(row, tree) for row in await queries.current_revisions(session, codes)]
    return {one.code: one for one in found}


async def refuse_unknown_plan_products(session: AsyncSession, viewer: Viewer) -> None:
    """Look up the products of all latest plans: for a seed that loads chains before products.

    Raises:
        Refused: naming each chain and product code that the catalogue lacks.
    """
    known = await queries.product_codes(session)
    faults = [
        Fault(f"chains.{chain}.plan.products", "no such product", "Import it or correct the plan.", code)
        for chain, codes in (await chains.planned_products(session, viewer)).items()
        for code in codes
        if code not in known
    ]
    if faults:
        raise Refused("Chain plans name products that the catalogue lacks.", faults)


def _require_reach(viewer: Viewer, tree: InstitutionTree, institution_id: int) -> None:
    require(viewer, Action.MANAGE_PRODUCTS, institution_target(tree, institution_id, viewer.jurisdiction))


async def _stored(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Product:
    row = await queries.product_by_code(session, code, is_for_change=is_for_change)
    if row is None:
        raise NotFound(f"There is no product {code}.")
    return row


async def _shown_revisions(
    session: AsyncSession, products: Iterable[Product], on: date | None
) -> list[queries.RevisionRow]:
    numbers = {product.id: product.revision for product in products}
    wanted = []
    for product_id, days in (await queries.validities(session, numbers)).items():
        current = next(day for day in days if day.revision == numbers[product_id])
        shown = current if on is None else in_force(days, on)
        wanted += [shown.row_id] if shown is not None else []
    return await queries.revisions(session, wanted)


def _ids_below(tree: InstitutionTree, code: str) -> list[int]:
    node = tree.find(code)
    return [] if node is None else [node.id, *(below.id for below in tree.descendants(node.id))]


def _fits(terms: ProductTerms, form: str | None, purpose: str | None, region: str | None) -> bool:
    return (
        (form is None or terms.form == form)
        and (purpose is None or purpose in terms.purposes)
        and (region is None or any(region_contains(area, region) for area in terms.areas))
    )


def _number(key: str | int) -> int:
    return key if isinstance(key, int) else 0
