"""A product is revised: a form with what it says now, what the change would do to the current edition, then the next revision."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.catalogue import offering_service, service
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import CODE_PATTERN, ProductOut, RevisionIn
from app.catalogue.terms import EXCLUSIONS, FORMS, PARTS, POLICY_TOOLS, RATE_BASES
from app.chains.naming import CodeNames
from app.chains.service import chain_names
from app.desks.bank.products import CHANGED_MEANWHILE
from app.desks.bank.reach import naming
from app.desks.bank.terms_form import form_of, revision_of
from app.desks.bank.wording import changed_lines, lines_of
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, PreconditionFailed, Refused
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date
from app.matching import effect_service
from app.policy.criteria import condition_text
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES, TAX_GRADES

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
FIELDS: Final = {
    "terms.form": "form",
    "terms.areas": "areas",
    "terms.industries": "industries",
    "terms.chains": "chains",
    "terms.amount": "amount_most",
    "valid_until": "valid_until",
}
SAME: Final = Text("没有任何改动，未生成新修订。")


@router.get("/bank/products/{code}/revision", openapi_extra=does(Action.MANAGE_PRODUCTS))
async def begun(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show the form with what the product says now."""
    product = (await offering_service.offered(session, viewer, code, now=utc_now())).product
    return await _show(request, session, viewer, product, form_of(product))


@router.post("/bank/products/{code}/revision", openapi_extra=does(Action.MANAGE_PRODUCTS, is_recorded=True))
async def sent(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show what the change would do, or carry it out (`act` is `save`)."""
    form, now = await typed(request), utc_now()
    product = (await offering_service.offered(session, viewer, code, now=now)).product
    if form["revision"] != str(product.revision):
        told = form.with_faults({"": CHANGED_MEANWHILE})
        return await _show(request, session, viewer, product, told, status=412)
    body, form = revision_of(form, product)
    if body is None:
        return await _show(request, session, viewer, product, form, status=422)
    if form["act"] != "save":
        return await _show(request, session, viewer, product, form, body=body)
    try:
        async with attempt(session):
            made = await service.revise_product(
                session, viewer, code, body, expect=expected(form, "revision"), now=now
            )
    except (Conflict, Forbidden, PreconditionFailed, Refused) as error:
        is_stale = isinstance(error, PreconditionFailed)
        told = form.with_faults({"": CHANGED_MEANWHILE}) if is_stale else form.refused(error, FIELDS)
        return await _show(request, session, viewer, product, told, status=error.status)
    if made.revision == product.revision:
        return go_to(f"/bank/products/{code}", request, SAME)
    said = Text("已保存为第 %(number)s 次修订", number=made.revision)
    return go_to(f"/bank/products/{code}", request, said)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    product: ProductOut,
    form: Form,
    *,
    body: RevisionIn | None = None,
    status: int = 200,
) -> Response:
    names = await naming(session, viewer)
    context = {
        "product": product,
        "form": form,
        "choices": await _choices(session, viewer),
        "criteria": [
            (str(number), names.in_words(condition_text(one)), "")
            for number, one in enumerate(product.terms.criteria)
        ],
        "ahead": None,
    }
    if body is not None:
        context["ahead"] = await _ahead(session, viewer, product, body, names)
    return page(request, "bank/revision.html", context, status)


async def _ahead(
    session: AsyncSession, viewer: Viewer, product: ProductOut, body: RevisionIn, names: CodeNames
) -> dict[str, Any]:
    """Answer what a revision would change, and what that does to the current edition."""
    now = utc_now()
    today = shanghai_date(now)
    before = await offering_service.terms_in_force(session, product.code, today)
    has_ended = body.valid_until is not None and body.valid_until < today
    after: ProductTerms | None = None if has_ended else body.terms
    effect = await effect_service.effect(session, viewer, before, after, now=now, product=product.code)
    found: dict[str, Any] = {
        "body": body,
        "changes": changed_lines(lines_of(product.terms, names), lines_of(body.terms, names)),
        "is_same": body.content().sha256() == product.content_hash,
        "effect": effect,
        "begins_later": body.valid_from > today,
    }
    if effect is not None:
        for which, ids in (("gained", effect.gained), ("lost", effect.lost)):
            found[which] = await effect_service.first_of(session, viewer, effect.edition, ids.tolist())
    return found


async def _choices(session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
    chains = await chain_names(session, viewer)

    def three(words: dict[str, str]) -> list[tuple[str, str, str]]:
        return [(word, name, "") for word, name in words.items()]

    return {
        "forms": list(FORMS.items()),
        "rate_bases": list(RATE_BASES.items()),
        "purposes": three(PURPOSES),
        "guarantee_modes": three(SECURITY),
        "chains": [(code, name, "") for code, name in sorted(chains.items())],
        "sizes": three(SIZE_CLASSES),
        "qualifications": three(QUALIFICATIONS),
        "tax_grades": [(grade, Text("%(grade)s 级", grade=grade), "") for grade in TAX_GRADES],
        "exclusions": three(EXCLUSIONS),
        "policy_tools": three(POLICY_TOOLS),
        "parts": list(PARTS.values()),
    }
