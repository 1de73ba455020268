"""The library of products as all people of the house read it: by institution, purpose and amount."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.catalogue import service
from app.catalogue.schemas import CODE_PATTERN
from app.desks.awards.words import library_tabs
from app.desks.bank.products import told
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.texts import Text
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.money import MOST_FEN, fen_from_wan, wan_text
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date
from app.policy.facts import PURPOSES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS = 50
NOT_WAN = Text("请填写以万元为单位的数字，例如 500。")
Word = Annotated[str, Query(max_length=60)]


@router.get("/products", openapi_extra=does(Action.READ_REFERENCE))
async def library(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    institution: Word = "",
    purpose: Word = "",
    amount: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Show the products in force today that pass the filters."""
    form = Form({"institution": institution, "purpose": purpose, "amount": amount})
    fen = _fen(form["amount"])
    if form["amount"] and fen is None:
        form = form.with_faults({"amount": NOT_WAN})
    tree = await institution_tree(session, viewer)
    found = await service.list_products(
        session,
        viewer,
        PageRequest(limit=ROWS, cursor=cursor),
        institution=form["institution"] if tree.find(form["institution"]) else None,
        purpose=form["purpose"] if form["purpose"] in PURPOSES else None,
        amount=fen,
        on=shanghai_date(utc_now()),
    )
    context = {
        "form": form,
        "products": found,
        "institutions": [(node.code, node.name) for node in tree.roots() if not node.kind.is_body],
        "purposes": list(PURPOSES.items()),
        "words": PURPOSES,
        "wan_text": wan_text,
        "is_filtered": any(form[name] for name in ("institution", "purpose", "amount")),
        "tabs": library_tabs(viewer),
    }
    return page(request, "bank/library.html", context)


def _fen(text: str) -> int | None:
    try:
        fen = fen_from_wan(text.replace(",", ""))
    except ValueError:
        return None
    return fen if 0 < fen <= MOST_FEN else None


@router.get("/products/{code}", openapi_extra=does(Action.READ_REFERENCE))
async def shown(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Annotated[str, Path(pattern=CODE_PATTERN)],
) -> Response:
    """Show one product as everybody may read it."""
    return page(request, "bank/product.html", await told(session, viewer, code) | {"offered": None})
