"""The page of a firm's own places in chains 归链, and what it has to say against them."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.desks.forms import Form, number_typed, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.enterprises import service as enterprises
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.membership import objection_service, service
from app.membership.schemas import MembershipObjectionIn

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/enterprise/chains", openapi_extra=does(Action.OBJECT_MEMBERSHIP, is_recorded=True))
async def chains_page(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show the firm's memberships, and objections with their answers."""
    return await _show(request, session, viewer, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    now = utc_now()
    firms = await enterprises.own_firms(session, viewer)
    found = [(firm, await service.of_firm(session, viewer, firm.uscc, now=now)) for firm in firms]
    own = {one.uscc for one in firms}
    objections = await objection_service.list_objections(
        session, viewer, PageRequest(limit=MOST_ROWS), now=now
    )
    mine = [one for one in objections.items if one.membership.uscc in own]
    waiting = {one.membership.id for one in mine if one.state == "open"}
    context: dict[str, Any] = {
        "found": found,
        "form": form,
        "objections": mine,
        "waiting": waiting,
        "open": [
            (one.id, f"{one.chain_name} · {one.role_name} · {one.state_name}")
            for _firm, listed in found
            for one in listed
            if not one.is_over and one.id not in waiting
        ],
    }
    return page(request, "enterprise/chains.html", context, status)


@router.post("/enterprise/chains/objections", openapi_extra=does(Action.OBJECT_MEMBERSHIP))
async def object_to(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Say what is wrong with one of them."""
    form = await typed(request)
    try:
        body = MembershipObjectionIn.model_validate(
            {"membership": number_typed(form["membership"]), "text": form["text"]}
        )
        async with attempt(session):
            await objection_service.object_to(session, viewer, body, now=utc_now())
    except ValidationError as error:
        return await _show(request, session, viewer, form.misfit(error), 422)
    except RongqiaoError as error:
        return await _show(request, session, viewer, form.refused(error), error.status)
    return go_to("/enterprise/chains", request, Text("异议已提交，统筹部门答复后通知您。"))
