"""Pages of consents: who may see what for which purpose until when; given, changed, withdrawn by the firm itself."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation.party_service import assignment_of_entry
from app.desks.enterprise import consent_forms as forms
from app.desks.enterprise.own import own_need
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.enterprises import consent_service, disclosure_service
from app.enterprises import service as enterprises
from app.enterprises.consent_schemas import ConsentOut
from app.enterprises.consents import latest_until
from app.enterprises.schemas import NEED_CODE_PATTERN, NeedOut
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import service as whitelist

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/enterprise/consents",
)
NeedQuery = Annotated[str | None, Query(alias="need", pattern=NEED_CODE_PATTERN)]
NeedAsked = Annotated[str, Query(alias="need", pattern=NEED_CODE_PATTERN)]
ConsentId = Annotated[int, Path(ge=1, le=2**63 - 1)]
MOST: Final = 200
READS: Final = does(Action.READ_DISCLOSURES, is_recorded=True)
CHANGES: Final = does(Action.GIVE_CONSENT)


@router.get("", openapi_extra=READS)
async def show(request: Request, session: SessionDep, viewer: ViewerDep, code: NeedQuery = None) -> Response:
    """Show the consents of a need, those that hold first; without a need, of the first one."""
    return await _list(request, session, viewer, code)


@router.get("/new", openapi_extra=READS)
async def show_new(request: Request, session: SessionDep, viewer: ViewerDep, code: NeedAsked) -> Response:
    """Show the form to give a consent."""
    need = await own_need(session, viewer, code)
    return await _form(request, session, viewer, need, forms.first_form(shanghai_today()))


@router.post("/new", openapi_extra=CHANGES)
async def give(request: Request, session: SessionDep, viewer: ViewerDep, code: NeedAsked) -> Response:
    """Give a consent."""
    need, form = await own_need(session, viewer, code), await typed(request)
    choices = await _choices(session, viewer, need)
    form = form.with_faults(forms.consent_faults(form, [value for value, _name in choices], shanghai_today()))
    if not form.is_sound:
        return await _form(request, session, viewer, need, form, status=422)
    try:
        async with attempt(session):
            await consent_service.give_consent(
                session, viewer, code, forms.consent_typed(form), now=utc_now()
            )
    except Refused as error:
        return await _form(request, session, viewer, need, form.refused(error), status=error.status)
    return go_to(f"/enterprise/consents?need={code}", request, Text("授权已生效"))


@router.get("/{consent}/change", openapi_extra=READS)
async def show_change(
    request: Request, session: SessionDep, viewer: ViewerDep, consent: ConsentId, code: NeedAsked
) -> Response:
    """Show the form to change a consent."""
    need = await own_need(session, viewer, code)
    found = await consent_service.read_consent(session, viewer, code, consent, now=utc_now())
    return await _form(request, session, viewer, need, forms.form_of(found), changed=found)


@router.post("/{consent}/change", openapi_extra=CHANGES)
async def change(
    request: Request, session: SessionDep, viewer: ViewerDep, consent: ConsentId, code: NeedAsked
) -> Response:
    """Change a consent: another takes its place at once, the former is kept as withdrawn."""
    need, form = await own_need(session, viewer, code), await typed(request)
    found = await consent_service.read_consent(session, viewer, code, consent, now=utc_now())
    choices = await _choices(session, viewer, need, found.institution)
    form = form.with_faults(forms.consent_faults(form, [value for value, _name in choices], shanghai_today()))
    if not form.is_sound:
        return await _form(request, session, viewer, need, form, changed=found, status=422)
    try:
        async with attempt(session):
            now, body = utc_now(), forms.consent_typed(form)
            await consent_service.give_consent(session, viewer, code, body, now=now)
            await consent_service.revoke_consent(
                session, viewer, code, consent, expect=expected(form), now=now
            )
    except (Refused, Conflict, PreconditionFailed) as error:
        form = form.with_faults({"": _stale()}) if not isinstance(error, Refused) else form.refused(error)
        return await _form(request, session, viewer, need, form, changed=found, status=error.status)
    return go_to(f"/enterprise/consents?need={code}", request, Text("授权已更改"))


@router.get("/{consent}/withdrawal", openapi_extra=READS)
async def show_withdrawal(
    request: Request, session: SessionDep, viewer: ViewerDep, consent: ConsentId, code: NeedAsked
) -> Response:
    """Show what withdrawing a consent does, before it is done."""
    return await _withdrawal(request, session, viewer, code, consent, Form())


@router.post("/{consent}/withdrawal", openapi_extra=CHANGES)
async def withdraw(
    request: Request, session: SessionDep, viewer: ViewerDep, consent: ConsentId, code: NeedAsked
) -> Response:
    """Withdraw a consent; from now on nothing is shown by it."""
    await own_need(session, viewer, code)
    form = await typed(request)
    try:
        async with attempt(session):
            await consent_service.revoke_consent(
                session, viewer, code, consent, expect=expected(form), now=utc_now()
            )
    except (Conflict, PreconditionFailed) as error:
        form = form.with_faults({"": _stale()})
        return await _withdrawal(request, session, viewer, code, consent, form, error.status)
    return go_to(f"/enterprise/consents?need={code}", request, Text("授权已撤回，即时生效"))


def _stale() -> Text:
    return Text("这项授权刚刚在另一个窗口更改或撤回了。请返回授权列表，核对现在的状态。")


async def _list(request: Request, session: AsyncSession, viewer: Viewer, code: str | None) -> Response:
    needs = await own_needs(session, viewer)
    need = await own_need(session, viewer, code) if code else next(iter(needs), None)
    context: dict[str, Any] = {"needs": needs, "need": need, "groups": forms.GROUP_TITLES}
    if need is None:
        return page(request, "enterprise/consents.html", context)
    found = await consent_service.list_consents(
        session, viewer, need.code, PageRequest(limit=MOST), now=utc_now()
    )
    tree = await institution_tree(session, viewer)
    holders = await disclosure_service.last_looks(session, viewer, need.code)
    context |= {
        "live": [one for one in found.items if one.is_live],
        "ended": [one for one in found.items if not one.is_live],
        "name_of": partial(_name, tree),
        "looks": holders,
        "hints": forms.GROUP_HINTS,
    }
    return page(request, "enterprise/consents.html", context)


async def own_needs(session: AsyncSession, viewer: Viewer) -> Sequence[NeedOut]:
    """Answer the needs of the firms that the viewer acts for, as many as a list to choose from holds."""
    return (await enterprises.list_needs(session, viewer, PageRequest(limit=MOST), is_own=True)).items


def _name(tree: InstitutionTree, code: str) -> str:
    node = tree.find(code)
    return code if node is None else node.name


async def _choices(
    session: AsyncSession, viewer: Viewer, need: NeedOut, stated: str | None = None
) -> list[tuple[str, Text | str]]:
    """Answer to whom a consent may be given: whoever is responsible, its parties by name, all head offices."""
    tree = await institution_tree(session, viewer)
    found: dict[str, Text | str] = {"": Text("负责我这项需求的机构和协办机构（换了机构也有效）")}
    entries = await whitelist.entries_of_needs(session, viewer, [need.code])
    for entry in [one for one in entries if one.status == "admitted" and one.withdrawn_at is None][:1]:
        found |= await _parties(session, viewer, tree, entry.code)
    found |= {node.code: node.name for node in _lenders(tree)}
    if stated and stated not in found:
        found[stated] = _name(tree, stated)
    return list(found.items())


def _lenders(tree: InstitutionTree) -> list[InstitutionNode]:
    """Answer the head offices that finance or guarantee, by name."""
    return sorted((one for one in tree.roots() if not one.kind.is_body), key=lambda one: one.name)


async def _parties(
    session: AsyncSession, viewer: Viewer, tree: InstitutionTree, entry: str
) -> dict[str, Text | str]:
    try:
        assignment = await assignment_of_entry(session, viewer, entry)
    except NotFound:
        return {}
    codes = [assignment.institution, *(one.institution for one in assignment.supports)]
    nodes = [tree.find(code) for code in codes if code is not None]
    return {node.code: node.name for node in nodes if node is not None}


async def _form(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    need: NeedOut,
    form: Form,
    *,
    changed: ConsentOut | None = None,
    status: int = 200,
) -> Response:
    choices = await _choices(session, viewer, need, changed.institution if changed else None)
    context = {
        "need": need,
        "form": form,
        "changed": changed,
        "choices": choices,
        "purposes": forms.purpose_options(),
        "groups": forms.group_options(),
        "today": shanghai_today(),
        "latest": latest_until(shanghai_today()),
    }
    return page(request, "enterprise/consent.html", context, status)


async def _withdrawal(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    consent: int,
    form: Form,
    status: int = 200,
) -> Response:
    need, now = await own_need(session, viewer, code), utc_now()
    found = await consent_service.read_consent(session, viewer, code, consent, now=now)
    listed = await consent_service.list_consents(session, viewer, code, PageRequest(limit=MOST), now=now)
    looks = await disclosure_service.last_looks(session, viewer, code)
    context = {
        "need": need,
        "consent": found,
        "form": form,
        "effect": forms.withdrawal_of(found, listed.items, looks),
        "groups": forms.GROUP_TITLES,
    }
    return page(request, "enterprise/withdrawal.html", context, status)
