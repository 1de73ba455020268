"""Use cases of who offers products: the own ones with their state, confirmed or paused quarter by quarter."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.catalogue import queries
from app.catalogue.offering import (
    OFFER_LABELS,
    Days,
    OfferState,
    coming_quarter,
    last_day_before,
    offer_state,
)
from app.catalogue.offering_schemas import Decision, OfferedOut, OfferedPage
from app.catalogue.quarters import Quarter, quarter_with
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import ProductOut, RevisionIn
from app.catalogue.service import revise_product
from app.catalogue.viewing import product_out
from app.institutions.reach import institution_target, within
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import PageRequest, page_of
from app.kernel.recording import looked_once
from app.kernel.shanghai import shanghai_date


@dataclass(frozen=True, slots=True)
class Offered:
    """A product of the viewer's: its current revision, its state, and whether this quarter's library has it.

    `listed_revision` is the revision that the library of this quarter froze; None: it is not on it.
    """

    product: ProductOut
    state: OfferState
    confirmed_quarter: str | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    listed_revision: int | None


@dataclass(frozen=True, slots=True)
class Offering:
    """What the viewer's institutions offer, by code, and the quarters that it is about."""

    products: Sequence[Offered]
    this: Quarter
    coming: Quarter
    is_published: bool


async def own_institutions(
    session: AsyncSession, viewer: Viewer
) -> tuple[InstitutionTree, list[InstitutionNode]]:
    """Answer the tree, and the institutions whose products are the viewer's to manage, by code."""

    async def look() -> tuple[InstitutionTree, list[InstitutionNode]]:
        tree = await institution_tree(session, viewer)
        possible, reaches = _possible(viewer, tree), _reach(viewer, tree)
        return tree, [node for node in tree.nodes.values() if node.id in possible and reaches(node)]

    return await looked_once(session, ("own institutions", viewer), look)


async def offering(session: AsyncSession, viewer: Viewer, *, now: datetime) -> Offering:
    """Answer what the viewer's institutions offer; the number of statements does not grow with it."""
    today, (tree, nodes) = shanghai_date(now), await own_institutions(session, viewer)
    this = quarter_with(today)
    rows = await queries.offered(session, [node.id for node in nodes])
    listed = await queries.listed_revisions(session, viewer.jurisdiction, this.code)
    edition = await queries.library_edition(session, viewer.jurisdiction, this.code)
    return Offering(
        [_offered(row, marks, tree, listed, today) for row, marks in rows],
        this,
        coming_quarter(today),
        edition is not None,
    )


