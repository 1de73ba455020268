"""People of the viewer's institutions: who they are, invited, ended, and their entries handed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import invitation_service, people_service
from app.accounts.api import ViewerDep
from app.accounts.invitation_schemas import InvitationIn, InvitationMade
from app.accounts.people_rules import INVITED_BY_BANKS
from app.accounts.people_schemas import PersonOut
from app.accounts.permissions import Action, does
from app.accounts.places import Places, PlacesDep
from app.accounts.rules import Viewer
from app.allocation import handler_service
from app.allocation.handler_schemas import HandoverIn, HandoverOut
from app.desks.bank.reach import own
from app.desks.forms import Form, day_typed, expected, number_typed, typed
from app.desks.pages import ROLE_NAMES, go_to, page
from app.desks.texts import Text
from app.docking import load_service, worklist_service
from app.institutions.rules import InstitutionNode
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
MOST_INVITATIONS: Final = 50
REFUSALS: Final = (Conflict, Forbidden, NotFound, PreconditionFailed, Refused)
MISSING: Final = Text("请填写这一项。")
TOO_LONG: Final = Text("最多 80 个字，不能有换行。")
NO_ROLE: Final = Text("请选择角色。")
NO_PLACE: Final = Text("请选择机构。")
NOT_DAY: Final = Text("请选择日期，例如 2024-12-31；不填为长期。")
NO_COLLEAGUE: Final = Text("请选择接收人。")
NO_REASON: Final = Text("请填写原因，最多 500 个字。")
MISFITS: Final[Mapping[str, Text]] = {
    "name": TOO_LONG,
    "role": NO_ROLE,
    "scope": NO_PLACE,
    "until": NOT_DAY,
    "to": NO_COLLEAGUE,
    "reason": NO_REASON,
}
"""What is said at each field of what a schema does not take."""
CHANGED: Final = Text("在您之后已有人修改了这位同事的角色，请重新查看。")
INVITATION_CHANGED: Final = Text("在您之后已有人处理了这份邀请，请重新查看。")


@router.get("/bank/colleagues", openapi_extra=does(Action.INVITE_PEOPLE))
async def listed(request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep) -> Response:
    """Show the colleagues with roles and load, open invitations, and a form to invite."""
    return await _list(request, session, viewer, places, Form())


async def _list(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    places: Places,
    form: Form,
    *,
    status: int = 200,
    made: InvitationMade | None = None,
) -> Response:
    now, mine = utc_now(), await own(session, viewer)
    people = await people_service.colleagues_at(session, viewer, places, now=now)
    invited = await invitation_service.list_invitations(
        session, viewer, PageRequest(limit=MOST_INVITATIONS), places, now=now
    )
    context = {
        "form": form,
        "people": people,
        "loads": await _loads(session, viewer, mine.nodes, now),
        "names": {node.code: node.short_name for node in mine.nodes},
        "invited": [one for one in invited.items if one.state == "open"],
        "roles": [(role.value, ROLE_NAMES[role], "") for role in sorted(INVITED_BY_BANKS)],
        "institutions": [(node.code, node.short_name) for _depth, node in mine.in_tree_order()],
        "made": made,
        "may_invite": True,
        "me": viewer.person,
        "ROLE_NAMES": ROLE_NAMES,
    }
    return page(request, "bank/colleagues.html", context, status)


async def _loads(
    session: AsyncSession, viewer: Viewer, nodes: Sequence[InstitutionNode], now: datetime
) -> Mapping[int, load_service.PersonLoad]:
    editions = await worklist_service.edition_codes(session, viewer)
    if not editions:
        return {}
    found = await load_service.loads_of(session, viewer, editions[0], nodes, now=now)
    return {one.person: one for one in found.people}


@router.post("/bank/colleagues/invitations", openapi_extra=does(Action.INVITE_PEOPLE, shows_secret=True))
async def invite(request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep) -> Response:
    """Invite a colleague; the link is shown this once."""
    form = await typed(request)
    if faults := _invitation_faults(form):
        return await _list(request, session, viewer, places, form.with_faults(faults), status=422)
    try:
        body = InvitationIn.model_validate(
            {
                "name": form["name"],
                "role": form["role"],
                "scope": form["scope"],
                "until": form["until"] or None,
            }
        )
        async with attempt(session):
            made = await invitation_service.invite(session, viewer, body, places, now=utc_now())
    except ValidationError as error:
        return await _list(request, session, viewer, places, _misfit(form, error), status=422)
    except REFUSALS as error:
        return await _list(request, session, viewer, places, form.refused(error), status=error.status)
    return await _list(request, session, viewer, places, Form(), made=made)


def _misfit(form: Form, error: ValidationError) -> Form:
    """Answer what a schema does not take, at the fields that it names."""
    found = form.misfit(error).faults
    return form.with_faults({place: MISFITS.get(place, said) for place, said in found.items()})


def _invitation_faults(form: Form) -> dict[str, Text | str]:
    found: dict[str, Text | str] = {}
    if not form["name"]:
        found["name"] = MISSING
    if form["role"] not in INVITED_BY_BANKS:
        found["role"] = NO_ROLE
    if not form["scope"]:
        found["scope"] = NO_PLACE
    if form["until"] and day_typed(form["until"]) is None:
        found["until"] = NOT_DAY
    return found


@router.post("/bank/colleagues/invitations/{number}/end", openapi_extra=does(Action.INVITE_PEOPLE))
async def revoke(
    request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep, number: Number
) -> Response:
    """Take an open invitation back."""
    form = await typed(request)
    try:
        async with attempt(session):
            await invitation_service.revoke(
                session, viewer, number, places, expect=expected(form), now=utc_now()
            )
    except PreconditionFailed as error:
        told = form.with_faults({"": INVITATION_CHANGED})
        return await _list(request, session, viewer, places, told, status=error.status)
    except Conflict as error:
        return await _list(request, session, viewer, places, form.refused(error), status=error.status)
    return go_to("/bank/colleagues", request, Text("邀请已撤回"))


@router.post("/bank/colleagues/{person}/end", openapi_extra=does(Action.INVITE_PEOPLE))
async def end(
    request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep, person: Number
) -> Response:
    """End a colleague's role; what the colleague handles is handed over before or after."""
    form = await typed(request)
    try:
        async with attempt(session):
            await people_service.end_colleague(
                session,
                viewer,
                person,
                number_typed(form["grant"]),
                places,
                expect=expected(form),
                now=utc_now(),
            )
    except PreconditionFailed as error:
        told = form.with_faults({"": CHANGED})
        return await _list(request, session, viewer, places, told, status=error.status)
    except (Conflict, Forbidden) as error:
        return await _list(request, session, viewer, places, form.refused(error), status=error.status)
    return go_to("/bank/colleagues", request, Text("角色已结束，立即生效"))


