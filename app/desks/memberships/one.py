"""The page of one membership: why, what was done; confirm, decline, hand over, end."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.chains.profiles import ROLE_NAMES
from app.desks.forms import Form, expected, typed
from app.desks.memberships.overview import refused
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import RongqiaoError
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.membership import service
from app.membership.rules import ROLES
from app.membership.schemas import (
    ConfirmIn,
    DeclineIn,
    MembershipDetailOut,
    MembershipEndIn,
    MembershipHandOverIn,
)
from app.reference.book import load_reference_book

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
CHANGES: Final = does(Action.CONFIRM_MEMBERSHIPS)
ROLE_CHOICES: Final = [(str(key), name) for key, name in ROLE_NAMES.items()]


@router.get("/memberships/{number}", openapi_extra=does(Action.CONFIRM_MEMBERSHIPS, is_recorded=True))
async def membership_page(
    request: Request, session: SessionDep, viewer: ViewerDep, number: Number
) -> Response:
    """Show one membership."""
    return await _show(request, session, viewer, number, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, number: int, form: Form, status: int = 200
) -> Response:
    now = utc_now()
    found = await service.get_membership(session, viewer, number, now=now)
    profiles = await service.profiles_by_code(session, viewer, now)
    first = {"confirm_link": found.link or "", "confirm_role": found.role, "on": shanghai_today().isoformat()}
    first |= {"chain": found.chain, "role": found.role, "link": found.link or ""}
    profile = profiles.get(found.chain)
    context: dict[str, Any] = {
        "found": found,
        "form": form if form.values else Form(first),
        "links": [(one.code, one.name) for one in profile.links] if profile else [],
        "profiles": dict(sorted(profiles.items())),
        "industry": _industry(found.industry),
        "chains": [(code, one.name) for code, one in sorted(profiles.items())],
        "roles": ROLE_CHOICES,
        "questions": [
            one
            for one in await service.questions_about(session, viewer, number, now=now)
            if one.state == "open"
        ],
        "others": await service.of_firm(session, viewer, found.uscc, now=now),
        "may_settle": may_do(
            viewer, Action.CONFIRM_MEMBERSHIPS, Target(region=found.region, chain=found.chain)
        ),
    }
    return page(request, "memberships/one.html", context, status)


def _industry(code: str | None) -> str:
    found = load_reference_book(get_settings().seed_dir).industries.parse(code) if code else None
    return f"{code} {found.name}" if found else code or ""


Work = Callable[[Form], Awaitable[MembershipDetailOut]]


async def _do(
    request: Request, session: AsyncSession, viewer: Viewer, number: int, work: Work, said: Text,
    fields: dict[str, str],
) -> Response:  # fmt: skip
    form = await typed(request)
    try:
        async with attempt(session):
            done = await work(form)
    except (ValidationError, RongqiaoError) as error:
        again, status = refused(form, error, fields)
        return await _show(request, session, viewer, number, again, status)
    return go_to(f"/memberships/{done.id}", request, said)


@router.post("/memberships/{number}/confirmation", openapi_extra=CHANGES)
async def confirm(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Confirm a proposal, as it is or corrected."""

    async def work(form: Form) -> MembershipDetailOut:
        names = {"link": "confirm_link", "role": "confirm_role", "reason": "confirm_reason"}
        body = ConfirmIn.model_validate({name: form[field] or None for name, field in names.items()})
        return await service.confirm(session, viewer, number, body, expect=expected(form), now=utc_now())

    fields = {"link": "confirm_link", "role": "confirm_role", "reason": "confirm_reason"}
    return await _do(request, session, viewer, number, work, Text("已确认。"), fields)


@router.post("/memberships/{number}/refusal", openapi_extra=CHANGES)
async def decline(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Decline a proposal."""

    async def work(form: Form) -> MembershipDetailOut:
        body = DeclineIn.model_validate({"reason": form["decline_reason"]})
        return await service.decline(session, viewer, number, body, expect=expected(form), now=utc_now())

    fields = {"reason": "decline_reason"}
    return await _do(request, session, viewer, number, work, Text("已否定。"), fields)


@router.post("/memberships/{number}/hand-over", openapi_extra=CHANGES)
async def hand_over(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Hand a confirmed membership over."""

    async def work(form: Form) -> MembershipDetailOut:
        fields: dict[str, Any] = {name: form[name] or None for name in ("on", "chain", "link", "reason")}
        body = MembershipHandOverIn.model_validate(
            fields | {"role": form["role"] if form["role"] in ROLES else None}
        )
        return await service.hand_over_membership(
            session, viewer, number, body, expect=expected(form), now=utc_now()
        )

    return await _do(request, session, viewer, number, work, Text("已移交，下面是新的归链。"), {})


@router.post("/memberships/{number}/end", openapi_extra=CHANGES)
async def end(request: Request, session: SessionDep, viewer: ViewerDep, number: Number) -> Response:
    """Set or clear the last day."""

    async def work(form: Form) -> MembershipDetailOut:
        body = MembershipEndIn.model_validate({"until": form["until"] or None, "reason": form["end_reason"]})
        return await service.end(session, viewer, number, body, expect=expected(form), now=utc_now())

    fields = {"reason": "end_reason"}
    return await _do(request, session, viewer, number, work, Text("截止日已更改。"), fields)
