"""What the viewer's institutions offer: the list with states, one product with its history, and the quarter's confirmation."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does, may_try
from app.accounts.rules import Viewer
from app.awards.observed_schemas import ObservedOut
from app.awards.observed_service import observed_product
from app.catalogue import offering_service, service
from app.catalogue.offering import OFFER_LABELS, OfferState
from app.catalogue.offering_schemas import Decision
from app.catalogue.offering_service import Offered
from app.catalogue.schemas import CODE_PATTERN
from app.desks.awards import words as award_words
from app.desks.bank.reach import naming
from app.desks.bank.wording import changed_lines, lines_of
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.money import wan_text
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
MOST_REVISIONS = 50
DECISIONS: tuple[Decision, ...] = ("confirm", "pause")
CHANGED_MEANWHILE = Text("在您之后已有人修改了这个产品，请重新查看后再决定。")
NOTHING_CHOSEN = Text("请至少勾选一个产品。")
NOT_DECIDED = Text("请选择确认或暂停。")
TONES = {
    "confirmed": "good",
    "to_confirm": "wait",
    "ending": "wait",
    "paused": "bad",
    "ended": "bad",
    "not_begun": "",
}


@router.get("/bank/products", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def listed(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    state: Annotated[str, Query(max_length=20)] = "",
    institution: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show the own products with their states."""
    return await _list(request, session, viewer, Form({"state": state, "institution": institution}))


async def _list(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    offering = await offering_service.offering(session, viewer, now=utc_now())
    counts = Counter(one.state for one in offering.products)
    chosen = [
        one
        for one in offering.products
        if form["state"] in {"", one.state.value} and form["institution"] in {"", one.product.institution}
    ]
    institutions = {one.product.institution: one.product.institution_name for one in offering.products}
    context = {
        "form": form,
        "offering": offering,
        "products": chosen,
        "states": [
            (state.value, OFFER_LABELS[state], counts[state]) for state in OfferState if counts[state]
        ],
        "institutions": sorted(institutions.items()),
        "labels": OFFER_LABELS,
        "tones": TONES,
        "wan_text": wan_text,
        "may_invite": may_try(viewer, Action.INVITE_PEOPLE),
    }
    return page(request, "bank/products.html", context, status)


@router.post("/bank/products", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def decide(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show what a decision on chosen products comes to; asked again with `sure`, carry it out."""
    form = await typed(request)
    codes = form.all("product")
    if not codes:
        return await _list(request, session, viewer, form.with_faults({"product": NOTHING_CHOSEN}), 422)
    decision = next((one for one in DECISIONS if one == form["decision"]), None)
    if decision is None:
        return await _list(request, session, viewer, form.with_faults({"product": NOT_DECIDED}), 422)
    offering = await offering_service.offering(session, viewer, now=utc_now())
    known = {one.product.code: one for one in offering.products}
    chosen = [known[code] for code in dict.fromkeys(codes) if code in known]
    if form["sure"] != "yes":
        able = [one for one in chosen if _can(one, decision, offering)]
        context = {
            "form": form,
            "decision": decision,
            "offering": offering,
            "able": able,
            "unable": [one for one in chosen if one not in able],
            "labels": OFFER_LABELS,
        }
        return page(request, "bank/decision.html", context)
    try:
        async with attempt(session):
            for one in chosen:
                expect = expected(form, f"revision-{one.product.code}")
                await offering_service.decide(
                    session, viewer, one.product.code, decision, expect=expect, now=utc_now()
                )
    except PreconditionFailed as error:
        return await _list(request, session, viewer, form.with_faults({"": CHANGED_MEANWHILE}), error.status)
    except (Conflict, Refused) as error:
        return await _list(request, session, viewer, form.refused(error), error.status)
    said = (
        Text(
            "已确认 %(count)s 个产品列入 %(quarter)s 产品库", count=len(chosen), quarter=offering.coming.code
        )
        if decision == "confirm"
        else Text(
            "已暂停 %(count)s 个产品，%(quarter)s 产品库不再列入",
            count=len(chosen),
            quarter=offering.coming.code,
        )
    )
    return go_to("/bank/products", request, said)


def _can(one: Offered, decision: Decision, offering: offering_service.Offering) -> bool:
    ends = one.product.valid_until is not None and one.product.valid_until < offering.coming.first
    if decision == "confirm":
        return not ends
    return not ends and one.product.valid_from < offering.coming.first


@router.get("/bank/products/{code}", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def shown(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show one product: its terms in words with their clauses, its state, and how it changed."""
    now = utc_now()
    offered = await offering_service.offered(session, viewer, code, now=now)
    context = await told(session, viewer, code)
    shown_with = {"offered": offered, "labels": OFFER_LABELS, "tones": TONES}
    return page(request, "bank/product.html", context | shown_with)


async def told(session: AsyncSession, viewer: Viewer, code: str) -> dict[str, Any]:
    """Answer a product with its terms in words and the differences of its revisions, the newest first."""
    names = await naming(session, viewer)
    revisions = (await service.list_revisions(session, viewer, code, PageRequest(limit=MOST_REVISIONS))).items
    worded = [lines_of(one.terms, names) for one in revisions]
    pairs = zip(revisions, worded, [*worded[1:], None], [*revisions[1:], None], strict=True)
    history = [
        {
            "revision": one,
            "before": before,
            "changes": changed_lines(older, lines) if older is not None else [],
        }
        for one, lines, older, before in pairs
    ]
    return {
        "product": revisions[0],
        "lines": worded[0],
        "history": history,
        "observed": await _observed(session, viewer, code),
        "off_said": award_words.OFF_SAID,
        "off_tones": award_words.OFF_TONES,
    }


async def _observed(session: AsyncSession, viewer: Viewer, code: str) -> ObservedOut | None:
    try:
        return await observed_product(session, viewer, code)
    except NotFound:
        return None
