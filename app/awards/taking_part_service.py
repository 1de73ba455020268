"""Use cases of who takes part in an award: nominations, and appeals against what was published."""

from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, forbidden, may_try
from app.accounts.rules import Viewer
from app.awards import queries
from app.awards.award_notices import appealed_notice
from app.awards.finding import require_possible, side_of, stored_award
from app.awards.queries import Named
from app.awards.rules import AwardAct
from app.awards.schemas import AppealIn, AppealOut, NominationIn, NominationOut
from app.awards.tables import AwardAppeal, AwardNomination
from app.awards.views import appeal_out, nomination_out
from app.catalogue import service as catalogue
from app.catalogue.offering_service import terms_in_force
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications


async def nominees(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str, str]]:
    """Answer (code, name, offering institution's name) of the products that a viewer may put forward, by code."""
    tree = await institution_tree(session, viewer)
    named = await catalogue.all_names(session, viewer)
    banks = {institution for _code, _name, institution in named}
    possible = {bank for bank in banks if side_of(viewer, tree, bank) is not None}
    return [(code, name, tree.node(bank).name) for code, name, bank in named if bank in possible]


async def nominate(
    session: AsyncSession, viewer: Viewer, year: int, body: NominationIn, *, now: datetime
) -> NominationOut:
    """Put a product forward: a bank its own, a firm or a coordinator any; each side a product once.

    Raises:
        NotFound: there is no award of the year.
        Refused: there is no such product in force, or it is another bank's.
        Conflict: nominations are over, or this side has put it forward.
    """
    award = await stored_award(session, viewer, year, is_for_change=True)
    await require_possible(session, award, AwardAct.NOMINATE, now)
    product = await _product(session, body.product, now)
    tree = await institution_tree(session, viewer)
    _require_part(viewer)
    side = side_of(viewer, tree, product.institution_id)
    if side is None:
        fault = Fault("product", "is another institution's", "Put forward one of your own.", body.product)
        raise Refused("The product was not put forward.", [fault])
    row = AwardNomination(
        award_id=award.id,
        product_id=product.id,
        side=side[0].value,
        party=side[1],
        person_id=viewer.person,
        nominated_by=viewer.name,
        reason=body.reason,
        created_at=now,
    )
    msg = "Your side has put this product forward."
    await queries.add(session, [row], msg)
    audit_service.note(
        session, "nominate_product", "award", str(year), now=now, detail={"product": body.product, "side": side[0].value}
    )  # fmt: skip
    return nomination_out(row, {product.id: product})


def _require_part(viewer: Viewer) -> None:
    if not may_try(viewer, Action.JOIN_AWARDS):
        raise forbidden(Action.JOIN_AWARDS)


async def _product(session: AsyncSession, code: str, now: datetime) -> Named:
    found = next(iter((await queries.products(session, codes=[code])).values()), None)
    if found is None or await terms_in_force(session, code, shanghai_date(now)) is None:
        fault = Fault("product", "no product in force", "GET /api/v1/products lists them.", code)
        raise Refused("The product was not put forward.", [fault])
    return found


async def withdraw(
    session: AsyncSession, viewer: Viewer, year: int, number: int, *, now: datetime
) -> NominationOut:
    """Take an own nomination back while nominations are open.

    Raises:
        NotFound: no such award, or no such nomination that the viewer may see.
        Forbidden: it is somebody else's.
        Conflict: nominations are over.
    """
    award = await stored_award(session, viewer, year, is_for_change=True)
    row = await _nomination(session, award.id, number)
    if row.person_id != viewer.person and not viewer.is_operator:
        raise forbidden(Action.JOIN_AWARDS)
    await require_possible(session, award, AwardAct.NOMINATE, now)
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        await session.flush()
        audit_service.note(
            session, "withdraw_nomination", "award", str(year), now=now, detail={"nomination": number}
        )
    return nomination_out(row, await queries.products(session, ids=[row.product_id]))


async def _nomination(session: AsyncSession, award_id: int, number: int) -> AwardNomination:
    row = await queries.nomination(session, award_id, number)
    if row is None:
        raise NotFound("No such nomination.", [Fault("nomination", "not stored", value=str(number))])
    return row


