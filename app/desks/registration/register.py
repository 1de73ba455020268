"""A firm registers itself: one page for everybody, and how it stands for who sent it."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts import account_service
from app.accounts import registration_service as registrations
from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.registration_schemas import RegistrationIn
from app.accounts.rules import Viewer
from app.desks.forms import Form, typed
from app.desks.pages import go_to, page
from app.desks.registration.words import STATES
from app.desks.submission import reading
from app.desks.submission.answers import Places, SeveralPlaces, read_place
from app.desks.submission.fields import PICKED, Kind
from app.desks.submission.reading import Wrong
from app.desks.texts import Text
from app.enterprises.registration_api import count_registration
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Refused
from app.kernel.requests import BeginDep, SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.reference.name_search import load_name_searches

router = APIRouter(
    route_class=TransactionRoute,
    include_in_schema=False,
    default_response_class=HTMLResponse,
    prefix="/register",
)
OWN: Final = "/register/own"
MOST_EVIDENCE: Final = 2_000
NOT_TAKEN: Final = Text("这一项不能接受，请检查是否有特殊符号")


@router.get("", openapi_extra=does(Action.SIGN_IN))
async def register_page(request: Request, viewer: ViewerDep) -> Response:
    """Show what registering takes and leads to, with its form."""
    return _page(request, viewer, Form())


@router.post(
    "",
    dependencies=[Depends(count_registration)],
    openapi_extra=does(Action.SIGN_IN, own_transactions=True),
)
async def register(request: Request, viewer: ViewerDep, begin: BeginDep) -> Response:
    """Take a registration; who has no account makes one with it."""
    form = await typed(request)
    values, faults, choices = _read(form, await _places(viewer), is_signed_in=viewer.is_signed_in)
    if faults:
        return _page(request, viewer, form.with_faults(faults), 422, choices)
    try:
        body = RegistrationIn(**values)
        hashed = await account_service.hashed(body)
        async with begin() as session:
            await registrations.register(session, viewer, body, hashed, now=utc_now())
    except ValidationError as error:
        wrong = {str(one["loc"][-1]) if one["loc"] else "": NOT_TAKEN for one in error.errors()}
        return _page(request, viewer, form.with_faults(wrong), 422)
    except (Refused, Conflict) as error:
        return _page(request, viewer, form.refused(error), error.status)
    if viewer.is_signed_in:
        return go_to(OWN, request, Text("已收到登记申请"))
    return go_to("/register/sent")


@router.get("/sent", openapi_extra=does(Action.SIGN_IN))
async def sent(request: Request, _viewer: ViewerDep) -> Response:
    """Say what happens next to somebody who has just made an account."""
    return page(request, "registration/sent.html")


@router.get("/own", openapi_extra=does(Action.OWN_ACCOUNT))
async def own(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show how the viewer's registrations stand."""
    found = await registrations.own_registrations(session, viewer)
    regions = load_reference_book(get_settings().seed_dir).regions
    context = {"registrations": found, "states": STATES, "regions": regions}
    return page(request, "registration/own.html", context)


async def _places(viewer: Viewer) -> Places:
    seed = get_settings().seed_dir
    searches = await asyncio.to_thread(load_name_searches, seed)
    return Places(load_reference_book(seed), searches, viewer.jurisdiction)


def _read(
    form: Form, places: Places, *, is_signed_in: bool
) -> tuple[dict[str, Any], dict[str, Text], dict[str, Any]]:
    """Read what was typed: values, faults by field, and regions to choose among."""
    values: dict[str, Any] = {}
    faults: dict[str, Text] = {}
    choices: dict[str, Any] = {}
    readers: dict[str, Callable[[str], str]] = {
        "uscc": reading.credit_code,
        "enterprise": lambda text: reading.name(_there(text, Text("请填写企业名称")), most=200),
        "region": lambda text: read_place(
            Kind.REGION, _there(text, Text("请填写企业所在地")), form["region" + PICKED], places
        ),
        "evidence": _evidence,
    }
    if not is_signed_in:
        readers |= {
            "login": lambda text: _there(text, Text("请填写登录名")),
            "name": lambda text: reading.name(_there(text, Text("请填写您的姓名")), most=80),
            "password": lambda text: _there(text, Text("请设置口令")),
        }
    for name, read in readers.items():
        try:
            values[name] = read(form.values.get(name, "") if name == "password" else form[name])
        except Wrong as wrong:
            faults[name] = wrong.said
        except SeveralPlaces as several:
            faults[name], choices[name] = several.said, several.among
    return values, faults, choices


def _there(text: str, said: Text) -> str:
    if not text.strip():
        raise Wrong(said)
    return text


def _evidence(text: str) -> str:
    read = reading.visible(text)
    if not read:
        raise Wrong(Text("请说明凭什么代表企业，例如授权书编号和核验处"))
    if len(read) > MOST_EVIDENCE:
        raise Wrong(
            Text("太长了：最多 %(most)s 个字，现有 %(count)s 个", most=MOST_EVIDENCE, count=len(read))
        )
    return read


def _page(request: Request, viewer: Viewer, form: Form, status: int = 200, choices: Any = None) -> Response:
    context = {
        "form": form,
        "is_signed_in": viewer.is_signed_in,
        "choices": choices or {},
        "picked": PICKED,
    }
    return page(request, "registration/register.html", context, status)