@router.get("/bank/colleagues/{person}/handover", openapi_extra=does(Action.INVITE_PEOPLE))
async def handover(
    request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep, person: Number
) -> Response:
    """Show the form by which all that a colleague handles passes to another."""
    return await _handover(request, session, viewer, places, person, Form())


@router.post("/bank/colleagues/{person}/handover", openapi_extra=does(Action.DISPATCH_ENTRIES))
async def hand_over(
    request: Request, session: SessionDep, viewer: ViewerDep, places: PlacesDep, person: Number
) -> Response:
    """Show what would pass over; asked again with `act` as `save`, pass it over."""
    form = await typed(request)
    stated = {"from": person, "to": number_typed(form["to"]), "reason": form["reason"]}
    try:
        body = HandoverIn.model_validate(stated)
    except ValidationError as error:
        return await _handover(request, session, viewer, places, person, _misfit(form, error), status=422)
    is_preview = form["act"] != "save"
    body = body.model_copy(update={"dry_run": is_preview})
    try:
        async with attempt(session):
            found = await handler_service.hand_over(session, viewer, body, now=utc_now())
    except REFUSALS as error:
        told = form.refused(error, {"person": "to", "to": "to"})
        return await _handover(request, session, viewer, places, person, told, status=error.status)
    if is_preview:
        return await _handover(request, session, viewer, places, person, form, found=found)
    return go_to("/bank/colleagues", request, Text("已移交 %(count)s 个条目", count=found.entries))


async def _handover(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    places: Places,
    person: int,
    form: Form,
    *,
    found: HandoverOut | None = None,
    status: int = 200,
) -> Response:
    now = utc_now()
    people = await people_service.colleagues_at(session, viewer, places, now=now)
    giver = next((one for one in people if one.id == person), None)
    if giver is None:
        raise NotFound("There is no such colleague.")
    nodes = (await own(session, viewer)).nodes
    loads = await _loads(session, viewer, nodes, now)
    names = {node.code: node.short_name for node in nodes}
    context = {
        "form": form,
        "person": giver,
        "load": loads.get(person),
        "takers": [(str(one.id), _named(one, names)) for one in people if one.id != person],
        "found": found,
        "names": names,
    }
    return page(request, "bank/handover.html", context, status)


def _named(person: PersonOut, names: Mapping[str, str]) -> str:
    places = sorted({names.get(grant.scope, grant.scope) for grant in person.grants})
    return f"{person.name} · {' '.join(places)}"
