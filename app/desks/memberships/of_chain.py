"""The members of one chain by state, and deciding on many proposals: what would be done is shown first."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.chains import service as chains
from app.chains.confirming import State
from app.chains.fields import CODE_PATTERN
from app.chains.membership import CONFIDENCE_NAMES
from app.chains.profiles import ROLE_NAMES
from app.desks.bottlenecks.classes import RegionQuery, divisions
from app.desks.forms import Form, number_typed, typed
from app.desks.memberships.overview import refused
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.paging import PageQuery, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.membership import deciding_service, service
from app.membership.rules import CONFIDENCES, ROLES
from app.membership.schemas import ChosenIn, DecisionsIn, MembershipFilter
from app.whitelist import member_service

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
StateQuery = Annotated[str | None, Query(pattern="^(proposed|confirmed|declined|over)?$")]
RoleQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(ROLES)})?$")]
LinkQuery = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{0,60}$")]
ConfidenceQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(CONFIDENCES)})?$")]
NameQuery = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00-\x1f]*$")]
TABS: Final = {
    "proposed": Text("待确认"),
    "confirmed": Text("已确认"),
    "declined": Text("已否定"),
    "over": Text("已结束"),
}
CHOICES: Final = ("role", "link", "confidence", "region")


@router.get("/chain/{code}/memberships", openapi_extra=does(Action.CONFIRM_MEMBERSHIPS, is_recorded=True))
async def members_page(
    request: Request,
    session: SessionDep,
    viewer: ViewerDep,
    code: Code,
    asked: PageQuery,
    state: StateQuery = None,
    role: RoleQuery = None,
    link: LinkQuery = None,
    confidence: ConfidenceQuery = None,
    region: RegionQuery = None,
    q: NameQuery = None,
) -> Response:
    """List the members of a chain by state."""
    values = {"role": role, "link": link, "confidence": confidence, "region": region, "q": q}
    form = Form({name: value or "" for name, value in values.items()})
    return await _show(request, session, viewer, code, form, state or "proposed", asked)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    form: Form,
    state: str,
    asked: PageRequest,
    status: int = 200,
) -> Response:
    member_service.require_overseer(viewer, code)
    chain, now = await chains.get_chain(session, viewer, code), utc_now()
    filters = {name: form[name] or None for name in (*CHOICES, "q")}
    wanted = MembershipFilter(chain=code, state=state, **filters)
    found = await service.list_memberships(session, viewer, asked, wanted, now=now)
    profile = (await service.profiles_by_code(session, viewer, now)).get(code)
    context: dict[str, Any] = {
        "chain": chain,
        "found": found,
        "form": form,
        "state": state,
        "tabs": TABS,
        "roles": [(str(key), name) for key, name in ROLE_NAMES.items()],
        "links": [(one.code, one.name) for one in profile.links] if profile else [],
        "confidences": [(str(key), name) for key, name in CONFIDENCE_NAMES.items()],
        "regions": await divisions(session, viewer),
        "is_filtered": any(filters.values()),
        "choices": CHOICES,
    }
    return page(request, "memberships/chain.html", context, status)


@router.post("/chain/{code}/memberships/preview", openapi_extra=does(Action.CONFIRM_MEMBERSHIPS))
async def preview(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show what deciding on the chosen proposals would do."""
    form = await typed(request)
    try:
        body = _chosen(code, form)
        seen = await deciding_service.preview_decisions(session, viewer, body, now=utc_now())
    except (ValidationError, RongqiaoError) as error:
        again, status = refused(form, error)
        return await _show(request, session, viewer, code, again, State.PROPOSED.value, PageRequest(), status)
    context = {
        "chain": await chains.get_chain(session, viewer, code),
        "seen": seen,
        "form": form,
        "chosen": body.memberships,
        "choices": CHOICES,
    }
    return page(request, "memberships/preview.html", context)


@router.post("/chain/{code}/memberships/decisions", openapi_extra=does(Action.CONFIRM_MEMBERSHIPS))
async def decide(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Decide on the proposals that the preview showed."""
    form = await typed(request)
    try:
        body = DecisionsIn.model_validate(_chosen(code, form).model_dump() | {"seen": form["seen"]})
        async with attempt(session):
            done = await deciding_service.decide(session, viewer, body, now=utc_now())
    except (ValidationError, RongqiaoError) as error:
        again, status = refused(form, error)
        return await _show(request, session, viewer, code, again, State.PROPOSED.value, PageRequest(), status)
    said = Text("已确认 %(count)s 户。") if body.decision == "confirmed" else Text("已否定 %(count)s 户。")
    return go_to(
        f"/chain/{code}/memberships?state={body.decision}", request, Text(said.chinese, count=done.count)
    )


def _chosen(code: str, form: Form) -> ChosenIn:
    """Answer what was ticked, or all that the filters leave where that was asked for.

    Raises:
        ValidationError: a field is not what it can be.
    """
    fields: dict[str, Any] = {"chain": code, "decision": form["decision"], "reason": form["reason"] or None}
    if form["all"]:
        fields |= {name: form[name] or None for name in CHOICES}
    else:
        fields["memberships"] = [number_typed(one) for one in form.all("chosen")] or [2**63 - 1]
    return ChosenIn.model_validate(fields)