async def offered(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> Offered:
    """Answer one product of the viewer's.

    Raises:
        NotFound: there is none that is the viewer's to manage.
    """
    found = await offering(session, viewer, now=now)
    one = next((each for each in found.products if each.product.code == code), None)
    if one is None:
        raise NotFound(f"There is no product {code} that is yours to manage.")
    return one


async def offered_page(
    session: AsyncSession, viewer: Viewer, request: PageRequest, *, now: datetime
) -> OfferedPage:
    """Answer what the viewer's institutions offer by code, a page at a time."""
    found, after = await offering(session, viewer, now=now), request.after()
    rest = [one for one in found.products if after is None or one.product.code > str(after[0])]
    shown = page_of(rest, request, lambda one: (one.product.code,), offered_out)
    return OfferedPage(
        items=shown.items,
        next=shown.next,
        quarter=found.this.code,
        is_published=found.is_published,
        coming_quarter=found.coming.code,
    )


def offered_out(one: Offered) -> OfferedOut:
    """Answer a product with its standing as JSON shows it."""
    return OfferedOut(
        product=one.product,
        state=one.state,
        state_label=OFFER_LABELS[one.state],
        confirmed_quarter=one.confirmed_quarter,
        confirmed_by=one.confirmed_by,
        confirmed_at=one.confirmed_at,
        listed_revision=one.listed_revision,
    )


async def terms_in_force(session: AsyncSession, code: str, on: date) -> ProductTerms | None:
    """Answer a product's terms as they hold on a day; None: it does not hold, or there is none."""
    product = await queries.product_by_code(session, code)
    if product is None:
        return None
    rows = await queries.revisions_of(session, product.id)
    begun = [row for row in rows if row.valid_from <= on]
    newest = max(begun, key=lambda row: row.revision, default=None)
    if newest is None or (newest.valid_until is not None and newest.valid_until < on):
        return None
    return ProductTerms.model_validate(newest.terms)


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    decision: Decision,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> ProductOut:
    """Confirm a product for the coming quarter's library, or pause it: then it ends with this quarter.

    A pause is the next revision, so that it stands in the history; a later revision takes it back. What was
    decided so already stays as it is.

    Raises:
        NotFound: there is no such product.
        Forbidden: it is not the viewer's to manage.
        Conflict: it ends before the coming quarter begins, so that there is nothing to confirm; or it begins
            later than that quarter, so that there is nothing to pause.
    """
    product = await queries.product_by_code(session, code, is_for_change=True)
    if product is None:
        raise NotFound(f"There is no product {code}.")
    tree = await institution_tree(session, viewer)
    require(
        viewer, Action.MANAGE_PRODUCTS, institution_target(tree, product.institution_id, viewer.jurisdiction)
    )
    expect(product.revision)
    coming, rows = coming_quarter(shanghai_date(now)), await queries.current_revisions(session, [code])
    shown = product_out(rows[0], tree)
    ends = shown.valid_until is not None and shown.valid_until < coming.first
    if decision == "confirm":
        if ends:
            remedy = "Revise it with a later last day first."
            fault = Fault("valid_until", f"ends before {coming.code} begins", remedy, str(shown.valid_until))
            raise Conflict("The product was not confirmed.", [fault])
        product.confirmed_quarter, product.confirmed_by, product.confirmed_at = coming.code, viewer.name, now
        await session.flush()
    elif shown.valid_from > last_day_before(coming):
        fault = Fault("valid_from", f"begins after {coming.code} has begun", "Revise its days.", code)
        raise Conflict("The product was not paused.", [fault])
    elif not ends:
        product.confirmed_quarter = product.confirmed_by = product.confirmed_at = None
        body = RevisionIn(
            name=shown.name,
            terms=shown.terms,
            valid_from=shown.valid_from,
            valid_until=last_day_before(coming),
            is_demo=shown.is_demo,
        )
        shown = await revise_product(session, viewer, code, body, expect=lambda _number: None, now=now)
    detail = {"quarter": coming.code, "decision": decision}
    audit_service.note(session, "decide_product", "product", code, now=now, detail=detail)
    return shown


def _offered(
    row: queries.RevisionRow,
    marks: queries.Confirmation,
    tree: InstitutionTree,
    listed: dict[str, int],
    today: date,
) -> Offered:
    days = Days(row.valid_from, row.valid_until, marks.quarter)
    return Offered(
        product_out(row, tree),
        offer_state(days, today),
        marks.quarter,
        marks.by,
        marks.at,
        listed.get(row.code),
    )


def _possible(viewer: Viewer, tree: InstitutionTree) -> Collection[int]:
    """Answer the institutions (ids) that a viewer may reach: whom an institution sent reaches none beside it."""
    if viewer.is_operator or any(grant.role not in INSTITUTION_ROLES for grant in viewer.grants):
        return tree.nodes.keys()
    tops = [node for code in viewer.scopes(*INSTITUTION_ROLES) if (node := tree.find(code))]
    return {node.id for top in tops for node in (top, *tree.descendants(top.id))}


def _reach(viewer: Viewer, tree: InstitutionTree) -> Callable[[InstitutionNode], bool]:
    """Answer a test of which institutions a viewer reaches: thousands sit in few places, and few viewers belong to one."""
    is_of_one = bool(viewer.scopes(*INSTITUTION_ROLES))

    @cache
    def covers(region: str) -> bool:
        place = Target(region=within(viewer.jurisdiction, region))
        return may_do(viewer, Action.MANAGE_PRODUCTS, place)

    def reaches(node: InstitutionNode) -> bool:
        if covers(node.region):
            return True
        target = institution_target(tree, node.id, viewer.jurisdiction) if is_of_one else None
        return target is not None and may_do(viewer, Action.MANAGE_PRODUCTS, target)

    return reaches