async def nomination(session: AsyncSession, viewer: Viewer, year: int, number: int) -> NominationOut:
    """Answer one nomination.

    Raises:
        NotFound: no such award, or no such nomination that the viewer may see.
    """
    award = await stored_award(session, viewer, year)
    row = await _nomination(session, award.id, number)
    return nomination_out(row, await queries.products(session, ids=[row.product_id]))


async def nominations(
    session: AsyncSession, viewer: Viewer, year: int, page: PageRequest
) -> Page[NominationOut]:
    """Answer the nominations that the viewer may see: the own ones, or all to a coordinator of the whole.

    Raises:
        NotFound: there is no award of the year.
    """
    award = await stored_award(session, viewer, year)
    rows = await queries.nominations(session, award.id, after=page.after_number() or 0, limit=page.limit + 1)
    products = await queries.products(session, ids={row.product_id for row in rows})
    return page_of(rows, page, lambda row: (row.id,), lambda row: nomination_out(row, products))


async def appeal(
    session: AsyncSession, viewer: Viewer, year: int, body: AppealIn, *, now: datetime
) -> AppealOut:
    """Object to a published result while that is open; the coordinators of the whole are told.

    Raises:
        NotFound: there is no award of the year.
        Refused: the product took no part in it.
        Conflict: nothing is published, or appeals are over.
    """
    award = await stored_award(session, viewer, year, is_for_change=True)
    await require_possible(session, award, AwardAct.APPEAL, now)
    products = await queries.products(session, codes=[body.product] if body.product is not None else [])
    product = next(iter(products.values()), None)
    if body.product is not None:
        taking_part = {row.product_id for row in await queries.candidates(session, award.id)}
        if product is None or product.id not in taking_part:
            fault = Fault("product", "took no part in this award", value=body.product)
            raise Refused("The appeal was not taken.", [fault])
    _require_part(viewer)
    tree = await institution_tree(session, viewer)
    side = side_of(viewer, tree, None if product is None else product.institution_id) or side_of(
        viewer, tree, None
    )
    assert side is not None, "whoever may take part has a side"
    row = AwardAppeal(
        award_id=award.id,
        product_id=None if product is None else product.id,
        state="open",
        side=side[0].value,
        party=side[1],
        person_id=viewer.person,
        raised_by=viewer.name,
        grounds=body.grounds,
        raised_at=now,
        version=1,
    )
    msg = "The appeal is stored."
    await queries.add(session, [row], msg)
    audit_service.note(session, "appeal_award", "award", str(year), now=now, detail={"appeal": row.id})
    await notifications.post(session, [appealed_notice(award.jurisdiction, year, row.id)], now=now)
    return appeal_out(row, products)


async def appeals(session: AsyncSession, viewer: Viewer, year: int, page: PageRequest) -> Page[AppealOut]:
    """Answer the appeals that the viewer may see: the own ones, or all to a coordinator of the whole.

    Raises:
        NotFound: there is no award of the year.
    """
    award = await stored_award(session, viewer, year)
    rows = await queries.appeals(session, award.id, after=page.after_number() or 0, limit=page.limit + 1)
    products = await queries.products(
        session, ids={row.product_id for row in rows if row.product_id is not None}
    )
    return page_of(rows, page, lambda row: (row.id,), lambda row: appeal_out(row, products))


async def one_appeal(session: AsyncSession, viewer: Viewer, year: int, number: int) -> AppealOut:
    """Answer one appeal.

    Raises:
        NotFound: no such award, or no such appeal that the viewer may see.
    """
    award = await stored_award(session, viewer, year)
    row = await stored_appeal(session, award.id, number)
    return appeal_out(row, await _named(session, row))


async def stored_appeal(
    session: AsyncSession, award_id: int, number: int, *, is_for_change: bool = False
) -> AwardAppeal:
    """Answer a stored appeal.

    Raises:
        NotFound: none that the viewer may see.
    """
    row = await queries.appeal(session, award_id, number, is_for_change=is_for_change)
    if row is None:
        raise NotFound("No such appeal.", [Fault("appeal", "not stored", value=str(number))])
    return row


async def _named(session: AsyncSession, row: AwardAppeal) -> dict[int, Named]:
    return {} if row.product_id is None else await queries.products(session, ids=[row.product_id])
